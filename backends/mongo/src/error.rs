//! The errors of the back end: what the server and the driver report, and what to do about it.

use longevity_core::backend::WriteFailure;
use longevity_core::{Error, ErrorKind as Kind};
use mongodb::bson::{Document, RawBsonRef, RawDocument, Utf8Lossy};
use mongodb::error::{
    Error as DriverError, ErrorKind, RETRYABLE_WRITE_ERROR, TRANSIENT_TRANSACTION_ERROR,
    UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure as DriverWriteFailure,
};

/// Why the MongoDB back end failed: the source of [`Error::Backend`] and [`Error::Connection`].
///
/// ```
/// use longevity_core::{Error, backend::Backend};
/// use longevity_mongo::{Mongo, MongoError};
///
/// let mongo = Mongo::new("mongodb://localhost");
/// let Err(Error::Connection { source, .. }) = mongo.block_on(mongo.open(&[])) else { panic!("a database without a name") };
/// assert!(matches!(source.downcast_ref(), Some(MongoError::NoDatabase)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MongoError {
    /// The connection string is invalid.
    #[error("not the address of a MongoDB database: {reason}")]
    InvalidAddress {
        /// What is wrong with it.
        reason: String,
    },
    /// The connection string names no database.
    #[error(
        "the address of a MongoDB database names no database: write `mongodb://host/blog`, or use `Mongo::database`"
    )]
    NoDatabase,
    /// No server that accepts writes can be found. The operation can be repeated.
    #[error("no server can be reached: check the address, and that the replica set has a primary: {reason}")]
    Unreachable {
        /// What the driver tried.
        reason: String,
    },
    /// The server rejected the credentials, or the user lacks the privileges.
    #[error("the server rejected the credentials, or the user lacks the privileges for this operation: {reason}")]
    Unauthorized {
        /// The server's message.
        reason: String,
    },
    /// The server is not a member of a replica set, so it has no transactions.
    #[error(
        "the server is not a member of a replica set: start it with `--replSet rs0` and run `rs.initiate()` once; one \
         member is enough"
    )]
    Standalone,
    /// A read was interrupted, or a batch was undone before its commit: the connection or the cursor was lost, the primary
    /// changed, or the server ended the operation. Nothing was changed, and the operation can be repeated.
    #[error("the operation was interrupted, but nothing was changed; repeat it: {reason}")]
    Interrupted {
        /// What happened.
        reason: String,
    },
    /// The connection was lost, or the primary changed, during a write and during the driver's own repetition of it. The write
    /// may or may not have happened. If the same state is updated or deleted again, the write does not happen twice.
    #[error("the connection was lost during a write, which may or may not have happened; repeat it: {reason}")]
    InDoubt {
        /// What happened.
        reason: String,
    },
    /// The server ended a batch because its transaction became too old. Nothing was changed.
    #[error(
        "a batch of {rows} rows takes longer than the server allows a transaction, and nothing was changed: change fewer rows \
         at a time, for example by ranges of a key, or raise the server's `transactionLifetimeLimitSeconds` (60 by default)"
    )]
    TooLong {
        /// The number of rows in the batch.
        rows: usize,
    },
    /// The server ended a transaction because it became too old. Nothing was changed.
    #[error(
        "the transaction takes longer than the server allows, and nothing was changed: do less in one transaction, or raise the \
         server's `transactionLifetimeLimitSeconds` (60 by default)"
    )]
    TransactionTooOld,
    /// The server no longer has the data of the snapshot's moment.
    #[error(
        "the snapshot is of a moment whose data the server no longer has: read less in one snapshot, or raise the server's \
         `minSnapshotHistoryWindowInSeconds` (300 by default)"
    )]
    SnapshotTooOld,
    /// MongoDB does not allow the name.
    #[error("{what} cannot be the name of a {kind} in MongoDB: {reason}")]
    ForbiddenName {
        /// The name.
        what: String,
        /// The kind of thing it would name.
        kind: &'static str,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// The schema was not created, or it lacks something that the model needs.
    #[error("{what} does not exist: call `create_schema` first")]
    NoSchema {
        /// What is missing.
        what: String,
    },
    /// The server has an index that conflicts with one that the model needs. The server's index is not touched.
    #[error(
        "the collection {table} has the index {name} as {found}, but the model needs {wanted}: if no one needs the index, drop \
         it with `db.getCollection({table:?}).dropIndex({name:?})`, then create the schema again"
    )]
    ConflictingIndex {
        /// The collection.
        table: String,
        /// The index's name.
        name: String,
        /// The definition that the server has.
        found: String,
        /// The definition that the model needs.
        wanted: String,
    },
    /// Existing rows have the same value in a key that the model declares.
    #[error(
        "the key {index} cannot be created because rows of {table} have the same value in it: change or delete them"
    )]
    DuplicateRows {
        /// The collection.
        table: String,
        /// The key's index.
        index: String,
    },
    /// Rows of an older version of the model do not have the fields of a key as this version declares it: a field is under an
    /// alias or absent because of its default, or a choice is stored under an alias.
    #[error(
        "the key {key} cannot be enforced because an older version of the model wrote rows of {table} that lack its field, or \
         that have the field or a choice in it under an alias: stop the programs that write such rows, and have the rows \
         rewritten with `Mongo::rewriting(true)`"
    )]
    OldRows {
        /// The collection.
        table: String,
        /// The key's index.
        key: String,
    },
    /// The collection compares text by the rules of a language (a collation), not byte by byte.
    #[error(
        "the collection {table} has a collation, which compares text differently from longevity: copy it into a collection \
         without one"
    )]
    ForeignCollection {
        /// The collection.
        table: String,
    },
    /// The collection has a validator that longevity did not create. The validator is not touched.
    #[error(
        "the collection {table} has a validator that longevity did not create: remove it, or turn `Mongo::validation` off"
    )]
    ForeignValidator {
        /// The collection.
        table: String,
    },
    /// A sharded cluster cannot enforce keys that do not include the primary key.
    #[error(
        "a sharded cluster cannot enforce {keys} because it distributes rows by {by}: include the fields of the primary key in \
         them, or accept that they are not enforced, with `Mongo::unenforced_key(..)` for each name"
    )]
    Unenforceable {
        /// The keys.
        keys: String,
        /// The primary key.
        by: String,
    },
    /// The server refused the row because of a validator, or of a unique index that another version of the model or another
    /// program created.
    #[error("the collection {table} refuses the row: {reason}")]
    Refused {
        /// The collection.
        table: String,
        /// The server's message.
        reason: String,
    },
    /// Anything else.
    #[error("{reason}")]
    Other {
        /// The message of the server or of the driver.
        reason: String,
        /// The server's error code, if the server reported the error.
        code: Option<i32>,
    },
}

