//! Random filters: every node that a predicate has, in every form that a typed filter gives it.

use longevity_core::query::{Predicate, Prop, TextTest};
use longevity_core::storable::ScalarType;
use longevity_core::value::Comparison;
use longevity_core::{RowId, Value};
use proptest::test_runner::TestRunner;

use super::near::near_text;
use super::operands::parts_of;
use super::traps::{of_scalar, one};
use super::{Kind, Property, Questions};
use crate::strategies::combine::below;

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ALL: [Comparison; 6] =
    [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];

/// How deep filters are nested.
const DEPTH: usize = 3;
/// How long a long list of operands is: longer than what stores take for a few.
const LONG: usize = 300;
/// Numbers of rows, of which any is taken modulo those that there are.
const ANY: usize = 1 << 16;

impl Questions {
    /// A random filter: mostly a single question, as others hide its answer.
    pub(super) fn filter(&self, chance: &mut TestRunner) -> Predicate {
        let depth = [0, 0, 0, 1, 1, 2, DEPTH][below(7, chance)];
        match below(12, chance) {
            0 => Predicate::All,
            _ => self.nested(depth, None, chance),
        }
    }

    /// `within`: a filter over this variant alone, which is scoped as a whole.
    fn nested(&self, depth: usize, within: Option<&'static [&'static str]>, chance: &mut TestRunner) -> Predicate {
        if depth == 0 {
            return self.leaf(within, chance);
        }
        let parts = |chance: &mut TestRunner| -> Vec<Predicate> {
            (0..[0, 1, 2, 2, 2, 3][below(6, chance)]).map(|_| self.nested(depth - 1, within, chance)).collect()
        };
        match below(8, chance) {
            0 => self.nested(depth - 1, within, chance).negate(),
            1 => Predicate::Not(Box::new(self.nested(depth - 1, within, chance))),
            2 => Predicate::And(parts(chance)),
            3 => Predicate::Or(parts(chance)),
            4 => parts(chance).into_iter().fold(Predicate::All, Predicate::and),
            5 => parts(chance).into_iter().fold(Predicate::Nothing, Predicate::or),
            6 if within.is_none() && !self.discriminators.is_empty() => {
                let scope = self.discriminators[below(self.discriminators.len(), chance)];
                let scoped = self.properties.iter().any(|property| property.scope == Some(scope));
                match scoped {
                    true => self.nested(depth - 1, Some(scope), chance).scoped_to(scope),
                    false => self.leaf(within, chance),
                }
            }
            _ => self.leaf(within, chance),
        }
    }

    fn leaf(&self, within: Option<&'static [&'static str]>, chance: &mut TestRunner) -> Predicate {
        match below(24, chance) {
            0 => {
                let comparison = ALL[below(ALL.len(), chance)];
                return Predicate::Id { comparison, id: RowId::from_u128(below(ANY, chance) as u128) };
            }
            1 => return if below(2, chance) == 0 { Predicate::All } else { Predicate::Nothing },
            2 | 3 => {
                if let Some(names) = one(&self.discriminators, chance) {
                    return Predicate::Discriminator(names);
                }
            }
            _ => {}
        }
        let wanted = |property: &Property| within.is_none() || property.scope == within;
        let Some(property) = self.property(wanted, chance) else { return Predicate::All };
        let question = self.question(&property, chance);
        if within.is_some() { question } else { property.scoped(question) }
    }

    /// What the property can be asked.
    fn question(&self, property: &Property, chance: &mut TestRunner) -> Predicate {
        let form = below(12, chance);
        match property.kind {
            Kind::Variant => compare(property, EQUALITY[form % 2], Value::None(0)),
            _ if form == 0 => compare(property, EQUALITY[below(2, chance)], Value::None(0)),
            _ if form < 4 => self.among(property, chance),
            Kind::Scalar(ScalarType::String) if form < 9 => self.of_text(property, chance),
            Kind::Scalar(_) if form == 9 => {
                let (low, high) = (self.operand(property, chance), self.operand(property, chance));
                // Mostly the right way round.
                let (low, high) = if low > high && below(4, chance) > 0 { (high, low) } else { (low, high) };
                compare(property, Comparison::Ge, low).and(compare(property, Comparison::Le, high))
            }
            Kind::Scalar(_) => compare(property, ALL[below(ALL.len(), chance)], self.operand(property, chance)),
            Kind::Collection(_) | Kind::Map(..) if form < 7 => self.length(property, chance),
            Kind::Collection(element) if form < 11 => {
                let contains = |chance: &mut TestRunner| Predicate::Contains {
                    path: property.path.clone(),
                    element: self.part(property, element, chance),
                };
                let several = below(4, chance);
                match below(3, chance) {
                    0 => (0..several).map(|_| contains(chance)).fold(Predicate::Nothing, Predicate::or),
                    1 => (0..several).map(|_| contains(chance)).fold(Predicate::All, Predicate::and),
                    _ => contains(chance),
                }
            }
            Kind::Map(keys, _) if form < 11 => {
                let path = property.path.at_key(self.part(property, keys, chance));
                Predicate::Compare { path, comparison: EQUALITY[below(2, chance)], operand: Value::None(0) }
            }
            Kind::Collection(_) | Kind::Map(..) | Kind::Other => {
                compare(property, EQUALITY[below(2, chance)], self.operand(property, chance))
            }
        }
    }

    /// Equal to one of several, or to none of them.
    fn among(&self, property: &Property, chance: &mut TestRunner) -> Predicate {
        let count = match below(24, chance) {
            0 => LONG,
            1 | 2 => 0,
            few => few % 5,
        };
        let mut operands: Vec<_> = (0..count).map(|_| self.operand(property, chance)).collect();
        if below(4, chance) == 0 && !operands.is_empty() {
            operands.push(operands[below(operands.len(), chance)].clone());
        }
        Predicate::In { path: property.path.clone(), operands, negated: below(2, chance) == 0 }
    }

    fn of_text(&self, property: &Property, chance: &mut TestRunner) -> Predicate {
        let text = |test, text: String| Predicate::Text { path: property.path.clone(), test, text: text.into() };
        match below(4, chance) {
            0 => {
                let prefix = self.text(property, 0, chance);
                Prop::<(), String>::at(property.path.clone()).starts_with(prefix).into_predicate()
            }
            1 => text(TextTest::EndsWith, self.text(property, 1, chance)),
            2 => text(TextTest::Contains, self.text(property, 2, chance)),
            _ => {
                let stored = match self.stored(property, chance) {
                    Some(Value::Text(stored)) => stored.into(),
                    _ => match of_scalar(ScalarType::String, chance) {
                        Value::Text(trap) => String::from(trap),
                        _ => String::new(),
                    },
                };
                // Each character turned over, where it has another case.
                let turned = |text: &str| -> String {
                    let turned = text.chars().map(|character| match character.is_lowercase() {
                        true => character.to_uppercase().to_string(),
                        false => character.to_lowercase().to_string(),
                    });
                    turned.collect()
                };
                let operand = if below(2, chance) == 0 { turned(&stored) } else { near_text(&stored, chance) };
                text(TextTest::EqIgnoreCase, operand)
            }
        }
    }

    fn length(&self, property: &Property, chance: &mut TestRunner) -> Predicate {
        let stored = self.stored(property, chance).map_or(0, |value| parts_of(value).len()) as u64;
        let length = match below(8, chance) {
            0 => 0,
            1 => [u64::MAX, 1 << 63, 1 << 32][below(3, chance)],
            2 => stored + 1,
            3 => stored.saturating_sub(1),
            _ => stored,
        };
        Predicate::Length { path: property.path.clone(), comparison: ALL[below(ALL.len(), chance)], length }
    }
}

/// Not scoped yet.
fn compare(property: &Property, comparison: Comparison, operand: Value) -> Predicate {
    Predicate::Compare { path: property.path.clone(), comparison, operand }
}
