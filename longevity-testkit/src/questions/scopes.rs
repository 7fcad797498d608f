//! The operators between a poly type and its derived types, without their types: each takes filters over any rows, calls the
//! operator with the types of the model, and gives a filter over any rows.

use longevity_core::query::{CombinesWith, Filter, FiltersRowsOf, Query};
use longevity_core::{HasVariant, PersistentType};

use super::anything::AnyRow;
use super::asked::{IsForm, Join};

type Any = Filter<AnyRow>;

/// What can be said of a derived type in queries over its poly type, and the other way around. Made by generated code, which
/// knows the types.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The variant of the poly type.
    pub(crate) variant: usize,
    pub(crate) name: &'static str,
    pub(super) is: fn(IsForm) -> Any,
    /// A filter over the derived type, widened.
    pub(super) widen: fn(Any) -> Any,
    /// A filter over the derived type, and one over the poly type.
    pub(super) before: fn(Join, Any, Any) -> Any,
    /// A filter over the poly type, and one over the derived type.
    pub(super) after: fn(Join, Any, Any) -> Any,
    /// A query over the poly type, with a filter over the derived type.
    pub(super) of_poly: fn(Query<AnyRow>, Any) -> Query<AnyRow>,
    /// A query over the derived type, with a filter over the poly type.
    pub(super) of_derived: fn(Query<AnyRow>, Any) -> Query<AnyRow>,
}

impl Scope {
    /// That of the derived type `D` of `P`.
    pub fn of<P, D>() -> Self
    where
        P: PersistentType + HasVariant<D> + FiltersRowsOf<D> + CombinesWith<D, Both = P>,
        D: PersistentType<Root = P> + FiltersRowsOf<P> + CombinesWith<P, Both = P>,
    {
        Self {
            variant: <P as HasVariant<D>>::SCOPE.variant,
            name: D::NAME,
            is: |form| match form {
                IsForm::Is => retyped(P::is::<D>()),
                IsForm::AnyOf => retyped(P::is_any_of::<(D,)>()),
                IsForm::NoneOf => retyped(P::is_none_of::<(D,)>()),
            },
            widen: |filter| retyped(retyped::<_, D>(filter).widen()),
            before: |join, a, b| match join {
                Join::And => retyped(retyped::<_, D>(a) & retyped::<_, P>(b)),
                Join::Or => retyped(retyped::<_, D>(a) | retyped::<_, P>(b)),
            },
            after: |join, a, b| match join {
                Join::And => retyped(retyped::<_, P>(a) & retyped::<_, D>(b)),
                Join::Or => retyped(retyped::<_, P>(a) | retyped::<_, D>(b)),
            },
            of_poly: |query, filter| {
                let query = Query::<P>::from_select(query.into_select()).filter(retyped::<_, D>(filter));
                Query::from_select(query.into_select())
            },
            of_derived: |query, filter| {
                let query = Query::<D>::from_select(query.into_select()).filter(retyped::<_, P>(filter));
                Query::from_select(query.into_select())
            },
        }
    }
}

fn retyped<A: 'static, B: 'static>(filter: Filter<A>) -> Filter<B> {
    Filter::from_predicate(filter.into_predicate())
}
