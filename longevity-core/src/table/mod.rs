//! The table that a back end keeps for a plain or a poly type: variants, columns, keys, indexes and references. It is computed once per
//! type and store, and back ends need nothing else.

mod elements;
mod reference;
mod schema;

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;

pub use elements::{ElementColumn, ElementIndex, any_value, each_value};
pub(crate) use reference::{Around, Identity, KeyChange, Within};
pub use reference::{Check, OnDelete, Reference, ReferencePlace, ReferenceTarget};
pub use schema::{
    ColumnSchema, ComponentVariantSchema, ElementIndexSchema, FieldSchema, IndexSchema, PrimaryKeySchema, StepSchema,
    TableSchema, TypeSchema, VariantSchema,
};

use crate::error::Error;
pub use crate::scope::Scope;
use crate::shape::{ScalarType, Shape, ShapeFn};
use crate::value::{Path, Step, Value};

/// A table or collection.
#[derive(Clone, Debug)]
pub struct TableDefinition {
    /// The table's name, which the user chose or which is derived from the type's name. It may be a keyword, and has no dots.
    pub name: Cow<'static, str>,
    /// The type that owns the table.
    pub type_name: &'static str,
    /// The structs that the table holds. A table with discriminators has one or more variants. The table of a plain type has
    /// exactly one, without a discriminator.
    pub variants: Vec<Variant>,
    /// The values that keys and indexes need, apart from the documents.
    pub columns: Vec<Column>,
    /// The keys and indexes.
    pub indexes: Vec<Index>,
    /// The indexes of values in lists, sets and maps.
    pub element_indexes: Vec<ElementIndex>,
    /// The primary key, if the type has one.
    pub primary_key: Option<PrimaryKey>,
    /// The references with integrity that the rows contain.
    pub references: Vec<Reference>,
    /// Whether references with integrity lead to rows of the table.
    pub is_referenced: bool,
}

/// One struct that a table holds.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The Rust type's name.
    pub type_name: &'static str,
    /// The discriminator that is written, then the aliases that are also read; `None` in the table of a plain type.
    pub discriminators: Option<&'static [&'static str]>,
    /// The struct's shape.
    pub shape: ShapeFn,
}

/// A single value of a row that keys or indexes need.
#[derive(Clone, Debug)]
pub struct Column {
    /// Where the value is in the document.
    pub path: Path,
    /// The shape of the value: a basic type or a choice.
    pub shape: Shape,
    /// Whether it may be absent in a row of its variant.
    pub optional: bool,
    /// The position of the only variant that has the value; it is absent in all other rows. `None` if all variants have it.
    pub variant: Option<usize>,
}

/// A key or an index.
#[derive(Clone, Debug)]
pub struct Index {
    /// A name that is unique in the store: the table, the declaring type if it is a derived type, the properties, and `key` or
    /// `index`, with dots between them.
    pub name: String,
    /// The properties, before their values were spread over columns. A key has one.
    pub properties: Vec<Path>,
    /// The type that declares it.
    pub declared_by: &'static str,
    /// The only variant whose rows are in the index; all rows if `None`. The variant's discriminators are the index's leading
    /// column and the condition of the partial index.
    pub scope: Option<Scope>,
    /// The positions of its columns in [`TableDefinition::columns`], without the discriminator.
    pub columns: Vec<usize>,
    /// The type of the key value if this is a key. No two rows in a key have the same values.
    pub key_val: Option<TypeId>,
}

impl Index {
    /// The properties, as errors show them.
    pub fn property(&self) -> String {
        let names: Vec<_> = self.properties.iter().map(Path::to_string).collect();
        names.join(", ")
    }

    /// For each column of a key, the rest of its path within the key value.
    pub(crate) fn paths_in_key<'a>(
        &'a self,
        definition: &'a TableDefinition,
    ) -> impl Iterator<Item = &'a [&'static Step]> {
        let depth = self.properties.first().map_or(0, |property| property.steps().len());
        let path = move |column: &usize| definition.columns[*column].path.steps().get(depth..).unwrap_or_default();
        self.columns.iter().map(path)
    }

    /// Whether no two rows may have the same values.
    pub fn is_unique(&self) -> bool {
        self.key_val.is_some()
    }

    /// The error for a row whose values in this index another row also has. The values are in the order of the columns.
    pub fn duplicate_key(&self, values: &[Value]) -> Error {
        Error::DuplicateKey { type_name: self.declared_by, key: self.property(), value: shown(values) }
    }

    /// Whether a row with this discriminator is in the index.
    pub fn covers(&self, discriminator: Option<&str>) -> bool {
        self.scope.is_none_or(|scope| scope.contains(discriminator))
    }
}

/// Column values as an error shows them.
pub(crate) fn shown(values: &[Value]) -> String {
    match values {
        [value] => value.to_string(),
        values => {
            let values: Vec<_> = values.iter().map(Value::to_string).collect();
            format!("({})", values.join(", "))
        }
    }
}

/// The key that identifies a row and never changes.
#[derive(Clone, Debug)]
pub struct PrimaryKey {
    /// The position of the key's index.
    pub index: usize,
    /// Whether a sharded store distributes rows by a hash of the key.
    pub hashed: bool,
    /// How many of the index's columns decide the shard.
    pub partition_columns: usize,
}

impl TableDefinition {
    /// The position of the key with values of this type.
    pub fn key(&self, key_val: TypeId) -> Option<usize> {
        self.indexes.iter().position(|index| index.key_val == Some(key_val))
    }