impl MongoError {
    /// Whether the same operation may succeed if it is repeated.
    ///
    /// ```
    /// use longevity_mongo::MongoError;
    ///
    /// assert!(MongoError::Interrupted { reason: "the primary stepped down".to_owned() }.is_retryable());
    /// assert!(!MongoError::NoDatabase.is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Interrupted { .. } | Self::InDoubt { .. })
    }

    /// The error of the MongoDB back end within an error of core.
    ///
    /// ```
    /// use longevity_core::Error;
    /// use longevity_mongo::MongoError;
    ///
    /// let error = Error::from(MongoError::NoDatabase);
    /// assert_eq!(MongoError::of(&error), Some(&MongoError::NoDatabase));
    /// ```
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::Connection { source, .. } | Error::Backend { source, .. } | Error::OutcomeUnknown { source, .. } => {
                source.downcast_ref()
            }
            _ => None,
        }
    }

    /// The driver's error about a connection string that it could parse. The driver's own message shows the part that is wrong,
    /// which may be a secret.
    pub(crate) fn of_address(error: &DriverError) -> Self {
        let reason = match &*error.kind {
            ErrorKind::DnsResolve { .. } => return Self::Unreachable { reason: error.to_string() },
            ErrorKind::InvalidTlsConfig { .. } | ErrorKind::Io(_) => {
                "a file that a TLS option names cannot be read, or contains no certificate or key that its password opens"
            }
            _ => {
                "its credentials do not fit its options: each `authMechanism` needs some of user name, password, \
                 `authSource` and `authMechanismProperties`, and accepts only those"
            }
        };
        Self::InvalidAddress { reason: reason.to_owned() }
    }
}

/// The server's codes for an interruption: it is not the primary or is no longer the primary, it is shutting down, it has lost a
/// cursor, or a time limit was exceeded.
const INTERRUPTED: &[i32] = &[
    6, 7, 43, 50, 89, 91, 133, 134, 175, 189, 202, 237, 246, 262, 317, 9001, 10058, 10107, 11600, 11601, 11602, 13435,
    13436,
];
/// The server's code for a snapshot whose data it no longer has.
pub(crate) const SNAPSHOT_TOO_OLD: i32 = 239;
/// The server's code for a write that a majority did not confirm in time.
pub(crate) const WRITE_CONCERN_FAILED: i32 = 64;

impl MongoError {
    /// The error of an operation that only reads, or that is known to have changed nothing.
    pub(crate) fn of_read(error: DriverError) -> Self {
        let reason = reason(&error);
        if is_interruption(&error) { Self::Interrupted { reason } } else { Self::of_either(error) }
    }

