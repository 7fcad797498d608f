//! Queries as text, for reports: `where num_cats > 3 order by name descending limit 5`.

use std::fmt;

use longevity_core::Value;
use longevity_core::backend::Direction;
use longevity_core::value::Comparison;

use super::plain_query::{Condition, IsForm, Join, JoinForm, Place, PlainFilter, PlainOrder, PlainQuery, TextTest};
use super::properties::{Hop, Property};
use super::random_queries::RandomQueries;

/// How many operands of a long list are shown.
const SHOWN: usize = 12;

impl RandomQueries {
    /// The query as text.
    pub(crate) fn describe(&self, query: &PlainQuery) -> String {
        let PlainQuery { filter, order, ties, offset, limit } = query;
        let mut description = match filter {
            PlainFilter::All => "all".to_owned(),
            filter => format!("where {}", self.describe_filter(filter)),
        };
        let order = order.iter().map(|PlainOrder { place, direction }| format!("{place}{}", if_descending(*direction)));
        let order: Vec<_> = order.chain((*ties == Direction::Descending).then(|| "id descending".to_owned())).collect();
        if !order.is_empty() {
            description.push_str(&format!(" order by {}", order.join(", ")));
        }
        if *offset > 0 {
            description.push_str(&format!(" offset {offset}"));
        }
        if let Some(limit) = limit {
            description.push_str(&format!(" limit {limit}"));
        }
        description
    }

    /// The filter as text: `not (num_cats > 3 and name ends with "x")`.
    fn describe_filter(&self, filter: &PlainFilter) -> String {
        let type_of = |variant: &usize| {
            let scope = self.scopes.iter().find(|scope| scope.variant == *variant);
            scope.map_or("row", |scope| scope.name)
        };
        match filter {
            PlainFilter::All => "true".to_owned(),
            PlainFilter::Nothing => "false".to_owned(),
            PlainFilter::Is { variant, form: IsForm::Is } => format!("it is a {}", type_of(variant)),
            PlainFilter::Is { variant, form: IsForm::AnyOf } => format!("it is a {}, of these", type_of(variant)),
            PlainFilter::Is { variant, form: IsForm::NoneOf } => {
                format!("not one of these: it is a {}", type_of(variant))
            }
            PlainFilter::Id { comparison, number } => format!("id {} {number}", sign(*comparison)),
            PlainFilter::Of(place, condition) => match place.property.scope {
                Some(scope) => format!("{}'s {}", type_of(&scope), describe_condition(place, condition)),
                None => describe_condition(place, condition),
            },
            PlainFilter::Not(part) => format!("not ({})", self.describe_filter(part)),
            PlainFilter::Widened(variant, part) => {
                format!("of a {} ({})", type_of(variant), self.describe_filter(part))
            }
            PlainFilter::Joined { join, form, parts } => {
                let parts: Vec<_> = parts.iter().map(|part| self.describe_filter(part)).collect();
                let (operator, of_none) = match join {
                    Join::And => (" and ", "all of nothing"),
                    Join::Or => (" or ", "any of nothing"),
                };
                match (form, parts.is_empty()) {
                    (_, true) => of_none.to_owned(),
                    (JoinForm::Left, false) => format!("({})", parts.join(operator)),
                    (JoinForm::Right, false) => format!("({}, from the right)", parts.join(operator)),
                    (JoinForm::Some, false) => format!("({}, if there)", parts.join(operator)),
                    (JoinForm::Collected, false) => format!("({}, collected)", parts.join(operator)),
                    (JoinForm::Optional, false) => format!("({}, collected if there)", parts.join(operator)),
                }
            }
        }
    }
}

fn describe_condition(place: &Place, condition: &Condition) -> String {
    match condition {
        Condition::Compare(comparison, operand) => format!("{place} {} {}", sign(*comparison), describe_value(operand)),
        Condition::Among { operands, negated } => {
            format!("{place}{} in {}", if *negated { " not" } else { "" }, describe_list(operands))
        }
        Condition::Between(low, high) => format!("{place} from {} to {}", describe_value(low), describe_value(high)),
        Condition::IsNone => format!("{place} is none"),
        Condition::IsSome => format!("{place} is some"),
        Condition::IsVariant => format!("{place} is it"),
        Condition::Text(test, text) => {
            let test = match test {
                TextTest::StartsWith => "starts with",
                TextTest::EndsWith => "ends with",
                TextTest::Contains => "contains",
                TextTest::EqIgnoreCase => "is, whatever the case,",
            };
            format!("{place} {test} {text:?}")
        }
        Condition::Contains(part) => format!("{place} has {}", describe_value(part)),
        Condition::ContainsAny(parts) => format!("{place} has any of {}", describe_list(parts)),
        Condition::ContainsAll(parts) => format!("{place} has all of {}", describe_list(parts)),
        Condition::ContainsKey(key) => format!("{place} has the key [{key}]"),
        Condition::Length(comparison, length) => format!("length of {place} {} {length}", sign(*comparison)),
        Condition::LengthBetween(low, high) => format!("length of {place} from {low} to {high}"),
        Condition::IsEmpty => format!("length of {place} is none"),
    }
}

fn describe_value(value: &Value) -> String {
    match value {
        Value::None(depth @ 1..) => format!("none in {depth}"),
        value => value.to_string(),
    }
}

fn describe_list(values: &[Value]) -> String {
    let mut values_shown: Vec<_> = values.iter().take(SHOWN).map(describe_value).collect();
    if values.len() > SHOWN {
        values_shown.push(format!("and {} more", values.len() - SHOWN));
    }
    format!("[{}]", values_shown.join(", "))
}

/// The property, with a question mark for each option that is unwrapped.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.property)?;
        (0..self.somes).try_for_each(|_| f.write_str("?"))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, hop) in self.hops.iter().enumerate() {
            match hop {
                Hop::Field(step) | Hop::Variant(step) if position == 0 => f.write_str(step.name)?,
                Hop::Field(step) | Hop::Variant(step) => write!(f, ".{}", step.name)?,
                Hop::Entry(key) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

fn if_descending(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending => " descending",
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "≠",
        Comparison::Lt => "<",
        Comparison::Le => "≤",
        Comparison::Gt => ">",
        Comparison::Ge => "≥",
    }
}
