//! Filters as SQL. Values are always bound.
//!
//! Core's logic has two values and SQL's has three. A comparison may be NULL here where it is false in core. Conjunction and
//! disjunction keep that, and negation turns both NULL and false into true.

// A form of predicate that is new in core must not compile here until an arm says what it means.
#![deny(clippy::wildcard_enum_match_arm)]

use longevity_core::backend::{Predicate, Subject, TextTest, evaluate, scope_of};
use longevity_core::table::ElementColumn;
use longevity_core::value::Comparison;
use longevity_core::{Path, RowId, Value, ValueRef};
use rusqlite::types::Value as Owned;

use crate::encode::column_value::{NAN, Representation, owned, sortable_bytes};
use crate::encode::property::entries;
use crate::encode::row::{DOC, ID, TYPE};
use crate::encode::sql_functions::{CONTAINS, ITEM, LENGTH, PROPERTY, Properties, TEXT, TEXT_AT, list_of, number_of};
use crate::query::columns::{FieldColumn, column_of, columns_of_all, columns_of_fields};
use crate::query::index_choice::{by_derived_index, element_index};
use crate::schema::layout::is_one_of;
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;

/// Writes conditions, and collects the values to bind.
pub(crate) struct Translator<'a> {
    properties: &'a Properties,
    pub(crate) table: &'a ReadyTable,
    pub(crate) values: Vec<Owned>,
}

/// A property as an expression.
pub(crate) struct Expression {
    pub(crate) sql: String,
    representation: Representation,
}

impl<'a> Translator<'a> {
    pub(crate) fn new(properties: &'a Properties, table: &'a ReadyTable) -> Self {
        Self { properties, table, values: Vec::new() }
    }

