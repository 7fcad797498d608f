//! What a property is compared with: values that rows have, their neighbours, traps, and nothing.

use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::{Path, Value};
use proptest::test_runner::TestRunner;

use super::near::{near, part};
use super::traps::{of_scalar, one, trap};
use super::{Kind, Known, Property, Questions};
use crate::strategies::combine::below;

/// How many rows are tried before one counts as lacking what is looked for.
const TRIES: usize = 12;

/// What stands for other texts somewhere.
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

impl Questions {
    /// A property that is wanted, if one is found: at any depth, through the entries of maps too.
    pub(super) fn property(&self, wanted: impl Fn(&Property) -> bool, chance: &mut TestRunner) -> Option<Property> {
        for _ in 0..TRIES {
            // Recursive components have most properties far down, where few rows have values.
            let (a, b) = (one(&self.properties, chance)?, one(&self.properties, chance)?);
            let mut property = if a.path.steps().len() < b.path.steps().len() { a } else { b }.clone();
            for _ in 0..ENTRIES {
                let Kind::Map(keys, values) = property.kind else { break };
                if wanted(&property) && below(2, chance) == 0 {
                    break;
                }
                let key = self.part(&property, keys, chance);
                property = one(&property.of_entry(&key, values), chance)?.clone();
            }
            if wanted(&property) {
                return Some(property);
            }
        }
        None
    }

    /// The value that some row has there, one that is not absent if it is soon found.
    pub(super) fn stored(&self, property: &Property, chance: &mut TestRunner) -> Option<Value> {
        let mut stored = None;
        for _ in 0..TRIES {
            let Known { discriminators, value } = one(&self.rows, chance)?;
            if property.scope.is_some() && property.scope != *discriminators {
                continue;
            }
            let value = value_at(value, &property.path);
            let is_there = !value.is_none();
            stored = Some(value);
            if is_there {
                break;
            }
        }
        stored
    }

    /// Something to compare the property with.
    pub(super) fn operand(&self, property: &Property, chance: &mut TestRunner) -> Value {
        let scalar = match property.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        };
        match below(12, chance) {
            0 => return Value::None(u8::try_from(below(property.options, chance)).unwrap_or_default()),
            1 | 2 => match property.kind {
                Kind::Scalar(scalar) => return of_scalar(scalar, chance),
                Kind::Collection(_) => return Value::List(Vec::new()),
                Kind::Map(..) => return Value::Map(Vec::new()),
                Kind::Other | Kind::Variant => {}
            },
            _ => {}
        }
        match self.stored(property, chance) {
            Some(value) if below(3, chance) == 0 => near(scalar, &value, chance),
            Some(value) => value,
            None => scalar.map_or(Value::None(0), |scalar| of_scalar(scalar, chance)),
        }
    }

    /// A text, or a part of one, to hold the property against.
    pub(super) fn text(&self, property: &Property, which: usize, chance: &mut TestRunner) -> String {
        if below(6, chance) == 0 {
            return PATTERNS[below(PATTERNS.len(), chance)].to_owned();
        }
        match self.stored(property, chance) {
            Some(Value::Text(text)) if below(5, chance) > 0 => part(&text, which, chance),
            _ => match of_scalar(ScalarType::String, chance) {
                Value::Text(text) => text.into(),
                _ => String::new(),
            },
        }
    }

    /// An element of the collection or a key of the map: one that is in a row, or nearly, or one that nobody has.
    pub(super) fn part(&self, property: &Property, shape: ShapeFn, chance: &mut TestRunner) -> Value {
        if below(6, chance) > 0 {
            for _ in 0..TRIES {
                let parts = self.stored(property, chance).map(parts_of).unwrap_or_default();
                match one(&parts, chance) {
                    Some(part) if below(6, chance) == 0 => return near(scalar_of(shape), part, chance),
                    Some(part) => return part.clone(),
                    None => {}
                }
            }
        }
        trap(shape, chance)
    }
}

fn value_at(row: &Value, path: &Path) -> Value {
    path.value_in(&|steps| row.at(steps)).to_value()
}

/// The basic type behind newtypes and options.
fn scalar_of(shape: ShapeFn) -> Option<ScalarType> {
    match shape() {
        Shape::Scalar(scalar) => Some(scalar),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => scalar_of(inner),
        _ => None,
    }
}
