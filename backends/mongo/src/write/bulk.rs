//! Many writes in few commands: an update or a delete has one statement for each row, up to the server's limits.

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
use crate::write::target::{filter_of, filter_of_matching, signed};

/// The number of statements that the server accepts in one command (`maxWriteBatchSize`).
const MAX_STATEMENTS: usize = 100_000;
/// The number of bytes in one command, unless a single row is larger. A command may be slightly larger than a document, which has
/// at most 16 MiB. Smaller commands would not be slower, and larger ones not faster.
const MAX_BYTES: usize = 8 << 20;

/// How a replacement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplaceAs {
    /// As a document, which is the fastest. This cannot keep the times of a row, so it does not match a row that has the time of
    /// its last write. Every row with times has the time of its last write.
    Document,
    /// As an expression over the existing row.
    Expression,
}

/// One command, and the position of its first write.
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
    /// Gives each write the id of its row. A new row keeps its id, however often the write is tried.
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

    /// The discriminator that the row will have.
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
        let document = row::document(&table.definition, self.id, name, 0, content.written_at, &content.doc)?;
        ensure_fits(table, name, &document)?;
        Ok(document)
    }
}

/// The commands for the writes, in order. If a write cannot be sent, the error has its position.
pub(crate) fn commands<'a>(
    table: &ReadyTable,
    writes: impl IntoIterator<Item = &'a Identified<'a>>,
    form: ReplaceAs,
) -> Result<Vec<Command>, (usize, WriteFailure)> {
    let mut commands = Vec::new();
    let mut open: Option<CommandBuilder> = None;
    for (position, write) in writes.into_iter().enumerate() {
        let statement = statement(table, write, form).map_err(|failure| (position, failure))?;
        let verb = CommandKind::of(&write.write);
        let fits = |open: &CommandBuilder| {
            open.verb == verb && open.statements < MAX_STATEMENTS && open.bytes + statement.as_bytes().len() < MAX_BYTES
        };
        if !open.as_ref().is_some_and(fits) {
            commands.extend(open.take().map(|open| open.close(table)));
        }
        open.get_or_insert_with(|| CommandBuilder::new(position, verb)).push(&statement);
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

/// A command under construction.
struct CommandBuilder {
    first: usize,
    verb: CommandKind,
    statements: usize,
    bytes: usize,
    list: RawArrayBuf,
}

impl CommandBuilder {
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
        // The server stops at the first statement that fails.
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
                let new = Bson::Array(vec![Bson::Document(
                    doc! { "$replaceWith": replacement(table, target.version, content)? },
                )]);
                let statement = RawDocumentBuf::try_from(&doc! { "q": as_seen(table, id, target), "u": new });
                raw = statement.map_err(failed)?;
            }
        },
    }
    // Without the hint, the server would consider the index of the type for each row.
    raw.append(cstr!("hint"), "_id_");
    Ok(raw)
}

/// Matches the row as this operation saw it a moment ago. If the version is known, it is enough: the type and the times do not
/// change without it. Each further condition costs the server 4 µs, of the 90 µs that a row takes.
fn as_seen(table: &ReadyTable, id: ObjectId, target: &Target<'_>) -> Document {
    match target.version {
        Some(version) => {
            let mut filter = filter_of(table, id, target);
            filter.insert(VERSION, signed(version));
            filter
        }
        None => filter_of_matching(table, id, target),
    }
}

/// The document that replaces the row. `None` if the version is not known, or if the row would lose its times.
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
    let document = row::document(&table.definition, id, name, signed(version.saturating_add(1)), None, &content.doc)?;
    ensure_fits(table, name, &document)?;
    Ok(Some(document))
}

fn unwritable(error: &mongodb::bson::error::Error) -> MongoError {
    MongoError::Other { reason: format!("cannot write a document: {error}"), code: None }
}
