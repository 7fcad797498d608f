//! What the server and the driver say, as an error that says what to do.

use longevity_core::backend::WriteFailure;
use longevity_core::{Error, ErrorKind as Kind};
use mongodb::bson::{Document, RawBsonRef, RawDocument};
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
    /// The connection string is none.
    #[error("not the address of a MongoDB database: {reason}")]
    InvalidAddress {
        /// What is wrong with it.
        reason: String,
    },
    /// The connection string leaves the database out.
    #[error(
        "the address of a MongoDB database names no database: write `mongodb://host/blog`, or use `Mongo::database`"
    )]
    NoDatabase,
    /// No server that takes writes can be found. The operation may be repeated.
    #[error("no server can be reached, look at the address and at whether the replica set has a primary: {reason}")]
    Unreachable {
        /// What the driver tried.
        reason: String,
    },
    /// The server refuses the credentials, or the user lacks the rights.
    #[error("the server refuses the credentials, or the user has no right to this: {reason}")]
    Unauthorized {
        /// What the server says.
        reason: String,
    },
    /// The server is not a member of a replica set, and has no transactions.
    #[error(
        "the server is not a member of a replica set: start it with `--replSet rs0` and run `rs.initiate()` once; one \
         member is enough"
    )]
    Standalone,
    /// A read was cut off, or a batch was undone before it was committed: the connection or the cursor was lost, the primary
    /// changed, or the server ended it. Nothing was changed, and it may be repeated.
    #[error("the operation was interrupted, and nothing was changed, repeat it: {reason}")]
    Interrupted {
        /// What happened.
        reason: String,
    },
    /// The connection was lost, or the primary changed, in the middle of a write and of the driver's own repetition of it: it
    /// may or may not be done. It is not done twice when the same state is updated or deleted again.
    #[error("the connection was lost in the middle of a write, which may or may not be done, repeat it: {reason}")]
    InDoubt {
        /// What happened.
        reason: String,
    },
    /// A batch that the server ended because its transaction became too old. Nothing was changed.
    #[error(
        "a batch of {rows} rows takes longer than the server lets a transaction live, and nothing was changed: change fewer at \
         a time, as by ranges of a key, or raise the server's `transactionLifetimeLimitSeconds`, which is 60 unless it was set"
    )]
    TooLong {
        /// How many rows the batch has.
        rows: usize,
    },
    /// A transaction that the server ended because it became too old. Nothing was changed.
    #[error(
        "the transaction takes longer than the server lets one live, and nothing was changed: do less in one, or raise the \
         server's `transactionLifetimeLimitSeconds`, which is 60 unless it was set"
    )]
    TransactionTooOld,
    /// A snapshot of a moment that the server does not know any more.
    #[error(
        "the snapshot is of a moment that the server has forgotten: read less in one, or raise the server's \
         `minSnapshotHistoryWindowInSeconds`, which is 300 unless it was set"
    )]
    SnapshotTooOld,
    /// A name that MongoDB does not allow.
    #[error("{what} cannot be the name of a {kind} in MongoDB: {reason}")]
    ForbiddenName {
        /// The name.
        what: String,
        /// What it would be the name of.
        kind: &'static str,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// The schema was not created, or lacks something that the model needs.
    #[error("{what} does not exist: call `create_schema` first")]
    NoSchema {
        /// What is missing.
        what: String,
    },
    /// The server has an index that is in the way of one that the model needs. It is not touched.
    #[error(
        "the collection {table} has the index {name} as {found}, and the model needs {wanted}: if it may go, drop it with \
         `db.getCollection({table:?}).dropIndex({name:?})`, then create the schema again"
    )]
    ConflictingIndex {
        /// The collection.
        table: String,
        /// The index.
        name: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// Rows that are there already have one value in a key that the model declares.
    #[error("the key {index} cannot be created, as rows of {table} have the same value in it: change or delete them")]
    DuplicateRows {
        /// The collection.
        table: String,
        /// The key's index.
        index: String,
    },
    /// Rows of an older version of the model lack a field of a key that this one declares, which they have under another name
    /// or by default, or have a choice in it under another name.
    #[error(
        "the key {key} cannot be enforced, as rows of {table} that an older version of the model wrote have its field or a \
         choice in it under an alias, or not at all: stop the programs that write such rows, and let these be rewritten by \
         `Mongo::rewriting(true)`"
    )]
    OldRows {
        /// The collection.
        table: String,
        /// The key's index.
        key: String,
    },
    /// The collection compares text by a language (a collation), and not byte by byte.
    #[error(
        "the collection {table} has a collation, by which text compares otherwise than here: copy it into one without"
    )]
    ForeignCollection {
        /// The collection.
        table: String,
    },
    /// The collection has a validator that is not ours. It is not touched.
    #[error(
        "the collection {table} has a validator that longevity did not make: remove it, or turn `Mongo::validation` off"
    )]
    ForeignValidator {
        /// The collection.
        table: String,
    },
    /// A sharded cluster cannot enforce keys that do not hold the primary key.
    #[error(
        "a sharded cluster cannot enforce {keys}, for rows are spread by {by}: let the primary key's fields be in them, or \
         accept that nobody enforces them, by `Mongo::unenforced_key(..)` with each name"
    )]
    Unenforceable {
        /// The keys.
        keys: String,
        /// The primary key.
        by: String,
    },
    /// The server refuses the row: a validator, or a unique index that another version of the model, or another program,
    /// made.
    #[error("the collection {table} refuses the row: {reason}")]
    Refused {
        /// The collection.
        table: String,
        /// What the server says.
        reason: String,
    },
    /// Anything else.
    #[error("{reason}")]
    Other {
        /// What the server or the driver says.
        reason: String,
        /// The server's error code, if it was the server.
        code: Option<i32>,
    },
}

