//! Filters and orders as SQL. Values are always bound.
//!
//! Core's logic has two values, SQL's three. A comparison may be NULL here where core says false; conjunction and
//! disjunction keep that, and negation turns both into true.

use longevity_core::query::{Direction, Predicate, Select, Subject, TextTest, evaluate};
use longevity_core::table::{Index, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Path, RowId, Value, ValueRef};
use rusqlite::types::Value as Owned;

use crate::database::Database;
use crate::form::{Form, NAN, owned};
use crate::layout::{DOC, ID, TYPE, is_of_type, is_one_of};
use crate::names::quoted;
use crate::property::{AMONG, CONTAINS, LENGTH, PROPERTY, TEXT, TEXT_AT, entries, list_of, number_of, sortable_bytes};
use crate::table::Ready;

/// A statement and the values that are bound to it.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Owned>,
}

/// The rows of a query, in order.
pub(crate) fn select(database: &Database, table: &Ready, select: &Select) -> Statement {
    let mut translator = Translator { database, table, values: Vec::new() };
    let scope = translator.scope_of(select.predicate.conjuncts());
    let condition = if select.order.is_empty() {
        translator.whole_condition(&select.predicate)
    } else {
        translator.condition(&select.predicate, None)
    };
    let mut order: Vec<_> = select
        .order
        .iter()
        .filter_map(|order| {
            let property = translator.property(&order.path, scope)?;
            let direction = if order.direction == Direction::Descending { " DESC" } else { "" };
            Some(format!("{}{direction}", property.sql))
        })
        .collect();
    // Without statistics SQLite reads the whole table in the order of the ids rather than sort what an index finds by a
    // range, however few rows that is. What the sign is before has no order that a scan could give.
    let by_range = order.is_empty() && translator.only_by_range(select.predicate.conjuncts());
    let ties = if select.ties == Direction::Descending { " DESC" } else { "" };
    order.push(format!("{}{}{ties}", if by_range { "+" } else { "" }, quoted(ID)));
    let mut sql = format!("{} WHERE {condition} ORDER BY {}", table.statements.select, order.join(", "));
    if select.limit.is_some() || select.offset > 0 {
        sql.push_str(" LIMIT ");
        sql.push_str(&translator.bind(Owned::Integer(select.limit.map_or(-1, saturated))));
    }
    if select.offset > 0 {
        sql.push_str(" OFFSET ");
        sql.push_str(&translator.bind(Owned::Integer(saturated(select.offset))));
    }
    Statement { sql, values: translator.values }
}

/// How many rows satisfy the predicate.
pub(crate) fn count(database: &Database, table: &Ready, predicate: &Predicate) -> Statement {
    of_rows(database, table, predicate, "SELECT count(*)", "")
}

/// Whether any row does.
pub(crate) fn exists(database: &Database, table: &Ready, predicate: &Predicate) -> Statement {
    of_rows(database, table, predicate, "SELECT EXISTS (SELECT 1", ")")
}

fn of_rows(database: &Database, table: &Ready, predicate: &Predicate, before: &str, after: &str) -> Statement {
    let mut translator = Translator { database, table, values: Vec::new() };
    let condition = translator.whole_condition(predicate);
    let sql = format!("{before} FROM {} WHERE {condition}{after}", quoted(&table.layout.table));
    Statement { sql, values: translator.values }
}

fn saturated(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

struct Translator<'a> {
    database: &'a Database,
    table: &'a Ready,
    values: Vec<Owned>,
}

/// A property as an expression.
struct Expression {
    sql: String,
    form: Form,
}

