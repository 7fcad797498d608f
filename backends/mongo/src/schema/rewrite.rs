//! Rewrites rows of older versions of the model, so that a key can be enforced. Such rows may have a field of the key under an
//! alias, lack a field that has a default, or have a choice under its alias. An index looks for a value in one place, so it would
//! not find them.

use std::borrow::Cow;

use longevity_core::storable::Shape;
use longevity_core::table::{Index, TableDefinition};
use mongodb::Collection;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use crate::connection::client::Connection;
use crate::encode::expression::Expressions;
use crate::encode::location::{Location, SegmentKind};
use crate::encode::own_fields;
use crate::encode::values::of_type;
use crate::error::MongoError;
use crate::schema::indexes::conflict;
use crate::schema::layout::{Wanted, rows_of, variants_in};

/// A field of a key that older rows may have in another place.
struct MovedField {
    field: String,
    aliases: Vec<String>,
    /// The value in rows without the field.
    absent: Option<Bson>,
    /// The filter for the types of the rows.
    types: Document,
}

/// A field of a key in which rows may have the choice under an alias.
struct RenamedChoice {
    field: String,
    /// Each alias with the stored name of the choice.
    aliases: Vec<(&'static str, &'static str)>,
    types: Document,
}

/// Rewrites the rows that an index would not find, if the user allows it. For an existing index every row has the field in its
/// place, but two names of a choice are two values to the index.
pub(crate) async fn key(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &Wanted,
    found: &[Document],
    is_new: bool,
) -> Result<(), MongoError> {
    let collection = connection.database.collection::<RawDocumentBuf>(&definition.name);
    for index in wanted.serves.iter().map(|position| &definition.indexes[*position]) {
        let elsewhere = if is_new { elsewhere(definition, index) } else { Vec::new() };
        let renamed = renamed(definition, index);
        let mut any = false;
        for filter in elsewhere.iter().map(MovedField::filter).chain(renamed.iter().map(RenamedChoice::filter)) {
            let row = collection
                .find_one(filter)
                .projection(doc! { own_fields::ID: 1 })
                .await
                .map_err(MongoError::of_read)?;
            any = any || row.is_some();
        }
        if !any {
            continue;
        }
        if !connection.settings.rewriting {
            return Err(MongoError::OldRows { table: definition.name.to_string(), key: index.name.clone() });
        }
        ensure_unindexed(definition, wanted, &elsewhere, found)?;
        ensure_unique(&collection, definition, index).await?;
        for place in &elsewhere {
            place.rewrite(&collection).await?;
        }
        // The fields are in their places now.
        for choice in &renamed {
            choice.rewrite(&collection).await?;
        }
    }
    Ok(())
}

