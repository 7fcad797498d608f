//! Keys of rows that an older version of the model wrote: under an alias of a field, or without a field that has a default.
//! An index looks for a value in one place, so such rows have to be rewritten before a key can be enforced.

use std::borrow::Cow;

use longevity_core::table::{Index, TableDefinition, Variant};
use mongodb::Collection;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use crate::connection::Connection;
use crate::expression::Expressions;
use crate::failure::MongoError;
use crate::layout::{self, Wanted};
use crate::schema::conflict;
use crate::stored::{Stored, Way};
use crate::values::of_type;

/// A field of a key that rows may have elsewhere.
struct Elsewhere {
    field: String,
    aliases: Vec<String>,
    /// What rows without it have.
    absent: Option<Bson>,
    /// Of which types the rows are.
    types: Document,
}

/// Rewrites the rows that an index would not find, if the user allows it.
pub(crate) async fn key(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &Wanted,
    found: &[Document],
) -> Result<(), MongoError> {
    let collection = connection.database.collection::<RawDocumentBuf>(definition.name);
    for index in wanted.serves.iter().map(|position| &definition.indexes[*position]) {
        let elsewhere = elsewhere(definition, index);
        let mut any = false;
        for place in &elsewhere {
            let row = collection.find_one(place.filter()).projection(doc! { layout::ID: 1 }).await?;
            any = any || row.is_some();
        }
        if !any {
            continue;
        }
        if !connection.settings.rewriting {
            return Err(MongoError::OldRows { table: definition.name.to_owned(), key: index.name.clone() });
        }
        ensure_unindexed(definition, wanted, &elsewhere, found)?;
        ensure_unique(&collection, definition, index).await?;
        for place in &elsewhere {
            place.rewrite(&collection).await?;
        }
    }
    Ok(())
}

/// The types whose rows are in an index.
fn variants<'a>(definition: &'a TableDefinition, index: &'a Index) -> impl Iterator<Item = &'a Variant> {
    let variants = definition.variants.iter().enumerate();
    variants.filter(|(at, _)| index.variant.is_none_or(|own| own == *at)).map(|(_, variant)| variant)
}

fn rows_of(variant: &Variant) -> Document {
    variant.discriminators.map_or_else(Document::new, |names| doc! { layout::TYPE: layout::of_types(names) })
}

/// The fields on the way to a key's values that have aliases or a default, the outermost first.
fn elsewhere(definition: &TableDefinition, index: &Index) -> Vec<Elsewhere> {
    let mut places = Vec::new();
    for column in index.columns.iter().map(|column| &definition.columns[*column]) {
        for variant in variants(definition, index) {
            let Some(stored) = Stored::of(variant.shape, &column.path) else { continue };
            let crossings = stored.crossings.iter().enumerate();
            for (position, crossing) in crossings {
                let Way::Field(member) = &crossing.way else { break };
                if member.is_plain() {
                    continue;
                }
                let mut way = stored.clone();
                way.crossings.truncate(position + 1);
                let Some(field) = way.field() else { break };
                let beside = |alias: &Cow<'static, str>| match field.rsplit_once('.') {
                    Some((parent, _)) => format!("{parent}.{alias}"),
                    None => alias.clone().into_owned(),
                };
                places.push(Elsewhere {
                    aliases: member.aliases.iter().map(beside).collect(),
                    absent: member.absent.as_ref().map(|absent| of_type(member.shape, absent)),
                    types: rows_of(variant),
                    field,
                });
            }
        }
    }
    places
}

impl Elsewhere {
    /// The rows that have a value for the field, and not in it.
    fn filter(&self) -> Document {
        let mut filter = self.types.clone();
        filter.insert(&self.field, doc! { "$exists": false });
        if self.absent.is_none() {
            let any: Vec<_> = self.aliases.iter().map(|alias| doc! { alias: { "$exists": true } }).collect();
            filter.insert("$or", any);
        }
        filter
    }

    async fn rewrite(&self, collection: &Collection<RawDocumentBuf>) -> Result<(), MongoError> {
        for alias in &self.aliases {
            // A row with two of the names does not decode, and stays for somebody to mend.
            let mut filter = self.types.clone();
            filter.insert(&self.field, doc! { "$exists": false });
            for other in &self.aliases {
                filter.insert(other, doc! { "$exists": other == alias });
            }
            collection.update_many(filter, doc! { "$rename": { alias: &self.field } }).await?;
        }
        let Some(absent) = &self.absent else { return Ok(()) };
        let mut filter = self.types.clone();
        for name in std::iter::once(&self.field).chain(&self.aliases) {
            filter.insert(name, doc! { "$exists": false });
        }
        collection.update_many(filter, doc! { "$set": { &self.field: absent.clone() } }).await?;
        Ok(())
    }
}

/// Fails if a unique index is on a field that rows would lose: it would take them for equal.
fn ensure_unindexed(
    definition: &TableDefinition,
    wanted: &Wanted,
    elsewhere: &[Elsewhere],
    found: &[Document],
) -> Result<(), MongoError> {
    let lost: Vec<_> = elsewhere.iter().flat_map(|place| &place.aliases).collect();
    let is_lost = |field: &String| lost.iter().any(|lost| field == *lost || field.starts_with(&format!("{lost}.")));
    let on_lost = |index: &&Document| index.get_document("key").is_ok_and(|keys| keys.keys().any(is_lost));
    let unique = found.iter().filter(|index| index.get_bool("unique").unwrap_or(false));
    match unique.into_iter().find(on_lost) {
        None => Ok(()),
        Some(index) => Err(conflict(definition, index, wanted)),
    }
}

/// Fails if two rows of a type have one value in the key, before any is touched.
async fn ensure_unique(
    collection: &Collection<RawDocumentBuf>,
    definition: &TableDefinition,
    index: &Index,
) -> Result<(), MongoError> {
    for variant in variants(definition, index) {
        let columns = index.columns.iter().map(|column| &definition.columns[*column]).enumerate();
        let values = columns.filter_map(|(position, column)| {
            Some((format!("v{position}"), Expressions::new().value(&Stored::of(variant.shape, &column.path)?)))
        });
        let same = [
            doc! { "$match": rows_of(variant) },
            doc! { "$group": { layout::ID: values.collect::<Document>(), "rows": { "$sum": 1 } } },
            doc! { "$match": { "rows": { "$gt": 1 } } },
            doc! { "$limit": 1 },
        ];
        if collection.aggregate(same).allow_disk_use(true).await?.advance().await? {
            return Err(MongoError::DuplicateRows { table: definition.name.to_owned(), index: index.name.clone() });
        }
    }
    Ok(())
}
