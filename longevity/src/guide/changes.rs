//! Updates and deletes by query, and patches of single properties.
//!
//! A [`Patch`](crate::Patch) says what becomes of single properties: [`set`](crate::Prop::set),
//! [`increment`](crate::Prop::increment), [`push`](crate::Prop::push). `&` puts one behind another.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let patch = b.pages.increment(1_u32) & b.authors.push("Cec") & b.marks.entry("style").set(Some(3_u8));
//! let thick = Book::query().filter(b.pages.gt(400_u32));
//! assert_eq!(books.update_where(thick, patch).await?, 2);
//!
//! let dune = books.retrieve_one(&Code("dune".into())).await?;
//! assert_eq!((dune.pages, dune.authors.len(), dune.row_version()), (613, 3, 1));
//!
//! assert_eq!(films.delete_where(Film::query().filter(i.year.lt(1980))).await?, 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! All rows are changed or none: a duplicate key, a number out of its type's range, a changed primary key is an error, and
//! nothing was written. Row versions go up by one. What others change under way is looked at anew, so nothing of theirs is lost.
//! A repository changes rows of its type only.
//!
//! # One row
//!
//! [`patch`](crate::Repo::patch) is under the lock that a state's row version is: it is refused if somebody else was faster.
//! [`patch_by`](crate::Repo::patch_by) finds the row by a key and applies the patch to whatever is there; on
//! MongoDB that is one command if the store can do it without a look at the row.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let dune = books.retrieve_one(&Code("dune".into())).await?;
//! let dune = books.patch(dune, b.pages.set(700_u32)).await?;
//! assert_eq!(dune.pages, 700);
//!
//! let dune = books.patch_by(&Code("dune".into()), b.pages.increment(5_u32)).await?;
//! assert_eq!(dune.unwrap().pages, 705);
#![doc = include_str!("../../doc/close.txt")]
//! ```
