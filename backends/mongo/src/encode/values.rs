//! Values as documents have them. Filters and updates encode a value in the same way as it is stored.

use std::borrow::Cow;

use longevity_core::encoding::Format as _;
use longevity_core::encoding::is_object_key;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Timestamp, Value, ValueRef};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};

use crate::encode::format::{self, BsonFormat};
use crate::encode::shape::{SOME, strip_options};

/// The value of a scalar or a choice.
pub(crate) fn scalar(value: ValueRef<'_>) -> Bson {
    match value {
        ValueRef::Bool(value) => Bson::Boolean(value),
        ValueRef::Int(value) => Bson::Int64(value),
        ValueRef::UInt(value) => match i64::try_from(value) {
            Ok(value) => Bson::Int64(value),
            Err(_) => Bson::Decimal128(format::decimal_of(value)),
        },
        ValueRef::Float(value) => Bson::Double(value),
        ValueRef::Char(value) => Bson::String(value.to_string()),
        ValueRef::Text(value) => Bson::String(value.to_owned()),
        ValueRef::Bytes(value) => Bson::String(hexadecimal(value)),
        ValueRef::Uuid(value) => {
            Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: value.as_bytes().to_vec() })
        }
        ValueRef::Timestamp(value) => Bson::Document(timestamp(value)),
        ValueRef::None(_) | ValueRef::Composite(_) => Bson::Null,
    }
}

/// `{at, ns}`: the milliseconds that a date in MongoDB has, and the remaining nanoseconds.
pub(crate) fn timestamp(value: Timestamp) -> Document {
    let (milliseconds, nanoseconds) = format::split(value);
    doc! { format::AT: DateTime::from_millis(milliseconds), format::BEYOND: nanoseconds }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A value of any type, as the encoding writes it.
pub(crate) fn of_type(shape: ShapeFn, value: &Value) -> Bson {
    let (options, shape) = strip_options(shape);
    let (inner, wrappers) = match value {
        Value::None(depth) => (Bson::Null, usize::from(*depth).min(options.saturating_sub(1))),
        value => (without_options(&shape(), value), options.saturating_sub(1)),
    };
    (0..wrappers).fold(inner, |inner, _| Bson::Document(doc! { SOME: inner }))
}

fn without_options(shape: &Shape, value: &Value) -> Bson {
    match (shape, value) {
        (Shape::Struct { fields, .. }, Value::Record(values)) => {
            let shape_of = |name: &str| fields.iter().find(|field| field.step.name == name).map(|field| field.shape);
            let fields = values
                .iter()
                .filter_map(|(name, value)| shape_of(name).map(|shape| ((*name).to_owned(), of_type(shape, value))));
            Bson::Document(fields.collect())
        }
        (Shape::List(element) | Shape::Set(element), Value::List(values)) => {
            Bson::Array(values.iter().map(|value| of_type(*element, value)).collect())
        }
        (Shape::Map(key, held), Value::Map(entries)) if is_object_key(*key) => {
            let entries = entries.iter().map(|(key, value)| (object_key(key), of_type(*held, value)));
            Bson::Document(entries.collect())
        }
        (Shape::Map(key, held), Value::Map(entries)) => {
            let pair = |(k, v): &(Value, Value)| Bson::Array(vec![of_type(*key, k), of_type(*held, v)]);
            Bson::Array(entries.iter().map(pair).collect())
        }
        (Shape::Enum { variants, .. }, Value::Variant(name, value)) => {
            let held = variants.iter().find(|variant| variant.serde_name == *name).and_then(|variant| variant.holds);
            match held {
                None => Bson::from(*name),
                Some(shape) => Bson::Document(doc! { *name: of_type(shape, value) }),
            }
        }
        (_, value) => scalar(value.as_value_ref()),
    }
}

/// The key of a map as the stored object has it.
pub(crate) fn object_key(key: &Value) -> String {
    let text = match key {
        Value::Text(text) => Cow::Borrowed(&**text),
        Value::Char(character) => Cow::Owned(character.to_string()),
        Value::Bytes(bytes) => Cow::Owned(hexadecimal(bytes)),
        other => Cow::Owned(other.to_string()),
    };
    BsonFormat::object_key(&text).into_owned()
}

/// The keys under which an object may have the value of a map's key.
pub(crate) fn keys_of(shape: &Shape, key: &Value) -> Vec<String> {
    let mut keys = vec![object_key(key)];
    if let (Shape::Choice { aliases, .. }, Value::Text(name)) = (shape, key) {
        let aliases = aliases.iter().filter(|(_, stored)| *stored == &**name);
        keys.extend(aliases.map(|(alias, _)| BsonFormat::object_key(alias).into_owned()));
    }
    keys
}

/// The strings under which a choice may be stored.
pub(crate) fn names_of_choice(shape: &Shape, value: &Value) -> Option<Vec<Bson>> {
    let (Shape::Choice { aliases, .. }, Value::Text(name)) = (shape, value) else { return None };
    let aliases = aliases.iter().filter(|(_, stored)| *stored == &**name).map(|(alias, _)| Bson::from(*alias));
    let names: Vec<_> = std::iter::once(Bson::from(&**name)).chain(aliases).collect();
    (names.len() > 1).then_some(names)
}
