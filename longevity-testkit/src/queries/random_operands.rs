//! The operands of conditions: values of rows, their neighbours, hostile values, and `None`.

use longevity_core::Value;
use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use proptest::test_runner::TestRunner;

use super::hostile_values::{hostile_scalar, hostile_value, pick};
use super::neighbours::{neighbour, part};
use super::plain_query::Place;
use super::properties::{Kind, Property};
use super::random_queries::RandomQueries;
use crate::strategies::combine::below;

/// How many rows or properties are tried in a search.
const TRIES: usize = 12;

/// Strings that are patterns in some query language.
const PATTERNS: &[&str] = &["%", "_", "*", ".", ".*", "?", "a%", "%a", "[a]", "(a|b)", "\\w", "^", "$"];

/// How deep maps within maps are entered.
const ENTRIES: usize = 3;

/// The elements of a list, a set, or the keys of a map.
pub(super) fn parts_of(value: Value) -> Vec<Value> {
    match value {
        Value::List(elements) => elements,
        Value::Map(entries) => entries.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

impl RandomQueries {
    /// A property that is wanted, at any depth and also in entries of maps; `None` if the search finds none.
    pub(super) fn property(&self, wanted: impl Fn(&Property) -> bool, chance: &mut TestRunner) -> Option<Property> {
        for _ in 0..TRIES {
            // Recursive components have most properties deep down, where few rows have values.
            let (a, b) = (pick(&self.properties, chance)?, pick(&self.properties, chance)?);
            let mut property = if a.hops.len() < b.hops.len() { a } else { b }.clone();
            for _ in 0..ENTRIES {
                let Kind::Map(keys, values) = property.kind else { break };
                if wanted(&property) && below(2, chance) == 0 {
                    break;
                }
                let key = self.part(&Place::within(&property), keys, chance);
                property = pick(&property.of_entry(&key, values), chance)?.clone();
            }
            if wanted(&property) {
                return Some(property);
            }
        }
        None
    }

    /// The value that some row has there; one that is present, if the search finds one.
    pub(super) fn stored(&self, place: &Place, chance: &mut TestRunner) -> Option<Value> {
        let mut stored = None;
        for _ in 0..TRIES {
            let row = pick(&self.rows, chance)?;
            if place.property.scope.is_some_and(|scope| scope != row.variant) {
                continue;
            }
            let value = place.value(row);
            let is_there = !value.is_none();
            // Without an option, an absent value cannot be an operand.
            if is_there || place.options() > 0 {
                stored = Some(value);
            }
            if is_there {
                break;
            }
        }
        stored
    }

    /// An operand for the property; `None` if no value of its type is known.
    pub(super) fn operand(&self, place: &Place, chance: &mut TestRunner) -> Option<Value> {
        let kind = place.property.kind;
        let scalar = match kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        };
        let options = usize::from(place.options());
        match below(12, chance) {
            0 if options > 0 => return Some(Value::None(u8::try_from(below(options, chance)).unwrap_or_default())),
            1 | 2 => match kind {
                Kind::Scalar(scalar) => return Some(hostile_scalar(scalar, chance)),
                Kind::List(_) | Kind::Set(_) => return Some(Value::List(Vec::new())),
                Kind::Map(..) => return Some(Value::Map(Vec::new())),
                Kind::Other | Kind::Variant => {}
            },
            _ => {}
        }
        match self.stored(place, chance) {
            Some(value) if below(3, chance) == 0 => Some(neighbour(scalar, &value, chance)),
            Some(value) => Some(value),
            None => match scalar {
                Some(scalar) => Some(hostile_scalar(scalar, chance)),
                None => (options > 0).then_some(Value::NONE),
            },
        }
    }

    /// A string, or a part of one, to compare the property with.
    pub(super) fn text(&self, place: &Place, which: usize, chance: &mut TestRunner) -> String {
        if below(6, chance) == 0 {
            return PATTERNS[below(PATTERNS.len(), chance)].to_owned();
        }
        match self.stored(place, chance) {
            Some(Value::Text(text)) if below(5, chance) > 0 => part(&text, which, chance),
            _ => match hostile_scalar(ScalarType::String, chance) {
                Value::Text(text) => text.into(),
                _ => String::new(),
            },
        }
    }

    /// An element of the collection or a key of the map: from a row, next to one, or a hostile one.
    pub(super) fn part(&self, place: &Place, shape: ShapeFn, chance: &mut TestRunner) -> Value {
        if below(6, chance) > 0 {
            for _ in 0..TRIES {
                let parts = self.stored(place, chance).map(parts_of).unwrap_or_default();
                match pick(&parts, chance) {
                    Some(part) if below(6, chance) == 0 => return neighbour(scalar_of(shape), part, chance),
                    Some(part) => return part.clone(),
                    None => {}
                }
            }
        }
        hostile_value(shape, chance)
    }
}

impl Place {
    /// The property with all of its options unwrapped.
    pub(crate) fn within(property: &Property) -> Self {
        Self { somes: property.options, property: property.clone() }
    }
}

/// The basic type inside newtypes and options.
fn scalar_of(shape: ShapeFn) -> Option<ScalarType> {
    match shape() {
        Shape::Scalar(scalar) => Some(scalar),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => scalar_of(inner),
        _ => None,
    }
}
