//! Tests that a query over all rows has no condition, with which SQLite would look at each row.

use std::sync::Arc;

use longevity_core::backend::{Backend, ByKind, Lookup, Session, Target, WriteFailure};
use longevity_core::backend::{Predicate, Select};
use longevity_core::table::{Scope, TableDefinition};
use longevity_core::{RowContent, ValueRef, block_on};
use rusqlite::Connection;

use crate::query::explain;
use crate::query::translate;
use crate::query::translate::Statement;
use crate::test_table::{content, definition};
use crate::{Sqlite, Table};

/// The table for tests, of a plain type.
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
fn all_rows_are_counted_without_looking_at_each() {
    for definition in [plain(), definition()] {
        let (_sqlite, table) = opened(definition);
        let ready = block_on(table.ready()).unwrap();
        // A filter that every row satisfies, in each of its forms.
        let nothing_asked = Predicate::And(Vec::new());
        let nested = Predicate::And(vec![Predicate::True, Predicate::True]);
        for all in [Predicate::True, nothing_asked, nested] {
            let statement = translate::count(&table.database.properties, ready, &all).unwrap();
            assert_eq!(statement.sql, "SELECT count(*) FROM \"t\"");
            let opcodes = opcodes(&table.database.writer.lock().unwrap(), &statement);
            assert!(opcodes.iter().any(|opcode| opcode == "Count"), "{opcodes:?}");
            assert!(!opcodes.iter().any(|opcode| opcode == "Next"), "{opcodes:?}");

            let statement = translate::exists(&table.database.properties, ready, &all).unwrap();
            assert_eq!(statement.sql, "SELECT EXISTS (SELECT 1 FROM \"t\")");
            let statement = translate::select(&table.database.properties, ready, &Select::of(all)).unwrap();
            assert!(!statement.sql.contains("WHERE"), "{}", statement.sql);
            let plan = explain::plan(&table.database.writer.lock().unwrap(), &statement).unwrap();
            assert_eq!(plan, ["SCAN t"]);
        }
    }
}

#[test]
fn a_query_over_all_rows_finds_the_rows_of_all_types() {
    let (sqlite, table) = opened(definition());
    assert!(!block_on(sqlite.exists(&table, Predicate::True)).unwrap());
    for (name, of) in [("a", 0), ("b", 1), ("c", 1)] {
        block_on(sqlite.insert(&table, content(name, of))).unwrap();
    }
    assert!(block_on(sqlite.exists(&table, Predicate::True)).unwrap());
    assert_eq!(block_on(sqlite.count(&table, Predicate::True)).unwrap(), 3);
    assert_eq!(block_on(sqlite.find(&table, Select::of(Predicate::True))).unwrap().len(), 3);
    let person = Predicate::Scope(definition().scope(1).unwrap());
    assert_eq!(block_on(sqlite.count(&table, person.and(Predicate::True))).unwrap(), 2);
    assert_eq!(block_on(sqlite.count(&table, Predicate::False)).unwrap(), 0);
}

#[test]
fn an_unknown_scope_has_no_rows() {
    for (definition, name) in [(plain(), None), (definition(), Some("Member"))] {
        let (sqlite, table) = opened(definition);
        let content = || RowContent { discriminator: name.map(Into::into), ..content("a", 0) };
        let columns = block_on(table.ready()).unwrap().definition.columns.len();
        let content = || RowContent { columns: content().columns.into_iter().take(columns).collect(), ..content() };
        let id = block_on(sqlite.insert(&table, content())).unwrap();
        for scope in [
            Scope { variant: 0, discriminators: &["Nobody"] },
            Scope { variant: 1, discriminators: &["Nobody"] },
            Scope { variant: 9, discriminators: &["Nobody"] },
        ] {
            assert_eq!(block_on(sqlite.count(&table, Predicate::Scope(scope))).unwrap(), 0, "{scope:?}");
            let lookup = Lookup { index: 0, values: &[ValueRef::Text("a")], scope: Some(scope) };
            assert!(block_on(sqlite.get(&table, lookup)).is_err(), "{scope:?}");
            let target = Target { id, version: None, scope: Some(scope), primary_key: None, before: false };
            assert!(matches!(block_on(sqlite.delete(&table, target)), Err(WriteFailure::Missing)), "{scope:?}");
            let replaced = block_on(sqlite.replace(&table, target, content()));
            assert!(matches!(replaced, Err(WriteFailure::Missing)), "{scope:?}");
        }
        assert_eq!(block_on(sqlite.count(&table, Predicate::True)).unwrap(), 1);
    }
}
