//! The schema of a table in a form that can be stored and compared with that of another version of the model.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Column, ElementIndex, Index, TableDefinition, Variant};
use crate::shape::{FieldShape, ScalarType, Shape, ShapeFn, VariantShape};
use crate::value::Path;

/// The content of a [`TableDefinition`] in a form that does not need the program that defined it, and that implements serde's
/// traits. Two schemas are equal if all their names (in Rust and stored), the order of fields, the types, the keys and the
/// indexes are equal. A schema records that there is a default, but not its value.
///
/// ```
/// # use longevity::PersistentType;
/// # use longevity::backend::table::TableSchema;
/// # #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, PersistentType)]
/// # struct Note { text: String, tags: Vec<String> }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = <Note as longevity::RootType>::definition().table()?.schema();
/// let stored = serde_json::to_string(&now)?;
/// let then: TableSchema = serde_json::from_str(&stored)?;
/// assert_eq!(then, now);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableSchema {
    /// The version of this form: [`FORM`](Self::FORM) of the program that wrote it.
    pub form: u32,
    /// The table's name.
    pub name: String,
    /// The type that owns it.
    pub type_name: String,
    /// The structs that it holds.
    pub variants: Vec<VariantSchema>,
    /// The values that keys and indexes need.
    pub columns: Vec<ColumnSchema>,
    /// The keys and indexes.
    pub indexes: Vec<IndexSchema>,
    /// The indexes of elements of lists, sets and maps.
    #[serde(default)]
    pub element_indexes: Vec<ElementIndexSchema>,
    /// The primary key, if there is one.
    pub primary_key: Option<PrimaryKeySchema>,
    /// The types in the rows. Other parts refer to them by their positions here, which may differ between two builds of one
    /// program and have no meaning of their own.
    pub types: Vec<TypeSchema>,
}

/// A struct that a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantSchema {
    /// The Rust type's name.
    pub type_name: String,
    /// The discriminator that is written, then the aliases; empty in the table of a plain type.
    pub discriminators: Vec<String>,
    /// The position of the struct in the types.
    pub of_type: usize,
}

/// A value that keys or indexes need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// The path to the value.
    pub path: Vec<StepSchema>,
    /// The position of its type in the types.
    pub of_type: usize,
    /// Whether it may be absent in a row of its variant.
    pub optional: bool,
    /// The position of the only variant that has it.
    pub variant: Option<usize>,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepSchema {
    /// To the field with this stored name.
    Field(String),
    /// Into the variant with this stored name.
    Variant(String),
}

/// A key or an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSchema {
    /// Its name.
    pub name: String,
    /// Its properties, before they were spread over columns.
    pub properties: Vec<Vec<StepSchema>>,
    /// The type that declares it.
    pub declared_by: String,
    /// The position of the only variant whose rows are in it.
    pub variant: Option<usize>,
    /// The positions of its columns.
    pub columns: Vec<usize>,
    /// Whether it is a key.
    pub unique: bool,
}

/// An index of elements of lists, sets and maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementIndexSchema {
    /// Its name.
    pub name: String,
    /// The type that declares it.
    pub declared_by: String,
    /// The position of the only variant whose rows are in it.
    pub variant: Option<usize>,
    /// The path to the outermost list, set or map.
    pub path: Vec<StepSchema>,
    /// The paths from the elements of each list, set or map to the next one or to the values.
    pub through: Vec<Vec<StepSchema>>,
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimaryKeySchema {
    /// The position of its index.
    pub index: usize,
    /// Whether rows are distributed by a hash of it.
    pub hashed: bool,
    /// How many of its columns decide the shard of a row.
    pub partition_columns: usize,
}

/// A type in rows. It refers to other types by their positions in [`TableSchema::types`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeSchema {
    /// A basic type.
    Scalar(ScalarType),
    /// An enum of units.
    Choice {
        /// The Rust type's name.
        name: String,
        /// The stored names.
        choices: Vec<String>,
        /// Other names that are read, each with the stored name.
        aliases: Vec<(String, String)>,
    },
    /// A newtype, stored as its content.
    Newtype {
        /// The Rust type's name.
        name: String,
        /// The persistent type that it identifies, if it is a key value.
        key_of: Option<String>,
        /// The position of the content's type.
        held: usize,
    },
    /// An option.
    Optional(usize),
    /// A list.
    List(usize),
    /// A set.
    Set(usize),
    /// A map: its keys and its values.
    Map(usize, usize),
    /// A struct.
    Struct {
        /// The Rust type's name.
        name: String,
        /// The persistent type that it identifies, if it is a key value.
        key_of: Option<String>,
        /// Its fields.
        fields: Vec<FieldSchema>,
    },
    /// An enum whose variants hold data.
    Enum {
        /// The Rust type's name.
        name: String,
        /// Its variants.
        variants: Vec<ComponentVariantSchema>,
    },
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSchema {
    /// The Rust field's name.
    pub name: String,
    /// The stored name.
    pub stored_name: String,
    /// Other names that are read.
    pub aliases: Vec<String>,
    /// The position of its type.
    pub of_type: usize,
    /// Whether it has a default for documents without it.
    pub has_default: bool,
}

