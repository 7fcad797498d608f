//! How generated code says what a type declares: by its properties, whose types say what they hold.

use std::any::TypeId;

use crate::definition::{KeyDefinition, PrimaryKeyKind, PropertyDefinition, VariantDefinition};
use crate::persistent::PersistentStruct;
use crate::query::Prop;
use crate::storable::Storable;
use crate::storable::kind::Indexable;

impl VariantDefinition {
    /// The variant that holds `D`; for generated code.
    #[doc(hidden)]
    pub fn of<D: PersistentStruct>() -> Self {
        Self { name: D::NAME, discriminators: D::DISCRIMINATORS, shape: D::shape, declaration: D::declaration() }
    }
}

impl PropertyDefinition {
    /// A declared property; for generated code.
    #[doc(hidden)]
    pub fn of<R: 'static, T: Storable>(prop: &Prop<R, T>) -> Self {
        Self { path: prop.path().clone(), shape: T::shape }
    }

    /// A property of an index; for generated code.
    #[doc(hidden)]
    pub fn indexed<R: 'static, T: Storable<Kind: Indexable>>(prop: &Prop<R, T>) -> Self {
        Self::of(prop)
    }
}

impl KeyDefinition {
    /// A key; for generated code, which gets here through [`KeyValOf`](crate::KeyValOf).
    #[doc(hidden)]
    pub fn of<R: 'static, K: Storable>(prop: &Prop<R, K>) -> Self {
        Self { property: PropertyDefinition::of(prop), key_val: TypeId::of::<K>(), primary: None }
    }

    /// The same as the primary key; for generated code.
    #[doc(hidden)]
    pub fn primary(mut self, kind: PrimaryKeyKind) -> Self {
        self.primary = Some(kind);
        self
    }
}
