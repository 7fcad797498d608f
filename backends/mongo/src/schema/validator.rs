//! Validators: what the server checks in documents, so that other programs write only documents that the model can read.

use longevity_core::encoding::is_object_key;
use longevity_core::storable::{FieldShape, ScalarType, Shape, ShapeFn, VariantShape};
use longevity_core::table::TableDefinition;
use mongodb::bson::{Bson, Document, doc};

use crate::connection::client::Connection;
use crate::encode::format;
use crate::encode::location::Field;
use crate::encode::own_fields::{TYPE, VERSION};
use crate::encode::shape::{SOME, strip_options};
use crate::error::MongoError;

/// The beginning of the title of our validators. Other validators are not touched.
const TITLE: &str = "longevity: ";

/// Gives the collection its validator, if the user asked for one.
pub(crate) async fn apply(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    if !connection.settings.validation {
        return Ok(());
    }
    let validator = doc! { "$jsonSchema": of_table(definition) };
    let list = doc! { "listCollections": 1, "filter": { "name": &*definition.name } };
    let reply = connection.run(list).await.map_err(MongoError::of_read)?;
    let batch = reply.get_document("cursor").ok().and_then(|cursor| cursor.get_array("firstBatch").ok());
    let collection = batch.and_then(|batch| batch.first()).and_then(Bson::as_document);
    let found = collection.and_then(|found| found.get_document("options").ok()?.get_document("validator").ok());
    match found {
        Some(found) if *found == validator => return Ok(()),
        Some(found) if !found.is_empty() && !is_ours(found) => {
            return Err(MongoError::ForeignValidator { table: definition.name.to_string() });
        }
        _ => {}
    }
    let change = doc! {
        "collMod": &*definition.name,
        "validator": validator,
        "validationLevel": "strict",
        "validationAction": "error",
        "writeConcern": { "w": "majority" },
    };
    connection.run(change).await.map_err(MongoError::of_write)?;
    Ok(())
}

fn is_ours(validator: &Document) -> bool {
    let title = validator.get_document("$jsonSchema").and_then(|schema| schema.get_str("title"));
    title.is_ok_and(|title| title.starts_with(TITLE))
}

/// The condition on documents of a table. Documents with a discriminator that the model does not know belong to another version.
fn of_table(definition: &TableDefinition) -> Document {
    let of_variant = |shape: ShapeFn| Schemas { above: Vec::new() }.of_type(shape);
    let mut required = vec![VERSION];
    let mut types = Vec::new();
    for variant in &definition.variants {
        types.push(match variant.discriminators {
            None => of_variant(variant.shape),
            Some(names) => {
                let other = doc! { "not": { "properties": { TYPE: { "enum": names } } } };
                doc! { "anyOf": [other, of_variant(variant.shape)] }
            }
        });
    }
    let mut properties = doc! { VERSION: { "bsonType": ["long", "int", "double"], "minimum": 0 } };
    if definition.discriminators().next().is_some() {
        required.push(TYPE);
        properties.insert(TYPE, doc! { "bsonType": "string" });
    }
    doc! {
        "title": format!("{TITLE}{}", definition.name),
        "bsonType": "object",
        "required": required,
        "properties": properties,
        "allOf": types,
    }
}

/// The types around the current one. A recursive type is described only once.
struct Schemas {
    above: Vec<ShapeFn>,
}

impl Schemas {
    fn of_type(&mut self, shape: ShapeFn) -> Document {
        let (options, shape) = strip_options(shape);
        if self.above.iter().any(|above| std::ptr::fn_addr_eq(*above, shape)) || self.above.len() > 16 {
            return Document::new();
        }
        self.above.push(shape);
        let mut schema = self.of_value(&shape());
        self.above.pop();
        for layer in 0..options {
            if layer > 0 {
                schema = doc! { "bsonType": "object", "required": [SOME], "properties": { SOME: schema } };
            }
            schema = doc! { "anyOf": [{ "bsonType": "null" }, schema] };
        }
        schema
    }

