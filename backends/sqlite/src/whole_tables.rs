//! That a question about all rows has no condition, with which SQLite would look at each of them.

use std::sync::Arc;

use longevity_core::backend::{Backend, ByKind, Session};
use longevity_core::block_on;
use longevity_core::query::{Predicate, Select};
use longevity_core::table::TableDefinition;
use rusqlite::Connection;

use crate::recompiles::{content, definition};
use crate::translate::Statement;
use crate::{Sqlite, Table, explain, translate};

/// The same table, of a plain type.
fn plain() -> TableDefinition {
    let mut plain = definition();
    plain.variants.truncate(1);
    plain.columns.truncate(1);
    plain.indexes.truncate(1);
    plain.variants[0].discriminators = None;
    plain.columns[0].variant = None;
    plain.indexes[0].scope = None;
    plain
}

fn opened(definition: TableDefinition) -> (Sqlite, Table) {
    let sqlite = Sqlite::in_memory();
    let table = block_on(sqlite.open(&[Arc::new(definition)])).unwrap().remove(0);
    block_on(sqlite.create_schema(&[&table])).unwrap();
    (sqlite, table)
}

/// The steps of SQLite's machine.
fn opcodes(connection: &Connection, statement: &Statement) -> Vec<String> {
    let sql = format!("EXPLAIN {}", statement.sql);
    let mut prepared = connection.prepare(&sql).unwrap();
    prepared.query_map([], |row| row.get("opcode")).unwrap().map(Result::unwrap).collect()
}

#[test]
fn all_rows_are_counted_without_a_look_at_each() {
    for definition in [plain(), definition()] {
        let (_sqlite, table) = opened(definition);
        let ready = table.ready().unwrap();
        // A filter that asks nothing, in each of its forms.
        let nothing_asked = Predicate::And(Vec::new());
        let nested = Predicate::And(vec![Predicate::All, Predicate::All]);
        for all in [Predicate::All, nothing_asked, nested] {
            let statement = translate::count(&table.database, ready, &all).unwrap();
            assert_eq!(statement.sql, "SELECT count(*) FROM \"t\"");
            let opcodes = opcodes(&table.database.writer.lock(), &statement);
            assert!(opcodes.iter().any(|opcode| opcode == "Count"), "{opcodes:?}");
            assert!(!opcodes.iter().any(|opcode| opcode == "Next"), "{opcodes:?}");

            let statement = translate::exists(&table.database, ready, &all).unwrap();
            assert_eq!(statement.sql, "SELECT EXISTS (SELECT 1 FROM \"t\")");
            let statement = translate::select(&table.database, ready, &Select::of(all)).unwrap();
            assert!(!statement.sql.contains("WHERE"), "{}", statement.sql);
            let plan = explain::plan(&table.database.writer.lock(), &statement).unwrap();
            assert_eq!(plan, ["SCAN t"]);
        }
    }
}

#[test]
fn all_rows_are_those_of_all_types() {
    let (sqlite, table) = opened(definition());
    assert!(!block_on(sqlite.exists(&table, Predicate::All)).unwrap());
    for (name, of) in [("a", 0), ("b", 1), ("c", 1)] {
        block_on(sqlite.insert(&table, content(name, of))).unwrap();
    }
    assert!(block_on(sqlite.exists(&table, Predicate::All)).unwrap());
    assert_eq!(block_on(sqlite.count(&table, Predicate::All)).unwrap(), 3);
    assert_eq!(block_on(sqlite.find(&table, Select::of(Predicate::All))).unwrap().len(), 3);
    let person = Predicate::Scope(definition().scope(1).unwrap());
    assert_eq!(block_on(sqlite.count(&table, person.and(Predicate::All))).unwrap(), 2);
    assert_eq!(block_on(sqlite.count(&table, Predicate::Nothing)).unwrap(), 0);
}
