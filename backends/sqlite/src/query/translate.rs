//! Queries as SQL. Values are always bound.

use longevity_core::backend::{Direction, OrderBy, Predicate, Select, scope_of};
use rusqlite::types::Value as Owned;

use crate::encode::row::ID;
use crate::encode::sql_functions::Properties;
use crate::error::SqliteError;
use crate::query::filter::{TRUE, Translator, joined, saturated};
use crate::query::index_choice::IndexChoice;
use crate::schema::layout::{is_of_type, is_one_of};
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;
use crate::schema::side_table::ROW;

/// A statement and the values that are bound to it.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Owned>,
}

/// SQLite's limits on the number of values of a statement, and of terms of an order.
const MAX_VALUES: usize = 32_766;
const MAX_TERMS: usize = 2_000;

/// The rows of a query, in order.
pub(crate) fn select(properties: &Properties, table: &ReadyTable, select: &Select) -> Result<Statement, SqliteError> {
    select_as(properties, table, select, &table.statements.select)
}

/// The rows of a query, for a statement that begins with `begin`, which selects other columns of the table.
pub(crate) fn select_as(
    properties: &Properties,
    table: &ReadyTable,
    select: &Select,
    begin: &str,
) -> Result<Statement, SqliteError> {
    // The id is one more term.
    if select.order.len() >= MAX_TERMS {
        let limit =
            format!("an order has at most {MAX_TERMS} terms in SQLite, and this one has {}", select.order.len() + 1);
        return Err(SqliteError::QueryTooLarge { limit });
    }
    let mut translator = Translator::new(properties, table);
    let choice = IndexChoice::of(table, &select.predicate, &select.order);
    let Condition { join, condition } = whole_condition(&mut translator, &select.predicate, &choice, &select.order);
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
    // The rows of an element come in the order of their ids from its side table.
    let by_element = order.is_empty() && !join.is_empty();
    order.push(format!("{}{ties}", quoted(if by_element { ROW } else { ID })));
    // Without statistics SQLite prefers to read the whole table in this order over sorting the rows that an index finds, however
    // few these are. With a unary plus, the term is an expression, which no index has in order.
    let sign = if choice.is_to_sort && !by_element { "+" } else { "" };
    let mut sql = format!("{begin}{join}{condition} ORDER BY {sign}{}", order.join(", "));
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

/// Whether any row satisfies the predicate.
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
    let choice = IndexChoice::of(table, predicate, &[]);
    let Condition { join, condition } = whole_condition(&mut translator, predicate, &choice, &[]);
    let sql = format!("{before} FROM {}{join}{condition}{after}", quoted(&table.layout.table));
    finished(translator, sql)
}

fn finished(translator: Translator<'_>, sql: String) -> Result<Statement, SqliteError> {
    let values = translator.values;
    if values.len() > MAX_VALUES {
        let limit =
            format!("a statement takes at most {MAX_VALUES} values in SQLite, and this one has {}", values.len());
        return Err(SqliteError::QueryTooLarge { limit });
    }
    Ok(Statement { sql, values })
}

/// The condition of a statement, as the parts that follow its table.
struct Condition {
    /// A join with the ids of the rows that have an element. It is empty if no index of elements serves the condition.
    join: String,
    /// Empty if every row satisfies it, because SQLite counts a table without looking at its rows only if there is no condition,
    /// not even `1`.
    condition: String,
}

/// The condition of a statement, with its scope in a form that leaves SQLite the right indexes.
fn whole_condition(
    translator: &mut Translator<'_>,
    predicate: &Predicate,
    choice: &IndexChoice,
    order: &[OrderBy],
) -> Condition {
    let conjuncts = predicate.conjuncts();
    let whole = scope_of(conjuncts);
    let scope = whole.map(|scope| scope.variant);
    let has_type = translator.table.layout.has_type;
    // A join finds the rows of an element one by one. A list of them would be complete before the first row.
    let mut join = None;
    let parts: Vec<_> = conjuncts
        .iter()
        .map(|part| match part {
            Predicate::Scope(own) if has_type && Some(*own) == whole => {
                scope_condition(own.discriminators, choice, order)
            }
            part if join.is_none() => match translator.rows_with_element(part, scope) {
                Some(rows) => {
                    join = Some(rows);
                    format!("{} = {}", quoted(ID), quoted(ROW))
                }
                None => translator.condition(part, scope),
            },
            part => translator.condition(part, scope),
        })
        .filter(|part| part != TRUE)
        .collect();
    let join = join.map(|rows| format!(", ({rows})")).unwrap_or_default();
    let condition = if parts.is_empty() { String::new() } else { format!(" WHERE {}", joined(&parts, " AND ", TRUE)) };
    Condition { join, condition }
}

/// The condition that a row is in the scope of the query.
fn scope_condition(names: &[&str], choice: &IndexChoice, order: &[OrderBy]) -> String {
    match names {
        // Without the unary plus SQLite would consider an index of the type, which has no bounds, as good as the one that finds
        // the rows.
        names if choice.is_bounded && !choice.by_derived_index => format!("+{}", is_one_of(names)),
        // This uses the index on the discriminator alone, which has the rows in the order of their ids.
        [name] if !choice.is_bounded && order.is_empty() => is_of_type(name),
        names => is_one_of(names),
    }
}
