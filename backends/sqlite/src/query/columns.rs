//! The columns that hold the properties of a query.

#![deny(clippy::wildcard_enum_match_arm)]

use longevity_core::{Path, Value};

use crate::schema::ready_table::ReadyTable;

/// The column of the property at a path.
pub(crate) fn column_of(table: &ReadyTable, path: &Path, scope: Option<usize>) -> Option<usize> {
    table.definition.columns.iter().position(|column| column.path == *path && in_scope(column.variant, scope))
}

/// The columns of a component's fields, in the order of the fields, if each field has a column that is never absent.
pub(crate) fn columns_of_fields(
    table: &ReadyTable,
    path: &Path,
    fields: &[(&'static str, Value)],
    scope: Option<usize>,
) -> Option<Vec<usize>> {
    // Without fields, a component that is present could not be distinguished from one that is absent.
    if fields.is_empty() {
        return None;
    }
    let columns = table.definition.columns.iter().enumerate();
    let below: Vec<_> = columns
        .filter(|(_, column)| column.path.starts_with(path) && in_scope(column.variant, scope))
        .filter_map(|(position, column)| match column.path.steps().get(path.steps().len()..)? {
            [step] => Some((position, step.name, column.optional)),
            _ => None,
        })
        .collect();
    let column = |(name, _): &(&'static str, Value)| {
        let found = below.iter().find(|(_, known, _)| known == name);
        found.filter(|(_, _, optional)| !optional).map(|(position, ..)| *position)
    };
    fields.iter().map(column).collect()
}

/// The columns of the fields of all operands, if these are components of one type.
pub(crate) fn columns_of_all(
    table: &ReadyTable,
    path: &Path,
    operands: &[Value],
    scope: Option<usize>,
) -> Option<Vec<usize>> {
    let mut columns = None;
    for operand in operands {
        match operand {
            Value::Record(fields) => match &columns {
                None => columns = Some((fields, columns_of_fields(table, path, fields, scope)?)),
                Some((first, _)) => {
                    let is_alike = first.iter().map(|(name, _)| name).eq(fields.iter().map(|(name, _)| name));
                    if !is_alike {
                        return None;
                    }
                }
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

/// Whether a column holds the values of all rows that can be in the scope.
fn in_scope(variant: Option<usize>, scope: Option<usize>) -> bool {
    variant.is_none() || variant == scope
}
