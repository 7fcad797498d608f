//! References: from one persistent to another, by key value.
//!
//! A key value names the type that it identifies. So a property that is a key value refers to a persistent. An option refers to
//! one persistent or to none. A list, a set or a map of key values refers to several. Your types contain only the key values.
//! Their targets are fetched when you ask for them. `reference(..)` declares in addition that the targets [have to be
//! there](#integrity).
//!
//! | | |
//! | --- | --- |
//! | [`fetch`](crate::Longevity::fetch) | what one reference leads to |
//! | [`fetch_all`](crate::Longevity::fetch_all) | what many references lead to, by key value |
//! | [`find_with`](crate::Repo::find_with) | the rows of a query, each with what its references lead to |
//! | [`with_targets`](crate::Repo::with_targets) | the same for states that you already have, such as those of a [page](super::pages) |
//! | [`is_referenced`](crate::Repo::is_referenced) | whether rows refer to a persistent |
//! | [`referrers`](crate::Repo::referrers) | how many refer to it, and by which property |
//! | [`find_referring`](crate::Repo::find_referring) | the rows that refer to it |
//! | [`delete_and_count`](crate::Repo::delete_and_count) | a delete that says what happened to the rows that referred |
//! | [`verify`](crate::Longevity::verify), [`fix`](crate::Longevity::fix) | what is wrong in a whole store, and its [mending](#old-and-damaged-stores) |
//! | [`rename_key`](crate::Repo::rename_key), [`repoint`](crate::Repo::repoint) | the [two meanings of a changed key](#keys-that-change-their-meaning) |
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
//! A reference through a key of a poly type leads to a state of the poly type, whichever variant it is. A reference
//! without integrity may dangle: then it leads to `None`, and a list or a map leaves it out.
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
//!
//! # Integrity
//!
//! `reference(..)` in the attribute of a plain, a poly or a derived type declares that the key values in a property always have
//! their targets. Each write keeps that: a new row, a batch, an update, a change of the variant, a patch, a change by query. The
//! declarations above say:
//!
//! * The home of an author is a town of the store. A town that is a home cannot be deleted.
//! * The authors of a novel are authors of the store. An author who is deleted is removed from all novels.
//! * The translator of a novel, if there is one, is an author too. It becomes `None` when the author is deleted.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let stranger = Author { pen: pen("cec"), home: Zip(1) };
//! let error = authors.create(stranger).await.unwrap_err();
//! assert_eq!(error.to_string(), "home of Author refers to the Town 1, which does not exist");
//!
//! let bonn = towns.retrieve_one(&Zip(53111)).await?;
//! let refused = towns.delete(bonn).await.unwrap_err();
//! assert_eq!(refused.to_string(), "the Town with the key 53111 is referred to by 2 Author, in home");
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! The property may be the key value itself, or a field of a component, or be within options, lists, sets, values of maps, and
//! variants of poly components: write `reference(reviews.by)` for the `by` of each element of `reviews`, and
//! `reference(state.waiting.on)` for the `on` of the variant `Waiting` of a `state`. A reference to a key of a poly type may
//! require one derived type: `reference(series: Series)`. Its target is then a `Series`, and cannot become anything else while
//! rows refer to it.
//!
//! By default a reference is checked after each operation. With `check = at_commit`, it is checked when its transaction is
//! committed. So rows that need each other can be created one after the other, and a row can be deleted and another one created
//! with its key. A batch is one operation, and its rows may refer to each other in any order.
//!
//! # When a target is deleted
//!
//! | `on_delete = ..` | what happens |
//! | --- | --- |
//! | `restrict`, which is the default | the delete is refused with [`Error::Referenced`](crate::Error::Referenced) |
//! | `cascade` | the rows that refer are deleted too, and what refers to them is treated as it declares |
//! | `set_none` | the reference, which is an option, becomes `None` |
//! | `remove` | the reference is removed from its list, set or map |
//!
//! All of it happens in the transaction of the delete, or in one of its own, all or nothing. The row versions of the changed rows
//! go up. [`delete_and_count`](crate::Repo::delete_and_count) says how many rows were
//! deleted and changed, and the number that [`delete_where`](crate::Repo::delete_where) returns includes the rows of a cascade. A
//! restriction counts at the end: a row may be deleted together with the rows that refer to it.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let bob = authors.retrieve_one(&pen("bob")).await?;
//! authors.delete(bob).await?;
//! let solaris = novels.exactly_one(Novel::query().filter(n.title.eq("Solaris"))).await?;
//! assert_eq!(solaris.authors.iter().map(|author| &*author.0).collect::<Vec<_>>(), ["ann"]);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Keys that change their meaning
//!
//! An update that would change a key value to which rows refer is refused, as a delete would be. There are two ways to change
//! what a key value means, each in one transaction:
//!
//! * The right persistent has the wrong key value: [`rename_key`](crate::Repo::rename_key) gives it another one, and all
//!   references with integrity follow.
//! * The right key value has the wrong persistent: [`repoint`](crate::Repo::repoint) gives the key value to another one, and the
//!   references stay as they are. The two persistents exchange their key values.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! let ann = authors.retrieve_one(&pen("ann")).await?;
//! authors.rename_key(ann, pen("anna")).await?;
//! let momo = novels.exactly_one(Novel::query().filter(n.title.eq("Momo"))).await?;
//! assert!(momo.authors.contains(&pen("anna")));
//!
//! let bob = authors.retrieve_one(&pen("bob")).await?;
//! authors.repoint(&pen("anna"), bob).await?; // Momo was bob's all along
//! assert_eq!(novels.find_referring(&pen("anna")).await?.len(), 2);
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! # Integrity for rows that are there already
//!
//! Integrity is declared in the code, so it can be added, changed and taken away at any time. When a type declares a reference
//! for the first time, [`create_schema`](crate::Longevity::create_schema) reads its rows. If a reference has no target, it fails
//! with [`Error::DanglingReferences`](crate::Error::DanglingReferences): their number, and the first twenty of them. No row is
//! changed. Correct the rows and call it again. Taking a declaration away never touches a row.
//!
//! Programs with an older version of the model do not know the reference, and may write rows without targets, unless the store
//! itself refuses that ([the table below](#what-it-costs-and-what-keeps-it)). Stop them before you create the schema. If such a
//! program creates the schema again, the next program that declares the reference verifies all rows once more.
//!
//! # Old and damaged stores
//!
//! [`verify`](crate::Longevity::verify) looks at all rows of a store and reports as a stream what is wrong: references without
//! targets, rows that are not values of their type, rows of unknown types, and what the store keeps beside the documents and does
//! not agree with them, such as the entries of an index. Key values that are not declared as references are looked up too, wherever
//! they are. So you learn what a declaration would find before you make it.
//!
//! [`fix`](crate::Longevity::fix) mends a store by a [`Plan`](crate::verify::Plan), which you can read and change first. A plan has
//! a step for each kind of damage in a property, and proposes only what deletes no row. Rows are mended in transactions of a
//! thousand. Stop whenever you want, and begin again later: what was mended is not found again.
//!
//! ```
#![doc = include_str!("../../doc/open_references.txt")]
//! use longevity::verify::{DamageKind, Mend, Plan};
//!
//! let mut plan: Plan = store.verify().plan().await?;
//! for step in plan.steps_mut() {
//!     println!("{} times: {}", step.count, step.first); // vet of Cat #7 refers to the Owner "bob", which does not exist
//!     if step.first.kind == DamageKind::Dangling && step.mend() == Mend::Leave {
//!         step.choose(Mend::Delete).expect("it is one of the mends");
//!     }
//! }
//! let summary = store.fix(plan).finish().await?;
//! assert_eq!((summary.mended, summary.left, summary.failed), (0, 0, 0));
#![doc = include_str!("../../doc/close.txt")]
//! ```
//!
//! MongoDB's own `validate` command checks the entries of its indexes; in memory there is nothing beside the values.
//!
//! # What it costs, and what keeps it
//!
//! Writes of types without such references are as they were. All others are done in a transaction, so the back end has to have
//! them. On SQLite, a single create outside of a transaction is one statement.
//!
//! | back end | what keeps a target while a reference to it is made | what other programs and the shell can do |
//! | --- | --- | --- |
//! | memory | the transaction, which is serializable: it has read the target | nothing, because no other program sees this memory |
//! | SQLite | the same, and a foreign key that is checked at the commit | nothing, if they have foreign keys switched on, with the exceptions below |
//! | MongoDB | a write to the target: it changes a field `_references`, which has no other meaning, so that a delete conflicts | break any reference |
//!
//! On MongoDB, writers that make references to one target at the same time conflict with each other, and all but one of them try
//! again. A target to which many writers refer all the time, such as the one tenant of a service, slows them down: leave the
//! integrity of that reference out, or check it where the target is deleted.
//!
//! On SQLite, foreign keys need a column that has the key values and nothing else. If there is none, a side table has them. It is
//! named after the reference, such as `item.Book.editors.reference`. Side tables are for key values in collections, in variants of
//! components, and in rows of a derived type. Another one has the keys of a derived type to which rows refer, such as
//! `item.Series.code.targets`. Triggers keep these tables, whatever program writes the rows, with two exceptions. `REPLACE` leaves
//! old entries, unless `recursive_triggers` are switched on. Older versions of SQLite, such as 3.40, cut a string in
//! JSON at a NUL.
//! [`verify`](crate::Longevity::verify) finds what is wrong.
//!
//! Some key values have no foreign key, because documents have them in another form than columns do:
//!
//! * byte strings in a collection or in a variant
//! * those under a stored name with a quotation mark or a backslash
//! * those that a default for documents without the property has
//! * those that two types of a poly type store under different names
//!
//! Core keeps these references too, but other programs can break them.
//!
//! The rows that refer to a target are found by an index, which the declaration creates: of the property, or of the key values in
//! its lists, sets and maps. There are exceptions: MongoDB has no index of the values of maps, of timestamps in lists, of lists
//! directly within lists, nor of fields with aliases or with a default that is not empty; SQLite has none of values without a
//! foreign key. There, and in variants of components outside of collections, a delete of a target looks at all rows of the type.
//!
//! # Tests
//!
//! `longevity::repo_crud_spec!` runs the conformance suite over your types, with their references. It makes the rows that others
//! refer to by itself. It tests each declared reference from both sides: a new row or an update that would dangle is refused, a
//! check at the commit waits for it, the delete of a target does what you declared, and references follow a renamed key value.
//! `longevity::query_spec!` runs random queries with [`find_with`](crate::Repo::find_with), and looks for the targets in all rows.
