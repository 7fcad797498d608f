//! Queries over a poly type and its derived types.
//!
//! The repository of a derived type sees its rows and no others. The poly type's sees all, and asks which they are with
//! [`is`](crate::PersistentType::is).
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
//! A derived type's property may stand in a poly type's query. What is asked of it is false on every other type's row,
//! whatever the question, and `!` negates that. [`widen`](crate::Filter::widen) makes of a derived type's filter one over the poly
//! type, which combines with any sibling's.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let long = b.pages.gt(600_u32).widen() | f.minutes.gt(150_u32);
//! assert_eq!(items.count(Item::query().filter(long)).await?, 2);
//!
//! assert_eq!(items.count(Item::query().filter(b.pages.ne(0_u32))).await?, 4); // books
//! assert_eq!(items.count(Item::query().filter(!b.pages.ne(0_u32))).await?, 2); // films
//!
//! // A derived type's query takes the poly type's properties.
//! assert_eq!(films.count(Film::query().filter(i.year.eq(1979))).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! Siblings have no row in common: `b.pages` in a query over `Film` does not compile.