    /// All discriminators that rows of this table may have.
    pub fn discriminators(&self) -> impl Iterator<Item = &'static str> {
        self.variants.iter().filter_map(|variant| variant.discriminators).flatten().copied()
    }

    /// The scope of the variant at this position; `None` if there is no such variant, or if the type is plain.
    pub fn scope(&self, variant: usize) -> Option<Scope> {
        let discriminators = self.variants.get(variant)?.discriminators?;
        Some(Scope { variant, discriminators })
    }

    /// The scopes of all variants; none in the table of a plain type.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        (0..self.variants.len()).filter_map(|variant| self.scope(variant))
    }

    /// The position of the variant whose rows have this discriminator.
    pub fn position(&self, discriminator: Option<&str>) -> Option<usize> {
        self.variants.iter().position(|variant| match (variant.discriminators, discriminator) {
            (None, None) => true,
            (Some(names), Some(name)) => names.contains(&name),
            _ => false,
        })
    }

    /// The variant whose rows have this discriminator.
    pub fn variant(&self, discriminator: Option<&str>) -> Option<&Variant> {
        self.position(discriminator).map(|position| &self.variants[position])
    }

    /// Whether the definition knows some of the rows with these discriminators. `None` means all rows.
    pub fn knows(&self, discriminators: Option<&[&str]>) -> bool {
        discriminators.is_none_or(|names| self.discriminators().any(|known| names.contains(&known)))
    }

    /// Whether the definition has a key with this name.
    pub fn declares_key(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.is_unique() && index.name == name)
    }

    /// The error for a write that violates a key that the definition does not declare.
    pub fn undeclared_key(&self, key: impl Into<String>) -> Error {
        Error::UndeclaredKey { type_name: self.type_name, key: key.into() }
    }

    /// The error for a row whose value in a column does not fit the column; `None` if it fits. A value that cannot be read as
    /// the column's type at all is passed as the error of the reader.
    pub fn misfit(&self, column: usize, row: impl fmt::Display, found: Result<&Value, &str>) -> Option<Error> {
        let column = self.columns.get(column)?;
        let reason = match found {
            Ok(Value::None(_)) if column.optional => return None,
            Ok(Value::None(_)) => None,
            Ok(value) if column.holds(value) => return None,
            Ok(value) => Some(format!("it has {}", kind_of(value))),
            Err(reason) => Some(reason.to_owned()),
        };
        let wanted = column.shape_name();
        let problem = match reason {
            None => format!(
                "the row {row} has no value for it, but it is required: give it a default with `#[serde(default)]`, or make it an \
                 `Option`"
            ),
            Some(reason) => format!(
                "the row {row} has no {wanted} there ({reason}): a property that has changed its type needs another stored name, \
                 `#[persistent(name = \"..\")]`"
            ),
        };
        let variant = column.variant.and_then(|variant| self.variants.get(variant));
        let type_name = variant.map_or(self.type_name, |variant| variant.type_name);
        Some(Error::RowsDoNotFit { type_name, property: column.path.to_string(), problem })
    }
}

impl Column {
    /// Whether the value is one of the column's type.
    pub fn holds(&self, value: &Value) -> bool {
        use ScalarType as S;
        let (signed, unsigned) = match value {
            Value::Int(value) => (Some(*value), u64::try_from(*value).ok()),
            Value::UInt(value) => (i64::try_from(*value).ok(), Some(*value)),
            _ => (None, None),
        };
        let within = |least: i64, greatest: i64| signed.is_some_and(|value| (least..=greatest).contains(&value));
        match &self.shape {
            Shape::Choice { choices, aliases, .. } => match value {
                Value::Text(name) => {
                    choices.iter().chain(aliases.iter().map(|(alias, _)| alias)).any(|known| **known == **name)
                }
                _ => false,
            },
            Shape::Scalar(scalar) => match scalar {
                S::Bool => matches!(value, Value::Bool(_)),
                S::I8 => within(i8::MIN.into(), i8::MAX.into()),
                S::I16 => within(i16::MIN.into(), i16::MAX.into()),
                S::I32 => within(i32::MIN.into(), i32::MAX.into()),
                S::I64 | S::Isize => signed.is_some(),
                S::U8 => within(0, u8::MAX.into()),
                S::U16 => within(0, u16::MAX.into()),
                S::U32 => within(0, u32::MAX.into()),
                S::U64 | S::Usize => unsigned.is_some(),
                S::F32 | S::F64 => matches!(value, Value::Float(_)),
                S::Char => matches!(value, Value::Char(_)),
                S::String => matches!(value, Value::Text(_)),
                S::Bytes => matches!(value, Value::Bytes(_)),
                S::Uuid => matches!(value, Value::Uuid(_)),
                S::Timestamp => matches!(value, Value::Timestamp(_)),
            },
            // A key or an index has single values.
            _ => false,
        }
    }

    /// The name of the column's type.
    fn shape_name(&self) -> &'static str {
        match &self.shape {
            Shape::Scalar(scalar) => scalar.name(),
            Shape::Choice { name, .. } => name,
            _ => "single value",
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::None(_) => "nothing",
        Value::Bool(_) => "a `bool`",
        Value::Int(_) | Value::UInt(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Char(_) => "a `char`",
        Value::Text(_) => "a string",
        Value::Bytes(_) => "bytes",
        Value::Uuid(_) => "a UUID",
        Value::Timestamp(_) => "a timestamp",
        Value::List(_) | Value::Map(_) => "a collection",
        Value::Record(_) => "a component",
        Value::Variant(..) => "a variant",
    }
}
