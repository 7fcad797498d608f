//! The error type of every operation.

use std::error::Error as StdError;
use std::fmt;

use crate::row::RowId;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The source of an error, of any type.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of an operation. Its text names types, keys and ids, and never holds credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another row has this key value.
    #[error("{type_name} with {key} = {value} already exists")]
    DuplicateKey {
        /// The type that declares the key: the poly type for a poly key.
        type_name: &'static str,
        /// The key's property, by its stored name.
        key: String,
        /// The key value that is taken.
        value: String,
    },
    /// Another row has the same value in a key that this version of the model does not declare, but another version did. The
    /// key stays in force for all programs until it is dropped.
    #[error(
        "another row has the same value in the key {key}, which {type_name} does not declare but its table keeps \
         from another version of the model: declare the key, or drop it with `drop_undeclared_keys` of the store"
    )]
    UndeclaredKey {
        /// The type that owns the table.
        type_name: &'static str,
        /// The key's name in the store.
        key: String,
    },
    /// A reference with integrity has no target. Nothing was changed; if the operation was a commit, everything was rolled back.
    #[error("{property} of {type_name} refers to the {target} {key}, which does not exist")]
    DanglingReference {
        /// The type that declares the reference.
        type_name: &'static str,
        /// The property, by its stored names.
        property: String,
        /// The type that it refers to.
        target: &'static str,
        /// The key value that no row has.
        key: String,
    },
    /// Stored rows have references without a target, so the references cannot be enforced. No row was changed. Correct the rows,
    /// and create the schema again.
    #[error("{count} stored references have no target; the first: {}", listed(first))]
    DanglingReferences {
        /// The number of such references.
        count: u64,
        /// The first of them, at most twenty.
        first: Vec<Dangling>,
    },
    /// References with integrity lead to the row, so it can neither be deleted nor get another key value or another type.
    /// Nothing was changed; if the operation was a commit, everything was rolled back.
    #[error("the {type_name} with the key {key} is referred to by {count} {by}, in {property}")]
    Referenced {
        /// The type that is referred to.
        type_name: &'static str,
        /// The row's key value.
        key: String,
        /// The type that declares the reference.
        by: &'static str,
        /// The property that refers, by its stored names.
        property: String,
        /// The number of rows that refer.
        count: u64,
    },
    /// The stored rows do not fit a property that a key or an index of the model has. Nothing was changed.
    #[error("{property} of {type_name} does not fit the stored rows: {problem}")]
    RowsDoNotFit {
        /// The type that has the property.
        type_name: &'static str,
        /// The property, by its stored names.
        property: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The row was changed since it was read, or the state comes from a transaction that was not committed. Retrieve the row
    /// again and repeat the change.
    #[error("{type_name} {id} {}", conflict(*expected, *found))]
    WriteConflict {
        /// The repository's type.
        type_name: &'static str,
        /// The row.
        id: RowId,
        /// The row version that the state has.
        expected: u64,
        /// The row version that the store has.
        found: u64,
    },
    /// The row is gone, or no row has the key value.
    #[error("no {type_name} {what}")]
    NotFound {
        /// The repository's type.
        type_name: &'static str,
        /// The id or the key value that was looked up.
        what: String,
    },
    /// The query finds more than one row, but exactly one was asked for.
    #[error("more than one {type_name} satisfies the query")]
    NotUnique {
        /// The repository's type.
        type_name: &'static str,
    },
    /// The cursor of a page cannot be used.
    #[error("the cursor cannot be used: {problem}")]
    InvalidCursor {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The query is not valid.
    #[error("{type_name}: {problem}")]
    InvalidQuery {
        /// The repository's type.
        type_name: &'static str,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// Other writers changed the rows during every try to change them. Nothing was changed.
    #[error(
        "other writers changed the rows of {type_name} during each of {tries} tries, and nothing was done: try again"
    )]
    Contended {
        /// The repository's type.
        type_name: &'static str,
        /// The number of tries.
        tries: usize,
    },
    /// Another transaction conflicted with this one on every try. Nothing was changed.
    #[error("another transaction conflicted with this one on every try ({tries}), and nothing was done: {source}")]
    TransactionConflict {
        /// The number of tries: one, unless the transaction is a closure, which is run again.
        tries: usize,
        /// The back end's error.
        source: BoxError,
    },
    /// The transaction could not be committed, because a write in it had failed or a failure had ended it in the store. Nothing
    /// was changed.
    #[error("the transaction was rolled back because an operation in it had failed: {because}")]
    TransactionLost {
        /// The text of the first failure.
        because: String,
    },
    /// The transaction had ended before the operation began. The operation was not done.
    #[error("the transaction has ended ({how}): begin another one")]
    TransactionEnded {
        /// How it ended: whether it was committed or rolled back, if that is known.
        how: &'static str,
    },
    /// A nested transaction is still open in this one. Nothing was changed; if the operation was a commit, everything was
    /// rolled back.
    #[error("a nested transaction is still open: use that one, or end it first")]
    TransactionNested,
    /// A snapshot was asked to write. Nothing was changed.
    #[error("{type_name} cannot be written in a snapshot, which is read-only: use a transaction")]
    ReadOnly {
        /// The repository's type.
        type_name: &'static str,
    },
    /// The store failed while it wrote. The write or the transaction was done as a whole or not at all, and it is not known
    /// which. Check before you repeat it.
    #[error("it is not known whether the {backend} back end did this; check before you repeat it: {source}")]
    OutcomeUnknown {
        /// The back end.
        backend: &'static str,
        /// The back end's error.
        source: BoxError,
    },
    /// Another program or transaction held the store for too long. Nothing was done.
    #[error("the {backend} back end is busy, and nothing was done: {source}")]
    Busy {
        /// The back end.
        backend: &'static str,
        /// The back end's error.
        source: BoxError,
    },
    /// A patch cannot be applied to a row. Nothing was changed.
    #[error("cannot patch {path} of {type_name}: {problem}")]
    InvalidPatch {
        /// The repository's type.
        type_name: &'static str,
        /// The property, by its stored names.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The store requires indexes, and no index serves the query. Nothing was read.
    #[error(
        "{type_name}: {warning}; declare one with `#[persistent(index(..))]`, or open the store without `Options::require_indexes`"
    )]
    NotIndexed {
        /// The repository's type.
        type_name: &'static str,
        /// What no index serves.
        warning: String,
    },
    /// An update would change the primary key, which is the row's identity.
    #[error(
        "the primary key {key} of {type_name} may not change from {from} to {to}: delete the row and create another"
    )]
    UnstablePrimaryKey {
        /// The type that declares the key.
        type_name: &'static str,
        /// The key's property, by its stored name.
        key: String,
        /// The stored value.
        from: String,
        /// The value that the update has.
        to: String,
    },
    /// The domain model has a flaw that only shows when all its types are seen together.
    #[error("{type_name}: {problem}")]
    InvalidModel {
        /// The type.
        type_name: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A stored row does not decode to its type.
    #[error("cannot decode {type_name} {id}{}: {source}", at(path))]
    Decode {
        /// The type that the discriminator names.
        type_name: &'static str,
        /// The row.
        id: RowId,
        /// The path to the value that does not fit, empty if it is the whole document.
        path: String,
        /// The decoder's error.
        source: BoxError,
    },
    /// A stored row has a discriminator that no variant has. It was written by another version of the model.
    #[error(
        "row {id} of table {table} has the discriminator {found:?}, which {type_name} does not know: it knows {}",
        known.join(", ")
    )]
    UnknownDiscriminator {
        /// The poly type.
        type_name: &'static str,
        /// The table.
        table: String,
        /// The row.
        id: RowId,
        /// The stored discriminator.
        found: String,
        /// The discriminators of the type's variants, aliases included.
        known: Vec<&'static str>,
    },
    /// The back end declares that it does not support the operation. Nothing was changed.
    #[error("the {backend} back end does not support {operation}")]
    Unsupported {
        /// The back end.
        backend: &'static str,
        /// The operation.
        operation: &'static str,
    },
    /// The document is larger or deeper than the store allows. Nothing was changed.
    #[error("a {type_name} exceeds the store's limit: {limit}")]
    TooLarge {
        /// The type.
        type_name: &'static str,
        /// The limit.
        limit: String,
    },
    /// The query is larger or deeper than the store can answer at once. Nothing was read.
    #[error("the query is too large for the {backend} back end; split it: {limit}")]
    QueryTooLarge {
        /// The back end.
        backend: &'static str,
        /// What exceeds which limit.
        limit: String,
    },
    /// The store cannot be reached.
    #[error("cannot reach the store: {source}")]
    Connection {
        /// What a caller may do about it. For example, a wrong address stays wrong.
        kind: ErrorKind,
        /// The error of the driver or the system.
        source: BoxError,
    },
    /// The back end's own error.
    #[error("the {backend} back end failed: {source}")]
    Backend {
        /// The back end.
        backend: &'static str,
        /// What a caller may do about it.
        kind: ErrorKind,
        /// The back end's error.
        source: BoxError,
    },
}

