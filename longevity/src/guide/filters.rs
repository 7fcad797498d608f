//! A [`Filter`](crate::Filter) selects rows; it comes from a type's properties.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let count = async |filter| books.count(Book::query().filter(filter)).await;
//!
//! assert_eq!(count(b.pages.eq(612_u32)).await?, 1);
//! assert_eq!(count(b.pages.between(200_u32, 300_u32)).await?, 2); // both ends included
//! assert_eq!(count(b.title.is_in(["Dune", "Emma", "Ulysses"])).await?, 2);
//! assert_eq!(count(b.title.not_in(["Dune", "Emma", "Ulysses"])).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Absent values
//!
//! Logic is two-valued: each filter is true or false of each row. An option that is `None` is absent, and so is everything inside
//! it: it equals `None`, differs from everything else (`ne` is true of it), and is neither less nor greater than anything.
//! [`some`](crate::Prop::some) leads into an option.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let count = async |filter| books.count(Book::query().filter(filter)).await;
//!
//! assert_eq!(count(b.translation.is_some()).await?, 1);
//! assert_eq!(count(b.translation.some().from.eq(Language::German)).await?, 1);
//! assert_eq!(count(b.translation.some().from.ne(Language::German)).await?, 3); // those without a translation
//! assert_eq!(count(b.translation.some().by.is_none()).await?, 4);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Text
//!
//! Text is compared byte by byte, whatever the locale. `eq_ignore_case` compares each character in lower case, by Unicode's
//! simple mapping: `ß` is not `SS`.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let count = async |filter| books.count(Book::query().filter(filter)).await;
//!
//! assert_eq!(count(b.title.starts_with("S")).await?, 1); // a range of an index, where there is one
//! assert_eq!(count(b.title.ends_with("mo")).await?, 1);
//! assert_eq!(count(b.title.contains("m")).await?, 2);
//! assert_eq!(count(b.title.eq_ignore_case("DUNE")).await?, 1);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Lists, sets and maps
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let count = async |filter| books.count(Book::query().filter(filter)).await;
//!
//! assert_eq!(count(b.authors.contains("Ann")).await?, 4);
//! assert_eq!(count(b.authors.contains_any(["Ann", "Zoe"])).await?, 4);
//! assert_eq!(count(b.authors.contains_all(["Ann", "Zoe"])).await?, 0);
//! assert_eq!(count(b.authors.len().gt(2)).await?, 0);
//! assert_eq!(count(b.authors.is_empty()).await?, 0);
//!
//! // The value under a key of a map is an option.
//! assert_eq!(count(b.marks.entry("plot").ge(5_u8)).await?, 4);
//! assert_eq!(count(b.marks.contains_key("humour")).await?, 0);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Choices and poly components
//!
//! An enum of units is compared with `eq`, `ne`, `is_in` and `not_in`. An enum with data has a property for each variant; the
//! contents of a variant are absent in values of the others.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let count = async |filter| books.count(Book::query().filter(filter)).await;
//!
//! assert_eq!(count(b.language.is_in([Language::English, Language::German])).await?, 4);
//! assert_eq!(count(b.format.audio.is()).await?, 1);
//! assert_eq!(count(b.format.audio.gt(8_u32)).await?, 1); // a variant around one value
//! assert_eq!(count(b.format.paper.grams.lt(500_u32)).await?, 2); // a variant with fields
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Combining filters
//!
//! `&`, `|` and `!` combine filters; each `filter` of a query narrows it further. `filter_some` takes an option, so a search form
//! with empty fields needs no `if`.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! struct Form { title: Option<String>, at_least: Option<u32>, authors: Vec<String> }
//! let form = Form { title: None, at_least: Some(250), authors: vec!["Ann".into()] };
//!
//! let query = Book::query()
//!     .filter_some(form.title.map(|title| b.title.contains(title)))
//!     .filter_some(form.at_least.map(|pages| b.pages.ge(pages)))
//!     .filter(Filter::any_of(form.authors.iter().map(|author| b.authors.contains(author))));
//! assert_eq!(books.count(query).await?, 3);
//!
//! let thick_or_old = b.pages.gt(500_u32) | b.year.lt(1900);
//! assert_eq!(books.count(Book::query().filter(!thick_or_old & b.authors.contains("Bob"))).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! The cost of a conjunction, a disjunction or a list of values is linear in its length. Each operation, on every back end,
//! refuses a filter that is nested deeper than [`limits`](crate::limits) allow, and an operand that no document could hold,
//! with [`QueryTooLarge`](crate::Error::QueryTooLarge).
