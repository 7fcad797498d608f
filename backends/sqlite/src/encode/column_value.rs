//! The form that a property's value has in a column and in a comparison. SQLite orders these forms as core orders the values, so
//! that an index helps with every comparison and every order.

use longevity_core::storable::{Leaf, ScalarType, Shape};
use longevity_core::value::sortable;
use longevity_core::{Timestamp, Value, ValueRef};
use rusqlite::types::{ToSqlOutput as Out, Value as Owned, ValueRef as Sql};

/// How values are represented. An absent value is NULL in either form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Representation {
    /// A single value: a number, text, or a blob.
    Plain,
    /// Bytes that sort as the values do: lists, maps, components, and options of options, whose `Some(None)` is not NULL.
    Sortable,
}

/// The form of the values of a property.
pub(crate) fn representation_of(leaf: &Leaf) -> Representation {
    match leaf.shape {
        Shape::Scalar(_) | Shape::Choice { .. } if leaf.options <= 1 => Representation::Plain,
        Shape::Scalar(_)
        | Shape::Choice { .. }
        | Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => Representation::Sortable,
    }
}

/// The declared type of a column of a STRICT table.
pub(crate) fn declared_type(shape: &Shape, representation: Representation) -> &'static str {
    let Shape::Scalar(scalar) = shape else {
        return if representation == Representation::Plain { "TEXT" } else { "BLOB" };
    };
    if representation == Representation::Sortable {
        return "BLOB";
    }
    match scalar {
        ScalarType::Char | ScalarType::String | ScalarType::Uuid | ScalarType::Timestamp => "TEXT",
        ScalarType::Bytes => "BLOB",
        // Values above the greatest signed integer are text.
        ScalarType::U64 | ScalarType::Usize => "ANY",
        // To SQLite this is the same as INTEGER. It differs for a model whose property was an integer: these integers represent
        // floats.
        ScalarType::F32 | ScalarType::F64 => "INT",
        ScalarType::Bool
        | ScalarType::I8
        | ScalarType::I16
        | ScalarType::I32
        | ScalarType::I64
        | ScalarType::Isize
        | ScalarType::U8
        | ScalarType::U16
        | ScalarType::U32 => "INTEGER",
    }
}

/// The value as it is stored and bound.
pub(crate) fn encoded<'a>(value: ValueRef<'a>, representation: Representation) -> Out<'a> {
    match (value, representation) {
        (ValueRef::None(0), _) => Out::Owned(Owned::Null),
        (value, Representation::Sortable) => sortable_blob(value),
        (ValueRef::Bool(value), _) => Out::Owned(Owned::Integer(value.into())),
        (ValueRef::Int(value), _) => Out::Owned(Owned::Integer(value)),
        (ValueRef::UInt(value), _) => Out::Owned(unsigned(value)),
        (ValueRef::Float(value), _) => Out::Owned(Owned::Integer(float(value))),
        (ValueRef::Char(value), _) => Out::Owned(Owned::Text(value.into())),
        (ValueRef::Text(value), _) => Out::Borrowed(Sql::Text(value.as_bytes())),
        (ValueRef::Bytes(value), _) => Out::Borrowed(Sql::Blob(value)),
        (ValueRef::Uuid(value), _) => Out::Owned(Owned::Text(value.to_string())),
        (ValueRef::Timestamp(value), _) => Out::Owned(Owned::Text(timestamp(value))),
        (ValueRef::None(_) | ValueRef::Composite(_), Representation::Plain) => sortable_blob(value),
    }
}

/// The value as it is stored and bound, owned.
pub(crate) fn owned(value: ValueRef<'_>, representation: Representation) -> Owned {
    match encoded(value, representation) {
        Out::Owned(value) => value,
        Out::Borrowed(value) => value.try_into().unwrap_or(Owned::Null),
        _ => Owned::Null,
    }
}