/// The fields on the paths to the values of a key that have aliases or a default, the outermost first.
fn elsewhere(definition: &TableDefinition, index: &Index) -> Vec<MovedField> {
    let mut places = Vec::new();
    for column in index.columns.iter().map(|column| &definition.columns[*column]) {
        for variant in variants_in(definition, index) {
            let Some(location) = Location::of(variant.shape, &column.path) else { continue };
            let segments = location.segments.iter().enumerate();
            for (position, segment) in segments {
                let SegmentKind::Field(member) = &segment.kind else { break };
                if member.is_plain() {
                    continue;
                }
                let mut outer = location.clone();
                outer.segments.truncate(position + 1);
                let Some(field) = outer.field() else { break };
                let beside = |alias: &Cow<'static, str>| match field.rsplit_once('.') {
                    Some((parent, _)) => format!("{parent}.{alias}"),
                    None => alias.clone().into_owned(),
                };
                places.push(MovedField {
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

/// The fields of a key that contain choices with aliases.
fn renamed(definition: &TableDefinition, index: &Index) -> Vec<RenamedChoice> {
    let mut fields = Vec::new();
    for column in index.columns.iter().map(|column| &definition.columns[*column]) {
        for variant in variants_in(definition, index) {
            let Some(location) = Location::of(variant.shape, &column.path) else { continue };
            if let (Shape::Choice { aliases, .. }, Some(field)) = ((location.leaf)(), location.field_of_values())
                && !aliases.is_empty()
            {
                fields.push(RenamedChoice { field, aliases, types: rows_of(variant) });
            }
        }
    }
    fields
}

impl RenamedChoice {
    fn filter(&self) -> Document {
        let mut filter = self.types.clone();
        let aliases: Vec<_> = self.aliases.iter().map(|(alias, _)| *alias).collect();
        filter.insert(&self.field, doc! { "$in": aliases });
        filter
    }

    async fn rewrite(&self, collection: &Collection<RawDocumentBuf>) -> Result<(), MongoError> {
        for (alias, name) in &self.aliases {
            let mut filter = self.types.clone();
            filter.insert(&self.field, doc! { "$eq": *alias });
            collection
                .update_many(filter, doc! { "$set": { &self.field: *name } })
                .await
                .map_err(MongoError::of_write)?;
        }
        Ok(())
    }
}

impl MovedField {
    /// The rows that lack the field but have the object that contains it. Other rows cannot get the field.
    fn rows(&self) -> Document {
        let mut filter = self.types.clone();
        for (end, _) in self.field.match_indices('.') {
            // To MongoDB a list of objects is also of the type `object`.
            filter.insert(&self.field[..end], doc! { "$type": "object", "$not": { "$type": "array" } });
        }
        filter.insert(&self.field, doc! { "$exists": false });
        filter
    }

    /// The rows that have a value for the field in another place.
    fn filter(&self) -> Document {
        let mut filter = self.rows();
        if self.absent.is_none() {
            let any: Vec<_> = self.aliases.iter().map(|alias| doc! { alias: { "$exists": true } }).collect();
            filter.insert("$or", any);
        }
        filter
    }

    async fn rewrite(&self, collection: &Collection<RawDocumentBuf>) -> Result<(), MongoError> {
        for alias in &self.aliases {
            // A row with two of the names cannot be decoded. It stays as it is, for someone to repair.
            let mut filter = self.rows();
            for other in &self.aliases {
                filter.insert(other, doc! { "$exists": other == alias });
            }
            collection
                .update_many(filter, doc! { "$rename": { alias: &self.field } })
                .await
                .map_err(MongoError::of_write)?;
        }
        let Some(absent) = &self.absent else { return Ok(()) };
        let mut filter = self.rows();
        for name in &self.aliases {
            filter.insert(name, doc! { "$exists": false });
        }
        collection
            .update_many(filter, doc! { "$set": { &self.field: absent.clone() } })
            .await
            .map_err(MongoError::of_write)?;
        Ok(())
    }
}

/// Fails if a unique index covers a field that rows would lose: the index would take those rows for equal.
fn ensure_unindexed(
    definition: &TableDefinition,
    wanted: &Wanted,
    elsewhere: &[MovedField],
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

/// Fails if two rows of a type have the same value in the key. This is checked before any row is changed.
async fn ensure_unique(
    collection: &Collection<RawDocumentBuf>,
    definition: &TableDefinition,
    index: &Index,
) -> Result<(), MongoError> {
    for variant in variants_in(definition, index) {
        let columns = index.columns.iter().map(|column| &definition.columns[*column]).enumerate();
        let values = columns.filter_map(|(position, column)| {
            Some((format!("v{position}"), Expressions::new().key_value(&Location::of(variant.shape, &column.path)?)))
        });
        let same = [
            doc! { "$match": rows_of(variant) },
            doc! { "$group": { own_fields::ID: values.collect::<Document>(), "rows": { "$sum": 1 } } },
            doc! { "$match": { "rows": { "$gt": 1 } } },
            doc! { "$limit": 1 },
        ];
        let mut found = collection.aggregate(same).allow_disk_use(true).await.map_err(MongoError::of_read)?;
        if found.advance().await.map_err(MongoError::of_read)? {
            return Err(MongoError::DuplicateRows { table: definition.name.to_string(), index: index.name.clone() });
        }
    }
    Ok(())
}
