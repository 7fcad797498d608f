//! Persistence for domain models that are algebraic data types, in memory, in SQLite or in MongoDB.
//!
//! Derive [`PersistentType`](macro@PersistentType) on an enum, the *poly type*, and on the struct in each of its variants, the
//! *derived types*: all of them share one table with a discriminator. The repository of the enum sees every row, and the
//! repository of a struct sees the rows of its variant. Keys, queries and transactions are typed, and mean the same on every
//! back end.
//!
//! ```
//! use longevity::prelude::*;
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(poly, props(name: String))]
//! enum User { Member(Member), Commenter(Commenter) }
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User), index(num_cats))]
//! struct Member { name: String, num_cats: i64 }
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User))]
//! struct Commenter { name: String }
//!
//! #[derive(DomainModel)]
//! #[domain_model(User)] // derived types come with their poly type
//! struct Blogging;
//!
//! # async fn program() -> Result<(), Error> {
//! let store = Longevity::<Blogging, _>::open(Mem::new()).await?;
//! store.create_schema().await?;
//! let (users, members) = (store.repo::<User>(), store.repo::<Member>());
//!
//! members.create(Member { name: "ann".into(), num_cats: 2 }).await?;
//! users.create(User::Commenter(Commenter { name: "bob".into() })).await?;
//!
//! for member in members.find(Member::query().filter(Member::props().num_cats.gt(1))).await? {
//!     members.update(member.modify(|member| member.num_cats += 1)).await?;
//! }
//! assert_eq!(users.count(User::query().all()).await?, 2);
//! # Ok(())
//! # }
//! # longevity::blocking::block_on(program())?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Where to go next
//!
//! * [`guide`], chapter by chapter: [a first program with keys](guide::first), the query language,
//!   [references](guide::references), [transactions](guide::transactions).
//! * The derives list their attributes: [`PersistentType`](macro@PersistentType), [`Component`], [`KeyVal`](macro@KeyVal),
//!   [`DomainModel`](macro@DomainModel), [`Projected`](macro@Projected).
//! * [`Longevity`] is the store, [`Repo`] a repository, [`PState`] a value with its row's id and version. [`Query`] and [`Prop`]
//!   build queries; [`Transaction`] and [`Snapshot`] have repositories too.
//! * [`mod@blocking`] has the same store and repositories without `async`.
//! * [`Error`] lists what can go wrong.
//! * [`DomainModel::description`] describes a model to a program, or as a diagram.
//! * [`backend`] is the interface that a back end implements.
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
    Access, BoxError, Bytes, Dangling, Deleted, DerivedFrom, DomainModel, Error, ErrorKind, Explanation, Filter,
    Groups, HasVariant, InModel, KeyFor, KeyVal, Longevity, OpenTransaction, Options, Order, PState, PStates, Page,
    ParseTimestampError, Patch, PersistentStruct, PersistentType, Prop, Query, Reference, References, Referrers,
    Refers, Repo, Result, Retrieval, RootType, RowId, Snapshot, Storable, Timestamp, Transaction, VariantsOf,
    WithTargets, WriteError,
};
pub use longevity_core::{description, limits, query, storable};
pub use longevity_derive::{Component, DomainModel, KeyVal, PersistentType, Projected};
#[cfg(feature = "mem")]
pub use longevity_mem::Mem;
#[cfg(feature = "mongo")]
pub use longevity_mongo::{Acknowledgement, Mongo, MongoError, ReadConcern};
#[cfg(feature = "sqlite")]
pub use longevity_sqlite::{Durability, Sqlite, SqliteError};

#[cfg(feature = "blocking")]
pub use longevity_core::blocking;

/// What [`Longevity::verify`] finds in a store, and how [`Longevity::fix`] mends it.
pub mod verify {
    pub use longevity_core::damage::{
        Damage, DamageKind, Fixed, ImpossibleMend, Mend, Plan, PlanStep, Progress, Verified,
    };
    pub use longevity_core::{FixSummary, Fixing, Verification};
}

#[cfg(feature = "testkit")]
pub use longevity_testkit as testkit;
#[cfg(feature = "testkit")]
pub use longevity_testkit::{crash_spec, query_spec, repo_crud_spec, repo_crud_spec_main};

/// What you need to write a back end: the interface that it implements, and the types in that interface. Users of a store need none
/// of it.
pub mod backend {
    #[cfg(any(feature = "mem", feature = "mongo", feature = "sqlite"))]
    pub use crate::any::{AnyDocument, AnyRows, AnyTable, AnyTransaction};
    pub use longevity_core::backend::*;
    pub use longevity_core::{Encodable, Path, Row, RowContent, Step, Value, ValueRef};
    pub use longevity_core::{definition, document, encoding, table, value};
}

/// The names that a module with a domain model imports.
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

/// The names that generated code uses. Not for users: anything here may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use longevity_core::{
        CombinesWith, DerivedFrom, DomainModel, Encodable, Error, FieldAccess, FiltersRowsOf, HasField, HasVariant,
        InModel, KeyFor, KeyVal, KeyValOf, ModelBuilder, Path, PersistentStruct, PersistentType, Prop, ReferenceTo,
        Root, RootType, RootVisitor, Step, Storable, Value, ValueRef, has_its_targets, has_table_of_its_own,
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

// The README's programs are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
