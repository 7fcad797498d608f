//! The traits that the derives implement: persistent types, their variants, and key values.

mod reference;
mod variants;

use std::fmt::Debug;
use std::hash::Hash;

use crate::backend::Backend;
use crate::definition::{
    Declaration, KeyDefinition, PropertyDefinition, RootDefinition, TargetTable, VariantDefinition,
};
use crate::document::{Encodable, from_value};
use crate::encoding::DecodeError;
use crate::error::Error;
use crate::query::{Filter, Query};
use crate::scope::Scope;
use crate::select::Predicate;
use crate::storable::{Prop, Storable};
use crate::table::Variant;
use crate::value::{Step, Value, ValueRef};

pub use reference::Reference;
#[doc(hidden)]
pub use reference::ReferenceTo;
pub use variants::VariantsOf;

/// A type that is stored and retrieved as a unit: a plain struct, a poly enum, or the derived struct in one of the enum's
/// variants.
///
/// Implemented by `#[derive(PersistentType)]`, not by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a persistent type",
    label = "add `#[derive(PersistentType)]` to it"
)]
pub trait PersistentType: Clone + Debug + Send + Sync + Sized + 'static {
    /// The owner of the table: the poly type of a derived type, otherwise the type itself.
    type Root: RootType;
    /// The type of the properties.
    type Props;
    /// The Rust type's name.
    const NAME: &'static str;
    /// The rows that a repository of this type sees; `None` for all rows of the table.
    const SCOPE: Option<Scope>;

    /// The properties, to build filters and orders from.
    fn props() -> Self::Props;

    /// A query for all persistents of the type, to be narrowed.
    fn query() -> Query<Self> {
        Query::new()
    }

    /// True for the rows of this derived type.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// commenters.create(commenter("cec")).await?;
    /// let count = async |filter: Filter<User>| users.count(User::query().filter(filter)).await;
    /// assert_eq!(count(User::is::<Commenter>()).await?, 1);
    /// assert_eq!(count(User::is_any_of::<(Member, Commenter)>()).await?, 3);
    /// assert_eq!(count(User::is_none_of::<(Commenter,)>()).await?, 2);
    /// assert_eq!(count(User::is::<Commenter>() | Member::props().num_cats.gt(2)).await?, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    fn is<D>() -> Filter<Self>
    where
        Self: HasVariant<D>,
    {
        Filter::new(Predicate::Scope(<Self as HasVariant<D>>::SCOPE))
    }

    /// True for the rows of any of the derived types in a tuple.
    fn is_any_of<D: VariantsOf<Self>>() -> Filter<Self> {
        Filter::new(D::predicate())
    }

    /// True for the rows of none of the derived types in a tuple.
    fn is_none_of<D: VariantsOf<Self>>() -> Filter<Self> {
        Filter::new(D::predicate().negate())
    }

    /// The position of the value's variant in the root's definition.
    #[doc(hidden)]
    fn variant(&self) -> usize;

    /// The value at the end of the path.
    #[doc(hidden)]
    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_>;

    /// The back end's document for the value. A poly value is stored as the content of its variant.
    #[doc(hidden)]
    fn encode<B: Backend>(&self, backend: &B) -> Result<B::Document, Error>;

    /// The persistent with the variant at this position and with this whole value. Generic over the back end, so that only
    /// programs that patch compile it.
    #[doc(hidden)]
    fn of_value<B: Backend>(variant: usize, value: Value) -> Result<Self, DecodeError>;

    /// The value of a document with this discriminator; `None` if no variant has the discriminator.
    #[doc(hidden)]
    fn decode<B: Backend>(
        backend: &B,
        discriminator: Option<&str>,
        doc: &B::Document,
    ) -> Option<Result<Self, DecodeError>>;
}

/// A persistent type that owns a table: a plain or a poly type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not own a table",
    label = "a domain model lists only plain and poly types",
    note = "a derived type comes with its poly type: list the poly type instead"
)]
pub trait RootType: PersistentType<Root = Self> {
    /// `Self`. Generated code names it, so that a missing impl is reported once.
    #[doc(hidden)]
    type This: RootType;
    /// The table's name.
    const TABLE: &'static str;
    /// The tables that the references with integrity lead to: the type's own, then those of its variants.
    #[doc(hidden)]
    const TARGETS: &'static [&'static [TargetTable]] = &[];

    /// The declarations of the type and its variants.
    #[doc(hidden)]
    fn definition() -> RootDefinition;
}

/// A persistent struct: a plain or a derived type. A document holds one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a persistent struct",
    label = "a variant of a poly type holds one struct that derives `PersistentType`"
)]
pub trait PersistentStruct: PersistentType + Encodable {
    /// The tables that the struct's references with integrity lead to.
    #[doc(hidden)]
    const TARGETS: &'static [TargetTable] = &[];

    /// The keys, indexes and references that the struct declares.
    #[doc(hidden)]
    fn declaration() -> Declaration;
}

