//! Queries over a poly type and its derived types.
//!
//! The repository of a derived type sees the rows of that type and no others. The poly type's repository sees all rows;
//! [`is`](crate::PersistentType::is) selects the rows of a derived type.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! assert_eq!(books.count(Book::query().all()).await?, 4);
//! assert_eq!(items.count(Item::query().all()).await?, 6);
//! assert_eq!(items.count(Item::query().filter(Item::is::<Film>())).await?, 2);
//! assert_eq!(items.count(Item::query().filter(Item::is_any_of::<(Book, Film)>())).await?, 6);
//! assert_eq!(items.count(Item::query().filter(Item::is_none_of::<(Book,)>())).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! A poly type's query may use a derived type's property. Each comparison of that property is false on the rows of every other
//! type, and `!` negates that. [`widen`](crate::Filter::widen) turns a derived type's filter into one over the poly type, which
//! combines with any sibling's.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let long = b.pages.gt(600_u32).widen() | f.minutes.gt(150_u32);
//! assert_eq!(items.count(Item::query().filter(long)).await?, 2);
//!
//! assert_eq!(items.count(Item::query().filter(b.pages.ne(0_u32))).await?, 4); // books
//! assert_eq!(items.count(Item::query().filter(!b.pages.ne(0_u32))).await?, 2); // films
//!
//! // A derived type's query may use the poly type's properties.
//! assert_eq!(films.count(Film::query().filter(i.year.eq(1979))).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! Siblings have no row in common: `b.pages` in a query over `Film` does not compile.
