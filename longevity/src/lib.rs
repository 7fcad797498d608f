//! A persistence framework for domain models that are algebraic data types.

pub use longevity_core::{
    Access, Bytes, DerivedFrom, Document, DomainModel, Error, Explanation, Filter, HasVariant, InModel, KeyFor, KeyVal,
    Longevity, Options, Order, PState, PStates, ParseTimestampError, PersistentStruct, PersistentType, Prop, Query,
    Repo, Result, RootType, Row, RowContent, RowId, Storable, Timestamp, Value, WriteError,
};
pub use longevity_core::{backend, definition, description, query, storable, table, value};
pub use longevity_derive::{Component, DomainModel, KeyVal, PersistentType};
#[cfg(feature = "mem")]
pub use longevity_mem::Mem;

#[cfg(feature = "blocking")]
pub use longevity_core::blocking;

#[cfg(feature = "testkit")]
pub use longevity_testkit as testkit;
#[cfg(feature = "testkit")]
pub use longevity_testkit::{repo_crud_spec, repo_crud_spec_main};

/// What a module that defines or uses a domain model imports.
pub mod prelude {
    #[cfg(feature = "mem")]
    pub use crate::Mem;
    pub use crate::{
        Bytes, Component, DomainModel, Error, KeyFor, KeyVal, Longevity, Options, PState, PersistentType, Query, Repo,
        Timestamp,
    };
    pub use serde::{Deserialize, Serialize};
}

/// What generated code reaches. Not for users: anything here may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use longevity_core::*;
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
