//! Finding out which index serves a query.
//!
//! [`explain`](crate::Repo::explain) says how the back end finds the rows, and warns if no index serves the filter or the order.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let plan = books.explain(Book::query().filter(b.pages.between(300_u32, 500_u32))).await?;
//! assert_eq!(plan.index(), Some("item.Book.pages.index"));
//! assert!(plan.warning.is_none());
//!
//! let plan = books.explain(Book::query().filter(b.authors.contains("Ann"))).await?;
//! assert_eq!(plan.warning.unwrap(), "no index serves the filter: every row of the type is looked at");
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! The elements of a list or a set can have an index too. It serves `contains`, and takes one entry for each distinct element. The
//! exceptions are [those of references](crate::guide::references#what-it-costs-and-what-keeps-it).
//!
//! ```
//! # use longevity::prelude::*;
//! # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(index(tags[]))]
//! struct Page {
//!     title: String,
//!     tags: Vec<String>,
//! }
//! # #[derive(DomainModel)]
//! # #[domain_model(Page)]
//! # struct Wiki;
//! # async fn program() -> Result<(), Error> {
//! # let store = Longevity::<Wiki, _>::open(Mem::new()).await?;
//! # store.create_schema().await?;
//!
//! let plan = store.repo::<Page>().explain(Page::query().filter(Page::props().tags.contains("rust"))).await?;
//! assert_eq!(plan.index(), Some("page.tags.index"));
//! # Ok(())
//! # }
//! # longevity::blocking::block_on(program())?;
//! # Ok::<(), Error>(())
//! ```
//!
//! In tests the warning can be an error, so that no index is forgotten: a store that requires indexes refuses each query that
//! would have the warning.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let store = Longevity::<Library, _>::open_with(Mem::new(), Options::default().require_indexes(true)).await?;
//! store.create_schema().await?;
//! let refused = store.repo::<Book>().find(Book::query().filter(b.authors.contains("Ann"))).await;
//! assert!(matches!(refused, Err(Error::NotIndexed { .. })));
#![doc = include_str!("../../doc/close.txt")]
//! ```
