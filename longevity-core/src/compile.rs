//! The compilation of a type's declarations to the table that a back end keeps.

use std::any::TypeId;

use crate::definition::{Declaration, PrimaryKeyKind, PropertyDefinition, ReferenceDefinition, RootDefinition};
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::shape::Shape;
use crate::table::{
    Around, Column, ElementColumn, ElementIndex, Index, OnDelete, PrimaryKey, Reference, ReferencePlace,
    TableDefinition,
};
use crate::value::{Path, Step};

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
            element_indexes: Vec::new(),
            primary_key: None,
            references: Vec::new(),
            is_referenced: false,
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
    for property in &declaration.element_indexes {
        add_element_index(table, declared_by, variant, &property.path)?;
    }
    declaration.references.iter().try_for_each(|reference| add_reference(table, declared_by, variant, reference))
}

/// Adds the index of the elements of a list or a set.
fn add_element_index(
    table: &mut TableDefinition,
    declared_by: &'static str,
    variant: Option<usize>,
    property: &Path,
) -> Result<(), Error> {
    let invalid = |problem: String| Error::InvalidModel { type_name: declared_by, problem };
    let (place, element) =
        place_in(table, variant, property).ok_or_else(|| invalid(format!("there is no property {property}")))?;
    let columns = element_columns(property, element).map_err(invalid)?;
    let (scope, path, through) = (variant.and_then(|variant| table.scope(variant)), place.head, place.through);
    if through.len() != 1 {
        return Err(invalid(format!("{property} is no list or set of single values, whose elements could be indexed")));
    }
    let name = format!("{}.{property}.index", owner(table, declared_by, variant));
    table.element_indexes.push(ElementIndex { name, declared_by, scope, path, through, columns });
    Ok(())
}

/// Where a property is in the type, or in all types of a poly type, and the shape of what is there.
fn place_in(table: &TableDefinition, variant: Option<usize>, property: &Path) -> Option<(ReferencePlace, Shape)> {
    // All variants of a poly type have its properties.
    let shape = table.variants.get(variant.unwrap_or_default())?.shape;
    place_of(shape(), property.steps())
}

/// Adds a reference, and the index that finds the rows that refer to a target, unless there is one.
fn add_reference(
    table: &mut TableDefinition,
    declared_by: &'static str,
    variant: Option<usize>,
    ReferenceDefinition { property, target, on_delete, check }: &ReferenceDefinition,
) -> Result<(), Error> {
    let invalid = |problem: String| Error::InvalidModel { type_name: declared_by, problem };
    let Some((place, key_value)) = place_in(table, variant, &property.path) else {
        return Err(invalid(format!("there is no property {}", property.path)));
    };
    let missing = match (on_delete, place.around) {
        (OnDelete::SetNone, Around::Nothing | Around::Collection) => Some("an option"),
        (OnDelete::Remove, Around::Nothing | Around::Option) => Some("a list, a set or a map"),
        _ => None,
    };
    if let Some(missing) = missing {
        return Err(invalid(format!("the key value at {} is not in {missing}", property.path)));
    }
    let name = format!("{}.{}.reference", owner(table, declared_by, variant), property.path);
    if table.references.iter().any(|reference| reference.name == name) {
        return Err(invalid(format!("declares the reference {} twice", property.path)));
    }
    let scope = variant.and_then(|variant| table.scope(variant));
    let is_property = place.through.is_empty() && !place.head.steps().iter().any(|step| step.is_variant);
    let serves = |index: &Index| index.properties.first() == Some(&place.head) && index.scope == scope;
    if is_property && !table.indexes.iter().any(serves) {
        add_index(table, declared_by, variant, std::slice::from_ref(property), None)?;
    }
    let columns = element_columns(&property.path, key_value).map_err(invalid)?;
    let mut elements = None;
    if !place.through.is_empty() {
        let same =
            |index: &ElementIndex| index.scope == scope && index.path == place.head && index.through == place.through;
        let known = table.element_indexes.iter().position(same);
        elements = Some(known.unwrap_or(table.element_indexes.len()));
        if known.is_none() {
            let (path, through) = (place.head.clone(), place.through.clone());
            let (name, columns) = (name.clone(), columns.clone());
            table.element_indexes.push(ElementIndex { name, declared_by, scope, path, through, columns });
        }
    }
    let (target, on_delete, check) = (target.clone(), *on_delete, *check);
    table.references.push(Reference { name, declared_by, scope, place, columns, target, on_delete, check, elements });
    Ok(())
}

/// The single values of a value in a list, a set or a map.
fn element_columns(property: &Path, shape: Shape) -> Result<Vec<ElementColumn>, String> {
    let mut leaves = Vec::new();
    leaves_of(&Path::root(), shape, &mut leaves)
        .map_err(|at| format!("{property} cannot be indexed: {at} is not a single value"))?;
    Ok(leaves.into_iter().map(|Leaf { path, shape }| ElementColumn { path, shape }).collect())
}

/// The beginning of the name of what the type declares: the table, and the type if it is a derived one.
fn owner(table: &TableDefinition, declared_by: &str, variant: Option<usize>) -> String {
    if variant.is_some() { format!("{}.{declared_by}", table.name) } else { table.name.to_string() }
}

/// Where these steps lead to, through the elements of lists and sets and through the values of maps, and the shape of what is
/// there.
fn place_of(shape: Shape, steps: &[&'static Step]) -> Option<(ReferencePlace, Shape)> {
    let mut parts = vec![Path::root()];
    let (mut shape, mut steps) = (shape, steps);
    let (mut required, mut around) = (true, Around::Nothing);
    // Whether nothing but options is between the last list, set or map and the value.
    let mut is_element = false;
    loop {
        shape = match shape {
            Shape::Optional(inner) => {
                // An option in a list can be removed like any other element.
                around = if is_element { Around::Collection } else { Around::Option };
                required = false;
                inner()
            }
            Shape::List(inner) | Shape::Set(inner) | Shape::Map(_, inner) => {
                (is_element, required, around) = (true, false, Around::Collection);
                parts.push(Path::root());
                inner()
            }
            Shape::Newtype { key_of: None, inner, .. } => inner(),
            shape => {
                let [step, rest @ ..] = steps else {
                    let mut parts = parts.into_iter();
                    let (head, through) = (parts.next()?, parts.collect());
                    return Some((ReferencePlace { head, through, required, around, within: None }, shape));
                };
                let path = parts.last_mut()?;
                *path = path.then(step);
                (steps, around, is_element) = (rest, Around::Nothing, false);
                match shape {
                    Shape::Struct { fields, .. } => (fields.iter().find(|field| field.step.hash == step.hash)?.shape)(),
                    Shape::Enum { variants, .. } => {
                        required = false;
                        variants.iter().find(|variant| variant.serde_name == step.name)?.holds?()
                    }
                    _ => return None,
                }
            }
        };
    }
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
    let name = format!("{}.{}.{suffix}", owner(table, declared_by, variant), names.join("+"));
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
