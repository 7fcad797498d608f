//! Comparison of plain values, for the naive evaluation. It does not use core's comparison, so that both do not share an error.

use std::cmp::Ordering;

use longevity_core::Value;

/// Whether they are equal. The two zeros are equal, NaN equals NaN, and components are compared field by field.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    order(a, b).is_eq()
}

pub(super) fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Float(number) if number.is_nan())
}

/// The order of two values of one type. Absent values come first, then NaN; strings are ordered by their bytes.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    if let (Some(a), Some(b)) = (integer_of(a), integer_of(b)) {
        return a.cmp(&b);
    }
    match (a, b) {
        (Value::None(a), Value::None(b)) => a.cmp(b),
        (Value::None(_), _) => Ordering::Less,
        (_, Value::None(_)) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) if a < b => Ordering::Less,
            (false, false) if a > b => Ordering::Greater,
            (false, false) => Ordering::Equal,
        },
        (Value::Char(a), Value::Char(b)) => u32::from(*a).cmp(&u32::from(*b)),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            let nanoseconds = |at: &longevity_core::Timestamp| {
                i128::from(at.unix_seconds()) * 1_000_000_000 + i128::from(at.subsec_nanoseconds())
            };
            nanoseconds(a).cmp(&nanoseconds(b))
        }
        (Value::List(a), Value::List(b)) => one_by_one(a, b, order),
        (Value::Map(a), Value::Map(b)) => {
            one_by_one(a, b, |(key, value), (other, of_other)| order(key, other).then_with(|| order(value, of_other)))
        }
        (Value::Record(a), Value::Record(b)) => one_by_one(a, b, |(_, value), (_, other)| order(value, other)),
        (Value::Variant(a, held), Value::Variant(b, of_b)) => {
            a.as_bytes().cmp(b.as_bytes()).then_with(|| order(held, of_b))
        }
        // Values of one property are of one type.
        _ => panic!("{a:?} and {b:?} are values of different types"),
    }
}

/// Whether all present values are of one type. Derived types may use one name for properties of several types.
pub(super) fn are_of_one_type(values: &[Value]) -> bool {
    let mut kinds = values.iter().filter(|value| !value.is_none()).map(|value| match value {
        Value::UInt(_) => std::mem::discriminant(&Value::Int(0)),
        value => std::mem::discriminant(value),
    });
    kinds.next().is_none_or(|first| kinds.all(|kind| kind == first))
}

fn integer_of(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::UInt(number) => Some(i128::from(*number)),
        _ => None,
    }
}

/// Orders by the first difference; without one, the shorter comes first.
fn one_by_one<T>(a: &[T], b: &[T], order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|ordering| ordering.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Whether two strings are equal in lower case, character by character.
pub(super) fn equal_but_for_case(a: &str, b: &str) -> bool {
    let lower = |character: char| {
        let lower: Vec<char> = character.to_lowercase().collect();
        // A lower case of several characters does not count.
        if lower.len() == 1 { lower[0] } else { character }
    };
    a.chars().map(lower).collect::<Vec<_>>() == b.chars().map(lower).collect::<Vec<_>>()
}
