//! The operators between a poly type and its derived types, in untyped form. Each takes untyped filters, calls the operator with
//! the types of the model, and returns an untyped filter.

use longevity_core::query::{CombinesWith, Filter, FiltersRowsOf, Query};
use longevity_core::{HasVariant, PersistentType};

use super::any_value::AnyRow;
use super::plain_query::{IsForm, Join};

type Any = Filter<AnyRow>;

/// The operators on a derived type in queries over its poly type, and vice versa. Generated code makes it, because it knows the
/// types.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The variant of the poly type.
    pub(crate) variant: usize,
    pub(crate) name: &'static str,
    pub(super) is: fn(IsForm) -> Any,
    /// Widens a filter over the derived type.
    pub(super) widen: fn(Any) -> Any,
    /// Joins a filter over the derived type and one over the poly type.
    pub(super) before: fn(Join, Any, Any) -> Any,
    /// Joins a filter over the poly type and one over the derived type.
    pub(super) after: fn(Join, Any, Any) -> Any,
    /// Adds a filter over the derived type to a query over the poly type.
    pub(super) of_poly: fn(Query<AnyRow>, Any) -> Query<AnyRow>,
    /// Adds a filter over the poly type to a query over the derived type.
    pub(super) of_derived: fn(Query<AnyRow>, Any) -> Query<AnyRow>,
}

impl Scope {
    /// The scope of the derived type `D` of `P`.
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
