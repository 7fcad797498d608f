//! The one error of every operation.

use std::error::Error as StdError;

use crate::row::RowId;

/// What an operation gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any source of an error.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What can go wrong. Its text names types, keys and ids; it never holds credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another row has this key value.
    #[error("{type_name} with {key} = {value} exists already")]
    DuplicateKey {
        /// The type that declares the key: the poly type for a poly key.
        type_name: &'static str,
        /// The key's property, by its stored name.
        key: String,
        /// The key value that is taken.
        value: String,
    },
    /// Another row has this value in a key that another version of the model declared, and this one does not. It holds for all
    /// until it is dropped.
    #[error(
        "another row has the same value in the key {key}, which {type_name} does not declare, and which its table keeps from \
         another version of the model: declare it, or be rid of it by `drop_undeclared_keys` of the store"
    )]
    UndeclaredKey {
        /// The type that owns the table.
        type_name: &'static str,
        /// The key's name in the store.
        key: String,
    },
    /// Rows that are stored do not fit a property that a key or an index of the model has. Nothing was changed.
    #[error("{property} of {type_name} does not fit the rows that are stored: {problem}")]
    RowsDoNotFit {
        /// The type that has the property.
        type_name: &'static str,
        /// The property, by its stored names.
        property: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The row was changed since it was read, or the state comes from a transaction that was not committed. Retrieve it again and
    /// repeat the change.
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
        /// The id or the key value that was asked for.
        what: String,
    },
    /// The query finds more than one row where one is asked for.
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
    /// The query cannot be asked.
    #[error("{type_name}: {problem}")]
    InvalidQuery {
        /// The repository's type.
        type_name: &'static str,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// Others changed the rows again and again while they were changed here. Nothing was changed.
    #[error("others changed the rows of {type_name} each of the {tries} times that a change was tried")]
    Contended {
        /// The repository's type.
        type_name: &'static str,
        /// How often it was tried.
        tries: usize,
    },
    /// Another transaction was in the way of this one each time that it was tried. Nothing was changed.
    #[error(
        "another transaction was in the way each time that this one was tried ({tries}), and nothing was done: {source}"
    )]
    TransactionConflict {
        /// How often it was tried: once, unless it was a closure, which is run again.
        tries: usize,
        /// What the back end said.
        source: BoxError,
    },
    /// A write in the transaction had failed, or a failure had ended the transaction in the store, so it could not be committed. Nothing
    /// was changed.
    #[error("the transaction was rolled back, as an operation in it had failed: {because}")]
    TransactionLost {
        /// The first failure, in the words of its error.
        because: String,
    },
    /// The transaction was over before the operation began, which was not done.
    #[error("the transaction is over, {how}: begin another one")]
    TransactionEnded {
        /// How it ended: whether it was committed or rolled back, if that is known.
        how: &'static str,
    },
    /// A transaction that is nested in this one is still open. Nothing was changed; if it was a commit, all was rolled back.
    #[error("a transaction is nested in this one: until that one ends, only what comes from it can be used")]
    TransactionNested,
    /// A write was tried in a snapshot. Nothing was changed.
    #[error("{type_name} cannot be written in a snapshot, which is for reading alone: use a transaction")]
    ReadOnly {
        /// The repository's type.
        type_name: &'static str,
    },
    /// The store broke while it wrote: the write, or the transaction, was done as a whole or not at all, and which of the two is not
    /// known. Look before it is done again.
    #[error("nobody knows whether the {backend} back end has done it, look before you repeat it: {source}")]
    OutcomeUnknown {
        /// The back end.
        backend: &'static str,
        /// What it said.
        source: BoxError,
    },
    /// Another one had the store to itself for too long. Nothing was done.
    #[error("the {backend} back end is busy, and nothing was done: {source}")]
    Busy {
        /// The back end.
        backend: &'static str,
        /// What it said.
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
        /// What is not served.
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
    /// The domain model has a flaw that only shows as a whole.
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
        /// What the decoder said.
        source: BoxError,
    },
    /// A stored row has a discriminator that no variant has: it was written by another version of the model.
    #[error(
        "row {id} of table {table} has the discriminator {found:?}, which {type_name} does not know; it knows {}",
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
    /// The back end declares that it cannot do this. Nothing was changed.
    #[error("the {backend} back end does not support {operation}")]
    Unsupported {
        /// The back end.
        backend: &'static str,
        /// What was asked of it.
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
    #[error("the query is too large for the {backend} back end, ask it in parts: {limit}")]
    QueryTooLarge {
        /// The back end.
        backend: &'static str,
        /// What exceeds which limit.
        limit: String,
    },
    /// The store cannot be reached.
    #[error("cannot reach the store: {source}")]
    Connection {
        /// What a caller may do about it: a wrong address stays wrong.
        kind: ErrorKind,
        /// What it said.
        source: BoxError,
    },
    /// The back end's own error.
    #[error("the {backend} back end failed: {source}")]
    Backend {
        /// The back end.
        backend: &'static str,
        /// What a caller may do about it.
        kind: ErrorKind,
        /// What it said.
        source: BoxError,
    },
}

/// What is wrong with a state whose row is another one. With the row's version it can only come from a transaction that was not
/// committed.
fn conflict(expected: u64, found: u64) -> String {
    if expected == found {
        "is not what its state says, which comes from a transaction that was not committed: retrieve it again"
            .to_owned()
    } else {
        format!("was changed by another writer: row version {expected} is now {found}")
    }
}

/// Where in a document; nothing of the whole.
fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

/// What a caller may do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing was done, and the same again may succeed: others were in the way, or the store was out of reach.
    Transient,
    /// Nothing was done, and the same call would fail again. Change what you ask, or read again what it is based on.
    Permanent,
    /// It was done as a whole or not at all, and which of the two is not known: look before it is done again.
    Unknown,
}

impl Error {
    /// What a caller may do about it: the same again, something else, or look first.
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
            // It is the back end that knows at which moment the failure struck.
            Self::Backend { kind, .. } | Self::Connection { kind, .. } => *kind,
            Self::DuplicateKey { .. }
            | Self::UndeclaredKey { .. }
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

    /// Whether another row has the key value, of a key that the model declares or of one that it does not.
    pub fn is_duplicate_key(&self) -> bool {
        matches!(self, Self::DuplicateKey { .. } | Self::UndeclaredKey { .. })
    }

    /// Whether the row was changed since it was read.
    pub fn is_write_conflict(&self) -> bool {
        matches!(self, Self::WriteConflict { .. })
    }

    /// Whether the row is gone.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