/// States that `Self` is derived from the poly type `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a derived type of `{P}`",
    label = "a variant of `{P}` holds it",
    note = "add `#[derive(PersistentType)]` and `#[persistent(derived({P}))]` to `{Self}`"
)]
pub trait DerivedFrom<P>: PersistentStruct {
    /// `Self`. Generated code names it in signatures, so that a missing impl is reported once, at the variant.
    #[doc(hidden)]
    type This;
    /// [`PersistentStruct::TARGETS`] for a variant.
    #[doc(hidden)]
    const TARGETS_IN_POLY: &'static [TargetTable] = <Self as PersistentStruct>::TARGETS;

    /// [`PersistentType::value_at`] for a variant.
    #[doc(hidden)]
    fn value_in_poly(&self, path: &[&'static Step]) -> ValueRef<'_> {
        PersistentType::value_at(self, path)
    }

    /// [`PersistentType::encode`] for a variant.
    #[doc(hidden)]
    fn encode_in_poly<B: Backend>(&self, backend: &B) -> Result<B::Document, Error> {
        backend.encode(self)
    }

    /// [`PersistentType::decode`] for a variant whose discriminator has been read.
    #[doc(hidden)]
    fn decode_in_poly<B: Backend>(backend: &B, doc: &B::Document) -> Result<Self, DecodeError> {
        backend.decode(doc)
    }

    /// [`PersistentType::of_value`] for a variant.
    #[doc(hidden)]
    fn of_value_in_poly<B: Backend>(value: Value) -> Result<Self, DecodeError> {
        from_value(value)
    }

    /// The variant's part of the poly type's definition.
    #[doc(hidden)]
    fn variant_of_poly() -> VariantDefinition {
        VariantDefinition::of::<Self>()
    }
}

/// States that the poly type `Self` has a variant that holds the derived type `D`.
#[diagnostic::on_unimplemented(
    message = "no variant of `{Self}` holds `{D}`",
    label = "this needs a variant that holds `{D}`",
    note = "add a variant `{D}({D})` to `{Self}`, which has to be an enum that derives `PersistentType` with `#[persistent(poly)]`"
)]
pub trait HasVariant<D>: Sized {
    /// `Self`. Generated code names it in signatures, so that a missing impl is reported once.
    #[doc(hidden)]
    type This: RootType;
    /// The rows of the variant: its position, the discriminator that is written, and the aliases that are also read.
    const SCOPE: Scope;

    /// The poly value around the derived value.
    fn wrap(derived: D) -> Self;

    /// The derived value, or the poly value itself if it is of another variant.
    fn extract(self) -> Result<D, Self>;

    /// The form that a filter over the derived type has in a query over the poly type: false on the rows of other variants.
    #[doc(hidden)]
    fn scoped_to_variant(predicate: Predicate) -> Predicate {
        predicate.scoped_to(Self::SCOPE)
    }
}

/// A key value: a type that identifies one persistent of type [`Of`](Self::Of).
///
/// Implemented by `#[derive(KeyVal)]` with `#[key_val(User)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key value",
    label = "the property of a key needs a type that derives `KeyVal`",
    note = "make it a newtype: `#[derive(KeyVal)] #[key_val(User)] struct Username(String);`"
)]
pub trait KeyVal: Storable + Eq + Hash + KeyValOf<Self::Of> {
    /// The persistent type that the key value identifies.
    type Of;
}

/// A key value of the persistent type `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key value of `{P}`",
    label = "a key of `{P}` needs a key value that identifies `{P}`",
    note = "a key value names its persistent type: `#[derive(KeyVal)] #[key_val({P})] struct Name(String);`"
)]
pub trait KeyValOf<P>: Storable {
    /// The definition of a key of `P`; for generated code.
    #[doc(hidden)]
    fn key<R: 'static>(prop: &Prop<R, Self>) -> KeyDefinition {
        KeyDefinition::of(prop)
    }
}

/// A key of the persistent type `P`, declared by the type or by its poly type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key of `{P}`",
    label = "`{P}` has no key of this type",
    note = "a repository retrieves by the keys that its type or its poly type declares with `#[persistent(key(..))]`"
)]
pub trait KeyFor<P>: Storable {
    /// The key value of a persistent.
    fn of(persistent: &P) -> &Self;

    /// Sets the key value of a persistent.
    #[doc(hidden)]
    fn put(self, persistent: &mut P);
}

impl RootDefinition {
    /// A plain type; for generated code.
    #[doc(hidden)]
    pub fn plain<P: RootType + PersistentStruct>() -> Self {
        let variants = vec![VariantDefinition::of::<P>()];
        Self {
            name: P::NAME,
            table: P::TABLE,
            poly: false,
            props: Vec::new(),
            declaration: Declaration::default(),
            variants,
        }
    }

    /// A poly type; for generated code.
    #[doc(hidden)]
    pub fn poly<P: RootType>(
        props: Vec<PropertyDefinition>,
        declaration: Declaration,
        variants: Vec<VariantDefinition>,
    ) -> Self {
        Self { name: P::NAME, table: P::TABLE, poly: true, props, declaration, variants }
    }
}

impl VariantDefinition {
    /// The definition of the variant that holds `D`; for generated code.
    #[doc(hidden)]
    pub fn of<D: PersistentStruct>() -> Self {
        Self {
            variant: Variant {
                type_name: D::NAME,
                discriminators: D::SCOPE.map(|scope| scope.discriminators),
                shape: D::shape,
            },
            declaration: D::declaration(),
        }
    }
}