impl Translator<'_> {
    /// `scope` is the one variant that rows can be of where this is true.
    fn condition(&mut self, predicate: &Predicate, scope: Option<usize>) -> String {
        match predicate {
            Predicate::All => "1".to_owned(),
            Predicate::Nothing => "0".to_owned(),
            Predicate::Discriminator(names) if self.table.layout.has_type => is_one_of(names),
            Predicate::Discriminator(_) => "0".to_owned(),
            Predicate::Compare { path, comparison, operand } => self.comparison(path, *comparison, operand, scope),
            Predicate::In { path, operands, negated } => self.among(path, operands, *negated, scope),
            Predicate::Text { path, test, text } => self.text(path, *test, text, scope),
            Predicate::Contains { path, element } => self.contains(path, element),
            Predicate::Length { path, comparison, length } => self.length(path, *comparison, *length),
            Predicate::Id { comparison, id } => self.id(*comparison, *id),
            Predicate::And(parts) => {
                let scope = self.scope_of(parts).or(scope);
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part, scope)).collect();
                joined(&parts, " AND ", "1")
            }
            Predicate::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part, scope)).collect();
                joined(&parts, " OR ", "0")
            }
            Predicate::Not(part) => format!("({}) IS NOT TRUE", self.condition(part, scope)),
            // A predicate that core has and this crate does not know yet.
            _ => "0".to_owned(),
        }
    }

    /// The one variant that a conjunction is true of.
    fn scope_of(&self, conjuncts: &[Predicate]) -> Option<usize> {
        conjuncts.iter().find_map(|part| match part {
            Predicate::Discriminator(names) => self.table.variant_of_scope(names),
            _ => None,
        })
    }

    /// The condition of a statement without an order. One about a derived type in which no index can find anything goes by
    /// the index on the discriminator alone, which has the rows in the order of their ids.
    fn whole_condition(&mut self, predicate: &Predicate) -> String {
        let conjuncts = predicate.conjuncts();
        let (scope, indexed) = (self.scope_of(conjuncts), |part: &Predicate| self.compares_first_column(part));
        let names = scope.and_then(|variant| self.table.definition.variants[variant].discriminators);
        let Some(([name], true)) = names.map(|names| (names, !conjuncts.iter().any(indexed))) else {
            return self.condition(predicate, None);
        };
        let parts = conjuncts.iter().map(|part| match part {
            Predicate::Discriminator([other]) if other == name => is_of_type(name),
            part => self.condition(part, scope),
        });
        let parts: Vec<_> = parts.collect();
        joined(&parts, " AND ", "1")
    }

    /// Whether a property is compared somewhere that is the first of an index.
    fn compares_first_column(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Compare { path, .. } | Predicate::In { path, .. } => self.is_first_column(path),
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(|part| self.compares_first_column(part)),
            Predicate::Not(part) => self.compares_first_column(part),
            _ => false,
        }
    }

    fn is_first_column(&self, path: &Path) -> bool {
        let TableDefinition { indexes, columns, .. } = &*self.table.definition;
        let first = |index: &Index| index.columns.first().map(|first| &columns[*first].path);
        indexes.iter().filter_map(first).any(|first| first.starts_with(path))
    }

    /// Whether an index could find the rows by a range of its first column or by several values of it, and none by an equality.
    fn only_by_range(&self, conjuncts: &[Predicate]) -> bool {
        let compared = |equal: bool| {
            conjuncts.iter().any(|part| match part {
                Predicate::Compare { path, comparison, .. } => match comparison {
                    Comparison::Eq => equal && self.is_first_column(path),
                    Comparison::Ne => false,
                    _ => !equal && self.is_first_column(path),
                },
                Predicate::In { path, negated: false, .. } => !equal && self.is_first_column(path),
                _ => false,
            })
        };
        compared(false) && !compared(true)
    }

    fn comparison(&mut self, path: &Path, comparison: Comparison, operand: &Value, scope: Option<usize>) -> String {
        // Before anything is bound: a statement must not end with values that it does not name.
        let of_order = !matches!(comparison, Comparison::Eq | Comparison::Ne);
        let or_equal = matches!(comparison, Comparison::Le | Comparison::Ge);
        let is_nan = matches!(operand, Value::Float(number) if number.is_nan());
        if of_order && (operand.is_none() || is_nan && !or_equal) {
            return "0".to_owned();
        }
        if let Value::Record(fields) = operand
            && let Some(condition) = self.fields(path, comparison, fields, scope)
        {
            return condition;
        }
        let Some(Expression { sql, form }) = self.property(path, scope) else {
            return of_absent(&Predicate::Compare { path: path.clone(), comparison, operand: operand.clone() });
        };
        let value = operand.as_value_ref();
        let is_null = matches!(operand, Value::None(0));
        match comparison {
            Comparison::Eq if is_null => return format!("{sql} ISNULL"),
            Comparison::Ne if is_null => return format!("{sql} NOTNULL"),
            Comparison::Eq => return format!("{sql} = {}", self.bind(owned(value, form))),
            Comparison::Ne => return format!("{sql} IS NOT {}", self.bind(owned(value, form))),
            // It compares with itself alone.
            _ if is_nan => return format!("{sql} = {}", self.bind(owned(value, form))),
            _ => {}
        }
        let operator = operator(comparison);
        let downwards = matches!(comparison, Comparison::Lt | Comparison::Le);
        let mut condition = format!("{sql} {operator} {}", self.bind(owned(value, form)));
        // Downwards there are NaN, and the absent values of an option in an option, which sort first.
        let floor = match (form, operand) {
            (Form::Plain, Value::Float(_)) => Some(Owned::Integer(NAN)),
            (Form::Sortable, Value::Float(_)) => Some(owned(ValueRef::Float(f64::NAN), form)),
            (Form::Sortable, _) => Some(owned(ValueRef::None(u8::MAX), form)),
            _ => None,
        };
        if downwards && let Some(floor) = floor {
            condition = format!("{condition} AND {sql} > {}", self.bind(floor));
        }
        condition
    }

    /// The equality of a component all of whose fields have columns and are always there, field by field: so that a key of
    /// several fields is found by its index.
    fn fields(
        &mut self,
        path: &Path,
        comparison: Comparison,
        fields: &[(&'static str, Value)],
        scope: Option<usize>,
    ) -> Option<String> {
        // No field could tell one that is there from one that is absent.
        if fields.is_empty() {
            return None;
        }
        let columns = self.table.definition.columns.iter().enumerate();
        let below: Vec<_> = columns
            .filter(|(_, column)| column.path.starts_with(path) && in_scope(column.variant, scope))
            .map(|(position, column)| {
                (position, column.path.steps().get(path.steps().len()..).unwrap_or_default(), column)
            })
            .collect();
        let mut parts = Vec::new();
        for (name, value) in fields {
            let single = |steps: &[&longevity_core::Step]| matches!(steps, [step] if step.name == *name);
            let (position, _, column) = below.iter().find(|(_, steps, _)| single(steps))?;
            if column.optional {
                return None;
            }
            let realized = &self.table.layout.columns[*position];
            parts.push((realized.quoted.clone(), owned(value.as_value_ref(), realized.form)));
        }
        let parts: Vec<_> = parts.into_iter().map(|(sql, value)| format!("{sql} = {}", self.bind(value))).collect();
        let equal = joined(&parts, " AND ", "1");
        match comparison {
            Comparison::Eq => Some(equal),
            Comparison::Ne => Some(format!("({equal}) IS NOT TRUE")),
            _ => None,
        }
    }

    fn among(&mut self, path: &Path, operands: &[Value], negated: bool, scope: Option<usize>) -> String {
        let Some(Expression { sql, form }) = self.property(path, scope) else {
            return of_absent(&Predicate::In { path: path.clone(), operands: operands.to_vec(), negated });
        };
        // The fields of a component have columns of their own.
        if operands.iter().any(|operand| matches!(operand, Value::Record(_))) {
            let equal = operands.iter().map(|operand| self.comparison(path, Comparison::Eq, operand, scope));
            let equal = joined(&equal.collect::<Vec<_>>(), " OR ", "0");
            return if negated { format!("({equal}) IS NOT TRUE") } else { equal };
        }
        let has_absent = operands.iter().any(|operand| matches!(operand, Value::None(0)));
        let present = operands.iter().filter(|operand| !matches!(operand, Value::None(0)));
        let present = present.map(|operand| owned(operand.as_value_ref(), form));
        let mut listed = if operands.len() > LISTED {
            let list = self.bind(list_of(present));
            format!("{AMONG}({sql}, {list})")
        } else {
            let mut places: Vec<_> = present.map(|value| self.bind(value)).collect();
            // Of some lengths only, so that there are few statements to prepare.
            if let Some(last) = places.last().cloned() {
                places.resize(places.len().next_power_of_two(), last);
            }
            format!("{sql} IN ({})", places.join(", "))
        };
        if has_absent {
            listed = format!("({sql} ISNULL OR {listed})");
        }
        if negated { format!("({listed}) IS NOT TRUE") } else { listed }
    }

    fn text(&mut self, path: &Path, test: TextTest, text: &str, scope: Option<usize>) -> String {
        let Some(Expression { sql, form }) = self.property(path, scope) else { return "0".to_owned() };
        let (number, operand) = (number_of(test), self.bind(Owned::Text(text.to_owned())));
        match (form, self.table.property(self.database, path)) {
            (Form::Plain, _) => format!("{TEXT}({sql}, {number}, {operand})"),
            // In an option of an option.
            (Form::Sortable, Some((property, _))) => {
                self.call(TEXT_AT, property, &format!(", {number}, {operand}"), path)
            }
            (Form::Sortable, None) => "0".to_owned(),
        }
    }

    fn contains(&mut self, path: &Path, element: &Value) -> String {
        let Some((number, _)) = self.table.property(self.database, path) else { return "0".to_owned() };
        let element = self.bind(Owned::Blob(sortable_bytes(element.as_value_ref()).to_vec()));
        self.call(CONTAINS, number, &format!(", {element}"), path)
    }

    fn length(&mut self, path: &Path, comparison: Comparison, length: u64) -> String {
        let Some((number, _)) = self.table.property(self.database, path) else {
            return of_absent(&Predicate::Length { path: path.clone(), comparison, length });
        };
        // No list is as long as the integers that SQLite lacks.
        let length = self.bind(Owned::Integer(saturated(length)));
        let operator = operator(comparison);
        format!("{} {operator} {length}", self.call(LENGTH, number, "", path))
    }

    fn id(&mut self, comparison: Comparison, id: RowId) -> String {
        match i64::try_from(id.as_u128()) {
            Ok(id) => format!("{} {} {}", quoted(ID), operator(comparison), self.bind(Owned::Integer(id))),
            // Greater than every id.
            Err(_) => match comparison {
                Comparison::Lt | Comparison::Le | Comparison::Ne => "1".to_owned(),
                _ => "0".to_owned(),
            },
        }
    }

    /// The column of a property, or what computes it where it has none; `None` if no variant has it.
    fn property(&mut self, path: &Path, scope: Option<usize>) -> Option<Expression> {
        let columns = &self.table.definition.columns;
        if let Some(position) =
            columns.iter().position(|column| column.path == *path && in_scope(column.variant, scope))
        {
            let realized = &self.table.layout.columns[position];
            return Some(Expression { sql: realized.quoted.clone(), form: realized.form });
        }
        let (number, property) = self.table.property(self.database, path)?;
        let scope = scope.and_then(|variant| self.table.definition.variants[variant].discriminators);
        let form = property.form(scope);
        Some(Expression { sql: self.call(PROPERTY, number, "", path), form })
    }

    /// The call of a function on a property, with the keys of the entries on its path.
    fn call(&mut self, function: &str, property: usize, more: &str, path: &Path) -> String {
        let kind = if self.table.layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
        let mut call = format!("{function}({}, {kind}, {property}{more}", quoted(DOC));
        for (key, _) in entries(path) {
            let key = self.bind(Owned::Blob(sortable_bytes(key.as_value_ref()).to_vec()));
            call.push_str(", ");
            call.push_str(&key);
        }
        call.push(')');
        call
    }

    /// A place for the value.
    fn bind(&mut self, value: Owned) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }
}

/// Up to so many values are bound one by one, and found by an index; SQLite binds up to 32,766 in a statement.
const LISTED: usize = 4_096;

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "IS NOT",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
    }
}

/// What is asked of a property that is absent in every row: core says what is true of that.
fn of_absent(predicate: &Predicate) -> String {
    let row = Subject { id: RowId::from_u128(0), discriminator: None };
    if evaluate(predicate, row, &|_| ValueRef::None(0)) { "1" } else { "0" }.to_owned()
}

/// Whether a column has the values of all rows that can be of the scope.
fn in_scope(variant: Option<usize>, scope: Option<usize>) -> bool {
    variant.is_none() || variant == scope
}

/// The parts with an operator between them, as a tree of little depth: SQLite limits that.
fn joined(parts: &[String], operator: &str, none: &str) -> String {
    match parts {
        [] => none.to_owned(),
        [part] => format!("({part})"),
        parts if parts.len() <= 8 => format!("({})", parts.join(operator)),
        parts => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({}{operator}{})", joined(left, operator, none), joined(right, operator, none))
        }
    }
}
