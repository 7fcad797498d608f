//! Queries in words, for reports: `where num_cats > 3 order by name descending limit 5`.

use std::fmt;

use longevity_core::Value;
use longevity_core::backend::Direction;
use longevity_core::value::Comparison;

use super::Questions;
use super::asked::{Asked, By, IsForm, Join, JoinForm, Place, Question, Test, What};
use super::properties::{Hop, Property};

/// How many operands of a long list are told.
const TOLD: usize = 12;

impl Questions {
    /// The query in words.
    pub(crate) fn told(&self, asked: &Asked) -> String {
        let Asked { filter, order, ties, offset, limit } = asked;
        let mut words = match filter {
            Question::All => "all".to_owned(),
            filter => format!("where {}", self.in_words(filter)),
        };
        let order = order.iter().map(|By { place, direction }| format!("{place}{}", if_descending(*direction)));
        let order: Vec<_> = order.chain((*ties == Direction::Descending).then(|| "id descending".to_owned())).collect();
        if !order.is_empty() {
            words.push_str(&format!(" order by {}", order.join(", ")));
        }
        if *offset > 0 {
            words.push_str(&format!(" offset {offset}"));
        }
        if let Some(limit) = limit {
            words.push_str(&format!(" limit {limit}"));
        }
        words
    }

    /// The filter: `not (num_cats > 3 and name ends with "x")`.
    fn in_words(&self, question: &Question) -> String {
        let type_of = |variant: &usize| {
            let scope = self.scopes.iter().find(|scope| scope.variant == *variant);
            scope.map_or("row", |scope| scope.name)
        };
        match question {
            Question::All => "true".to_owned(),
            Question::Nothing => "false".to_owned(),
            Question::Is { variant, form: IsForm::Is } => format!("it is a {}", type_of(variant)),
            Question::Is { variant, form: IsForm::AnyOf } => format!("it is a {}, of these", type_of(variant)),
            Question::Is { variant, form: IsForm::NoneOf } => format!("not one of these: it is a {}", type_of(variant)),
            Question::Id { comparison, number } => format!("id {} {number}", sign(*comparison)),
            Question::Of(place, what) => match place.property.scope {
                Some(scope) => format!("{}'s {}", type_of(&scope), asked(place, what)),
                None => asked(place, what),
            },
            Question::Not(part) => format!("not ({})", self.in_words(part)),
            Question::Widened(variant, part) => format!("of a {} ({})", type_of(variant), self.in_words(part)),
            Question::Joined { join, form, parts } => {
                let parts: Vec<_> = parts.iter().map(|part| self.in_words(part)).collect();
                let (word, of_none) = match join {
                    Join::And => (" and ", "all of nothing"),
                    Join::Or => (" or ", "any of nothing"),
                };
                match (form, parts.is_empty()) {
                    (_, true) => of_none.to_owned(),
                    (JoinForm::Left, false) => format!("({})", parts.join(word)),
                    (JoinForm::Right, false) => format!("({}, from the right)", parts.join(word)),
                    (JoinForm::Some, false) => format!("({}, if there)", parts.join(word)),
                    (JoinForm::Collected, false) => format!("({}, collected)", parts.join(word)),
                    (JoinForm::Optional, false) => format!("({}, collected if there)", parts.join(word)),
                }
            }
        }
    }
}

fn asked(place: &Place, what: &What) -> String {
    match what {
        What::Compare(comparison, operand) => format!("{place} {} {}", sign(*comparison), told(operand)),
        What::Among { operands, negated } => {
            format!("{place}{} in {}", if *negated { " not" } else { "" }, listed(operands))
        }
        What::Between(low, high) => format!("{place} from {} to {}", told(low), told(high)),
        What::IsNone => format!("{place} is none"),
        What::IsSome => format!("{place} is some"),
        What::IsVariant => format!("{place} is it"),
        What::Text(test, text) => {
            let test = match test {
                Test::StartsWith => "starts with",
                Test::EndsWith => "ends with",
                Test::Contains => "contains",
                Test::EqIgnoreCase => "is, whatever the case,",
            };
            format!("{place} {test} {text:?}")
        }
        What::Contains(part) => format!("{place} has {}", told(part)),
        What::ContainsAny(parts) => format!("{place} has any of {}", listed(parts)),
        What::ContainsAll(parts) => format!("{place} has all of {}", listed(parts)),
        What::ContainsKey(key) => format!("{place} has the key [{key}]"),
        What::Length(comparison, length) => format!("length of {place} {} {length}", sign(*comparison)),
        What::LengthBetween(low, high) => format!("length of {place} from {low} to {high}"),
        What::IsEmpty => format!("length of {place} is none"),
    }
}

fn told(value: &Value) -> String {
    match value {
        Value::None(depth @ 1..) => format!("none in {depth}"),
        value => value.to_string(),
    }
}

fn listed(values: &[Value]) -> String {
    let mut listed: Vec<_> = values.iter().take(TOLD).map(told).collect();
    if values.len() > TOLD {
        listed.push(format!("and {} more", values.len() - TOLD));
    }
    format!("[{}]", listed.join(", "))
}

/// With a question mark for each option that it leads into.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.property)?;
        (0..self.somes).try_for_each(|_| f.write_str("?"))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, hop) in self.way.iter().enumerate() {
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
