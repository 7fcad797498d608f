//! Orders, windows, and pages.
//!
//! A query is ordered by one or more properties, each ascending or descending; absent values come first in ascending order. Rows
//! that the order leaves equal come in the order of their ids, so a query returns the same order twice.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let query = Item::query().order_by(i.year.desc()).order_by(i.title.asc()).offset(1).limit(2);
//! let titles = items.project(query, &i.title).await?;
//! assert_eq!(titles, ["Stalker", "Momo"]);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Pages
//!
//! An offset counts rows, so pages by offset show some rows twice and hide others when rows come and go.
//! [`page`](crate::Repo::page) begins after the last row of the page before, wherever that row is now. Its cursors are text
//! that may be sent to a client and come back: a cursor that was changed, or that belongs to another query, is refused.
//!
//! ```
#![doc = include_str!("../../doc/open.txt")]
//! let by_year = || Item::query().order_by(i.year.asc()).limit(4);
//! let first = items.page(by_year(), None).await?;
//! assert!(first.previous.is_none());
//!
//! // Rows before the cursor come and go.
//! items.delete(first.states[0].clone()).await?;
//! books.create(book("Faust", 1808, 158)).await?;
//!
//! let cursor = first.next.unwrap().to_string();
//! let second = items.page(by_year(), Some(&cursor.into())).await?;
//! let titles: Vec<_> = second.states.iter().map(|item| match item.get() {
//!     Item::Book(book) => book.title.clone(),
//!     Item::Film(film) => film.title.clone(),
//! }).collect();
//! assert_eq!(titles, ["Alien", "Stalker"]);
//!
//! let back = items.page(by_year(), second.previous.as_ref()).await?;
//! assert_eq!(back.states.len(), 4);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! Cursors are sealed with a key of the process. Programs that accept each other's cursors, or their own after a restart, need to
//! share a key: [`Options::cursor_key`](crate::Options::cursor_key).
