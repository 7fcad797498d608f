//! Queries as SQL. Values are always bound.

use longevity_core::backend::{Direction, OrderBy, Predicate, Select, scope_of};
use rusqlite::types::Value as Owned;

use crate::encode::row::ID;
use crate::encode::sql_functions::Properties;
use crate::error::SqliteError;
use crate::query::filter::{TRUE, Translator, joined, saturated};
use crate::query::index_choice::Serving;
use crate::schema::layout::{is_of_type, is_one_of};
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;

/// A statement and the values that are bound to it.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Owned>,
}

/// How many values a statement takes, and how many terms an order has: SQLite's own limits.
const MAX_VALUES: usize = 32_766;
const MAX_TERMS: usize = 2_000;

/// The rows of a query, in order.
pub(crate) fn select(properties: &Properties, table: &ReadyTable, select: &Select) -> Result<Statement, SqliteError> {
    select_as(properties, table, select, &table.statements.select)
}

/// The same, for a statement that begins like this, with other columns of the table.
pub(crate) fn select_as(
    properties: &Properties,
    table: &ReadyTable,
    select: &Select,
    begin: &str,
) -> Result<Statement, SqliteError> {
    // The last term is the id.
    if select.order.len() >= MAX_TERMS {
        let limit =
            format!("an order of SQLite has at most {MAX_TERMS} terms, this one has {}", select.order.len() + 1);
        return Err(SqliteError::QueryTooLarge { limit });
    }
    let mut translator = Translator::new(properties, table);
    let serving = Serving::of(table, &select.predicate, &select.order);
    let condition = whole_condition(&mut translator, &select.predicate, &serving, &select.order);
    let scope = scope_of(select.predicate.conjuncts()).map(|scope| scope.variant);
    let mut order: Vec<_> = select
        .order
        .iter()
        .filter_map(|order| {
            let property = translator.property(&order.path, scope)?;
            let direction = if order.direction == Direction::Descending { " DESC" } else { "" };
            Some(format!("{}{direction}", property.sql))
        })
        .collect();
    let ties = if select.ties == Direction::Descending { " DESC" } else { "" };
    order.push(format!("{}{ties}", quoted(ID)));
    // Without statistics SQLite rather reads the whole table in this order than sort what an index finds, however few rows that
    // is. What the sign is before has no order that an index could give.
    let sign = if serving.is_to_sort { "+" } else { "" };
    let mut sql = format!("{begin}{condition} ORDER BY {sign}{}", order.join(", "));
    if select.limit.is_some() || select.offset > 0 {
        sql.push_str(" LIMIT ");
        sql.push_str(&translator.bind(Owned::Integer(select.limit.map_or(-1, saturated))));
    }
    if select.offset > 0 {
        sql.push_str(" OFFSET ");
        sql.push_str(&translator.bind(Owned::Integer(saturated(select.offset))));
    }
    finished(translator, sql)
}

/// How many rows satisfy the predicate.
pub(crate) fn count(
    properties: &Properties,
    table: &ReadyTable,
    predicate: &Predicate,
) -> Result<Statement, SqliteError> {
    of_rows(properties, table, predicate, "SELECT count(*)", "")
}

/// Whether any row does.
pub(crate) fn exists(
    properties: &Properties,
    table: &ReadyTable,
    predicate: &Predicate,
) -> Result<Statement, SqliteError> {
    of_rows(properties, table, predicate, "SELECT EXISTS (SELECT 1", ")")
}

fn of_rows(
    properties: &Properties,
    table: &ReadyTable,
    predicate: &Predicate,
    before: &str,
    after: &str,
) -> Result<Statement, SqliteError> {
    let mut translator = Translator::new(properties, table);
    let serving = Serving::of(table, predicate, &[]);
    let condition = whole_condition(&mut translator, predicate, &serving, &[]);
    let sql = format!("{before} FROM {}{condition}{after}", quoted(&table.layout.table));
    finished(translator, sql)
}

fn finished(translator: Translator<'_>, sql: String) -> Result<Statement, SqliteError> {
    let values = translator.values;
    if values.len() > MAX_VALUES {
        let limit = format!("a statement of SQLite takes at most {MAX_VALUES} values, this one has {}", values.len());
        return Err(SqliteError::QueryTooLarge { limit });
    }
    Ok(Statement { sql, values })
}

/// The condition of a statement, with its scope in the words that leave SQLite the right indexes; nothing if it is true of
/// every row. SQLite counts a table without looking at its rows, but not where it has to ask each of them whether 1 is true.
fn whole_condition(
    translator: &mut Translator<'_>,
    predicate: &Predicate,
    serving: &Serving,
    order: &[OrderBy],
) -> String {
    let conjuncts = predicate.conjuncts();
    let whole = scope_of(conjuncts);
    let scope = whole.map(|scope| scope.variant);
    let has_type = translator.table.layout.has_type;
    let parts: Vec<_> = conjuncts
        .iter()
        .map(|part| match part {
            Predicate::Scope(own) if has_type && Some(*own) == whole => {
                scope_condition(own.discriminators, serving, order)
            }
            part => translator.condition(part, scope),
        })
        .filter(|part| part != TRUE)
        .collect();
    if parts.is_empty() { String::new() } else { format!(" WHERE {}", joined(&parts, " AND ", TRUE)) }
}

/// That a row is of the type, if this is all that is known of its rows.
fn scope_condition(names: &[&str], serving: &Serving, order: &[OrderBy]) -> String {
    match names {
        // Else SQLite would take an index of the type, which has no bounds, for as good as the one that finds the rows.
        names if serving.is_bounded && !serving.by_own => format!("+{}", is_one_of(names)),
        // By the index on the discriminator alone, which has the rows in the order of their ids.
        [name] if !serving.is_bounded && order.is_empty() => is_of_type(name),
        names => is_one_of(names),
    }
}
