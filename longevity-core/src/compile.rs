//! The compilation of a type's declarations to the table that a back end keeps.

use std::any::TypeId;

use crate::definition::{Declaration, PrimaryKeyKind, PropertyDefinition, RootDefinition};
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::shape::Shape;
use crate::table::{Column, Index, PrimaryKey, TableDefinition};
use crate::value::Path;

impl RootDefinition {
    /// The table that a back end keeps for the type.
    ///
    /// Fails with [`Error::InvalidModel`] if there is a flaw that no derive can see, such as a partition that is not the start
    /// of its key.
    pub fn table(&self) -> Result<TableDefinition, Error> {
        let mut table = TableDefinition {
            name: self.table.into(),
            type_name: self.name,
            variants: self.variants.iter().map(|variant| variant.variant.clone()).collect(),
            columns: Vec::new(),
            indexes: Vec::new(),
            primary_key: None,
        };
        add(&mut table, self.name, None, &self.declaration)?;
        for (position, variant) in self.variants.iter().enumerate() {
            let scope = self.poly.then_some(position);
            add(&mut table, variant.variant.type_name, scope, &variant.declaration)?;
        }
        Ok(table)
    }
}

fn add(
    table: &mut TableDefinition,
    declared_by: &'static str,
    variant: Option<usize>,
    declaration: &Declaration,
) -> Result<(), Error> {
    for key in &declaration.keys {
        let index = add_index(table, declared_by, variant, std::slice::from_ref(&key.property), Some(key.key_val))?;
        if let Some(kind) = &key.primary {
            let partition_columns = partition_columns(table, declared_by, index, kind)?;
            table.primary_key = Some(PrimaryKey { index, hashed: *kind == PrimaryKeyKind::Hashed, partition_columns });
        }
    }
    for properties in &declaration.indexes {
        add_index(table, declared_by, variant, properties, None)?;
    }
    Ok(())
}

/// The number of the key's columns that are the partition.
fn partition_columns(
    table: &TableDefinition,
    type_name: &'static str,
    index: usize,
    kind: &PrimaryKeyKind,
) -> Result<usize, Error> {
    let columns = &table.indexes[index].columns;
    let PrimaryKeyKind::Partitioned(partition) = kind else { return Ok(columns.len()) };
    let leading = columns
        .iter()
        .take_while(|column| partition.iter().any(|path| table.columns[**column].path.starts_with(path)))
        .count();
    let all = columns
        .iter()
        .filter(|column| partition.iter().any(|path| table.columns[**column].path.starts_with(path)))
        .count();
    if leading == 0 || leading != all {
        let problem = format!(
            "the partition of the primary key {} must be its first fields, in their order",
            table.indexes[index].property()
        );
        return Err(Error::InvalidModel { type_name, problem });
    }
    Ok(leading)
}

fn add_index(
    table: &mut TableDefinition,
    declared_by: &'static str,
    variant: Option<usize>,
    properties: &[PropertyDefinition],
    key_val: Option<TypeId>,
) -> Result<usize, Error> {
    let mut columns = Vec::new();
    for property in properties {
        let mut leaves = Vec::new();
        leaves_of(&property.path, (property.shape)(), &mut leaves).map_err(|at| Error::InvalidModel {
            type_name: declared_by,
            problem: format!("{at} cannot be a key or an index or a part of one: it is not a single value"),
        })?;
        columns.extend(leaves.into_iter().map(|leaf| column(table, variant, leaf)));
    }
    let names: Vec<_> = properties.iter().map(|property| property.path.to_string()).collect();
    let suffix = if key_val.is_some() { "key" } else { "index" };
    let scope = if variant.is_some() { format!("{}.{declared_by}", table.name) } else { table.name.to_string() };
    let name = format!("{scope}.{}.{suffix}", names.join("+"));
    if table.indexes.iter().any(|index| index.name == name) {
        let problem = format!("declares the {suffix} on {} twice", names.join(", "));
        return Err(Error::InvalidModel { type_name: declared_by, problem });
    }
    table.indexes.push(Index {
        name,
        properties: properties.iter().map(|property| property.path.clone()).collect(),
        declared_by,
        scope: variant.and_then(|variant| table.scope(variant)),
        columns,
        key_val,
    });
    Ok(table.indexes.len() - 1)
}

/// The position of the column, which is added if the table does not have it. If a variant has an index on a property of the
/// poly type, the index uses the poly type's column.
fn column(table: &mut TableDefinition, variant: Option<usize>, leaf: Leaf) -> usize {
    let same = |column: &Column| column.path == leaf.path && (column.variant.is_none() || column.variant == variant);
    if let Some(position) = table.columns.iter().position(same) {
        return position;
    }
    // The value is also absent where an option on the path is `None`.
    let variants = table.variants.iter().enumerate().filter(|(position, _)| variant.is_none_or(|own| own == *position));
    let mut readers = variants.map(|(_, variant)| PropertyReader::new(variant.shape, &leaf.path));
    let optional = readers.any(|reader| reader.is_none_or(|reader| reader.leaf().optional));
    table.columns.push(Column { path: leaf.path, shape: leaf.shape, optional, variant });
    table.columns.len() - 1
}

struct Leaf {
    path: Path,
    shape: Shape,
}

/// The single values of a property, in declaration order. The error is the path of the first part that is not a single value.
fn leaves_of(path: &Path, shape: Shape, leaves: &mut Vec<Leaf>) -> Result<(), Path> {
    match shape {
        Shape::Scalar(_) | Shape::Choice { .. } => leaves.push(Leaf { path: path.clone(), shape }),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => leaves_of(path, inner(), leaves)?,
        Shape::Struct { fields, .. } => {
            for field in fields {
                leaves_of(&path.then(field.step), (field.shape)(), leaves)?;
            }
        }
        Shape::List(_) | Shape::Set(_) | Shape::Map(..) | Shape::Enum { .. } => return Err(path.clone()),
    }
    Ok(())
}
