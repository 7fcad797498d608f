//! Visitors that generated code calls with each type and each key of a domain model, so that the suite need not name them. The
//! derives implement these traits; do not implement them by hand.

use longevity_core::{DomainModel, HasVariant, InModel, KeyFor, PersistentType, Reference, RootType};

use proptest::strategy::BoxedStrategy;
use serde::de::DeserializeOwned;

use crate::queries::Scope;
use crate::strategies::Generators;

/// A visitor of the keys of `P`.
pub trait KeyVisitor<P> {
    /// The key of type `K`, which is on this property.
    fn key<K: KeyFor<P>>(&mut self, property: &'static str);
}

/// A visitor of the key values that identify rows of `P`, and that can be read alone.
pub trait KeyValVisitor<P> {
    /// The key value of type `K`.
    fn key_val<K: KeyFor<P> + Reference + DeserializeOwned>(&mut self);
}

/// Makes values for rows, and shows the keys that the type itself declares, without those of its poly type.
pub trait SpecKeys: PersistentType {
    /// Values for rows. This is not [`Generate`](crate::Generate), because an enum may be both a poly type and a component.
    fn rows(generators: &Generators) -> BoxedStrategy<Self>;

    /// Shows each key.
    fn visit_keys<V: KeyVisitor<Self>>(visitor: &mut V);

    /// Shows the key value of each key, if it can be read alone.
    fn visit_key_vals<V: KeyValVisitor<Self>>(visitor: &mut V);
}

/// Shows a plain type, or a poly type and its derived types.
pub trait SpecRoot: RootType + SpecKeys {
    /// Shows the type, then each derived type.
    fn visit<M, V: SpecVisitor<M>>(visitor: &mut V)
    where
        Self: InModel<M>;
}

/// Shows the keys of a poly type as keys of its derived type `D`, and how queries over the two combine.
pub trait SpecDerived<D>: HasVariant<D> {
    /// The operators between the two types.
    fn scope() -> Scope;
    /// Shows each key.
    fn visit_shared_keys<V: KeyVisitor<D>>(visitor: &mut V);
}

/// A visitor of the types of the domain model `M`.
pub trait SpecVisitor<M> {
    /// A plain type.
    fn plain<P: SpecRoot + InModel<M>>(&mut self);
    /// A poly type; its derived types follow.
    fn poly<P: SpecRoot + InModel<M>>(&mut self);
    /// A derived type.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>;
}

/// Shows the types of a domain model.
pub trait SpecModel: DomainModel + Sized {
    /// Shows each type.
    fn visit<V: SpecVisitor<Self>>(visitor: &mut V);
}
