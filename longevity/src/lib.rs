//! Persistence for domain models that are algebraic data types.
//!
//! A domain `enum` is a *poly persistent type*, the struct in each of its variants a *derived persistent type*; all share one
//! table with a discriminator. [`PersistentType`](macro@PersistentType) is derived on both. The repository of the enum sees
//! every row, that of a struct the rows of its variant.
//!
//! ```
//! use longevity::prelude::*;
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
//! #[key_val(User)]
//! struct Username(String);
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
//! #[key_val(Member)]
//! struct Email(String);
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
//! struct Profile { tagline: String, image_uri: String }
//!
//! /// Poly: owns the table `user`, the key on `username`, and the discriminator.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(poly, props(username: Username), key(username))]
//! enum User { Member(Member), Commenter(Commenter) }
//!
//! /// Derived: shares the table of `User`, adds a key and indexes of its own.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
//! struct Member { username: Username, email: Email, profile: Profile, num_cats: i64 }
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User))]
//! struct Commenter { username: Username }
//!
//! #[derive(DomainModel)]
//! #[domain_model(User)] // derived types come with their poly type
//! struct Blogging;
//!
//! # async fn program() -> Result<(), Error> {
//! let store = Longevity::<Blogging, _>::open(Mem::new()).await?;
//! store.create_schema().await?;
//! let users = store.repo::<User>();
//! let members = store.repo::<Member>();
//!
//! let ann: PState<Member> = members
//!     .create(Member {
//!         username: Username("ann".into()),
//!         email: Email("ann@example.com".into()),
//!         profile: Profile { tagline: "hi".into(), image_uri: "ann.png".into() },
//!         num_cats: 3,
//!     })
//!     .await?;
//! let same: Option<PState<User>> = users.retrieve(&Username("ann".into())).await?;
//! assert!(same.is_some());
//!
//! let m = Member::props();
//! let page: Vec<PState<Member>> = members
//!     .find(Member::query().filter(m.num_cats.gt(2) & m.profile.tagline.eq("hi")).order_by(m.username.asc()).limit(20))
//!     .await?;
//! assert_eq!(page.len(), 1);
//!
//! let ann = members.update(ann.modify(|m| m.num_cats += 1)).await?;
//! let user: PState<User> = ann.widen(); // and `narrow::<Member>()` back, fallible
//! users.delete(user).await?;
//! # Ok(())
//! # }
//! # longevity::blocking::block_on(program())?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Where to look
//!
//! * The derives: [`PersistentType`](macro@PersistentType), [`Component`], [`KeyVal`](macro@KeyVal),
//!   [`DomainModel`](macro@DomainModel), [`Projected`](macro@Projected) say which attributes there are.
//! * [`Longevity`] is the store, [`Repo`] the repository, [`PState`] what it gives, [`Query`] and [`Prop`] what it is asked.
//! * [`Transaction`] is several operations that happen together or not at all, [`Snapshot`] reads of one moment;
//!   [`guide::transactions`] shows both.
//! * [`mod@blocking`] has the same without `async`.
//! * [`guide`] is the query language, chapter by chapter.
//! * [`Error`] is what can go wrong.
//! * [`DomainModel::description`] describes a model to a program, or as a diagram.
//! * [`backend`] is for those who write a back end.
//!
//! # Features
//!
//! | feature | default | |
//! | --- | --- | --- |
//! | `mem` | yes | the in-memory back end, `Mem` |
//! | `mongo` | no | the MongoDB back end, `Mongo`: a replica set or a sharded cluster |
//! | `sqlite` | no | the SQLite back end, `Sqlite`: a file, or a private database in memory |
//! | `blocking` | yes | the blocking facade; adds no dependency |
//! | `testkit` | no | the conformance suite; for dev-dependencies |

#[cfg(any(feature = "mem", feature = "mongo", feature = "sqlite"))]
mod any;
#[cfg(any(doc, doctest))]
pub mod guide;

#[cfg(any(feature = "mem", feature = "mongo", feature = "sqlite"))]
pub use any::AnyBackend;
pub use longevity_core::query::Projected;
pub use longevity_core::{
    Access, BoxError, Bytes, DerivedFrom, DomainModel, Error, ErrorKind, Explanation, Filter, Groups, HasVariant,
    InModel, KeyFor, KeyVal, Longevity, OpenTransaction, Options, Order, PState, PStates, Page, ParseTimestampError,
    Patch, PersistentStruct, PersistentType, Prop, Query, Repo, Result, Retrieval, RootType, RowId, Snapshot, Storable,
    Timestamp, Transaction, VariantsOf, WriteError,
};
pub use longevity_core::{description, limits, query};
pub use longevity_derive::{Component, DomainModel, KeyVal, PersistentType, Projected};
#[cfg(feature = "mem")]
pub use longevity_mem::Mem;
#[cfg(feature = "mongo")]
pub use longevity_mongo::{Acknowledgement, Mongo, MongoError, ReadConcern};
#[cfg(feature = "sqlite")]
pub use longevity_sqlite::{Durability, Sqlite, SqliteError};

#[cfg(feature = "blocking")]
pub use longevity_core::blocking;

#[cfg(feature = "testkit")]
pub use longevity_testkit as testkit;
#[cfg(feature = "testkit")]
pub use longevity_testkit::{crash_spec, query_spec, repo_crud_spec, repo_crud_spec_main};

/// What a back end is written with: the interface that it implements, and what that is about. Users of a store need none of it.
pub mod backend {
    #[cfg(any(feature = "mem", feature = "mongo", feature = "sqlite"))]
    pub use crate::any::{AnyDocument, AnyRows, AnyTable, AnyTransaction};
    pub use longevity_core::backend::*;
    pub use longevity_core::{Encodable, Path, Row, RowContent, Step, Value, ValueRef};
    pub use longevity_core::{definition, document, encoding, storable, table, value};
}

/// What a module that defines or uses a domain model imports.
pub mod prelude {
    #[cfg(any(feature = "mem", feature = "mongo", feature = "sqlite"))]
    pub use crate::AnyBackend;
    #[cfg(feature = "mem")]
    pub use crate::Mem;
    #[cfg(feature = "mongo")]
    pub use crate::Mongo;
    #[cfg(feature = "sqlite")]
    pub use crate::Sqlite;
    pub use crate::{
        Bytes, Component, DomainModel, Error, Filter, KeyFor, KeyVal, Longevity, Options, PState, PersistentType,
        Projected, Query, Repo, Timestamp,
    };
    pub use serde::{Deserialize, Serialize};
}

/// What generated code reaches. Not for users: anything here may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use longevity_core::{
        CombinesWith, DerivedFrom, DomainModel, Encodable, Error, FieldAccess, FiltersRowsOf, HasField, HasVariant,
        InModel, KeyFor, KeyVal, KeyValOf, ModelBuilder, Path, PersistentStruct, PersistentType, Prop, Root, RootType,
        Step, Storable, Value, ValueRef, has_table_of_its_own,
    };
    pub use longevity_core::{backend, definition, document, encoding, query, storable, table, value};
    #[cfg(feature = "testkit")]
    pub use longevity_testkit as testkit;
    pub use serde;

    pub use crate::__if_testkit as if_testkit;
}

/// Keeps its tokens where the `testkit` feature is on.
#[cfg(feature = "testkit")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_testkit {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// Drops its tokens: the `testkit` feature is off.
#[cfg(not(feature = "testkit"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_testkit {
    ($($tokens:tt)*) => {};
}

// The README's program is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