/// A stored reference that has no target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dangling {
    /// The type that declares the reference.
    pub type_name: &'static str,
    /// The row that refers.
    pub row: RowId,
    /// The property, by its stored names.
    pub property: String,
    /// The type that it refers to.
    pub target: &'static str,
    /// The key value that no row has.
    pub key: String,
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, row, property, target, key } = self;
        write!(f, "{property} of {type_name} {row} refers to the {target} {key}")
    }
}

fn listed(dangling: &[Dangling]) -> String {
    let each: Vec<_> = dangling.iter().map(Dangling::to_string).collect();
    each.join("; ")
}

/// Says why a row is not the one that its state describes. If the versions are equal, the state can only come from a
/// transaction that was not committed.
fn conflict(expected: u64, found: u64) -> String {
    if expected == found {
        "does not match its state, which comes from a transaction that was not committed: retrieve it again".to_owned()
    } else {
        format!("was changed by another writer: row version {expected} is now {found}")
    }
}

/// Where in a document; nothing for the whole document.
fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

/// What a caller may do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing was done, and the same call may succeed later: others conflicted with it, or the store was out of reach.
    Transient,
    /// Nothing was done, and the same call would fail again. Change the call, or read again what it is based on.
    Permanent,
    /// The operation was done as a whole or not at all, and it is not known which: check before you repeat it.
    Unknown,
}

