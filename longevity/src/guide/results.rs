//! What a query returns.
//!
//! | | |
//! | --- | --- |
//! | [`find`](crate::Repo::find) | all states, in a `Vec` |
//! | [`stream`](crate::Repo::stream) | the same, one by one |
//! | [`page`](crate::Repo::page) | one page of the states, and where the next page begins |
//! | [`first`](crate::Repo::first) | the first state, if there is one |
//! | [`exactly_one`](crate::Repo::exactly_one) | the only state; an error if there is none, or more than one |
//! | [`count`](crate::Repo::count), [`exists`](crate::Repo::exists) | the number of rows, and whether there is any |
//! | [`project`](crate::Repo::project) | some properties, as a tuple or a struct, without decoding the rest |
//! | [`distinct`](crate::Repo::distinct) | the different values of a property |
//! | [`aggregate`](crate::Repo::aggregate), [`group`](crate::Repo::group) | aggregates over all rows, or over groups of them |
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let newest = items.first(Item::query().order_by(i.year.desc())).await?;
//! assert!(newest.is_some());
//! let dune = books.exactly_one(Book::query().filter(b.title.eq("Dune"))).await?;
//! assert_eq!(dune.pages, 612);
//! let many = books.exactly_one(Book::query().all()).await;
//! assert!(matches!(many, Err(Error::NotUnique { .. })));
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Single properties
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! use longevity::query::to;
//!
//! let query = || Book::query().order_by(b.title.asc()).limit(1);
//! assert_eq!(books.project(query(), (&b.title, &b.pages)).await?, [("Dune".to_owned(), 612)]);
//!
//! // The same into a struct: each field is the property with its name, or the source in its attribute.
//! #[derive(Debug, PartialEq, Projected)]
//! #[projected(Book)]
//! struct Line {
//!     title: String,
//!     #[projected(Book::props().translation.some().from.optional())]
//!     translated_from: Option<Language>,
//! }
//! let lines: Vec<Line> = books.project(query(), to()).await?;
//! assert_eq!(lines, [Line { title: "Dune".into(), translated_from: None }]);
//!
//! // A property inside an option or a variant may be absent.
//! let query = Book::query().filter(b.title.eq("Momo"));
//! assert_eq!(books.project(query, b.translation.some().from.optional()).await?, [Some(Language::German)]);
//!
//! assert_eq!(items.distinct(Item::query().all(), &i.year).await?, [1815, 1961, 1965, 1973, 1979]);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Aggregates
//!
//! `min`, `max` and `sum` leave absent values out. The sum of integers is an `i128`; the sum of floats is the float nearest to
//! the exact sum, whatever the order of the rows, so it is the same on every back end.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! use longevity::query::{by_type, count};
//!
//! let aggregates = books.aggregate(Book::query().all(), (count(), b.pages.min(), b.pages.max(), b.pages.sum())).await?;
//! assert_eq!(aggregates, (4, Some(204), Some(612), 1_559));
//!
//! let by_year = items.group(Item::query().filter(i.year.gt(1970)), &i.year, count()).await?;
//! assert_eq!(by_year, [(1973, 1), (1979, 2)]);
//!
//! let newest = items.group(Item::query().all(), by_type(), i.year.max()).await?;
//! assert_eq!(newest, [("Book".to_owned(), Some(1973)), ("Film".to_owned(), Some(1979))]);
#![doc = include_str!("../../doc/close.txt")]
//! ```