fn sortable_blob(value: ValueRef<'_>) -> Out<'static> {
    Out::Owned(Owned::Blob(sortable_bytes(value).to_vec()))
}

/// The bytes of a value, which are equal for equal values.
pub(crate) fn sortable_bytes(value: ValueRef<'_>) -> sortable::Buffer {
    let mut bytes = sortable::Buffer::new();
    sortable::encode(value, &mut bytes);
    bytes
}

/// Greater values are text, which sorts after every integer.
fn unsigned(value: u64) -> Owned {
    i64::try_from(value).map_or_else(|_| Owned::Text(format!("{value:020}")), Owned::Integer)
}

/// An integer that sorts as the number does, because SQLite has no NaN. NaN is first, and the zeros are equal.
pub(crate) fn float(value: f64) -> i64 {
    if value.is_nan() {
        return NAN;
    }
    // Adding a positive zero turns a negative zero into a positive one, and changes no other number.
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// The form of NaN, below that of every number.
pub(crate) const NAN: i64 = i64::MIN;

/// RFC 3339 in UTC with nine digits. A year before 0 is counted from the lowest year, so that the text sorts.
pub(crate) fn timestamp(value: Timestamp) -> String {
    let text = value.to_string();
    let year = text.strip_prefix('-').and_then(|rest| rest.split_once('-'));
    match year.and_then(|(year, rest)| Some((year.parse::<u32>().ok()?, rest))) {
        Some((year, rest)) => format!("-{:06}-{rest}", 999_999_u32.saturating_sub(year)),
        None => text,
    }
}

/// Decodes a value of this shape from the plain form; `None` if it is not one. Every value but a float is the one that was
/// encoded: of floats, [all zeros are the same, and so are all NaN](is_lossy).
pub(crate) fn decoded(stored: Sql<'_>, shape: &Shape) -> Option<Value> {
    if stored == Sql::Null {
        return Some(Value::NONE);
    }
    let scalar = match shape {
        Shape::Scalar(scalar) => scalar,
        Shape::Choice { aliases, .. } => {
            let name = stored.as_str().ok()?;
            // A name that an older version of the model wrote is read as its present name.
            let today = aliases.iter().find(|(alias, _)| *alias == name).map(|(_, name)| *name);
            return Some(Value::Text(today.unwrap_or(name).into()));
        }
        Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => return None,
    };
    let integer = || stored.as_i64().ok();
    let text = || stored.as_str().ok();
    // A number out of range was written by another program, and is not a value of the type.
    let fits = |fits: fn(i64) -> bool| integer().filter(|value| fits(*value)).map(Value::Int);
    match scalar {
        ScalarType::Bool => match integer()? {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        ScalarType::I8 => fits(|value| i8::try_from(value).is_ok()),
        ScalarType::I16 => fits(|value| i16::try_from(value).is_ok()),
        ScalarType::I32 => fits(|value| i32::try_from(value).is_ok()),
        ScalarType::I64 | ScalarType::Isize => fits(|_| true),
        ScalarType::U8 => fits(|value| u8::try_from(value).is_ok()),
        ScalarType::U16 => fits(|value| u16::try_from(value).is_ok()),
        ScalarType::U32 => fits(|value| u32::try_from(value).is_ok()),
        ScalarType::U64 | ScalarType::Usize => match stored {
            Sql::Integer(value) => u64::try_from(value).ok().map(Value::UInt),
            _ => text()?.parse().ok().map(Value::UInt),
        },
        // The float is rounded to the precision of the type, as when a document is read.
        ScalarType::F32 => integer().map(|value| Value::Float(f64::from(float_of(value) as f32))),
        ScalarType::F64 => integer().map(|value| Value::Float(float_of(value))),
        ScalarType::Char => {
            let mut letters = text()?.chars();
            letters.next().filter(|_| letters.next().is_none()).map(Value::Char)
        }
        ScalarType::String => Some(Value::Text(text()?.into())),
        ScalarType::Bytes => Some(Value::Bytes(stored.as_blob().ok()?.into())),
        ScalarType::Uuid => text()?.parse().ok().map(Value::Uuid),
        ScalarType::Timestamp => timestamp_of(text()?).map(Value::Timestamp),
    }
}

/// Whether values of the shape are not stored bit for bit: of floats, the sign of a zero and the bits of a NaN are lost.
pub(crate) fn is_lossy(shape: &Shape) -> bool {
    matches!(shape, Shape::Scalar(ScalarType::F32 | ScalarType::F64))
}

/// The number that [`float`] turned into this integer.
fn float_of(stored: i64) -> f64 {
    let bits = if stored < 0 { stored ^ i64::MAX } else { stored };
    f64::from_bits(bits.cast_unsigned())
}

/// The time that [`timestamp`] turned into this text.
fn timestamp_of(text: &str) -> Option<Timestamp> {
    let Some((year, rest)) = text.strip_prefix('-').and_then(|text| text.split_once('-')) else {
        return text.parse().ok();
    };
    let year = 999_999_u32.checked_sub(year.parse().ok()?)?;
    format!("-{year:06}-{rest}").parse().ok()
}

/// Whether a stored value equals the one that would be written.
pub(crate) fn is_same(stored: Sql<'_>, new: &Out<'_>) -> bool {
    match new {
        Out::Borrowed(new) => stored == *new,
        Out::Owned(new) => stored == Sql::from(new),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_sort_as_numbers() {
        let sorted = [f64::NAN, f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, 0.0, 5e-324, 1.0, f64::MAX, f64::INFINITY];
        assert!(sorted.map(float).is_sorted_by(|a, b| a < b));
        assert_eq!(float(-0.0), float(0.0));
    }

    #[test]
    fn unsigned_integers_above_the_signed_ones_are_text_that_sorts() {
        assert_eq!(unsigned(7), Owned::Integer(7));
        assert_eq!(unsigned(i64::MAX as u64 + 1), Owned::Text("09223372036854775808".into()));
        assert_eq!(unsigned(u64::MAX), Owned::Text("18446744073709551615".into()));
    }

    #[test]
    fn timestamps_sort_before_the_year_0_too() {
        let years = [-62_300_000_000, -62_200_000_000, -62_167_219_201, -62_167_219_200, -1, 0, 1_700_000_000];
        let texts = years.map(|seconds| timestamp(Timestamp::from_unix(seconds, 0).unwrap()));
        assert!(texts.is_sorted_by(|a, b| a < b), "{texts:?}");
        assert!(timestamp(Timestamp::MIN) < texts[0]);
        assert_eq!(texts[5], "1970-01-01T00:00:00.000000000Z");
    }
}