    /// The condition of a predicate. If there is a `scope`, only rows of this variant can satisfy the condition.
    pub(crate) fn condition(&mut self, predicate: &Predicate, scope: Option<usize>) -> String {
        match predicate {
            Predicate::True => TRUE.to_owned(),
            Predicate::False => "0".to_owned(),
            Predicate::Scope(scope) if self.table.layout.has_type => is_one_of(scope.discriminators),
            Predicate::Scope(_) => "0".to_owned(),
            Predicate::Compare { path, comparison, operand } => self.comparison(path, *comparison, operand, scope),
            Predicate::In { path, operands, negated } => self.among(path, operands, *negated, scope),
            Predicate::Text { path, test, text } => self.text(path, *test, text, scope),
            Predicate::Contains { path, through, element } => {
                let entries = self.entries(predicate, scope);
                entries.unwrap_or_else(|| self.contains(path, through, element))
            }
            Predicate::Length { path, comparison, length } => self.length(path, *comparison, *length),
            Predicate::Id { comparison, id } => self.id(*comparison, *id),
            Predicate::And(parts) => {
                let scope = scope_of(parts).map(|scope| scope.variant).or(scope);
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part, scope)).collect();
                joined(&parts, " AND ", TRUE)
            }
            Predicate::Or(parts) => {
                let own = scope.filter(|_| by_derived_index(self.table, parts, scope));
                let parts = parts.iter().map(|part| self.condition(part, scope)).collect();
                self.either(parts, own)
            }
            Predicate::Not(part) => format!("({}) IS NOT TRUE", self.condition(part, scope)),
        }
    }

    /// The disjunction. If indexes of a derived type find its rows, each part repeats the type, because SQLite does not look
    /// beyond a part to see whether such an index holds its rows.
    fn either(&self, parts: Vec<String>, own: Option<usize>) -> String {
        let own = own.and_then(|variant| self.table.definition.scope(variant));
        let parts: Vec<_> = match (own, parts.first()) {
            (Some(own), Some(first)) => {
                let of_type = |part: &String| format!("({} AND {part})", is_one_of(own.discriminators));
                // The last part adds no row. Without it SQLite would factor out the condition that all parts share.
                let last = format!("({} = 0 AND {first})", quoted(ID));
                parts.iter().map(of_type).chain([last]).collect()
            }
            _ => parts,
        };
        joined(&parts, " OR ", "0")
    }

    fn comparison(&mut self, path: &Path, comparison: Comparison, operand: &Value, scope: Option<usize>) -> String {
        // This returns before anything is bound, because a statement must not have values that it does not name.
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
        let Some(Expression { sql, representation }) = self.property(path, scope) else {
            return of_absent(&Predicate::Compare { path: path.clone(), comparison, operand: operand.clone() });
        };
        let value = operand.as_value_ref();
        let is_null = matches!(operand, Value::None(0));
        let downwards = match comparison {
            Comparison::Eq if is_null => return format!("{sql} ISNULL"),
            Comparison::Ne if is_null => return format!("{sql} NOTNULL"),
            Comparison::Eq => return format!("{sql} = {}", self.bind(owned(value, representation))),
            Comparison::Ne => return format!("{sql} IS NOT {}", self.bind(owned(value, representation))),
            // NaN compares only with itself.
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge if is_nan => {
                return format!("{sql} = {}", self.bind(owned(value, representation)));
            }
            Comparison::Lt | Comparison::Le => true,
            Comparison::Gt | Comparison::Ge => false,
        };
        let operator = operator(comparison);
        let mut condition = format!("{sql} {operator} {}", self.bind(owned(value, representation)));
        // NaN, and the absent values of an option in an option, sort first and must not be found below the operand.
        let floor = match (representation, operand) {
            (Representation::Plain, Value::Float(_)) => Some(Owned::Integer(NAN)),
            (Representation::Sortable, Value::Float(_)) => Some(owned(ValueRef::Float(f64::NAN), representation)),
            (Representation::Sortable, _) => Some(owned(ValueRef::None(u8::MAX), representation)),
            _ => None,
        };
        if downwards && let Some(floor) = floor {
            condition = format!("{condition} AND {sql} > {}", self.bind(floor));
        }
        condition
    }

    /// The equality of a component, field by field if the fields have columns, so that the index of a key with several fields is
    /// used.
    fn fields(
        &mut self,
        path: &Path,
        comparison: Comparison,
        fields: &[(&'static str, Value)],
        scope: Option<usize>,
    ) -> Option<String> {
        let columns = columns_of_fields(self.table, path, fields, scope)?;
        let fields: Option<Vec<_>> =
            columns.iter().map(|field| Some((field.column, field.value_in(fields)?))).collect();
        let fields = fields?;
        let equal = |(column, value): &(usize, &Value)| {
            let realized = &self.table.layout.columns[*column];
            let value = owned(value.as_value_ref(), realized.representation);
            self.values.push(value);
            format!("{} = ?{}", realized.quoted, self.values.len())
        };
        let negated = match comparison {
            Comparison::Eq => false,
            Comparison::Ne => true,
            // Components are ordered as a whole only.
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => return None,
        };
        let parts: Vec<_> = fields.iter().map(equal).collect();
        let equal = joined(&parts, " AND ", TRUE);
        Some(if negated { format!("({equal}) IS NOT TRUE") } else { equal })
    }

    fn among(&mut self, path: &Path, operands: &[Value], negated: bool, scope: Option<usize>) -> String {
        let found = match columns_of_all(self.table, path, operands, scope) {
            // The fields are never absent, and so neither is the component.
            Some(columns) => self.fields_among(&columns, operands),
            None => match self.property(path, scope) {
                Some(property) => self.value_among(path, &property, operands, scope),
                None => return of_absent(&Predicate::In { path: path.clone(), operands: operands.to_vec(), negated }),
            },
        };
        if negated { format!("({found}) IS NOT TRUE") } else { found }
    }

    /// Whether the fields of a component are those of one of the operands.
    fn fields_among(&mut self, columns: &[FieldColumn], operands: &[Value]) -> String {
        let realized: Vec<_> = columns.iter().map(|field| &self.table.layout.columns[field.column]).collect();
        let mut values = Vec::with_capacity(operands.len() * columns.len());
        for operand in operands {
            if let Value::Record(fields) = operand {
                values.extend(columns.iter().zip(&realized).map(|(field, realized)| {
                    let value = field.value_in(fields).unwrap_or(&Value::NONE);
                    owned(value.as_value_ref(), realized.representation)
                }));
            }
        }
        let names: Vec<_> = realized.iter().map(|realized| realized.quoted.as_str()).collect();
        let listed = self.listed(values, names.len());
        match names.as_slice() {
            [name] => format!("{name} IN {listed}"),
            names => format!("({}) IN {listed}", names.join(", ")),
        }
    }

    /// Whether a property's value is one of the operands.
    fn value_among(&mut self, path: &Path, property: &Expression, operands: &[Value], scope: Option<usize>) -> String {
        let Expression { sql, representation } = property;
        let is_absent = |operand: &&Value| matches!(operand, Value::None(0));
        let has_absent = operands.iter().any(|operand| is_absent(&operand));
        let present = operands.iter().filter(|operand| !is_absent(operand));
        let mut present: Vec<_> = present.map(|operand| owned(operand.as_value_ref(), *representation)).collect();
        let listed = match present.last().cloned() {
            None if has_absent => return format!("{sql} ISNULL"),
            None => "()".to_owned(),
            Some(_) if present.len() > LISTED => self.listed(present, 1),
            Some(last) => {
                // The length is rounded up, so that there are few statements to prepare.
                present.resize(present.len().next_power_of_two(), last);
                let places: Vec<_> = present.into_iter().map(|value| self.bind(value)).collect();
                format!("({})", places.join(", "))
            }
        };
        let among = format!("{sql} IN {listed}");
        if !has_absent {
            return among;
        }
        let absent = Predicate::Compare { path: path.clone(), comparison: Comparison::Eq, operand: Value::NONE };
        let own = scope.filter(|_| by_derived_index(self.table, &[absent], scope));
        self.either(vec![format!("{sql} ISNULL"), among], own)
    }

    /// Rows of `width` values each, all bound as one value. SQLite builds an index of them once per statement.
    fn listed(&mut self, values: Vec<Owned>, width: usize) -> String {
        let end = i64::try_from(values.len()).unwrap_or(i64::MAX);
        let list = self.bind(list_of(values.into_iter()));
        let end = self.bind(Owned::Integer(end));
        let items: Vec<_> = (0..width).map(|field| format!("{ITEM}({list}, position + {field})")).collect();
        format!(
            "(WITH RECURSIVE places(position) AS (SELECT 0 UNION ALL SELECT position + {width} FROM places \
             WHERE position + {width} < {end}) SELECT {} FROM places)",
            items.join(", ")
        )
    }

    fn text(&mut self, path: &Path, test: TextTest, text: &str, scope: Option<usize>) -> String {
        let Some(Expression { sql, representation }) = self.property(path, scope) else { return "0".to_owned() };
        let (number, operand) = (number_of(test), self.bind(Owned::Text(text.to_owned())));
        match (representation, self.table.property(self.properties, path)) {
            (Representation::Plain, _) => format!("{TEXT}({sql}, {number}, {operand})"),
            // The string is in an option of an option.
            (Representation::Sortable, Some((property, _))) => {
                self.call(TEXT_AT, property, &format!(", {number}, {operand}"), path)
            }
            (Representation::Sortable, None) => "0".to_owned(),
        }
    }

    /// The condition by the entries of an index, if one has an entry for each element.
    fn entries(&mut self, predicate: &Predicate, scope: Option<usize>) -> Option<String> {
        self.rows_with_element(predicate, scope).map(|rows| format!("{} IN ({rows})", quoted(ID)))
    }

    /// The query for the ids of the rows with the element, in the column [`ROW`](crate::schema::side_table::ROW).
    pub(crate) fn rows_with_element(&mut self, predicate: &Predicate, scope: Option<usize>) -> Option<String> {
        let (side_table, columns, element) = element_index(self.table, predicate, scope)?;
        let form = |column: &ElementColumn| owned(element.at(column.path.steps()), Representation::Plain);
        let values: Vec<_> = columns.iter().map(|column| self.bind(form(column))).collect();
        Some(side_table.rows_with(&values))
    }

    fn contains(&mut self, path: &Path, through: &[Path], element: &Value) -> String {
        let Some((number, _)) = self.table.property(self.properties, path) else { return "0".to_owned() };
        let element = self.bind(Owned::Blob(sortable_bytes(element.as_value_ref()).to_vec()));
        let route = self.properties.route(through);
        self.call(CONTAINS, number, &format!(", {element}, {route}"), path)
    }

    fn length(&mut self, path: &Path, comparison: Comparison, length: u64) -> String {
        let Some((number, _)) = self.table.property(self.properties, path) else {
            return of_absent(&Predicate::Length { path: path.clone(), comparison, length });
        };
        // No list is longer than the greatest integer of SQLite.
        let length = self.bind(Owned::Integer(saturated(length)));
        let operator = operator(comparison);
        format!("{} {operator} {length}", self.call(LENGTH, number, "", path))
    }

    fn id(&mut self, comparison: Comparison, id: RowId) -> String {
        match i64::try_from(id.as_u128()) {
            Ok(id) => format!("{} {} {}", quoted(ID), operator(comparison), self.bind(Owned::Integer(id))),
            // The id is greater than every id of a row.
            Err(_) => match comparison {
                Comparison::Lt | Comparison::Le | Comparison::Ne => TRUE.to_owned(),
                Comparison::Eq | Comparison::Gt | Comparison::Ge => "0".to_owned(),
            },
        }
    }

    /// The column of a property, or the expression that computes it if it has none; `None` if no variant has the property.
    pub(crate) fn property(&mut self, path: &Path, scope: Option<usize>) -> Option<Expression> {
        if let Some(position) = column_of(self.table, path, scope) {
            let realized = &self.table.layout.columns[position];
            return Some(Expression { sql: realized.quoted.clone(), representation: realized.representation });
        }
        let (number, property) = self.table.property(self.properties, path)?;
        let representation = property.representation(scope);
        Some(Expression { sql: self.call(PROPERTY, number, "", path), representation })
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

    /// Binds a value, and returns its placeholder.
    pub(crate) fn bind(&mut self, value: Owned) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }
}

/// The condition that every row satisfies.
pub(crate) const TRUE: &str = "1";

/// Up to this number of values are bound one by one.
const LISTED: usize = 64;

pub(crate) fn saturated(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

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

/// The condition on a property that is absent in every row: core evaluates it.
fn of_absent(predicate: &Predicate) -> String {
    let row = Subject { id: RowId::from_u128(0), discriminator: None };
    if evaluate(predicate, row, &|_| ValueRef::NONE) { TRUE } else { "0" }.to_owned()
}

/// The parts with an operator between them, as a tree of little depth, which SQLite limits.
pub(crate) fn joined(parts: &[String], operator: &str, none: &str) -> String {
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
