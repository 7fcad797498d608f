//! The check that each table has: a row has a known discriminator, and the properties that its keys and indexes need.
//!
//! For each discriminator, the check lists the columns that the last model to create the schema keeps, and requires that each row
//! is stamped with that list. From this a model learns which of its columns another model did not keep. A program that opened the
//! table before columns were added, and would write rows without them, is refused.

use std::fmt::Write;

use longevity_core::hash_name;
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::table::{Column, TableDefinition};

use crate::encode::row::LAYOUT;
use crate::schema::column::Realized;
use crate::schema::names::{literal, quoted};

/// The name of the constraint.
pub(crate) const NAME: &str = "_rows";

/// The number that represents the columns kept for a variant. Models that keep the same columns have the same number.
pub(crate) fn stamp(definition: &TableDefinition, columns: &[Realized], variant: usize) -> u32 {
    let in_variant = |column: &Column| column.variant.is_none_or(|other| other == variant);
    let columns = definition.columns.iter().zip(columns).filter(|(column, _)| in_variant(column));
    let all: String = columns.map(|(column, realized)| kept(column, realized) + "\n").collect();
    // The number is positive, so that it is easy to read in the shell.
    hash_name(&all) as u32 >> 1
}

/// The condition on the rows of each discriminator, or on all rows in the table of a plain type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Plain(String),
    Poly(Vec<(String, String)>),
}

impl Checks {
    /// The checks of a definition with these columns.
    pub(crate) fn of(definition: &TableDefinition, columns: &[Realized], stamps: &[u32]) -> Self {
        let of_variant = |position: usize| {
            let present = definition.columns.iter().zip(columns).filter_map(|(column, realized)| {
                let in_variant = column.variant.is_none_or(|variant| variant == position);
                in_variant.then(|| kept(column, realized))
            });
            let mut present: Vec<_> = present.collect();
            present.insert(0, format!("{} = {}", quoted(LAYOUT), stamps[position]));
            present.join(" AND ")
        };
        let variants = definition.variants.iter().enumerate();
        let arms: Vec<_> = variants
            .flat_map(|(position, variant)| {
                let names = variant.discriminators.unwrap_or_default().iter();
                names.map(move |name| ((*name).to_owned(), of_variant(position)))
            })
            .collect();
        if definition.variants.iter().all(|variant| variant.discriminators.is_none()) {
            Self::Plain(of_variant(0))
        } else {
            Self::Poly(arms)
        }
    }

    /// These checks, with those of the discriminators that only `found` knows.
    pub(crate) fn with_strangers_of(&self, found: &Self) -> Self {
        match (self, found) {
            (Self::Poly(own), Self::Poly(found)) => {
                let strangers = found.iter().filter(|(name, _)| !own.iter().any(|(known, _)| known == name));
                Self::Poly(own.iter().chain(strangers).cloned().collect())
            }
            _ => self.clone(),
        }
    }

    /// Whether the model that created these checks kept the column with this condition, in the rows of this discriminator if
    /// there are any.
    pub(crate) fn keep(&self, kept: &str, discriminator: Option<&str>) -> bool {
        let lists = |check: &str| conjuncts(check).contains(&kept);
        match (self, discriminator) {
            (Self::Plain(check), _) => lists(check),
            // A discriminator that the model did not know had no rows.
            (Self::Poly(arms), Some(name)) => arms.iter().all(|(known, check)| known != name || lists(check)),
            (Self::Poly(_), None) => false,
        }
    }

    /// The expression.
    pub(crate) fn expression(&self) -> String {
        match self {
            Self::Plain(check) => check.clone(),
            Self::Poly(arms) => {
                let mut expression = "CASE \"_type\"".to_owned();
                for (name, check) in arms {
                    // Writing to a string cannot fail.
                    let _ = write!(expression, "\n    WHEN {} THEN ({check})", literal(name));
                }
                expression + "\n    ELSE 0 END"
            }
        }
    }

    /// The constraint, as a part of a statement.
    pub(crate) fn constraint(&self) -> String {
        format!("CONSTRAINT {} CHECK ({})", quoted(NAME), self.expression())
    }

    /// The checks in the statement that created a table; `None` if it has none that longevity wrote.
    pub(crate) fn found_in(create_table: &str) -> Option<Self> {
        let start = format!("CONSTRAINT {} CHECK ", quoted(NAME));
        let (_, rest) = create_table.split_once(&start)?;
        let (expression, _) = parenthesized(rest)?;
        let Some(mut rest) = expression.strip_prefix("CASE \"_type\"") else {
            return Some(Self::Plain(expression.to_owned()));
        };
        let mut arms = Vec::new();
        while let Some(arm) = rest.trim_start().strip_prefix("WHEN ") {
            let (name, after) = text(arm)?;
            let (check, after) = parenthesized(after.strip_prefix(" THEN ")?)?;
            arms.push((name, check.to_owned()));
            rest = after;
        }
        (rest.trim() == "ELSE 0 END").then_some(Self::Poly(arms))
    }
}