    /// The error of an operation that writes. If it was interrupted, its outcome is unknown.
    pub(crate) fn of_write(error: DriverError) -> Self {
        let reason = reason(&error);
        // The operation was sent, and no server is left to ask for its outcome.
        let is_open = error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT);
        if is_interruption(&error) || is_open { Self::InDoubt { reason } } else { Self::of_either(error) }
    }

    /// The error of a commit, unless the server says that nothing is committed. Its outcome is unknown in any case, because an
    /// earlier answer may have been lost.
    pub(crate) fn of_commit(error: &DriverError) -> Self {
        Self::InDoubt { reason: reason(error) }
    }

    /// The error of one statement of a transaction, which is undone.
    pub(crate) fn of_code(code: i32, reason: String) -> Self {
        if INTERRUPTED.contains(&code) {
            Self::Interrupted { reason }
        } else {
            Self::Other { reason, code: Some(code) }
        }
    }

    /// An error that does not depend on the operation.
    fn of_either(error: DriverError) -> Self {
        let code = code_of(&error);
        let reason = reason(&error);
        match &*error.kind {
            ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => Self::Unreachable { reason },
            ErrorKind::Authentication { .. } => Self::Unauthorized { reason },
            _ if matches!(code, Some(13 | 18)) => Self::Unauthorized { reason },
            _ => Self::Other { reason, code },
        }
    }
}

/// Whether the operation was begun, and then interrupted by something temporary.
fn is_interruption(error: &DriverError) -> bool {
    let code = code_of(error);
    match &*error.kind {
        // Fewer members than requested have the write, so it may be undone.
        ErrorKind::Write(DriverWriteFailure::WriteConcernError(_)) => true,
        ErrorKind::InsertMany(many) if many.write_errors.as_ref().is_none_or(Vec::is_empty) => true,
        ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } | ErrorKind::Authentication { .. } => false,
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        ErrorKind::InvalidArgument { .. } => false,
        _ if matches!(code, Some(13 | 18)) => false,
        _ => {
            code.is_some_and(|code| INTERRUPTED.contains(&code) || code == WRITE_CONCERN_FAILED)
                || error.contains_label("RetryableError")
                || error.contains_label(RETRYABLE_WRITE_ERROR)
                || error.contains_label(TRANSIENT_TRANSACTION_ERROR)
                || error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
        }
    }
}

impl MongoError {
    /// What a caller can do about the error.
    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } => Kind::Transient,
            Self::InDoubt { .. } | Self::Other { .. } => Kind::Unknown,
            Self::InvalidAddress { .. }
            | Self::NoDatabase
            | Self::Unauthorized { .. }
            | Self::Standalone
            | Self::TooLong { .. }
            | Self::TransactionTooOld
            | Self::SnapshotTooOld
            | Self::ForbiddenName { .. }
            | Self::NoSchema { .. }
            | Self::ConflictingIndex { .. }
            | Self::DuplicateRows { .. }
            | Self::OldRows { .. }
            | Self::ForeignCollection { .. }
            | Self::ForeignValidator { .. }
            | Self::Unenforceable { .. }
            | Self::Refused { .. } => Kind::Permanent,
        }
    }
}

impl From<MongoError> for Error {
    fn from(error: MongoError) -> Self {
        use MongoError as E;
        match error {
            error @ (E::InvalidAddress { .. }
            | E::NoDatabase
            | E::Unreachable { .. }
            | E::Unauthorized { .. }
            | E::Standalone
            | E::Interrupted { .. }) => Self::Connection { kind: error.kind(), source: error.into() },
            error @ E::InDoubt { .. } => Self::OutcomeUnknown { backend: crate::NAME, source: error.into() },
            error => Self::Backend { backend: crate::NAME, kind: error.kind(), source: error.into() },
        }
    }
}

impl From<MongoError> for WriteFailure {
    fn from(error: MongoError) -> Self {
        Self::Other(error.into())
    }
}

/// The error for an operation that this back end does not support.
pub(crate) fn unsupported(operation: &'static str) -> Error {
    Error::Unsupported { backend: crate::NAME, operation }
}

/// The server's error code.
pub(crate) fn code_of(error: &DriverError) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(DriverWriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(DriverWriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => {
            let write = error.write_errors.as_ref().and_then(|errors| errors.first()).map(|error| error.code);
            write.or_else(|| error.write_concern_error.as_ref().map(|error| error.code))
        }
        ErrorKind::InvalidResponse { .. } => code_in_reply(error),
        _ => None,
    }
}

/// The code of an error that the driver cannot read. The server cuts off long values in its message, possibly in the middle of a
/// character.
fn code_in_reply(error: &DriverError) -> Option<i32> {
    let reply = error.server_response()?;
    if is_success(reply) { None } else { reply.get_i32("code").ok() }
}

