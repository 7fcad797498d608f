//! Values that break stores, of any shape.

use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::{Timestamp, Value};
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::strategies::combine::below;

/// Strings that have a meaning in some query language, encoding or collation.
const TEXTS: &[&str] = &[
    "",
    "\0",
    "a\0",
    "a\0b",
    "'",
    "''",
    "\"",
    "\\",
    "\\\\",
    "`",
    "%",
    "_",
    "a%",
    "a_b",
    "*",
    "a*",
    ".*",
    "^a",
    "a$",
    "[a-z]",
    "(",
    "a|b",
    "\\Q",
    "\\E",
    "?",
    "?1",
    ":a",
    "$",
    "$gt",
    "$where",
    ".",
    "a.b",
    "a\n",
    "\n",
    "\r\n",
    " ",
    "a ",
    "{\"$gt\": \"\"}",
    "'; DROP TABLE user; --",
    "\" OR 1=1 --",
    "null",
    "\u{1f980}",
    "\u{e9}",
    "e\u{301}",
    "\u{c9}",
    "\u{df}",
    "\u{1e9e}",
    "SS",
    "\u{130}",
    "\u{131}",
    "\u{212a}",
    "k",
    "\u{3a3}",
    "\u{3c2}",
    "\u{feff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10ffff}",
];

const CHARACTERS: &[char] = &['\0', '\'', '"', '\\', '%', '$', '.', 'a', 'A', '\u{d7ff}', '\u{e000}', char::MAX];

const FLOATS: &[f64] = &[
    f64::NAN,
    0.0,
    -0.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1.0,
    -1.0,
    0.1,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
];

/// Seconds and nanoseconds of timestamps, of any precision, and around the limits of stores.
const INSTANTS: &[(i64, i32)] = &[
    (0, 0),
    (0, 1),
    (-1, 0),
    (0, -1),
    (1, 500_000_000),
    (1, 500_000_001),
    (1, 500_001_000),
    (1, 501_000_000),
    (2_147_483_648, 0),
    (253_402_300_799, 999_000_000),
    (-62_135_596_800, 0),
    (-62_135_596_801, 0),
];

/// A value of the shape, made of hostile values.
pub(super) fn hostile_value(shape: ShapeFn, chance: &mut TestRunner) -> Value {
    match shape() {
        Shape::Scalar(scalar) => hostile_scalar(scalar, chance),
        Shape::Choice { choices, .. } => {
            pick(&choices, chance).map_or(Value::NONE, |choice| Value::Text((*choice).into()))
        }
        Shape::Newtype { inner, .. } => hostile_value(inner, chance),
        Shape::Optional(inner) => match below(2, chance) {
            0 => Value::NONE,
            _ => match hostile_value(inner, chance) {
                Value::None(depth) => Value::None(depth.saturating_add(1)),
                value => value,
            },
        },
        Shape::List(element) | Shape::Set(element) => match below(2, chance) {
            0 => Value::List(Vec::new()),
            _ => Value::List(vec![hostile_value(element, chance)]),
        },
        Shape::Map(key, value) => match below(2, chance) {
            0 => Value::Map(Vec::new()),
            _ => Value::Map(vec![(hostile_value(key, chance), hostile_value(value, chance))]),
        },
        Shape::Struct { fields, .. } => {
            let fields = fields.iter().map(|field| (field.step.name, hostile_value(field.shape, chance)));
            Value::Record(fields.collect())
        }
        Shape::Enum { variants, .. } => match pick(&variants, chance) {
            Some(variant) => {
                let held = variant.holds.map_or_else(|| Value::Record(Vec::new()), |held| hostile_value(held, chance));
                Value::Variant(variant.serde_name, Box::new(held))
            }
            None => Value::NONE,
        },
    }
}

pub(super) fn hostile_scalar(scalar: ScalarType, chance: &mut TestRunner) -> Value {
    if let Some((least, greatest)) = range(scalar) {
        let edges = [least, greatest, 0, 1, -1, i128::from(i64::MAX), i128::from(i64::MAX) + 1, 1 << 53, (1 << 53) + 1];
        let edge = edges[below(edges.len(), chance)].clamp(least, greatest);
        return integer(scalar, edge);
    }
    let text = |chance: &mut TestRunner| Value::Text(TEXTS[below(TEXTS.len(), chance)].into());
    match scalar {
        ScalarType::Bool => Value::Bool(below(2, chance) == 0),
        ScalarType::F32 => Value::Float(f64::from(FLOATS[below(FLOATS.len(), chance)] as f32)),
        ScalarType::F64 => Value::Float(FLOATS[below(FLOATS.len(), chance)]),
        ScalarType::Char => Value::Char(CHARACTERS[below(CHARACTERS.len(), chance)]),
        ScalarType::Bytes => Value::Bytes([&[][..], &[0], &[0, 0], &[255], &[0x27, 0x3b]][below(5, chance)].into()),
        ScalarType::Uuid => Value::Uuid([Uuid::nil(), Uuid::max(), Uuid::from_u128(1 << 127)][below(3, chance)]),
        ScalarType::Timestamp => {
            let edges = [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH];
            let (seconds, nanoseconds) = INSTANTS[below(INSTANTS.len(), chance)];
            let instant = Timestamp::from_unix(seconds, nanoseconds).filter(|_| below(5, chance) > 0);
            Value::Timestamp(instant.unwrap_or_else(|| edges[below(edges.len(), chance)]))
        }
        _ => text(chance),
    }
}

/// The least and the greatest value, of an integer.
pub(super) fn range(scalar: ScalarType) -> Option<(i128, i128)> {
    Some(match scalar {
        ScalarType::I8 => (i8::MIN.into(), i8::MAX.into()),
        ScalarType::I16 => (i16::MIN.into(), i16::MAX.into()),
        ScalarType::I32 => (i32::MIN.into(), i32::MAX.into()),
        ScalarType::I64 | ScalarType::Isize => (i64::MIN.into(), i64::MAX.into()),
        ScalarType::U8 => (0, u8::MAX.into()),
        ScalarType::U16 => (0, u16::MAX.into()),
        ScalarType::U32 => (0, u32::MAX.into()),
        ScalarType::U64 | ScalarType::Usize => (0, u64::MAX.into()),
        _ => return None,
    })
}

/// The integer as a value of the scalar type. It must be in the type's range.
pub(super) fn integer(scalar: ScalarType, value: i128) -> Value {
    match scalar {
        ScalarType::U64 | ScalarType::Usize => Value::UInt(u64::try_from(value).unwrap_or_default()),
        _ => Value::Int(i64::try_from(value).unwrap_or_default()),
    }
}

/// Any element.
pub(super) fn pick<'a, T>(of: &'a [T], chance: &mut TestRunner) -> Option<&'a T> {
    of.get(below(of.len(), chance))
}