impl MongoError {
    /// Whether the same operation may succeed when it is repeated.
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

    /// The MongoDB back end's own error in one of core's.
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

    /// What the driver says of a connection string that it has read. It shows what it stumbles over, which may be a secret.
    pub(crate) fn of_address(error: &DriverError) -> Self {
        let reason = match &*error.kind {
            ErrorKind::DnsResolve { .. } => return Self::Unreachable { reason: error.to_string() },
            ErrorKind::InvalidTlsConfig { .. } | ErrorKind::Io(_) => {
                "a file that an option for TLS names cannot be read, or holds no certificate or key that its password opens"
            }
            _ => {
                "its credentials do not fit its options: each `authMechanism` needs some of a user name, a password, \
                 `authSource` and `authMechanismProperties`, and no other"
            }
        };
        Self::InvalidAddress { reason: reason.to_owned() }
    }
}

/// Codes of the server by which it says that it is not, or no longer, the primary, or about to end.
/// Or that a cursor ended with it, or that there was no time.
const INTERRUPTED: &[i32] = &[
    6, 7, 43, 50, 89, 91, 133, 134, 175, 189, 202, 237, 246, 262, 317, 9001, 10058, 10107, 11600, 11601, 11602, 13435,
    13436,
];
/// And by which it says that it does not know the moment of a snapshot any more.
pub(crate) const SNAPSHOT_TOO_OLD: i32 = 239;
/// And by which it says that a majority has not confirmed a write in time.
pub(crate) const WRITE_CONCERN_FAILED: i32 = 64;

impl MongoError {
    /// The error of an operation that changes nothing, or that is known to have changed nothing.
    pub(crate) fn of_read(error: DriverError) -> Self {
        let reason = reason(&error);
        if is_interruption(&error) { Self::Interrupted { reason } } else { Self::of_either(error) }
    }

    /// The error of an operation that writes: when it was cut off, nobody knows what became of it.
    pub(crate) fn of_write(error: DriverError) -> Self {
        let reason = reason(&error);
        // It was sent, and nobody is there to be asked what became of it.
        let is_open = error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT);
        if is_interruption(&error) || is_open { Self::InDoubt { reason } } else { Self::of_either(error) }
    }

    /// The error of a commit, unless the server says that nothing is committed: whatever it is, an answer may have been lost before.
    pub(crate) fn of_commit(error: &DriverError) -> Self {
        Self::InDoubt { reason: reason(error) }
    }

    /// That of one statement of a transaction, which is undone.
    pub(crate) fn of_code(code: i32, reason: String) -> Self {
        if INTERRUPTED.contains(&code) {
            Self::Interrupted { reason }
        } else {
            Self::Other { reason, code: Some(code) }
        }
    }

    /// What does not depend on the operation.
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

