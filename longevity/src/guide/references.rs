//! References: from one persistent to another, by key value.
//!
//! A key value names the type that it identifies. So a property that is a key value refers to a persistent, and no other
//! declaration is needed. An option refers to one persistent or to none. A list, a set or a map of key values refers to several.
//! Your types contain only the key values. Their targets are fetched when you ask for them.
//!
//! | | |
//! | --- | --- |
//! | [`fetch`](crate::Longevity::fetch) | what one reference leads to |
//! | [`fetch_all`](crate::Longevity::fetch_all) | what many references lead to, by key value |
//! | [`find_with`](crate::Repo::find_with) | the rows of a query, each with what its references lead to |
//! | [`with_targets`](crate::Repo::with_targets) | the same for states that you already have, such as those of a [page](super::pages) |
//!
//! The examples are about novels, their authors, and the authors' homes:
//!
//! ```
#![doc = include_str!("../../doc/references.txt")]
//! ```
//!
//! # Rows with their targets
//!
//! [`find_with`](crate::Repo::find_with) runs one query for the rows, and one more for each reference, however many rows there
//! are. One query asks for up to 1,000 distinct key values. Pass several references as a tuple.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let query = Novel::query().order_by(n.title.asc());
//! let rows = novels.find_with(query, (&n.authors, &n.translator)).await?;
//! let (novel, (authors, translator)) = &rows[1];
//! assert_eq!(novel.title, "Solaris");
//! assert_eq!((authors.len(), translator.is_some()), (2, false));
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! | property | what comes with the row |
//! | --- | --- |
//! | `K` or `Option<K>` | `Option<PState<_>>` |
//! | `Vec<K>`, `BTreeSet<K>` or `HashSet<K>` | `Vec<PState<_>>`, in the order of the list or of the `BTreeSet` |
//! | `BTreeMap<N, K>` or `HashMap<N, K>` | such a map with `PState<_>` values |
//! | an option of one of these collections | the same, which is empty if the option is `None` |
//!
//! A reference through a key of a poly type leads to a state of the poly type, whichever variant it is. A target can be deleted
//! while references lead to it. A dangling reference leads to `None`; a list or a map leaves it out.
//!
//! # Three levels
//!
//! Call [`fetch_all`](crate::Longevity::fetch_all) once for each further level. It fetches each target once. This reads all novels,
//! their authors and the authors' homes in three queries:
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let rows = novels.find_with(Novel::query().all(), &n.authors).await?;
//! let homes = store.fetch_all(rows.iter().flat_map(|(_, authors)| authors).map(|author| &author.home)).await?;
//! for (novel, authors) in &rows {
//!     for author in authors {
//!         println!("{}: {} of {}", novel.title, author.pen.0, homes[&author.home].name);
//!     }
//! }
//! # assert_eq!(homes.len(), 1);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # One moment
//!
//! Between two queries another task may change a target. All queries of a [snapshot](crate::Longevity::snapshot) see the store
//! as it was at one moment, and those of a [transaction](crate::Longevity::transaction) see its own writes.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let rows = store
//!     .snapshot(async |snapshot| snapshot.repo::<Novel>().find_with(Novel::query().all(), &n.authors).await)
//!     .await?;
//! assert_eq!(rows.len(), 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
