//! What the derives declare of a persistent type. The table that a back end keeps is compiled from it.

use std::any::TypeId;

use crate::path::Path;
use crate::storable::ShapeFn;

/// What a plain or a poly type declares.
#[derive(Clone, Debug)]
pub struct RootDefinition {
    /// The Rust type's name.
    pub name: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// Whether it is a poly type.
    pub poly: bool,
    /// The properties that all variants of a poly type have.
    pub props: Vec<PropertyDefinition>,
    /// The keys and indexes of the poly type; empty for a plain type, whose only variant declares them.
    pub declaration: Declaration,
    /// The variants; a plain type has one.
    pub variants: Vec<VariantDefinition>,
}

/// One struct that a table holds.
#[derive(Clone, Debug)]
pub struct VariantDefinition {
    /// The Rust type's name.
    pub name: &'static str,
    /// The discriminator that is written, then the aliases; `None` for a plain type.
    pub discriminators: Option<&'static [&'static str]>,
    /// The struct's shape.
    pub shape: ShapeFn,
    /// Its keys and indexes.
    pub declaration: Declaration,
}

/// The keys and indexes of one type.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// The keys.
    pub keys: Vec<KeyDefinition>,
    /// The indexes: the properties of each.
    pub indexes: Vec<Vec<PropertyDefinition>>,
}

/// A property: where it is and what it holds.
#[derive(Clone, Debug)]
pub struct PropertyDefinition {
    /// Where.
    pub path: Path,
    /// What.
    pub shape: ShapeFn,
}

/// A key: a property that is unique.
#[derive(Clone, Debug)]
pub struct KeyDefinition {
    /// The property.
    pub property: PropertyDefinition,
    /// The key value's type.
    pub key_val: TypeId,
    /// How it is the primary key, if it is.
    pub primary: Option<PrimaryKeyKind>,
}

/// How a primary key spreads rows over a sharded store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrimaryKeyKind {
    /// By ranges of the whole key.
    Ranged,
    /// By a hash of the whole key.
    Hashed,
    /// By these properties, which are the first of the key's.
    Partitioned(Vec<Path>),
}
