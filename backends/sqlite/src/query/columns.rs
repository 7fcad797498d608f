//! The columns that hold the properties of a query.

#![deny(clippy::wildcard_enum_match_arm)]

use longevity_core::{Path, Step, Value};
use smallvec::SmallVec;

use crate::schema::ready_table::ReadyTable;

/// The column of the property at a path.
pub(crate) fn column_of(table: &ReadyTable, path: &Path, scope: Option<usize>) -> Option<usize> {
    table.definition.columns.iter().position(|column| column.path == *path && in_scope(column.variant, scope))
}

/// The column of a field of a component.
pub(crate) struct FieldColumn {
    pub(crate) column: usize,
    /// The position of the field in the component, then in that component, and so on.
    at: SmallVec<[usize; 2]>,
}

impl FieldColumn {
    /// The value of the field in a component.
    pub(crate) fn value_in<'a>(&self, fields: &'a [(&'static str, Value)]) -> Option<&'a Value> {
        let mut fields = fields;
        let (last, outer) = self.at.split_last()?;
        for position in outer {
            let (_, Value::Record(inner)) = fields.get(*position)? else { return None };
            fields = inner;
        }
        fields.get(*last).map(|(_, value)| value)
    }
}

/// A column within a component: its position, the rest of its path, and whether it may be absent.
type Below<'a> = (usize, &'a [&'static Step], bool);

/// The columns of a component's fields, and of the fields of the components in it, in the order of the fields, if each field has a
/// column that is never absent.
pub(crate) fn columns_of_fields(
    table: &ReadyTable,
    path: &Path,
    fields: &[(&'static str, Value)],
    scope: Option<usize>,
) -> Option<Vec<FieldColumn>> {
    let columns = table.definition.columns.iter().enumerate();
    let below: Vec<Below<'_>> = columns
        .filter(|(_, column)| column.path.starts_with(path) && in_scope(column.variant, scope))
        .filter_map(|(at, column)| Some((at, column.path.steps().get(path.steps().len()..)?, column.optional)))
        .collect();
    let (mut names, mut at, mut found) = (Vec::new(), SmallVec::new(), Vec::new());
    have_columns(&below, fields, &mut names, &mut at, &mut found).then_some(found)
}

/// Whether each field has a column that is never absent. The columns are added to those that were found.
fn have_columns(
    below: &[Below<'_>],
    fields: &[(&'static str, Value)],
    names: &mut Vec<&'static str>,
    at: &mut SmallVec<[usize; 2]>,
    found: &mut Vec<FieldColumn>,
) -> bool {
    let has_column = |(position, (name, value)): (usize, &(&'static str, Value))| {
        names.push(*name);
        at.push(position);
        let column = below.iter().find(|(_, steps, _)| steps.iter().map(|step| step.name).eq(names.iter().copied()));
        let has_column = match (column, value) {
            (Some((column, _, optional)), _) => {
                found.push(FieldColumn { column: *column, at: at.clone() });
                !optional
            }
            (None, Value::Record(inner)) => have_columns(below, inner, names, at, found),
            (None, _) => false,
        };
        names.pop();
        at.pop();
        has_column
    };
    // Without fields, a component that is present could not be distinguished from one that is absent.
    !fields.is_empty() && fields.iter().enumerate().all(has_column)
}

/// The columns of the fields of all operands, if these are components of one type.
pub(crate) fn columns_of_all(
    table: &ReadyTable,
    path: &Path,
    operands: &[Value],
    scope: Option<usize>,
) -> Option<Vec<FieldColumn>> {
    let mut columns = None;
    for operand in operands {
        match operand {
            Value::Record(fields) => match &columns {
                None => columns = Some((fields, columns_of_fields(table, path, fields, scope)?)),
                Some((first, _)) if are_alike(first, fields) => {}
                Some(_) => return None,
            },
            Value::None(_) => {}
            Value::Bool(_)
            | Value::Int(_)
            | Value::UInt(_)
            | Value::Float(_)
            | Value::Char(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Uuid(_)
            | Value::Timestamp(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Variant(..) => return None,
        }
    }
    columns.map(|(_, columns)| columns)
}

/// Whether two components have the same fields, as have the components in them.
fn are_alike(one: &[(&'static str, Value)], other: &[(&'static str, Value)]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((name, value), (other_name, other))| {
            name == other_name
                && match (value, other) {
                    (Value::Record(fields), Value::Record(others)) => are_alike(fields, others),
                    _ => true,
                }
        })
}

/// Whether a column holds the values of all rows that can be in the scope.
fn in_scope(variant: Option<usize>, scope: Option<usize>) -> bool {
    variant.is_none() || variant == scope
}
