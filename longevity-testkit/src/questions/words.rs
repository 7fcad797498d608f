//! Queries in words, for reports.

use longevity_core::query::{Direction, Predicate, Select, TextTest};
use longevity_core::value::Comparison;

/// How many operands of a long list are told.
const TOLD: usize = 12;

/// The query: `where num_cats > 3 order by name descending limit 5`.
pub(crate) fn told(select: &Select) -> String {
    let Select { predicate, order, ties, offset, limit, .. } = select;
    let mut words = match predicate {
        Predicate::All => "all".to_owned(),
        predicate => format!("where {}", in_words(predicate)),
    };
    let order = order.iter().map(|by| format!("{}{}", by.path, if_descending(by.direction)));
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

fn if_descending(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending => " descending",
    }
}

/// The filter: `not (num_cats > 3 and name ends with "x")`.
pub(crate) fn in_words(predicate: &Predicate) -> String {
    match predicate {
        Predicate::All => "true".to_owned(),
        Predicate::Nothing => "false".to_owned(),
        Predicate::Discriminator(names) => format!("it is a {}", names.join(" or ")),
        Predicate::Compare { path, comparison, operand } => format!("{path} {} {operand}", sign(*comparison)),
        Predicate::In { path, operands, negated } => {
            let mut told: Vec<_> = operands.iter().take(TOLD).map(ToString::to_string).collect();
            if operands.len() > TOLD {
                told.push(format!("and {} more", operands.len() - TOLD));
            }
            let not = if *negated { " not" } else { "" };
            format!("{path}{not} in [{}]", told.join(", "))
        }
        Predicate::Text { path, test, text } => {
            let test = match test {
                TextTest::EndsWith => "ends with",
                TextTest::Contains => "contains",
                TextTest::EqIgnoreCase => "is, whatever the case,",
            };
            format!("{path} {test} {text:?}")
        }
        Predicate::Contains { path, element } => format!("{path} has {element}"),
        Predicate::Length { path, comparison, length } => format!("length of {path} {} {length}", sign(*comparison)),
        Predicate::Id { comparison, id } => format!("id {} {}", sign(*comparison), id.as_u128()),
        Predicate::And(parts) if parts.is_empty() => "all of nothing".to_owned(),
        Predicate::Or(parts) if parts.is_empty() => "any of nothing".to_owned(),
        Predicate::And(parts) => joined(parts, " and "),
        Predicate::Or(parts) => joined(parts, " or "),
        Predicate::Not(part) => format!("not ({})", in_words(part)),
    }
}

fn joined(parts: &[Predicate], word: &str) -> String {
    let parts: Vec<_> = parts.iter().map(in_words).collect();
    format!("({})", parts.join(word))
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