/// A variant of an enum within a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentVariantSchema {
    /// The Rust variant's name.
    pub name: String,
    /// The stored name.
    pub stored_name: String,
    /// Other names that are read.
    pub aliases: Vec<String>,
    /// The position of the type of its content.
    pub holds: Option<usize>,
}

impl TableDefinition {
    /// The definition in a form that can be stored and compared.
    pub fn schema(&self) -> TableSchema {
        let mut types = Types::default();
        TableSchema {
            form: TableSchema::FORM,
            name: self.name.clone().into_owned(),
            type_name: self.type_name.to_owned(),
            variants: self.variants.iter().map(|variant| variant_schema(variant, &mut types)).collect(),
            columns: self.columns.iter().map(|column| column_schema(column, &mut types)).collect(),
            indexes: self.indexes.iter().map(index_schema).collect(),
            element_indexes: self.element_indexes.iter().map(element_index_schema).collect(),
            primary_key: self.primary_key.as_ref().map(|key| PrimaryKeySchema {
                index: key.index,
                hashed: key.hashed,
                partition_columns: key.partition_columns,
            }),
            types: types.finish(),
        }
    }
}

fn variant_schema(variant: &Variant, types: &mut Types) -> VariantSchema {
    VariantSchema {
        type_name: variant.type_name.to_owned(),
        discriminators: owned(variant.discriminators.unwrap_or_default()),
        of_type: types.position(variant.shape),
    }
}

fn column_schema(column: &Column, types: &mut Types) -> ColumnSchema {
    let of_type = types.add(column.shape.clone());
    ColumnSchema { path: steps(&column.path), of_type, optional: column.optional, variant: column.variant }
}

fn index_schema(index: &Index) -> IndexSchema {
    IndexSchema {
        name: index.name.clone(),
        properties: index.properties.iter().map(steps).collect(),
        declared_by: index.declared_by.to_owned(),
        variant: index.scope.map(|scope| scope.variant),
        columns: index.columns.clone(),
        unique: index.is_unique(),
    }
}

fn element_index_schema(index: &ElementIndex) -> ElementIndexSchema {
    ElementIndexSchema {
        name: index.name.clone(),
        declared_by: index.declared_by.to_owned(),
        variant: index.scope.map(|scope| scope.variant),
        path: steps(&index.path),
        through: index.through.iter().map(steps).collect(),
    }
}

fn steps(path: &Path) -> Vec<StepSchema> {
    let of = |step: &&'static crate::value::Step| match step.is_variant {
        true => StepSchema::Variant(step.name.to_owned()),
        false => StepSchema::Field(step.name.to_owned()),
    };
    path.steps().iter().map(of).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Types by the address of their shape function, so that recursive types end. A function may have several addresses. The type
/// is then entered more than once, which makes no difference to comparisons.
#[derive(Default)]
struct Types {
    positions: HashMap<usize, usize>,
    /// `None` while the content of the type is still being entered.
    all: Vec<Option<TypeSchema>>,
}

impl Types {
    fn position(&mut self, shape: ShapeFn) -> usize {
        if let Some(position) = self.positions.get(&(shape as usize)) {
            return *position;
        }
        self.positions.insert(shape as usize, self.all.len());
        self.add(shape())
    }

    fn add(&mut self, shape: Shape) -> usize {
        let position = self.all.len();
        self.all.push(None);
        let schema = self.schema(shape);
        self.all[position] = Some(schema);
        position
    }

    fn schema(&mut self, shape: Shape) -> TypeSchema {
        match shape {
            Shape::Scalar(scalar) => TypeSchema::Scalar(scalar),
            Shape::Choice { name, choices, aliases } => TypeSchema::Choice {
                name: name.to_owned(),
                choices: owned(&choices),
                aliases: aliases.into_iter().map(|(alias, stored)| (alias.to_owned(), stored.to_owned())).collect(),
            },
            Shape::Newtype { name, key_of, inner } => TypeSchema::Newtype {
                name: name.to_owned(),
                key_of: key_of.map(str::to_owned),
                held: self.position(inner),
            },
            Shape::Optional(inner) => TypeSchema::Optional(self.position(inner)),
            Shape::List(element) => TypeSchema::List(self.position(element)),
            Shape::Set(element) => TypeSchema::Set(self.position(element)),
            Shape::Map(key, value) => TypeSchema::Map(self.position(key), self.position(value)),
            Shape::Struct { name, key_of, fields } => TypeSchema::Struct {
                name: name.to_owned(),
                key_of: key_of.map(str::to_owned),
                fields: fields.iter().map(|field| self.field(field)).collect(),
            },
            Shape::Enum { name, variants } => TypeSchema::Enum {
                name: name.to_owned(),
                variants: variants.iter().map(|variant| self.variant(variant)).collect(),
            },
        }
    }

