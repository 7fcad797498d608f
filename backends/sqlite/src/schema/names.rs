//! Identifiers: the names of tables, columns and indexes. SQLite considers names equal that differ only in the case of ASCII
//! letters; core does not.

use longevity_core::hash_name;
use longevity_core::table::{Column, TableDefinition};

/// An identifier, quoted.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal. It is only for constants of the program, such as discriminators; values are bound.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The name of a table if another table has a name that differs only in case: a mark for the case of each letter is appended.
pub(crate) fn with_case_marks(table: &str) -> String {
    let marks: String = table.chars().map(|letter| if letter.is_ascii_uppercase() { 'U' } else { 'l' }).collect();
    format!("{table}~{marks}")
}

/// The names of the realized columns: the path, after the discriminator if it is one variant's.
pub(crate) fn columns(definition: &TableDefinition) -> Vec<String> {
    let plain = definition.columns.iter().map(|column| match discriminator(definition, column) {
        Some(discriminator) => format!("{discriminator}.{}", column.path),
        None => column.path.to_string(),
    });
    distinguished(plain.collect(), |position| {
        let column = &definition.columns[position];
        format!("{} {}", discriminator(definition, column).unwrap_or_default(), column.path)
    })
}

/// The names of the indexes of a table with this name.
pub(crate) fn indexes(definition: &TableDefinition, table: &str) -> Vec<String> {
    let plain = definition.indexes.iter().map(|index| match index.name.strip_prefix(&*definition.name) {
        Some(rest) => format!("{table}{rest}"),
        None => index.name.clone(),
    });
    distinguished(plain.collect(), |position| definition.indexes[position].name.clone())
}

/// The names of the side tables of a table with this name: first those of its references, then those of its indexes of elements. A
/// reference that has such an index has its side table.
pub(crate) fn side_tables(definition: &TableDefinition, table: &str) -> Vec<String> {
    let references = definition.references.iter().map(|reference| &reference.name);
    let elements = definition.element_indexes.iter().map(|index| &index.name);
    let names: Vec<_> = references.chain(elements).collect();
    let plain = names.iter().map(|name| match name.strip_prefix(&*definition.name) {
        Some(rest) => format!("{table}{rest}"),
        None => (*name).clone(),
    });
    distinguished(plain.collect(), |position| names[position].clone())
}

/// The names of the side tables with the keys of the rows of one type, for each variant those of each key.
pub(crate) fn targets(definition: &TableDefinition, table: &str) -> Vec<Vec<String>> {
    let of = |variant: usize, key: usize| {
        let (variant, key) = (&definition.variants[variant], &definition.indexes[key]);
        format!("{table}.{}.{}.targets", variant.type_name, key.property())
    };
    let keys = definition.indexes.len();
    let plain = (0..definition.variants.len()).flat_map(|variant| (0..keys).map(move |key| (variant, key)));
    let plain: Vec<_> = plain.map(|(variant, key)| of(variant, key)).collect();
    let names = distinguished(plain.clone(), |position| plain[position].clone());
    names.chunks(keys.max(1)).map(<[String]>::to_vec).collect()
}

fn discriminator(definition: &TableDefinition, column: &Column) -> Option<&'static str> {
    definition.variants[column.variant?].discriminators?.first().copied()
}

/// The names, each with a hash of its meaning appended if another name with another meaning differs from it only in case.
pub(crate) fn distinguished(names: Vec<String>, meaning: impl Fn(usize) -> String) -> Vec<String> {
    let clashes = |position: usize| {
        let others = names.iter().enumerate().filter(|(other, _)| *other != position);
        others
            .into_iter()
            .any(|(at, other)| other.eq_ignore_ascii_case(&names[position]) && meaning(at) != meaning(position))
    };
    let distinguish = |(position, name): (usize, &String)| match clashes(position) {
        true => format!("{name}~{:08x}", hash_name(&meaning(position)) as u32),
        false => name.clone(),
    };
    names.iter().enumerate().map(distinguish).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn names_that_differ_only_in_case_get_a_mark_each() {
        let names = distinguished(vec!["a".into(), "A".into(), "b".into()], |position| position.to_string());
        assert!(names[0].starts_with("a~") && names[1].starts_with("A~"), "{names:?}");
        assert!(!names[0].eq_ignore_ascii_case(&names[1]));
        assert_eq!(names[2], "b");
        assert_eq!(with_case_marks("User"), "User~Ulll");
        assert_eq!(with_case_marks("user"), "user~llll");
    }
}
