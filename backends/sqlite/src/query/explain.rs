//! SQLite's plan for a query, in the words of `longevity-core`.

use longevity_core::backend::{Predicate, Select};
use longevity_core::{Access, Explanation};
use rusqlite::Connection;

use crate::encode::row::TYPE;
use crate::query::read::prepared;
use crate::query::translate::Statement;
use crate::schema::layout::{Declared, Layout};
use crate::schema::ready_table::ReadyTable;

/// The explanation of a statement.
pub(crate) fn explained(
    connection: &Connection,
    table: &ReadyTable,
    statement: &Statement,
) -> rusqlite::Result<Explanation> {
    let plan = plan(connection, statement)?;
    Ok(explanation(table, &plan))
}

/// The explanation of a query, from that of SQLite's plan.
pub(crate) fn explanation_of(select: &Select, plan: Explanation) -> Explanation {
    match select.predicate {
        Predicate::False => Explanation { access: Access::Nothing, ..plan },
        _ => plan,
    }
}

/// The lines of SQLite's plan for a statement.
pub(crate) fn plan(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<String>> {
    let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let mut prepared = prepared(connection, &Statement { sql, values: statement.values.clone() })?;
    let mut lines = prepared.raw_query();
    let mut plan = Vec::new();
    while let Some(line) = lines.next()? {
        plan.push(line.get(3)?);
    }
    Ok(plan)
}

/// The plan in core's words.
fn explanation(table: &ReadyTable, plan: &[String]) -> Explanation {
    let layout = &table.layout;
    let sorts = plan.iter().any(|line| line.starts_with("USE TEMP B-TREE FOR"));
    let by_elements = || plan.iter().find_map(|line| by_elements(table, line));
    let by_columns = plan.iter().find_map(|line| access(layout, table, line));
    // A part of the filter may be looked up for a scan.
    let scans = plan.iter().any(|line| line.strip_prefix("SCAN ") == Some(&*layout.table));
    let access = by_columns.or_else(|| by_elements().filter(|_| !scans)).unwrap_or(Access::Scan);
    Explanation {
        access,
        ordered_by_access: !sorts,
        table: table.definition.name.to_string(),
        details: Some(plan.join("\n")),
        warning: None,
    }
}

/// The index of elements whose side table a line says is searched.
fn by_elements(table: &ReadyTable, line: &str) -> Option<Access> {
    let rest = line.strip_prefix("SEARCH ")?;
    let side_tables = table.definition.element_indexes.iter().zip(&table.layout.elements);
    side_tables.filter_map(|(index, side_table)| Some((index, side_table.as_ref()?))).find_map(|(index, side_table)| {
        let searched = rest.strip_prefix(side_table.name.as_str())?.strip_prefix(" USING PRIMARY KEY (")?;
        let equal = |name: &&String| searched.contains(&format!("{name}=?"));
        let equal_columns = side_table.columns.iter().take_while(equal).count();
        Some(Access::Index { name: index.name.clone(), equal_columns, range: false })
    })
}

/// The index that a line says is used. It is the longest name that fits, because one name may begin with another.
fn access(layout: &Layout, table: &ReadyTable, line: &str) -> Option<Access> {
    let (_, using) = line.split_once("USING INDEX ").or_else(|| line.split_once("USING COVERING INDEX "))?;
    let fits = |declared: &Declared| {
        let rest = using.strip_prefix(declared.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
    };
    let indexes = layout.indexes.iter().enumerate().filter(|(_, declared)| fits(declared));
    let (position, declared) = indexes.max_by_key(|(_, declared)| declared.name.len())?;
    let mut terms = using.get(declared.name.len()..)?.trim_start_matches(" (");
    let Some(index) = table.definition.indexes.get(position) else {
        // This is the index on the discriminator alone, which no model declares.
        return Some(Access::Index { name: declared.name.clone(), equal_columns: 0, range: false });
    };
    let realized = index.columns.iter().map(|column| layout.columns[*column].name.as_str());
    let (mut equal_columns, mut range) = (0, false);
    for (at, name) in declared.starts_with_type.then_some(TYPE).into_iter().chain(realized).enumerate() {
        let Some(rest) = terms.strip_prefix(name) else { break };
        if let Some(rest) = rest.strip_prefix("=?") {
            equal_columns += usize::from(at > 0 || !declared.starts_with_type);
            terms = rest.strip_prefix(" AND ").unwrap_or(rest);
        } else {
            range = rest.starts_with('>') || rest.starts_with('<');
            break;
        }
    }
    Some(Access::Index { name: index.name.clone(), equal_columns, range })
}