    fn of_value(&mut self, shape: &Shape) -> Document {
        match shape {
            Shape::Scalar(scalar) => of_scalar(*scalar),
            Shape::Choice { choices, aliases, .. } => {
                let names: Vec<_> = choices.iter().copied().chain(aliases.iter().map(|(alias, _)| *alias)).collect();
                doc! { "enum": names }
            }
            Shape::List(element) | Shape::Set(element) => doc! { "bsonType": "array", "items": self.of_type(*element) },
            Shape::Map(key, held) if is_object_key(*key) => {
                doc! { "bsonType": "object", "additionalProperties": self.of_type(*held) }
            }
            Shape::Map(key, held) => {
                let pair = [self.of_type(*key), self.of_type(*held)];
                let pair = doc! { "bsonType": "array", "minItems": 2, "maxItems": 2, "items": pair.to_vec() };
                doc! { "bsonType": "array", "items": pair }
            }
            Shape::Struct { fields, .. } => self.of_struct(fields),
            Shape::Enum { variants, .. } => {
                let variants: Vec<_> = variants.iter().map(|variant| self.of_variant(variant)).collect();
                doc! { "anyOf": variants }
            }
            // The type inside newtypes and options is described instead.
            Shape::Newtype { .. } | Shape::Optional(_) => Document::new(),
        }
    }

    fn of_struct(&mut self, fields: &[FieldShape]) -> Document {
        let (mut properties, mut required) = (Document::new(), Vec::new());
        for field in fields {
            let schema = self.of_type(field.shape);
            for alias in field.aliases {
                properties.insert(*alias, schema.clone());
            }
            properties.insert(field.step.name, schema);
            if field.absent.is_none() && Field::of(field).is_plain() && strip_options(field.shape).0 == 0 {
                required.push(field.step.name);
            }
        }
        let mut schema = doc! { "bsonType": "object", "properties": properties };
        if !required.is_empty() {
            schema.insert("required", required);
        }
        schema
    }

    fn of_variant(&mut self, variant: &VariantShape) -> Document {
        let names: Vec<_> = std::iter::once(variant.serde_name).chain(variant.aliases.iter().copied()).collect();
        let Some(held) = variant.holds else { return doc! { "enum": names } };
        let schema = self.of_type(held);
        let under = |name: &&str| doc! { "required": [*name], "properties": { *name: schema.clone() } };
        let under: Vec<_> = names.iter().map(under).collect();
        doc! { "bsonType": "object", "minProperties": 1, "maxProperties": 1, "anyOf": under }
    }
}

fn of_scalar(scalar: ScalarType) -> Document {
    let whole = |least: i64, greatest: i64| doc! { "bsonType": ["int", "long"], "minimum": least, "maximum": greatest };
    match scalar {
        ScalarType::Bool => doc! { "bsonType": "bool" },
        ScalarType::I8 => whole(i8::MIN.into(), i8::MAX.into()),
        ScalarType::I16 => whole(i16::MIN.into(), i16::MAX.into()),
        ScalarType::I32 => whole(i32::MIN.into(), i32::MAX.into()),
        ScalarType::I64 | ScalarType::Isize => doc! { "bsonType": ["int", "long"] },
        ScalarType::U8 => whole(0, u8::MAX.into()),
        ScalarType::U16 => whole(0, u16::MAX.into()),
        ScalarType::U32 => whole(0, u32::MAX.into()),
        ScalarType::U64 | ScalarType::Usize => doc! { "bsonType": ["int", "long", "decimal"], "minimum": 0 },
        ScalarType::F32 | ScalarType::F64 => doc! { "bsonType": ["double", "int", "long"] },
        ScalarType::Char => doc! { "bsonType": "string", "minLength": 1, "maxLength": 1 },
        ScalarType::String => doc! { "bsonType": "string" },
        // The pattern does not match digits in pairs, because the server's regular expressions repeat a group a few thousand
        // times at most.
        ScalarType::Bytes => doc! { "bsonType": "string", "pattern": "^[0-9a-f]*$" },
        ScalarType::Uuid => doc! { "bsonType": "binData" },
        ScalarType::Timestamp => doc! {
            "bsonType": "object",
            "required": [format::AT, format::BEYOND],
            "properties": { format::AT: { "bsonType": "date" }, format::BEYOND: { "bsonType": "int", "minimum": 0, "maximum": 999_999 } },
        },
    }
}