/// Whether the operation was begun, and cut off by something that passes.
fn is_interruption(error: &DriverError) -> bool {
    let code = code_of(error);
    match &*error.kind {
        // Written, and not by as many as asked: it may be undone.
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
    /// What a caller may do about it.
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

/// What this back end cannot do.
pub(crate) fn unsupported(operation: &'static str) -> Error {
    Error::Unsupported { backend: crate::NAME, operation }
}

/// The server's code.
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

/// The code of an error that the driver does not read: the server cuts long values off in its message, in the middle of a
/// character, too.
fn code_in_reply(error: &DriverError) -> Option<i32> {
    let reply = error.server_response()?;
    if is_success(reply) { None } else { reply.get_i32("code").ok() }
}

/// Whether the server says that it did what it was told.
pub(crate) fn is_success(reply: &RawDocument) -> bool {
    matches!(reply.get("ok"), Ok(Some(RawBsonRef::Double(1.0) | RawBsonRef::Int32(1))))
}

/// What the server says, without the driver's wrapping.
fn reason(error: &DriverError) -> String {
    match &*error.kind {
        // Behind it comes the command itself, with the values in it.
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

/// The server's code for a value that a unique index has already.
pub(crate) const DUPLICATE: i32 = 11000;
/// The server's code for a document that a validator refuses.
pub(crate) const VALIDATION: i32 = 121;
/// The server's codes for a document that is too large.
pub(crate) const TOO_LARGE: [i32; 3] = [10334, 17419, 17420];

/// The unique index that has the value already.
#[derive(Debug, PartialEq)]
pub(crate) struct Taken {
    /// Its fields, which the server's reply has; the driver drops the replies to insertions.
    pub(crate) fields: Option<Vec<String>>,
    /// Its name, which stands in the server's message.
    pub(crate) index: Option<String>,
}

impl Taken {
    /// `None` if that is not the error.
    pub(crate) fn of(error: &DriverError, namespace: &str) -> Option<Self> {
        WriteError::of(error, namespace)?.taken
    }
}

/// What the server says of a row that it refuses.
#[derive(Debug)]
pub(crate) struct WriteError {
    pub(crate) code: i32,
    pub(crate) reason: String,
    pub(crate) taken: Option<Taken>,
}

impl WriteError {
    /// `None` if it was not the server that failed.
    pub(crate) fn of(error: &DriverError, namespace: &str) -> Option<Self> {
        Some(Self::new(code_of(error)?, reason(error), fields(error), namespace))
    }

    /// That of a statement of a command with several.
    pub(crate) fn of_statement(error: &Document, namespace: &str) -> Self {
        let fields = error.get_document("keyPattern").ok().map(|pattern| pattern.keys().cloned().collect());
        let reason = error.get_str("errmsg").unwrap_or("the server refuses a row").to_owned();
        Self::new(error.get_i32("code").unwrap_or_default(), reason, fields, namespace)
    }

    /// Whether it is about the row, and not about the server.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.code, DUPLICATE | VALIDATION) || TOO_LARGE.contains(&self.code)
    }

    /// Whether another row has a key value of its.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.code == DUPLICATE
    }

    fn new(code: i32, reason: String, fields: Option<Vec<String>>, namespace: &str) -> Self {
        let taken = (code == DUPLICATE).then(|| Taken { fields, index: index_in(&reason, namespace) });
        Self { code, reason, taken }
    }
}

/// The index that a message names. Values, which may hold anything, stand behind it.
pub(crate) fn index_in(message: &str, namespace: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("E11000 duplicate key error collection: {namespace} index: "))?;
    rest.split_once(" dup key: ").map(|(index, _)| index.to_owned())
}

fn fields(error: &DriverError) -> Option<Vec<String>> {
    let reply: &RawDocument = error.server_response()?;
    let pattern = reply.get_document("keyPattern").ok()?;
    pattern.iter().map(|field| field.ok().map(|(name, _)| name.as_str().to_owned())).collect()
}

/// The position in a batch of the row that was refused.
pub(crate) fn position_of(error: &DriverError) -> usize {
    match &*error.kind {
        ErrorKind::InsertMany(error) => {
            error.write_errors.as_ref().and_then(|errors| errors.first()).map_or(0, |error| error.index)
        }
        _ => 0,
    }
}
