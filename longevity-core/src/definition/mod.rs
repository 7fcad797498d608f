//! The one description of a persistent type, which the derives write: its names, its variants with their
//! [`Shape`](crate::storable::Shape)s, its keys, its indexes and its references. All other descriptions follow from it:
//!
//! | description | for | follows by |
//! | --- | --- | --- |
//! | [`TableDefinition`](crate::table::TableDefinition) | back ends | [`RootDefinition::table`] |
//! | [`TableSchema`](crate::table::TableSchema) | storing and comparing versions | [`TableDefinition::schema`](crate::table::TableDefinition::schema) |
//! | [`Description`](crate::description::Description), a diagram | programs and readers | [`DomainModel::description`](crate::DomainModel::description) |
//! | [`Plan`](crate::encoding::Plan) | the encoding | [`encoding::plan`](crate::encoding::plan), from a shape |
//! | [`Leaf`](crate::storable::Leaf) | the end of a path | [`Leaf::of`](crate::storable::Leaf::of), from a shape |

use std::any::TypeId;

use crate::shape::ShapeFn;
use crate::storable::kind::{Indexable, IndexableElements};
use crate::storable::{Prop, Storable};
use crate::table::{Check, OnDelete, ReferenceTarget, Variant};
use crate::value::Path;

/// The declarations of a plain or a poly type.
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
    /// The keys, indexes and references of the poly type; empty for a plain type, whose only variant declares them.
    pub declaration: Declaration,
    /// The variants; a plain type has one.
    pub variants: Vec<VariantDefinition>,
}

/// One struct that a table holds.
#[derive(Clone, Debug)]
pub struct VariantDefinition {
    /// Its name, its discriminators and its shape.
    pub variant: Variant,
    /// Its keys, indexes and references.
    pub declaration: Declaration,
}

/// The keys, indexes and references of one type.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// The keys.
    pub keys: Vec<KeyDefinition>,
    /// The properties of each index.
    pub indexes: Vec<Vec<PropertyDefinition>>,
    /// The lists and sets whose elements are indexed.
    pub element_indexes: Vec<PropertyDefinition>,
    /// The references with integrity.
    pub references: Vec<ReferenceDefinition>,
}

/// A property: its path and its shape.
#[derive(Clone, Debug)]
pub struct PropertyDefinition {
    /// The path.
    pub path: Path,
    /// The shape.
    pub shape: ShapeFn,
}

impl PropertyDefinition {
    /// A declared property; for generated code.
    #[doc(hidden)]
    pub fn of<R: 'static, T: Storable>(prop: &Prop<R, T>) -> Self {
        Self { path: prop.path().clone(), shape: T::shape }
    }

    /// A list or a set whose elements are indexed; for generated code.
    #[doc(hidden)]
    pub fn indexed_elements<R: 'static, T: Storable>(prop: &Prop<R, T>) -> Self
    where
        T::Kind: IndexableElements<T>,
    {
        Self::of(prop)
    }

    /// A property of an index; for generated code.
    #[doc(hidden)]
    pub fn indexed<R: 'static, T: Storable<Kind: Indexable>>(prop: &Prop<R, T>) -> Self {
        Self::of(prop)
    }
}

/// A key: a property that is unique.
#[derive(Clone, Debug)]
pub struct KeyDefinition {
    /// The property.
    pub property: PropertyDefinition,
    /// The key value's type.
    pub key_val: TypeId,
    /// How it distributes rows, if it is the primary key.
    pub primary: Option<PrimaryKeyKind>,
}

impl KeyDefinition {
    /// A key; for generated code, which calls this through [`KeyValOf`](crate::KeyValOf).
    #[doc(hidden)]
    pub fn of<R: 'static, K: Storable>(prop: &Prop<R, K>) -> Self {
        Self { property: PropertyDefinition::of(prop), key_val: TypeId::of::<K>(), primary: None }
    }

    /// The same key as the primary key; for generated code.
    #[doc(hidden)]
    pub fn primary(mut self, kind: PrimaryKeyKind) -> Self {
        self.primary = Some(kind);
        self
    }
}

/// How a primary key distributes rows over a sharded store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrimaryKeyKind {
    /// By ranges of the whole key.
    Ranged,
    /// By a hash of the whole key.
    Hashed,
    /// By these properties, which are the first ones of the key.
    Partitioned(Vec<Path>),
}

/// A reference with integrity.
#[derive(Clone, Debug)]
pub struct ReferenceDefinition {
    /// The property that contains the key values. The path also leads through the elements of lists and sets and through the
    /// values of maps.
    pub property: PropertyDefinition,
    /// What it refers to.
    pub target: ReferenceTarget,
    /// What happens when the target is deleted.
    pub on_delete: OnDelete,
    /// When the target must be there.
    pub check: Check,
}

/// The table that a reference leads to; for generated code.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TargetTable(pub(crate) &'static str);
