//! The schema: collections, indexes, validators and sharding.
//!
//! - [`create`]: creates what is missing, and checks what exists.
//! - [`existing_rows`]: checks that existing rows fit the properties of an index.
//! - [`indexes`]: the indexes that the server has, compared with those that the model needs.
//! - [`layout`]: the indexes that the model needs.
//! - [`rewrite`]: rewrites rows of older versions of the model, so that a key can be enforced.
//! - [`sharding`]: shards collections, and finds the keys that a cluster cannot enforce.
//! - [`undeclared`]: finds and drops keys that the model does not declare.
//! - [`validator`]: validators, so that other programs write only documents that the model can read.

pub(crate) mod create;
pub(crate) mod existing_rows;
pub(crate) mod indexes;
pub(crate) mod layout;
pub(crate) mod rewrite;
pub(crate) mod sharding;
pub(crate) mod undeclared;
pub(crate) mod validator;
