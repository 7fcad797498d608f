//! Filters by the derived type of a row, and filters of derived types within their poly type.

use super::{HasVariant, PersistentType};
use crate::query::{Filter, FiltersRowsOf};
use crate::select::Predicate;

impl<P: PersistentType> Filter<P> {
    /// The same filter in a query over the poly type, where it is false on the rows of other variants. This lets filters over
    /// siblings combine.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// commenters.create(commenter("cec")).await?;
    /// let cats = Member::props().num_cats.gt(2);
    /// let cec = Commenter::props().username.eq(Username("cec".into()));
    /// assert_eq!(users.count(User::query().filter(cats.widen() | cec)).await?, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn widen(self) -> Filter<P::Root>
    where
        P: FiltersRowsOf<P::Root>,
    {
        self.widened(P::scoped)
    }
}

/// Derived types of the poly type `P`, as a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of derived types of `{P}`",
    label = "expected derived types of `{P}`, as in `(Member, Commenter)` or `(Member,)`"
)]
pub trait VariantsOf<P> {
    #[doc(hidden)]
    fn predicate() -> Predicate;
}

macro_rules! of_tuple {
    ($($derived:ident $position:tt),*) => {
        impl<P: $(HasVariant<$derived> +)*, $($derived),*> VariantsOf<P> for ($($derived,)*) {
            fn predicate() -> Predicate {
                [$(<P as HasVariant<$derived>>::SCOPE),*]
                    .into_iter()
                    .map(Predicate::Scope)
                    .fold(Predicate::False, Predicate::or)
            }
        }
    };
}

for_each_tuple!(of_tuple);
