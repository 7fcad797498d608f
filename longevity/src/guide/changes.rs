//! Updates and deletes by query, and patches of single properties.
//!
//! A [`Patch`](crate::Patch) changes single properties: [`set`](crate::Prop::set), [`increment`](crate::Prop::increment),
//! [`push`](crate::Prop::push). `&` adds one patch after another.
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
//! All rows are changed or none: if a key is taken, a number would be out of its type's range, or a primary key would change,
//! the operation fails and writes nothing. Row versions go up by one. If another writer changes a row meanwhile, the operation
//! reads it again, so no other writer's change is lost. A repository changes rows of its type only.
//!
//! # One row
//!
//! [`patch`](crate::Repo::patch) is under the optimistic lock of the state's row version: it is refused if another writer was
//! faster. [`patch_by`](crate::Repo::patch_by) finds the row by a key and applies the patch to whatever is there. On MongoDB it
//! is one command if the store can apply the patch without a look at the row.
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
