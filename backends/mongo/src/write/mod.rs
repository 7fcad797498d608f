//! Writes: inserts, replacements, deletions and patches, alone and in batches.
//!
//! - [`all_or_none`]: runs a batch in a transaction of its own, and retries it.
//! - [`batch`]: many writes at once, and which one failed.
//! - [`bulk`]: many writes as few commands.
//! - [`dispatch`]: chooses between one command and a batch.
//! - [`hold`]: keeps a row from being deleted until a transaction ends.
//! - [`patch`]: changes a row in place.
//! - [`refusal`]: why the server refuses a row.
//! - [`replacement`]: the expression that replaces a row.
//! - [`run`]: runs the commands of a batch.
//! - [`single`]: one insert, replacement or deletion.
//! - [`swapped_keys`]: rows that exchange their key values.
//! - [`target`]: the row that a write targets.
//! - [`work`]: what a batch does in its transaction.

pub(crate) mod all_or_none;
pub(crate) mod batch;
pub(crate) mod bulk;
pub(crate) mod dispatch;
pub(crate) mod hold;
pub(crate) mod patch;
pub(crate) mod refusal;
pub(crate) mod replacement;
pub(crate) mod run;
pub(crate) mod single;
pub(crate) mod swapped_keys;
pub(crate) mod target;
pub(crate) mod work;
