//! Random filters: every condition on a property, at each level of its options, joined by every operator.

use longevity_core::Value;
use longevity_core::storable::{ScalarType, ShapeFn};
use longevity_core::value::Comparison;
use proptest::test_runner::TestRunner;

use super::compare::order;
use super::hostile_values::hostile_scalar;
use super::neighbours::similar_text;
use super::plain_query::{Condition, IsForm, Join, JoinForm, Place, PlainFilter, TextTest};
use super::properties::{Kind, Property};
use super::random_operands::parts_of;
use super::random_queries::RandomQueries;
use crate::strategies::combine::below;

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ALL: [Comparison; 6] =
    [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
const FORMS: [JoinForm; 5] = [JoinForm::Left, JoinForm::Right, JoinForm::Some, JoinForm::Collected, JoinForm::Optional];

/// How deep filters are nested.
const DEPTH: usize = 3;
/// The length of a long list of operands, for which stores may choose another plan.
const LONG: usize = 300;
/// The bound of row numbers, which are taken modulo the number of rows.
const ANY: usize = 1 << 16;

impl RandomQueries {
    /// A random filter. Mostly it is a single condition, because other conditions could hide its result.
    pub(super) fn filter(&self, chance: &mut TestRunner) -> PlainFilter {
        let depth = [0, 0, 0, 1, 1, 2, DEPTH][below(7, chance)];
        match below(12, chance) {
            0 => PlainFilter::All,
            _ => self.nested(depth, None, chance),
        }
    }

    /// `within`: a filter over the derived type in this variant alone, which is widened as a whole.
    fn nested(&self, depth: usize, within: Option<usize>, chance: &mut TestRunner) -> PlainFilter {
        if depth == 0 {
            return self.leaf(within, chance);
        }
        match below(8, chance) {
            0 | 1 => PlainFilter::Not(Box::new(self.nested(depth - 1, within, chance))),
            2..=5 => {
                let join = if below(2, chance) == 0 { Join::And } else { Join::Or };
                let form = FORMS[below(FORMS.len(), chance)];
                // Back ends may combine several conditions on one property.
                let property = match below(4, chance) {
                    0 => self.property(|property| within.is_none() || property.scope == within, chance),
                    _ => None,
                };
                let part = |chance: &mut TestRunner| match &property {
                    Some(property) => self.filter_on(property, chance),
                    None => self.nested(depth - 1, within, chance),
                };
                let parts = (0..[0, 1, 2, 2, 2, 3][below(6, chance)]).map(|_| part(chance)).collect();
                PlainFilter::Joined { join, form, parts }
            }
            6 if within.is_none() && self.variant.is_none() && !self.scopes.is_empty() => {
                let scope = self.scopes[below(self.scopes.len(), chance)].variant;
                match self.properties.iter().any(|property| property.scope == Some(scope)) {
                    true => PlainFilter::Widened(scope, Box::new(self.nested(depth - 1, Some(scope), chance))),
                    false => self.leaf(within, chance),
                }
            }
            _ => self.leaf(within, chance),
        }
    }

    fn leaf(&self, within: Option<usize>, chance: &mut TestRunner) -> PlainFilter {
        match below(24, chance) {
            0 => {
                let comparison = ALL[below(ALL.len(), chance)];
                return PlainFilter::Id { comparison, number: below(ANY, chance) };
            }
            1 => return if below(2, chance) == 0 { PlainFilter::All } else { PlainFilter::Nothing },
            2 | 3 if within.is_none() && !self.scopes.is_empty() => {
                let variant = self.scopes[below(self.scopes.len(), chance)].variant;
                let form = [IsForm::Is, IsForm::AnyOf, IsForm::NoneOf][below(3, chance)];
                return PlainFilter::Is { variant, form };
            }
            _ => {}
        }
        match self.property(|property| within.is_none() || property.scope == within, chance) {
            Some(property) => self.filter_on(&property, chance),
            None => PlainFilter::All,
        }
    }

    /// A random filter on the property.
    fn filter_on(&self, property: &Property, chance: &mut TestRunner) -> PlainFilter {
        let is_variant = |property: &Property| {
            // The variant itself, with no option unwrapped.
            PlainFilter::Of(Place { property: property.clone(), somes: 0 }, Condition::IsVariant)
        };
        if matches!(property.kind, Kind::Variant) || property.ends_in_a_variant() && below(8, chance) == 0 {
            return is_variant(property);
        }
        let options = usize::from(property.options);
        let somes = match below(3, chance) {
            0 => below(options + 1, chance),
            _ => options,
        };
        let mut place = Place { property: property.clone(), somes: u8::try_from(somes).unwrap_or_default() };
        let form = below(12, chance);
        // `None` is most error-prone where several options can be `None`.
        if options > 0 && (form == 0 || options > 1 && below(3, chance) == 0) {
            place.somes = u8::try_from(below(options, chance)).unwrap_or_default();
            let condition = match below(4, chance) {
                0 => Condition::IsNone,
                1 => Condition::IsSome,
                other => Condition::Compare(EQUALITY[other % 2], Value::NONE),
            };
            return PlainFilter::Of(place, condition);
        }
        match self.condition(&place, form, chance) {
            Some(condition) => PlainFilter::Of(place, condition),
            None => PlainFilter::All,
        }
    }

    /// `None` if no value of its type is known.
    fn condition(&self, place: &Place, form: usize, chance: &mut TestRunner) -> Option<Condition> {
        Some(match place.property.kind {
            _ if form < 4 => self.among(place, chance)?,
            Kind::Scalar(ScalarType::String) if form < 9 => self.of_text(place, chance),
            Kind::Scalar(_) if form == 9 => {
                let (low, high) = (self.operand(place, chance)?, self.operand(place, chance)?);
                // Mostly the lower bound comes first.
                let turned = order(&low, &high).is_gt() && below(4, chance) > 0;
                if turned { Condition::Between(high, low) } else { Condition::Between(low, high) }
            }
            Kind::Scalar(_) => Condition::Compare(ALL[below(ALL.len(), chance)], self.operand(place, chance)?),
            Kind::List(_) | Kind::Set(_) | Kind::Map(..) if form < 7 => self.length(place, chance),
            Kind::List(element) | Kind::Set(element) if form < 11 => self.contains(place, element, chance),
            Kind::Map(keys, _) if form < 11 && place.options() == 0 => {
                Condition::ContainsKey(self.part(place, keys, chance))
            }
            Kind::List(_) | Kind::Set(_) | Kind::Map(..) | Kind::Other | Kind::Variant => {
                Condition::Compare(EQUALITY[below(2, chance)], self.operand(place, chance)?)
            }
        })
    }

    /// Equal to one of several, or to none of them.
    fn among(&self, place: &Place, chance: &mut TestRunner) -> Option<Condition> {
        let count = match below(24, chance) {
            0 => LONG,
            1 | 2 => 0,
            few => few % 5,
        };
        let mut operands = (0..count).map(|_| self.operand(place, chance)).collect::<Option<Vec<_>>>()?;
        if below(4, chance) == 0 && !operands.is_empty() {
            operands.push(operands[below(operands.len(), chance)].clone());
        }
        Some(Condition::Among { operands, negated: below(2, chance) == 0 })
    }

    fn contains(&self, place: &Place, element: ShapeFn, chance: &mut TestRunner) -> Condition {
        let several = [0, 0, 1, 2, 3][below(5, chance)];
        let parts = |chance: &mut TestRunner| (0..several).map(|_| self.part(place, element, chance)).collect();
        match below(4, chance) {
            0 if place.options() == 0 => Condition::ContainsAny(parts(chance)),
            1 | 2 if place.options() == 0 => Condition::ContainsAll(parts(chance)),
            _ => Condition::Contains(self.part(place, element, chance)),
        }
    }

    fn of_text(&self, place: &Place, chance: &mut TestRunner) -> Condition {
        match below(4, chance) {
            0 => Condition::Text(TextTest::StartsWith, self.text(place, 0, chance)),
            1 => Condition::Text(TextTest::EndsWith, self.text(place, 1, chance)),
            2 => Condition::Text(TextTest::Contains, self.text(place, 2, chance)),
            _ => {
                // Prefer a string that is not ASCII, if there is one.
                let mut stored = match hostile_scalar(ScalarType::String, chance) {
                    Value::Text(hostile_value) => String::from(hostile_value),
                    _ => String::new(),
                };
                for _ in 0..4 {
                    if let Some(Value::Text(text)) = self.stored(place, chance) {
                        stored = text.into();
                        if !stored.is_ascii() {
                            break;
                        }
                    }
                }
                // Swaps the case of each character.
                let turned = |text: &str| -> String {
                    let turned = text.chars().map(|character| match character.is_lowercase() {
                        true => character.to_uppercase().to_string(),
                        false => character.to_lowercase().to_string(),
                    });
                    turned.collect()
                };
                let operand = if below(2, chance) == 0 { turned(&stored) } else { similar_text(&stored, chance) };
                Condition::Text(TextTest::EqIgnoreCase, operand)
            }
        }
    }

    fn length(&self, place: &Place, chance: &mut TestRunner) -> Condition {
        let stored = self.stored(place, chance).map_or(0, |value| parts_of(value).len()) as u64;
        let length = match below(8, chance) {
            0 => 0,
            1 => [u64::MAX, 1 << 63, 1 << 32][below(3, chance)],
            2 => stored + 1,
            3 => stored.saturating_sub(1),
            _ => stored,
        };
        match below(8, chance) {
            0 => Condition::IsEmpty,
            1 => Condition::LengthBetween(length, stored),
            2 => Condition::LengthBetween(stored.saturating_sub(1), length),
            _ => Condition::Length(ALL[below(ALL.len(), chance)], length),
        }
    }
}
