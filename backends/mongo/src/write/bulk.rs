//! Many writes as few commands: an update or a delete with a statement for each row, as long as the server takes them.

use longevity_core::RowContent;
use longevity_core::backend::{Target, Write, WriteFailure, Writes};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, cstr, doc};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::{UPDATED_AT, VERSION};
use crate::encode::{row, row_id};
use crate::error::MongoError;
use crate::table::ReadyTable;
use crate::write::refusal::ensure_fits;
use crate::write::replacement::replacement;
use crate::write::target::{filter_of, filter_of_meant, signed};

/// So many statements the server takes in one command (`maxWriteBatchSize`).
const MAX_STATEMENTS: usize = 100_000;
/// And so many bytes are sent in one, but for a single row that has more: a command may be a little larger than a document,
/// which is 16 MiB. Smaller ones would not be slower, and larger ones not quicker.
const MAX_BYTES: usize = 8 << 20;

/// How replacements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplaceAs {
    /// As documents, which is the quickest, and no way to keep the times of a row: one that has the time of its last write,
    /// as all that have any do, is not matched.
    Document,
    /// As expressions over what is there.
    Expression,
}

/// One command, and at which of the writes it begins.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) first: usize,
    pub(crate) statements: usize,
    pub(crate) document: RawDocumentBuf,
}

/// A write, and the id of its row.
#[derive(Debug)]
pub(crate) struct Identified<'a> {
    pub(crate) id: ObjectId,
    pub(crate) write: Write<'a, MongoDocument>,
}

impl<'a> Identified<'a> {
    /// All of the writes: a new row gets an id, which it keeps however often it is tried to write it.
    pub(crate) fn all(writes: Writes<'a, MongoDocument>) -> Result<Vec<Self>, (usize, WriteFailure)> {
        let identified = |(position, write): (usize, Write<'a, MongoDocument>)| {
            let id = match write.target() {
                None => row_id::next(),
                Some(target) => row_id::object_id(target.id).ok_or((position, WriteFailure::Missing))?,
            };
            Ok(Self { id, write })
        };
        writes.into_iter().enumerate().map(identified).collect()
    }

    /// The discriminator that the row is to have.
    pub(crate) fn name(&self) -> Option<&str> {
        self.write.content()?.discriminator.as_deref()
    }

    /// The document of a new row.
    pub(crate) fn new_document(
        &self,
        table: &ReadyTable,
        content: &RowContent<MongoDocument>,
    ) -> Result<RawDocumentBuf, WriteFailure> {
        let name = content.discriminator.as_deref();
        let document = row::document(self.id, name, 0, content.written_at, &content.doc)?;
        ensure_fits(table, name, &document)?;
        Ok(document)
    }
}