/// The condition on a column. For most optional columns it is true of every row, and only records that the column is kept. For
/// types that are stored as text of a certain form it also checks that form, so that a property that was a string is not mistaken
/// for one.
pub(crate) fn kept(column: &Column, realized: &Realized) -> String {
    let name = &realized.quoted;
    let pattern = match column.shape {
        Shape::Scalar(ScalarType::Timestamp) if realized.declared == "TEXT" => Some(format!("{name} GLOB '*Z'")),
        Shape::Scalar(ScalarType::Uuid) if realized.declared == "TEXT" => Some(format!("length({name}) = 36")),
        _ => None,
    };
    match (pattern, column.optional) {
        (None, false) => format!("{name} NOTNULL"),
        (None, true) => format!("({name} ISNULL OR 1)"),
        (Some(pattern), false) => format!("({name} NOTNULL AND {pattern})"),
        (Some(pattern), true) => format!("({name} ISNULL OR {pattern})"),
    }
}

/// The parts between those `AND`s that are neither in quotes nor in parentheses.
fn conjuncts(check: &str) -> Vec<&str> {
    const AND: &str = " AND ";
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (position, letter) in check.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 && check[position..].starts_with(AND) => {
                parts.push(&check[start..position]);
                start = position + AND.len();
            }
            (None, _) => {}
        }
    }
    parts.push(&check[start..]);
    parts
}

/// The text between the opening parenthesis at the start and its closing one, and the rest.
fn parenthesized(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote) = (0_usize, None);
    for (position, letter) in text.char_indices() {
        match (quote, letter) {
            // A doubled quote closes the literal and opens it again.
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((text[..position].strip_prefix('(')?, &text[position + 1..]));
                }
            }
            (None, _) => {}
        }
        if depth == 0 && quote.is_none() {
            return None;
        }
    }
    None
}

/// The string literal at the start of the text, and the rest.
fn text(literal: &str) -> Option<(String, &str)> {
    let mut rest = literal.strip_prefix('\'')?;
    let mut text = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        text.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some((text, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poly(arms: &[(&str, &str)]) -> Checks {
        Checks::Poly(arms.iter().map(|(name, check)| ((*name).to_owned(), (*check).to_owned())).collect())
    }

    #[test]
    fn checks_are_parsed_as_they_were_written() {
        for checks in [
            poly(&[("Member", "\"Member.email\" NOTNULL AND (\"Member.nick\" ISNULL OR 1)"), ("Commenter", "1")]),
            poly(&[("it's (\"odd\") WHEN ", "\"a)'\"\"b\" NOTNULL")]),
            Checks::Plain("\"email\" NOTNULL AND \"CASE\" NOTNULL".to_owned()),
            Checks::Plain("1".to_owned()),
        ] {
            let table = format!("CREATE TABLE \"t\" (\"_id\" INTEGER, {}) STRICT", checks.constraint());
            assert_eq!(Checks::found_in(&table), Some(checks), "{table}");
        }
    }

    #[test]
    fn checks_of_other_programs_are_not_recognized() {
        for text in
            ["CHECK (1)", "CONSTRAINT \"_rows\" CHECK (", "CONSTRAINT \"_rows\" CHECK (CASE \"_type\" WHEN 1 END)"]
        {
            assert_eq!(Checks::found_in(text), None, "{text}");
        }
    }

    #[test]
    fn checks_of_unknown_discriminators_are_kept() {
        let own = poly(&[("Member", "1")]);
        let found = poly(&[("Member", "\"old\" NOTNULL"), ("Bot", "\"Bot.name\" NOTNULL")]);
        assert_eq!(own.with_strangers_of(&found), poly(&[("Member", "1"), ("Bot", "\"Bot.name\" NOTNULL")]));
    }

    #[test]
    fn a_column_that_another_model_did_not_keep_is_detected() {
        let checks = poly(&[("Member", "\"email\" NOTNULL AND (\"nick\" ISNULL OR 1)"), ("Bot", "1")]);
        let (email, nick) = ("\"email\" NOTNULL", "(\"nick\" ISNULL OR 1)");
        assert!(checks.keep(email, Some("Member")) && checks.keep(nick, Some("Member")));
        assert!(!checks.keep("\"cats\" NOTNULL", Some("Member")) && !checks.keep(email, Some("Bot")));
        assert!(checks.keep(email, Some("New")));
    }

    #[test]
    fn a_name_may_contain_separators() {
        let parts = ["\"a AND b\" NOTNULL", "(\"c\" NOTNULL AND length(\"c\") = 36)", "\") AND '\" NOTNULL"];
        assert_eq!(conjuncts(&parts.join(" AND ")), parts);
    }
}
