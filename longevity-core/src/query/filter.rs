//! Typed filters: predicates that know the persistent type of the rows.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use crate::limits::FILTER_LEVELS;
use crate::select::Predicate;

/// A filter over the persistent type `P`. Comes from the type's properties; `&`, `|` and `!` combine filters.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// members.create_many([member("ann", 2), member("bob", 3)]).await?;
/// commenters.create(commenter("cec")).await?;
/// let (u, m) = (User::props(), Member::props());
///
/// // Over the poly type, a comparison of a derived type's property is false on the rows of other variants.
/// let filter = m.num_cats.gt(2) | u.username.eq(Username("cec".into()));
/// assert_eq!(users.count(User::query().filter(filter)).await?, 2);
/// assert_eq!(users.count(User::query().filter(!m.num_cats.gt(2))).await?, 2);
/// assert_eq!(members.count(Member::query().filter(!m.num_cats.gt(2))).await?, 1);
#[doc = include_str!("../../doc/close.txt")]
/// ```
#[must_use = "a filter does nothing until a query holds it"]
pub struct Filter<P: 'static> {
    predicate: Predicate,
    /// The predicate's levels. They are stored, because counting them whenever the filter grows would cost too much.
    levels: usize,
    over: PhantomData<fn() -> P>,
}

impl<P: 'static> Filter<P> {
    pub(crate) fn new(predicate: Predicate) -> Self {
        Self { levels: predicate.levels(), predicate, over: PhantomData }
    }

    /// The filter in a query over a wider type, or over the same type.
    pub(crate) fn widened<Q: 'static>(self, widen: fn(Predicate) -> Predicate) -> Filter<Q> {
        if TypeId::of::<P>() == TypeId::of::<Q>() {
            return Filter { predicate: self.predicate, levels: self.levels, over: PhantomData };
        }
        Filter::new(widen(self.predicate))
    }

    /// Combines two filters by an operator. A filter that is too deep stays as it is, whatever is put around it. It is refused
    /// later, and a tree that does not grow can be copied, printed and dropped.
    fn with(self, other: Self, operator: fn(Predicate, Predicate) -> Predicate) -> Self {
        if self.is_too_deep() {
            return self;
        }
        if other.is_too_deep() {
            return other;
        }
        let deepest = self.levels.max(other.levels);
        // The levels of each filter as a part of the combination. A conjunction merges with a conjunction, and a disjunction
        // with a disjunction, without another level.
        let in_and = |filter: &Self| filter.levels + usize::from(!matches!(filter.predicate, Predicate::And(_)));
        let in_or = |filter: &Self| filter.levels + usize::from(!matches!(filter.predicate, Predicate::Or(_)));
        let (and, or) = (in_and(&self).max(in_and(&other)), in_or(&self).max(in_or(&other)));
        let predicate = operator(self.predicate, other.predicate);
        let levels = match &predicate {
            Predicate::And(_) => and,
            Predicate::Or(_) => or,
            Predicate::Not(_) => deepest,
            _ => 1,
        };
        Self { predicate, levels, over: PhantomData }
    }

    fn is_too_deep(&self) -> bool {
        self.levels > FILTER_LEVELS
    }

    /// True for every row.
    pub fn all() -> Self {
        Self::new(Predicate::True)
    }

    /// True for no row.
    pub fn nothing() -> Self {
        Self::new(Predicate::False)
    }

    /// True where all the filters are true. Without any filters, true for every row.
    ///
    /// The filters may be options, and a `None` is left out, so a search form with empty fields needs no `if`.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let m = Member::props();
    /// let (cats, tagline): (Option<i64>, Option<&str>) = (Some(3), None); // the contents of the form
    /// let filter = Filter::all_of([
    ///     cats.map(|cats| m.num_cats.ge(cats)),
    ///     tagline.map(|tagline| m.profile.some().tagline.contains(tagline)),
    /// ]);
    /// assert_eq!(members.count(Member::query().filter(filter)).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn all_of(filters: impl IntoIterator<Item = impl Into<Option<Self>>>) -> Self {
        filters.into_iter().filter_map(Into::into).fold(Self::all(), |all, filter| all.with(filter, Predicate::and))
    }

    /// True where at least one of the filters is true. Without any filters, true for no row. A `None` is left out.
    pub fn any_of(filters: impl IntoIterator<Item = impl Into<Option<Self>>>) -> Self {
        filters.into_iter().filter_map(Into::into).fold(Self::nothing(), |any, filter| any.with(filter, Predicate::or))
    }

    /// True where both filters are true, or where this one is if there is no other.
    pub fn and_some<Q: 'static>(self, other: Option<Filter<Q>>) -> Filter<P::Both>
    where
        P: CombinesWith<Q>,
    {
        match other {
            Some(other) => self.and(other),
            None => self.widened(P::widen_left),
        }
    }

    /// True where at least one of the filters is true, or where this one is if there is no other.
    pub fn or_some<Q: 'static>(self, other: Option<Filter<Q>>) -> Filter<P::Both>
    where
        P: CombinesWith<Q>,
    {
        match other {
            Some(other) => self.or(other),
            None => self.widened(P::widen_left),
        }
    }

    /// The number of the filter's levels, for which there is [a limit](FILTER_LEVELS). A filter with more levels is refused
    /// wherever it is used, and does not grow any further.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// A filter from its untyped form, whose paths and values are not checked; for conformance suites and tools.
    #[doc(hidden)]
    pub fn from_predicate(predicate: Predicate) -> Self {
        Self::new(predicate)
    }

    /// The untyped form.
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// The untyped form, without a copy.
    pub fn into_predicate(self) -> Predicate {
        self.predicate
    }

    /// True where both filters are true; the same as `&`.
    pub fn and<Q: 'static>(self, other: Filter<Q>) -> Filter<P::Both>
    where
        P: CombinesWith<Q>,
    {
        self.widened(P::widen_left).with(other.widened(P::widen_right), Predicate::and)
    }

    /// True where at least one of the filters is true; the same as `|`.
    pub fn or<Q: 'static>(self, other: Filter<Q>) -> Filter<P::Both>
    where
        P: CombinesWith<Q>,
    {
        self.widened(P::widen_left).with(other.widened(P::widen_right), Predicate::or)
    }
}