/// The commands of the writes, in their order; the position of one that cannot be sent as error.
pub(crate) fn commands<'a>(
    table: &ReadyTable,
    writes: impl IntoIterator<Item = &'a Identified<'a>>,
    form: ReplaceAs,
) -> Result<Vec<Command>, (usize, WriteFailure)> {
    let mut commands = Vec::new();
    let mut open: Option<Growing> = None;
    for (position, write) in writes.into_iter().enumerate() {
        let statement = statement(table, write, form).map_err(|failure| (position, failure))?;
        let verb = CommandKind::of(&write.write);
        let fits = |open: &Growing| {
            open.verb == verb && open.statements < MAX_STATEMENTS && open.bytes + statement.as_bytes().len() < MAX_BYTES
        };
        if !open.as_ref().is_some_and(fits) {
            commands.extend(open.take().map(|open| open.close(table)));
        }
        open.get_or_insert_with(|| Growing::new(position, verb)).push(&statement);
    }
    commands.extend(open.map(|open| open.close(table)));
    Ok(commands)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandKind {
    Insert,
    Update,
    Delete,
}

impl CommandKind {
    fn of(write: &Write<'_, MongoDocument>) -> Self {
        match write {
            Write::Insert(_) => Self::Insert,
            Write::Replace(..) => Self::Update,
            Write::Delete(_) => Self::Delete,
        }
    }
}

/// A command that is being made.
struct Growing {
    first: usize,
    verb: CommandKind,
    statements: usize,
    bytes: usize,
    list: RawArrayBuf,
}

impl Growing {
    fn new(first: usize, verb: CommandKind) -> Self {
        Self { first, verb, statements: 0, bytes: 0, list: RawArrayBuf::new() }
    }

    fn push(&mut self, statement: &RawDocumentBuf) {
        self.statements += 1;
        self.bytes += statement.as_bytes().len();
        self.list.push(statement);
    }

    fn close(self, table: &ReadyTable) -> Command {
        let mut document = RawDocumentBuf::new();
        let (command, list) = match self.verb {
            CommandKind::Insert => (cstr!("insert"), cstr!("documents")),
            CommandKind::Update => (cstr!("update"), cstr!("updates")),
            CommandKind::Delete => (cstr!("delete"), cstr!("deletes")),
        };
        document.append(command, &*table.definition.name);
        // Stops at the first that fails.
        document.append(cstr!("ordered"), true);
        document.append(list, self.list);
        Command { first: self.first, statements: self.statements, document }
    }
}

fn statement(table: &ReadyTable, write: &Identified<'_>, form: ReplaceAs) -> Result<RawDocumentBuf, WriteFailure> {
    let id = write.id;
    let mut raw = RawDocumentBuf::new();
    let failed = |error: mongodb::bson::error::Error| WriteFailure::from(unwritable(&error));
    match &write.write {
        Write::Insert(content) => return write.new_document(table, content),
        Write::Delete(target) => {
            raw.append(cstr!("q"), RawDocumentBuf::try_from(&as_seen(table, id, target)).map_err(failed)?);
            raw.append(cstr!("limit"), 1_i32);
        }
        Write::Replace(target, content) => match whole(table, id, target, content, form)? {
            Some(document) => {
                let mut filter = as_seen(table, id, target);
                filter.insert(UPDATED_AT, Bson::Null);
                raw.append(cstr!("q"), RawDocumentBuf::try_from(&filter).map_err(failed)?);
                raw.append(cstr!("u"), document);
            }
            None => {
                let new =
                    Bson::Array(vec![Bson::Document(doc! { "$replaceWith": replacement(target.version, content)? })]);
                let statement = RawDocumentBuf::try_from(&doc! { "q": as_seen(table, id, target), "u": new });
                raw = statement.map_err(failed)?;
            }
        },
    }
    // Or the server would weigh the index of the type against it, for each row.
    raw.append(cstr!("hint"), "_id_");
    Ok(raw)
}

/// The row as this operation has seen it a moment ago. Of a row whose version was seen, the version says it all: its type and
/// its times do not change without it. Each condition more is 4 µs more for the server, of the 90 that a row takes.
fn as_seen(table: &ReadyTable, id: ObjectId, target: &Target<'_>) -> Document {
    match target.version {
        Some(version) => {
            let mut filter = filter_of(table, id, target);
            filter.insert(VERSION, signed(version));
            filter
        }
        None => filter_of_meant(table, id, target),
    }
}

/// The document that replaces the row, if one can: it has to know the version, and a row with times would lose them.
fn whole(
    table: &ReadyTable,
    id: ObjectId,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
    form: ReplaceAs,
) -> Result<Option<RawDocumentBuf>, WriteFailure> {
    let (Some(version), None, ReplaceAs::Document) = (target.version, content.written_at, form) else {
        return Ok(None);
    };
    let name = content.discriminator.as_deref();
    let document = row::document(id, name, signed(version.saturating_add(1)), None, &content.doc)?;
    ensure_fits(table, name, &document)?;
    Ok(Some(document))
}

fn unwritable(error: &mongodb::bson::error::Error) -> MongoError {
    MongoError::Other { reason: format!("cannot write a document: {error}"), code: None }
}
