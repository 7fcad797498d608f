//! The errors of this back end.

use longevity_core::{Error, ErrorKind};

/// The back end's name in errors, logs and the names of tests.
pub(crate) const NAME: &str = "mem";

/// An error of this back end's own.
pub(crate) fn failed(what: String) -> Error {
    Error::Backend { backend: NAME, kind: ErrorKind::Permanent, source: what.into() }
}

/// The error of an operation in a transaction that has ended.
#[cold]
pub(crate) fn ended() -> Error {
    Error::TransactionEnded { how: "it was committed or rolled back" }
}

/// The error of a transaction that conflicts with another one.
#[cold]
pub(crate) fn conflict(what: String) -> Error {
    Error::TransactionConflict { tries: 1, source: what.into() }
}
