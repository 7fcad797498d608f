//! References: key values that are keys, and the typed form in which the derives declare references with integrity.

use std::any::TypeId;
use std::marker::PhantomData;

use super::{HasVariant, KeyFor, KeyVal, PersistentType, RootType};
use crate::definition::{PropertyDefinition, ReferenceDefinition, TargetTable};
use crate::storable::kind::{HasElements, MayBeNone, Within};
use crate::storable::{Prop, Storable};
use crate::table::{Check, OnDelete, ReferenceTarget};

/// A key value whose type is a key of the persistent type that it names. It refers to the persistent that has it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to a persistent type",
    label = "expected a key value",
    note = "a key value names its persistent type, which declares it as a key: `#[persistent(key(..))]`"
)]
pub trait Reference: KeyVal<Of = Self::Target> + KeyFor<Self::Target> {
    /// The type that is referred to.
    type Target: PersistentType;
}

#[diagnostic::do_not_recommend]
impl<K: KeyVal + KeyFor<K::Of>> Reference for K
where
    K::Of: PersistentType,
{
    type Target = K::Of;
}
/// The type that a property of type `T` contains, within all options, boxes, lists, sets and map values.
type Held<T> = <<T as Storable>::Kind as Within<T>>::Held;

/// The type that owns the table of the target of key values.
type TargetRoot<K> = <<K as Reference>::Target as PersistentType>::Root;

/// A reference that is being declared, from a property of type `T` to the table of `Root`; for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReferenceTo<T, Root> {
    definition: ReferenceDefinition,
    of: PhantomData<fn() -> (T, Root)>,
}

impl<T: Storable<Kind: Within<T>>> ReferenceTo<T, TargetRoot<Held<T>>>
where
    Held<T>: Reference,
{
    pub fn of<R: 'static>(prop: &Prop<R, T>) -> Self {
        let target = ReferenceTarget {
            type_name: <Held<T> as Reference>::Target::NAME,
            root: TypeId::of::<TargetRoot<Held<T>>>(),
            key_val: TypeId::of::<Held<T>>(),
            scope: <Held<T> as Reference>::Target::SCOPE,
        };
        let (on_delete, check) = (OnDelete::default(), Check::default());
        let definition = ReferenceDefinition { property: PropertyDefinition::of(prop), target, on_delete, check };
        Self { definition, of: PhantomData }
    }

    /// The target must be of the derived type `D`.
    #[must_use]
    pub fn derived<D: PersistentType>(mut self) -> Self
    where
        <Held<T> as KeyVal>::Of: HasVariant<D>,
    {
        self.definition.target.type_name = D::NAME;
        self.definition.target.scope = Some(<<Held<T> as KeyVal>::Of as HasVariant<D>>::SCOPE);
        self
    }
}

impl<T: Storable, Root> ReferenceTo<T, Root> {
    #[must_use]
    pub fn cascade(mut self) -> Self {
        self.definition.on_delete = OnDelete::Cascade;
        self
    }

    #[must_use]
    pub fn set_none(mut self) -> Self
    where
        T::Kind: MayBeNone,
    {
        self.definition.on_delete = OnDelete::SetNone;
        self
    }

    #[must_use]
    pub fn remove(mut self) -> Self
    where
        T::Kind: HasElements,
    {
        self.definition.on_delete = OnDelete::Remove;
        self
    }

    #[must_use]
    pub fn at_commit(mut self) -> Self {
        self.definition.check = Check::AtCommit;
        self
    }

    /// The table that the declared reference leads to.
    pub const fn target_table<P>(_: fn(&P) -> Self) -> TargetTable
    where
        Root: RootType,
    {
        TargetTable(Root::TABLE)
    }

    pub fn into_definition(self) -> ReferenceDefinition {
        self.definition
    }
}
