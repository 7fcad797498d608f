//! Neighbours of values, which a comparison that is off by one, or a string that is cut, could take for the value.

use longevity_core::storable::ScalarType;
use longevity_core::{Timestamp, Value};
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::hostile_values::{integer, range};
use crate::strategies::combine::below;

/// A value next to this one, of the same type; the value itself if its type has no known neighbours.
pub(super) fn neighbour(scalar: Option<ScalarType>, value: &Value, chance: &mut TestRunner) -> Value {
    let up = below(2, chance) == 0;
    match value {
        Value::Int(_) | Value::UInt(_) => {
            let number = match value {
                Value::Int(number) => i128::from(*number),
                Value::UInt(number) => i128::from(*number),
                _ => 0,
            };
            match scalar.and_then(|scalar| Some((scalar, range(scalar)?))) {
                Some((scalar, (least, greatest))) => {
                    integer(scalar, (number + if up { 1 } else { -1 }).clamp(least, greatest))
                }
                None => value.clone(),
            }
        }
        Value::Float(number) => Value::Float(match (scalar, below(3, chance)) {
            (_, 0) => -number,
            (Some(ScalarType::F32), _) => {
                let number = *number as f32;
                f64::from(if up { number.next_up() } else { number.next_down() })
            }
            _ => {
                if up {
                    number.next_up()
                } else {
                    number.next_down()
                }
            }
        }),
        Value::Bool(value) => Value::Bool(!value),
        Value::Char(character) => {
            let code = if up { u32::from(*character) + 1 } else { u32::from(*character).saturating_sub(1) };
            Value::Char(char::from_u32(code).unwrap_or(*character))
        }
        // The choices of a controlled vocabulary are strings too, and have no neighbours.
        Value::Text(text) if scalar.is_some() => Value::Text(similar_text(text, chance).into()),
        Value::Bytes(bytes) => {
            let mut bytes = bytes.to_vec();
            if up {
                bytes.push(0);
            } else {
                bytes.pop();
            }
            Value::Bytes(bytes.into())
        }
        Value::Uuid(uuid) => {
            let number = uuid.as_u128();
            Value::Uuid(Uuid::from_u128(if up { number.wrapping_add(1) } else { number.wrapping_sub(1) }))
        }
        Value::Timestamp(at) => {
            let step = [1, 1_000, 1_000_000][below(3, chance)];
            let nanoseconds = at.subsec_nanoseconds() + if up { step } else { -step };
            Value::Timestamp(Timestamp::from_unix(at.unix_seconds(), nanoseconds).unwrap_or(*at))
        }
        // The neighbour lacks one element; a set stays in its order.
        Value::List(elements) if !elements.is_empty() => {
            let mut elements = elements.clone();
            elements.remove(below(elements.len(), chance));
            Value::List(elements)
        }
        Value::Map(entries) if !entries.is_empty() => {
            let mut entries = entries.clone();
            entries.remove(below(entries.len(), chance));
            Value::Map(entries)
        }
        other => other.clone(),
    }
}

/// A part of the string, the string in another case, or with a suffix.
pub(super) fn similar_text(text: &str, chance: &mut TestRunner) -> String {
    match below(7, chance) {
        0 => text.to_lowercase(),
        1 => text.to_uppercase(),
        2 => text.to_ascii_uppercase(),
        3 => format!("{text}{}", ["\0", "\n", "a", "%", " ", "\u{10ffff}"][below(6, chance)]),
        _ => part(text, below(3, chance), chance),
    }
}

/// A prefix, a suffix, or a part of the middle. It is often short.
pub(super) fn part(text: &str, which: usize, chance: &mut TestRunner) -> String {
    let characters: Vec<char> = text.chars().collect();
    let length = match below(2, chance) {
        0 => 1 + below(3, chance),
        _ => below(characters.len() + 1, chance),
    };
    let length = length.min(characters.len());
    let start = match which {
        0 => 0,
        1 => characters.len() - length,
        _ => below(characters.len() - length + 1, chance),
    };
    characters[start..start + length].iter().collect()
}
