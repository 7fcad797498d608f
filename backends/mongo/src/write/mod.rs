//! Writes: inserts, replacements, deletions and patches, alone and in batches.
//!
//! - [`all_or_none`]: runs a batch in a transaction of its own, and retries it.
//! - [`batch`]: many writes at once, and which one failed.
//! - [`bulk`]: many writes as few commands.
//! - [`patch`]: changes a row in place.
//! - [`single`]: one insert, replacement or deletion.
//! - [`swapped_keys`]: rows that exchange their key values.
//! - [`work`]: what a batch does in its transaction.

pub(crate) mod all_or_none;
pub(crate) mod batch;
pub(crate) mod bulk;
pub(crate) mod patch;
pub(crate) mod single;
pub(crate) mod swapped_keys;
pub(crate) mod work;