impl Error {
    /// What a caller may do about the error: repeat the call, change it, or first check whether it was done.
    ///
    /// ```
    #[doc = include_str!("../doc/open.txt")]
    /// use longevity::ErrorKind;
    ///
    /// let ann = members.create(member("ann", 2)).await?;
    /// members.update(ann.clone()).await?;
    /// let stale = members.update(ann).await.unwrap_err();
    /// assert_eq!(stale.kind(), ErrorKind::Permanent); // until ann is retrieved again
    #[doc = include_str!("../doc/close.txt")]
    /// ```
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Contended { .. } | Self::TransactionConflict { .. } | Self::Busy { .. } => ErrorKind::Transient,
            Self::OutcomeUnknown { .. } => ErrorKind::Unknown,
            // Only the back end knows at which moment the failure struck.
            Self::Backend { kind, .. } | Self::Connection { kind, .. } => *kind,
            Self::DuplicateKey { .. }
            | Self::UndeclaredKey { .. }
            | Self::DanglingReference { .. }
            | Self::DanglingReferences { .. }
            | Self::Referenced { .. }
            | Self::RowsDoNotFit { .. }
            | Self::WriteConflict { .. }
            | Self::NotFound { .. }
            | Self::NotUnique { .. }
            | Self::InvalidCursor { .. }
            | Self::InvalidQuery { .. }
            | Self::TransactionLost { .. }
            | Self::TransactionEnded { .. }
            | Self::TransactionNested
            | Self::ReadOnly { .. }
            | Self::InvalidPatch { .. }
            | Self::NotIndexed { .. }
            | Self::UnstablePrimaryKey { .. }
            | Self::InvalidModel { .. }
            | Self::Decode { .. }
            | Self::UnknownDiscriminator { .. }
            | Self::Unsupported { .. }
            | Self::TooLarge { .. }
            | Self::QueryTooLarge { .. } => ErrorKind::Permanent,
        }
    }

    /// Whether another row has the key value. The model need not declare the key.
    pub fn is_duplicate_key(&self) -> bool {
        matches!(self, Self::DuplicateKey { .. } | Self::UndeclaredKey { .. })
    }

    /// Whether the row has changed since it was read.
    pub fn is_write_conflict(&self) -> bool {
        matches!(self, Self::WriteConflict { .. })
    }

    /// Whether the row is gone.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