/// States that a filter over `Self` may be used in a query over `Q`: the types are the same, or one is the poly type of the
/// other.
#[diagnostic::on_unimplemented(
    message = "a property of `{Self}` cannot be used in a query over `{Q}`",
    label = "this uses properties of `{Self}`",
    note = "a query over a poly type takes properties of the poly type and of its derived types; a query over a derived type takes its own properties and those of its poly type, but not those of its siblings"
)]
pub trait FiltersRowsOf<Q> {
    /// The predicate's form in a query over `Q`.
    #[doc(hidden)]
    fn scoped(predicate: Predicate) -> Predicate;
}

impl<P> FiltersRowsOf<P> for P {
    fn scoped(predicate: Predicate) -> Predicate {
        predicate
    }
}

/// States that filters over `Self` and over `Q` may be combined into one over [`Both`](Self::Both), the wider of the two.
#[diagnostic::on_unimplemented(
    message = "a filter over `{Self}` cannot be combined with one over `{Q}`",
    label = "one side is over `{Self}`, and the other is over `{Q}`",
    note = "the properties of a poly type combine with those of each of its derived types; siblings have no rows in common, but `widen()` turns their filters into filters over the poly type"
)]
pub trait CombinesWith<Q> {
    /// The wider type.
    type Both: 'static;
    #[doc(hidden)]
    fn widen_left(predicate: Predicate) -> Predicate;
    #[doc(hidden)]
    fn widen_right(predicate: Predicate) -> Predicate;
}

impl<P: 'static> CombinesWith<P> for P {
    type Both = P;

    fn widen_left(predicate: Predicate) -> Predicate {
        predicate
    }

    fn widen_right(predicate: Predicate) -> Predicate {
        predicate
    }
}

impl<P: CombinesWith<Q> + 'static, Q: 'static> BitAnd<Filter<Q>> for Filter<P> {
    type Output = Filter<P::Both>;

    fn bitand(self, other: Filter<Q>) -> Self::Output {
        self.and(other)
    }
}

impl<P: CombinesWith<Q> + 'static, Q: 'static> BitOr<Filter<Q>> for Filter<P> {
    type Output = Filter<P::Both>;

    fn bitor(self, other: Filter<Q>) -> Self::Output {
        self.or(other)
    }
}

impl<P: 'static> Not for Filter<P> {
    type Output = Self;

    fn not(self) -> Self {
        if self.is_too_deep() {
            return self;
        }
        let levels = match &self.predicate {
            Predicate::Not(_) => self.levels - 1,
            Predicate::True | Predicate::False => self.levels,
            _ => self.levels + 1,
        };
        Self { predicate: self.predicate.negate(), levels, over: PhantomData }
    }
}

impl<P: 'static> Clone for Filter<P> {
    fn clone(&self) -> Self {
        Self { predicate: self.predicate.clone(), levels: self.levels, over: PhantomData }
    }
}

impl<P: 'static> fmt::Debug for Filter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.predicate.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Comparison, Value};
    use crate::value::{Path, Step};

    /// One of several different filters.
    fn leaf(number: i64) -> Filter<()> {
        let path = Path::root().then(const { &Step::new("number") });
        Filter::from_predicate(Predicate::compare(&path, 0, Comparison::Gt, Value::Int(number)))
    }

    #[test]
    fn the_levels_of_a_filter_are_those_of_what_it_is_built_to() {
        // All trees of three operators over four leaves, and the constants.
        let mut filters =
            vec![leaf(1), leaf(2) & leaf(3), leaf(2) | leaf(3), !leaf(1), Filter::all(), Filter::nothing()];
        for _ in 0..2 {
            let known = filters.clone();
            for one in &known {
                filters.push(!one.clone());
                for other in known.iter().take(6) {
                    filters.extend([one.clone() & other.clone(), other.clone() | one.clone()]);
                }
            }
        }
        assert!(filters.iter().any(|filter| filter.levels() > 3));
        for filter in filters {
            assert_eq!(filter.levels(), filter.predicate().levels(), "{filter:?}");
        }
    }

    #[test]
    fn a_filter_grows_one_level_beyond_the_limit_and_no_further() {
        let mut filter = leaf(0);
        for number in 1..4 * FILTER_LEVELS as i64 {
            let before = filter.levels();
            filter = if number % 2 == 0 { filter & leaf(number) } else { filter | leaf(number) };
            assert_eq!(filter.levels(), (before + 1).min(FILTER_LEVELS + 1));
            assert_eq!(filter.levels(), filter.predicate().levels());
        }
        assert_eq!((!filter.clone()).levels(), FILTER_LEVELS + 1);
        assert_eq!((leaf(0) & filter.clone()).levels(), FILTER_LEVELS + 1);
        assert_eq!((filter | leaf(0)).levels(), FILTER_LEVELS + 1);
    }
}
