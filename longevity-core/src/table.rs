//! The table that a back end keeps for a plain or a poly type: variants, columns, keys and indexes. Computed once per
//! type and store; back ends work from it alone.

use std::any::TypeId;

use crate::error::Error;
use crate::path::Path;
use crate::storable::{Shape, ShapeFn};
use crate::value::Value;

/// A table or collection.
#[derive(Clone, Debug)]
pub struct TableDefinition {
    /// The table's name, as the user chose it or derived from the type's. May be a keyword anywhere; has no dots.
    pub name: &'static str,
    /// The type that owns the table.
    pub type_name: &'static str,
    /// The structs that the table holds. A table with discriminators has one or more; that of a plain type exactly one,
    /// without.
    pub variants: Vec<Variant>,
    /// The values that keys and indexes need, apart from the documents.
    pub columns: Vec<Column>,
    /// The keys and indexes.
    pub indexes: Vec<Index>,
    /// The primary key, if the type has one.
    pub primary_key: Option<PrimaryKey>,
}

/// One struct that a table holds.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The Rust type's name.
    pub type_name: &'static str,
    /// The discriminator that is written, then the aliases that may be found; `None` in the table of a plain type.
    pub discriminators: Option<&'static [&'static str]>,
    /// The struct's shape.
    pub shape: ShapeFn,
    /// Whether each struct on the way to a property, by the serde names of the fields, is decoded as serde's derive does it:
    /// such a one has no rules of its own that a change of the property could break.
    pub decoded_by_derive: fn(&[&'static str]) -> bool,
}

/// A single value of a row that keys or indexes need.
#[derive(Clone, Debug)]
pub struct Column {
    /// Where the value is in the document.
    pub path: Path,
    /// What it is: a basic type or a choice.
    pub shape: Shape,
    /// Whether it may be absent in a row of its variant.
    pub optional: bool,
    /// The one variant that has it; absent in all other rows. `None` if all have it.
    pub variant: Option<usize>,
}

/// A key or an index.
#[derive(Clone, Debug)]
pub struct Index {
    /// A name that is unique in the store: table, declaring type if it is a derived type, properties, and `key` or
    /// `index`, with dots between.
    pub name: String,
    /// The properties, before their values were spread over columns: one if this is a key.
    pub properties: Vec<Path>,
    /// The type that declares it.
    pub declared_by: &'static str,
    /// The one variant whose rows are in it; all rows if `None`.
    pub variant: Option<usize>,
    /// The discriminators of that variant: the index's leading column and the condition of its being partial.
    pub discriminators: Option<&'static [&'static str]>,
    /// The positions of its columns in [`TableDefinition::columns`], the discriminator not among them.
    pub columns: Vec<usize>,
    /// The key value's type if this is a key: then no two rows in it have the same values.
    pub key_val: Option<TypeId>,
}

impl Index {
    /// The properties as errors name them.
    pub fn property(&self) -> String {
        let names: Vec<_> = self.properties.iter().map(Path::to_string).collect();
        names.join(", ")
    }

    /// Whether no two rows may have the same values.
    pub fn is_unique(&self) -> bool {
        self.key_val.is_some()
    }

    /// The error for a row whose values in this index another row has too; in the order of the columns.
    pub fn duplicate_key(&self, values: &[Value]) -> Error {
        Error::DuplicateKey { type_name: self.declared_by, key: self.property(), value: shown(values) }
    }

    /// Whether a row with this discriminator is in the index.
    pub fn covers(&self, discriminator: Option<&str>) -> bool {
        self.discriminators.is_none_or(|names| discriminator.is_some_and(|name| names.contains(&name)))
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

/// The key that is the identity of a row and never changes.
#[derive(Clone, Debug)]
pub struct PrimaryKey {
    /// The position of its index.
    pub index: usize,
    /// Whether a sharded store spreads rows by a hash of it.
    pub hashed: bool,
    /// How many of the index's columns decide the shard.
    pub partition_columns: usize,
}

impl TableDefinition {
    /// The key with values of this type.
    pub fn key(&self, key_val: TypeId) -> Option<usize> {
        self.indexes.iter().position(|index| index.key_val == Some(key_val))
    }

    /// All discriminators that rows of this table may have.
    pub fn discriminators(&self) -> impl Iterator<Item = &'static str> {
        self.variants.iter().filter_map(|variant| variant.discriminators).flatten().copied()
    }

    /// The variant with this discriminator.
    pub fn variant(&self, discriminator: Option<&str>) -> Option<&Variant> {
        match discriminator {
            None => self.variants.iter().find(|variant| variant.discriminators.is_none()),
            Some(name) => {
                self.variants.iter().find(|variant| variant.discriminators.is_some_and(|names| names.contains(&name)))
            }
        }
    }
}
