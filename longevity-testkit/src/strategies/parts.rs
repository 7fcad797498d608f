//! The strategy of a type: the user's if there is one, or else the type's own.

use std::fmt::Debug;

use proptest::strategy::BoxedStrategy;

use super::generators::{Generate, Generators};
use super::nodes::{Part, TypeStrategy};

impl Generators {
    /// The strategy for `T`: the user's if there is one, or else the type's own.
    ///
    /// Where a type is nested within itself too often, its strategy generates no value. Options and collections are then empty,
    /// and an enum takes another variant.
    pub fn of<T: Generate>(&self) -> BoxedStrategy<T> {
        self.part::<T>().boxed()
    }

    /// The strategy for `T` as a part of another type, which can have a budget of its own.
    pub(super) fn part<T: Generate>(&self) -> Part<T> {
        match self.given::<T>() {
            Some(given) => {
                self.note_user_strategy();
                Part::User(given)
            }
            None => Part::Own(TypeStrategy::new(self, T::strategy, false)),
        }
    }

    /// The strategy for the rows of `T`: the user's if there is one, or else `own`.
    #[doc(hidden)]
    pub fn rows<T: Debug + 'static>(&self, own: fn(&Self) -> BoxedStrategy<T>) -> BoxedStrategy<T> {
        self.given::<T>().unwrap_or_else(|| Part::Own(TypeStrategy::new(self, own, true)).boxed())
    }

    /// One of several alternatives of a type's own strategy. The weight of the type counts one alternative at a time.
    #[doc(hidden)]
    pub fn alternative<T>(&self, strategy: impl FnOnce(&Self) -> BoxedStrategy<T>) -> BoxedStrategy<T> {
        self.note_alternative();
        strategy(self)
    }
}
