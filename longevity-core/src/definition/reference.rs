//! References with integrity, as the derives declare them.

use std::any::TypeId;
use std::marker::PhantomData;

use super::PropertyDefinition;
use crate::persistent::{HasVariant, KeyVal, PersistentType, RootType};
use crate::repo::Reference;
use crate::scope::Scope;
use crate::storable::kind::{HasElements, MayBeNone, Within};
use crate::storable::{Prop, Storable};

/// What happens to the references to a row when the row is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// The row is not deleted: the delete is an [`Error::Referenced`](crate::Error::Referenced).
    #[default]
    Restrict,
    /// The rows that refer to it are deleted too.
    Cascade,
    /// The reference, which is an option, becomes `None`.
    SetNone,
    /// The reference is removed from its list, set or map.
    Remove,
}

/// When a reference must have its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Check {
    /// After each operation.
    #[default]
    Immediate,
    /// When the transaction is committed. Outside of a transaction, this is the same as after each operation.
    AtCommit,
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

/// What a reference refers to.
#[derive(Clone, Debug)]
pub struct ReferenceTarget {
    /// The type that the target must have: a plain, a poly or a derived type.
    pub type_name: &'static str,
    /// The type that owns the target's table.
    pub root: TypeId,
    /// The key value's type.
    pub key_val: TypeId,
    /// The rows that can be the target; all rows of the table if `None`.
    pub scope: Option<Scope>,
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

    pub fn into_definition(self) -> ReferenceDefinition {
        self.definition
    }
}

/// The table that a reference leads to; for generated code.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TargetTable(pub(crate) &'static str);

impl TargetTable {
    /// The table that the declared reference leads to.
    pub const fn of<P, T, Root: RootType>(_: fn(&P) -> ReferenceTo<T, Root>) -> Self {
        Self(Root::TABLE)
    }
}
