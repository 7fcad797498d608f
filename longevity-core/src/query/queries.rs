//! Queries: a filter, an order and a window.

use std::fmt;
use std::marker::PhantomData;

use super::{Filter, FiltersRowsOf};
use crate::limits::ORDER_PROPERTIES;
use crate::select::{Direction, OrderBy, Predicate, Select};
use crate::value::Path;

/// An order by one property. Comes from [`Prop::asc`](super::Prop::asc) and [`Prop::desc`](super::Prop::desc).
#[must_use = "an order does nothing until a query holds it"]
pub struct Order<P: 'static> {
    by: OrderBy,
    over: PhantomData<fn() -> P>,
}

impl<P: 'static> Order<P> {
    pub(crate) fn new(path: Path, direction: Direction) -> Self {
        Self { by: OrderBy { path, direction }, over: PhantomData }
    }
}

/// A query over the persistent type `P`. Comes from `P::query()`.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// members.create_many([member("ann", 2), member("bob", 3), member("cec", 3)]).await?;
/// let m = Member::props();
/// let query = Member::query()
///     .filter(m.num_cats.gt(1))
///     .order_by(m.num_cats.desc())
///     .order_by(User::props().username.asc()) // the poly type's property
///     .offset(1)
///     .limit(2);
/// let names: Vec<_> = members.find(query).await?.into_iter().map(|state| state.into_value().username.0).collect();
/// assert_eq!(names, ["cec", "ann"]);
#[doc = include_str!("../../doc/close.txt")]
/// ```
#[must_use = "a query does nothing until a repository runs it"]
pub struct Query<P: 'static> {
    select: Select,
    over: PhantomData<fn() -> P>,
}

impl<P: 'static> Query<P> {
    /// All rows, ordered by id.
    pub fn new() -> Self {
        Self { select: Select::of(Predicate::True), over: PhantomData }
    }

    /// All rows. Says so where `P::query()` alone would look unfinished.
    pub fn all(self) -> Self {
        self
    }

    /// Restricts the query to rows that also satisfy this filter. The filter may be over `P`, over its poly type, or over one
    /// of its derived types; comparisons of a derived type's properties are false on the rows of other variants.
    pub fn filter<F: FiltersRowsOf<P> + 'static>(mut self, filter: Filter<F>) -> Self {
        self.select.predicate = self.select.predicate.and(F::scoped(filter.into_predicate()));
        self
    }

    /// Restricts the query to rows that also satisfy this filter, if there is one.
    pub fn filter_some<F: FiltersRowsOf<P> + 'static>(self, filter: Option<Filter<F>>) -> Self {
        match filter {
            Some(filter) => self.filter(filter),
            None => self,
        }
    }

    /// Orders by this property after the properties given before: it decides between rows that those leave equal. A property
    /// that was given before has no further effect. The number of properties has [a limit](ORDER_PROPERTIES).
    pub fn order_by<F: CoversRowsOf<P> + 'static>(mut self, order: Order<F>) -> Self {
        let known = &mut self.select.order;
        // An order with one property too many is refused; it need not grow longer.
        if known.len() <= ORDER_PROPERTIES && known.iter().all(|by| by.path != order.by.path) {
            known.push(order.by);
        }
        self
    }

    /// Skips the first `rows`.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset = rows;
        self
    }

    /// Returns at most this number of `rows`.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit = Some(rows);
        self
    }

    /// A query from its untyped form, whose paths and values are not checked; for conformance suites and tools.
    #[doc(hidden)]
    pub fn from_select(select: Select) -> Self {
        Self { select, over: PhantomData }
    }

    /// The untyped form.
    pub fn select(&self) -> &Select {
        &self.select
    }

    /// The untyped form, without a copy.
    pub fn into_select(self) -> Select {
        self.select
    }
}

/// States that every row of `Q` has the properties of `Self`: the types are the same, or `Self` is the poly type of `Q`.
/// Orders, projections, aggregates and patches need this.
#[diagnostic::on_unimplemented(
    message = "not every row of `{Q}` has the properties of `{Self}`",
    label = "this uses properties of `{Self}`",
    note = "orders, projections, aggregates and patches take properties that all rows have: those of `{Q}` and of its poly type; if all variants have a property, declare it in `props(..)` of the poly type"
)]
pub trait CoversRowsOf<Q> {}

impl<P> CoversRowsOf<P> for P {}

impl<P: 'static> Default for Query<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: 'static> Clone for Query<P> {
    fn clone(&self) -> Self {
        Self { select: self.select.clone(), over: PhantomData }
    }
}

impl<P: 'static> fmt::Debug for Query<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.select.fmt(f)
    }
}