    fn field(&mut self, field: &FieldShape) -> FieldSchema {
        FieldSchema {
            name: field.name.to_owned(),
            stored_name: field.step.name.to_owned(),
            aliases: owned(field.aliases),
            of_type: self.position(field.shape),
            has_default: field.absent.is_some(),
        }
    }

    fn variant(&mut self, variant: &VariantShape) -> ComponentVariantSchema {
        ComponentVariantSchema {
            name: variant.name.to_owned(),
            stored_name: variant.serde_name.to_owned(),
            aliases: owned(variant.aliases),
            holds: variant.holds.map(|shape| self.position(shape)),
        }
    }

    fn finish(self) -> Vec<TypeSchema> {
        // `add` has filled every entry.
        self.all.into_iter().flatten().collect()
    }
}

impl TableSchema {
    /// The version of the form that this program writes.
    pub const FORM: u32 = 1;
}

impl PartialEq for TableSchema {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = Pairs::default();
        self.form == other.form
            && self.name == other.name
            && self.type_name == other.type_name
            && self.indexes == other.indexes
            && self.element_indexes == other.element_indexes
            && self.primary_key == other.primary_key
            && is_each(&self.variants, &other.variants, |a, b| {
                pairs.add(a.of_type, b.of_type);
                a.type_name == b.type_name && a.discriminators == b.discriminators
            })
            && is_each(&self.columns, &other.columns, |a, b| {
                pairs.add(a.of_type, b.of_type);
                a.path == b.path && a.optional == b.optional && a.variant == b.variant
            })
            && pairs.are_alike(&self.types, &other.types)
    }
}

impl Eq for TableSchema {}

/// Whether two lists have the same length and matching elements.
fn is_each<T>(these: &[T], those: &[T], mut alike: impl FnMut(&T, &T) -> bool) -> bool {
    these.len() == those.len() && these.iter().zip(those).all(|(a, b)| alike(a, b))
}

/// Pairs of positions whose types have to match. They match unless a difference is found on a path from one of them.
#[derive(Default)]
struct Pairs {
    known: HashSet<(usize, usize)>,
    left: Vec<(usize, usize)>,
}

impl Pairs {
    fn add(&mut self, a: usize, b: usize) {
        if self.known.insert((a, b)) {
            self.left.push((a, b));
        }
    }

    fn are_alike(mut self, these: &[TypeSchema], those: &[TypeSchema]) -> bool {
        while let Some((a, b)) = self.left.pop() {
            match (these.get(a), those.get(b)) {
                (Some(a), Some(b)) if self.is_alike(a, b) => {}
                // Both are out of range, because the schemas were edited.
                (None, None) => {}
                _ => return false,
            }
        }
        true
    }

    /// Whether two types match, provided that their contents do.
    fn is_alike(&mut self, a: &TypeSchema, b: &TypeSchema) -> bool {
        use TypeSchema as T;
        match (a, b) {
            (T::Scalar(_) | T::Choice { .. }, _) => a == b,
            (T::Newtype { name, key_of, held }, T::Newtype { name: other, key_of: other_key_of, held: other_held }) => {
                self.add(*held, *other_held);
                name == other && key_of == other_key_of
            }
            (T::Optional(a), T::Optional(b)) | (T::List(a), T::List(b)) | (T::Set(a), T::Set(b)) => {
                self.add(*a, *b);
                true
            }
            (T::Map(key, value), T::Map(other_key, other_value)) => {
                self.add(*key, *other_key);
                self.add(*value, *other_value);
                true
            }
            (T::Struct { name, key_of, fields }, T::Struct { name: other, key_of: other_key_of, fields: others }) => {
                name == other
                    && key_of == other_key_of
                    && is_each(fields, others, |a, b| {
                        self.add(a.of_type, b.of_type);
                        FieldSchema { of_type: b.of_type, ..a.clone() } == *b
                    })
            }
            (T::Enum { name, variants }, T::Enum { name: other, variants: others }) => {
                name == other
                    && is_each(variants, others, |a, b| {
                        if let (Some(a), Some(b)) = (a.holds, b.holds) {
                            self.add(a, b);
                        }
                        a.holds.is_some() == b.holds.is_some()
                            && ComponentVariantSchema { holds: b.holds, ..a.clone() } == *b
                    })
            }
            _ => false,
        }
    }
}