/// Whether the server reports success.
fn is_success(reply: &RawDocument) -> bool {
    matches!(reply.get("ok"), Ok(Some(RawBsonRef::Double(1.0) | RawBsonRef::Int32(1))))
}

/// A reply that the driver cannot read. The server cuts off long values in its messages, possibly in the middle of a character.
pub(crate) fn lossy_reply(error: &DriverError) -> Option<Document> {
    let reply = error.server_response()?;
    let read = || Utf8Lossy::<Document>::try_from(reply.as_ref()).ok().map(|reply| reply.0);
    is_success(reply).then(read)?
}

/// The server's message, without the text that the driver adds.
fn reason(error: &DriverError) -> String {
    match &*error.kind {
        // After this text the driver adds the command itself, with its values.
        ErrorKind::Command(error) => error.message.split(" to execute command").next().unwrap_or_default().to_owned(),
        ErrorKind::Write(DriverWriteFailure::WriteError(error)) => error.message.clone(),
        ErrorKind::Write(DriverWriteFailure::WriteConcernError(error)) => error.message.clone(),
        ErrorKind::InsertMany(error) => {
            let write =
                error.write_errors.as_ref().and_then(|errors| errors.first()).map(|error| error.message.clone());
            let concern = error.write_concern_error.as_ref().map(|error| error.message.clone());
            write.or(concern).unwrap_or_else(|| "a batch was not written".to_owned())
        }
        kind => kind.to_string(),
    }
}

/// The server's code for a value that a unique index already has.
pub(crate) const DUPLICATE: i32 = 11000;
/// The server's code for a document that a validator refuses.
pub(crate) const VALIDATION: i32 = 121;
/// The server's codes for a document that is too large.
pub(crate) const TOO_LARGE: [i32; 3] = [10334, 17419, 17420];

/// The unique index that already has the value.
#[derive(Debug, PartialEq)]
pub(crate) struct TakenKey {
    /// Its fields, from the server's reply. The driver drops the replies to insertions.
    pub(crate) fields: Option<Vec<String>>,
    /// Its name, from the server's message.
    pub(crate) index: Option<String>,
}

impl TakenKey {
    /// `None` if the error is another one.
    pub(crate) fn of(error: &DriverError, namespace: &str) -> Option<Self> {
        WriteError::of(error, namespace)?.taken
    }
}

/// The server's error about a row that it refuses.
#[derive(Debug)]
pub(crate) struct WriteError {
    pub(crate) code: i32,
    pub(crate) reason: String,
    pub(crate) taken: Option<TakenKey>,
}

impl WriteError {
    /// `None` if the server did not report the error.
    pub(crate) fn of(error: &DriverError, namespace: &str) -> Option<Self> {
        Some(Self::new(code_of(error)?, reason(error), fields(error), namespace))
    }

    /// The error of one statement of a command with several.
    pub(crate) fn of_statement(error: &Document, namespace: &str) -> Self {
        let fields = error.get_document("keyPattern").ok().map(|pattern| pattern.keys().cloned().collect());
        let reason = error.get_str("errmsg").unwrap_or("the server refused a row").to_owned();
        Self::new(error.get_i32("code").unwrap_or_default(), reason, fields, namespace)
    }

    /// Whether the error is about the row, not about the server.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.code, DUPLICATE | VALIDATION) || TOO_LARGE.contains(&self.code)
    }

    /// Whether another row already has one of its key values.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.code == DUPLICATE
    }

    fn new(code: i32, reason: String, fields: Option<Vec<String>>, namespace: &str) -> Self {
        let taken = (code == DUPLICATE).then(|| TakenKey { fields, index: index_in(&reason, namespace) });
        Self { code, reason, taken }
    }
}

/// The index that a message names. The name comes before the values, which may contain anything.
pub(crate) fn index_in(message: &str, namespace: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("E11000 duplicate key error collection: {namespace} index: "))?;
    rest.split_once(" dup key: ").map(|(index, _)| index.to_owned())
}

fn fields(error: &DriverError) -> Option<Vec<String>> {
    let reply: &RawDocument = error.server_response()?;
    let pattern = reply.get_document("keyPattern").ok()?;
    pattern.iter().map(|field| field.ok().map(|(name, _)| name.as_str().to_owned())).collect()
}

/// The position of the refused row in a batch.
pub(crate) fn position_of(error: &DriverError) -> usize {
    match &*error.kind {
        ErrorKind::InsertMany(error) => {
            error.write_errors.as_ref().and_then(|errors| errors.first()).map_or(0, |error| error.index)
        }
        _ => 0,
    }
}
