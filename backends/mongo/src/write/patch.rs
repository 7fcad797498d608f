//! Changes a row in place: one command checks the row, changes it, and returns the new row.

use longevity_core::backend::{InPlace, Lookup, WriteFailure};
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Error, Path, Row, Timestamp};
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use crate::encode::document::MongoDocument;
use crate::encode::location::{Location, SegmentKind};
use crate::encode::own_fields::{TYPE, UPDATED_AT, VERSION};
use crate::encode::row;
use crate::encode::values::{of_type, timestamp};
use crate::error::{DUPLICATE, MongoError, TOO_LARGE, VALIDATION, code_of};
use crate::query::filter;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::refusal::refused;
use crate::write::target::VERSION_TYPES;

/// The server's codes for a change that does not fit the stored value (a string cannot be incremented, and a number has no
/// fields), and for names of fields that an operator does not accept.
const MISFITS: [i32; 6] = [2, 14, 28, 40, 52, 57];

/// Patches the row with a key; `None` if no row can be patched in this way.
pub(crate) async fn patch(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    lookup: &Lookup<'_>,
    changes: &[InPlace],
    written_at: Option<Timestamp>,
) -> Result<Option<Row<MongoDocument>>, Error> {
    let definition = &*table.definition;
    // A cluster changes a single row only if it knows which shard has it.
    let is_routed =
        table.routing.is_empty() || definition.primary_key.as_ref().is_some_and(|key| key.index == lookup.index);
    let Some(update) = Update::of(table, lookup, changes).filter(|_| is_routed) else { return Ok(None) };
    // A duplicate key would end the transaction. Core replaces the row instead, and looks at it first.
    if executor.is_in_transaction() && update.touches_keys(table) {
        return Ok(None);
    }
    let Update { conditions, mut set, add, push } = update;
    let mut filter = vec![filter::of_key(table, lookup)?];
    filter.push(doc! { VERSION: { "$type": VERSION_TYPES.to_vec(), "$not": { "$type": "array" } } });
    if lookup.scope.is_none() && table.has_type() {
        // A row of an unknown type stays as it is.
        filter.push(doc! { TYPE: { "$in": definition.discriminators().collect::<Vec<_>>() } });
    }
    filter.extend(conditions);
    if let Some(at) = written_at {
        set.insert(UPDATED_AT, timestamp(at));
    }
    let mut update = doc! { "$inc": add };
    for (operator, fields) in [("$set", set), ("$push", push)] {
        if !fields.is_empty() {
            update.insert(operator, fields);
        }
    }
    let collection = executor.collection(table);
    let patched = executor.run(move |session| {
        Box::pin(async move {
            let patched = collection.find_one_and_update(doc! { "$and": filter }, update);
            patched.return_document(ReturnDocument::After).session(session).await
        })
    });
    let error = match patched.await {
        Ok(row) => return row.map(|document| row::read(&table.definition, &document)).transpose(),
        Err(error) => error,
    };
    if !executor.is_in_transaction() && code_of(&error).is_some_and(is_declined) {
        return Ok(None);
    }
    let name = lookup.scope.and_then(|scope| scope.discriminators.first().copied());
    match refused(table, executor, name, error).await {
        WriteFailure::Other(error) => Err(error),
        // In a transaction, no key is changed here.
        failure => {
            let reason = format!("the server refused a change that affects no key: {failure:?}");
            Err(MongoError::Other { reason, code: None }.into())
        }
    }
}

/// Whether this code means that nothing was changed and that reading the row shows why.
fn is_declined(code: i32) -> bool {
    code == DUPLICATE || code == VALIDATION || TOO_LARGE.contains(&code) || MISFITS.contains(&code)
}

/// An update, and its conditions.
#[derive(Debug, PartialEq)]
struct Update {
    conditions: Vec<Document>,
    set: Document,
    add: Document,
    push: Document,
}

impl Update {
    fn of(table: &ReadyTable, lookup: &Lookup<'_>, changes: &[InPlace]) -> Option<Self> {
        let add = doc! { VERSION: 1_i64 };
        let mut update = Self { conditions: Vec::new(), set: Document::new(), add, push: Document::new() };
        for change in changes {
            let place = Place::of(table, lookup, change.path())?;
            match change {
                InPlace::Set(_, value) => {
                    update.conditions.extend(place.parents());
                    update.set.insert(place.field, of_type(place.shape, value));
                }
                InPlace::Add { by, from, .. } => {
                    update.conditions.push(doc! { &place.field: {
                        "$gte": *from.start(), "$lte": *from.end(), "$type": ["long", "int"],
                        "$not": { "$type": "array" },
                    } });
                    update.add.insert(place.field, *by);
                }
                InPlace::Push(_, element) => {
                    let Shape::List(held) = (place.shape)() else { return None };
                    update.conditions.push(doc! { &place.field: { "$type": "array" } });
                    update.push.insert(place.field, of_type(held, element));
                }
            }
        }
        Some(update)
    }
}

impl Update {
    /// Whether the update changes a field that is part of a key, or that contains one.
    fn touches_keys(&self, table: &ReadyTable) -> bool {
        let is_in = |field: &str, outer: &str| {
            field.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let unique = table.wanted.iter().filter(|wanted| wanted.unique);
        let keys: Vec<_> = unique.flat_map(|wanted| wanted.keys.keys()).collect();
        let mut changed = self.set.keys().chain(self.add.keys()).chain(self.push.keys());
        changed.any(|field| keys.iter().any(|key| is_in(key, field) || is_in(field, key)))
    }
}

/// The single place that a property has in all documents in scope.
struct Place {
    field: String,
    shape: ShapeFn,
}

impl Place {
    fn of(table: &ReadyTable, lookup: &Lookup<'_>, path: &Path) -> Option<Self> {
        let property = table.property(path)?;
        let scope = lookup.scope.map(|scope| scope.variant);
        let cases = property.cases(scope);
        let [case] = cases.as_slice() else { return None };
        let in_all = scope.is_some() || case.is_everywhere;
        let location = Some(&case.location).filter(|location| in_all && is_in_structs(location))?;
        let SegmentKind::Field(last) = &location.segments.last()?.kind else { return None };
        Some(Self { field: location.field()?, shape: last.shape })
    }

    /// The condition that the parent of the field is an object, unless the parent is the document itself.
    fn parents(&self) -> Option<Document> {
        let (parent, _) = self.field.rsplit_once('.')?;
        Some(doc! { parent: { "$type": "object", "$not": { "$type": "array" } } })
    }
}

/// Whether all segments are fields of structs that have a single place.
fn is_in_structs(location: &Location) -> bool {
    let in_struct = |kind: &SegmentKind| matches!(kind, SegmentKind::Field(field) if !field.is_presence);
    location.is_plain() && location.segments.iter().all(|segment| segment.options == 0 && in_struct(&segment.kind))
}
