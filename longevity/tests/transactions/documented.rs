//! Checks what the guide says of isolation and of errors against the tests and the error type.

use std::collections::BTreeSet;

use longevity::{Error, ErrorKind, RowId};

/// The names between backquotes in the first cell of each table row, and the rest of the row.
fn rows(table: &str) -> impl Iterator<Item = (Vec<&str>, &str)> {
    let cells = table.lines().skip(2).filter_map(|line| line.trim_matches('|').split_once('|'));
    cells.map(|(first, rest)| (first.split('`').skip(1).step_by(2).collect(), rest))
}

#[test]
fn the_table_of_isolation_agrees_with_the_tests() {
    // What the tests show for memory, SQLite and MongoDB.
    let tests = include_str!("isolation.rs");
    let listed = |by: &'static str, cells: [&'static str; 3]| {
        let list = tests.split(&format!("\n{by}!(")).nth(1).unwrap().split(");").next().unwrap();
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(move |name| (name.strip_prefix("no_").unwrap_or(name).to_owned(), cells)).collect::<Vec<_>>()
    };
    let mut tested = listed("on_each_back_end", ["no", "no", "no"]);
    tested.extend(listed("happens_on_mongo_alone", ["no", "no", "yes"]));
    tested.extend(listed("where_transactions_nest", ["no", "no", ""]));
    let documented = rows(include_str!("../../src/guide/isolation.md")).filter(|(names, _)| !names.is_empty());
    let documented = documented.flat_map(|(names, cells)| {
        let cells: Vec<_> = cells.split('|').map(|cell| cell.trim().to_owned()).collect();
        names.into_iter().map(move |name| (name.to_owned(), cells.clone()))
    });
    assert!(tested.len() > 5);
    let tested = tested.into_iter().map(|(name, cells)| (name, cells.map(str::to_owned).to_vec()));
    assert_eq!(documented.collect::<BTreeSet<_>>(), tested.collect());
}

/// One value of each error.
fn errors() -> Vec<Error> {
    let id: RowId = RowId::from_u128(1);
    let (type_name, backend, what) = ("User", "mem", String::new);
    vec![
        Error::DuplicateKey { type_name, key: what(), value: what() },
        Error::UndeclaredKey { type_name, key: what() },
        Error::DanglingReference { type_name, property: what(), target: type_name, key: what() },
        Error::DanglingReferences { count: 1, first: Vec::new() },
        Error::Referenced { type_name, key: what(), by: type_name, property: what(), count: 1 },
        Error::RowsDoNotFit { type_name, property: what(), problem: what() },
        Error::WriteConflict { type_name, id, expected: 0, found: 1 },
        Error::NotFound { type_name, what: what() },
        Error::NotUnique { type_name },
        Error::InvalidCursor { problem: "" },
        Error::InvalidQuery { type_name, problem: "" },
        Error::Contended { type_name, tries: 1 },
        Error::TransactionConflict { tries: 1, source: "".into() },
        Error::TransactionLost { because: what() },
        Error::TransactionEnded { how: "" },
        Error::TransactionNested,
        Error::ReadOnly { type_name },
        Error::OutcomeUnknown { backend, source: "".into() },
        Error::InvalidPatch { type_name, path: what(), problem: what() },
        Error::NotIndexed { type_name, warning: what() },
        Error::UnstablePrimaryKey { type_name, key: what(), from: what(), to: what() },
        Error::InvalidModel { type_name, problem: what() },
        Error::Decode { type_name, id, path: what(), source: "".into() },
        Error::UnknownDiscriminator { type_name, table: what(), id, found: what(), known: Vec::new() },
        Error::Unsupported { backend, operation: "" },
        Error::TooLarge { type_name, limit: what() },
        Error::QueryTooLarge { backend, limit: what() },
        Error::Connection { kind: ErrorKind::Transient, source: "".into() },
        Error::Backend { backend, kind: ErrorKind::Unknown, source: "".into() },
        Error::Busy { backend, source: "".into() },
    ]
}

#[test]
fn the_table_of_errors_has_each_error_and_its_kind() {
    let name = |error: &Error| {
        let text = format!("{error:?}");
        text.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
    };
    let errors = errors();
    let declared = include_str!("../../../longevity-core/src/error.rs");
    let declared = declared.split("pub enum Error {").nth(1).unwrap().split("\n}").next().unwrap();
    // The variants are the lines that are indented once and begin with a capital letter.
    let variant = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let is_name = line.starts_with(|c: char| c.is_ascii_uppercase());
        is_name.then(|| line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned())
    };
    let declared: BTreeSet<_> = declared.lines().filter_map(variant).collect();
    assert_eq!(errors.iter().map(name).collect::<BTreeSet<_>>(), declared);

    let mut documented = BTreeSet::new();
    for (names, rest) in rows(include_str!("../../src/guide/errors.md")) {
        let kind = match rest.split('|').next().map(str::trim) {
            Some("transient") => ErrorKind::Transient,
            Some("permanent") => ErrorKind::Permanent,
            Some("unknown") => ErrorKind::Unknown,
            // The back end decides the kind of each of these errors.
            Some("its own") => {
                assert!(names == ["Connection"] || names == ["Backend"], "{names:?}");
                documented.extend(names.into_iter().map(str::to_owned));
                continue;
            }
            other => panic!("{names:?} has the unknown kind {other:?}"),
        };
        for error in errors.iter().filter(|error| names.contains(&name(error).as_str())) {
            assert_eq!(error.kind(), kind, "{error:?}");
        }
        documented.extend(names.into_iter().map(str::to_owned));
    }
    assert_eq!(documented, declared);
}
