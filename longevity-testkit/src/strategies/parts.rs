//! Where the strategy of a type comes from: what the user gave for it, else its own.

use std::fmt::Debug;

use proptest::strategy::BoxedStrategy;

use super::generators::{Generate, Generators};
use super::nodes::{Of, Part};

impl Generators {
    /// The strategy for `T`: the user's if one was given, else the type's own.
    ///
    /// Where a type stands within itself too often, its strategy gives no value at all: options and collections are then empty,
    /// and an enum takes another variant.
    pub fn of<T: Generate>(&self) -> BoxedStrategy<T> {
        self.part::<T>().boxed()
    }

    /// The strategy for `T`, to draw from under a budget of its own.
    pub(super) fn part<T: Generate>(&self) -> Part<T> {
        match self.given::<T>() {
            Some(given) => {
                self.note_given();
                Part::Given(given)
            }
            None => Part::Own(Of::new(self, T::strategy, false)),
        }
    }

    /// The strategy for the rows of `T`: the user's if one was given, else this one.
    #[doc(hidden)]
    pub fn rows<T: Debug + 'static>(&self, own: fn(&Self) -> BoxedStrategy<T>) -> BoxedStrategy<T> {
        self.given::<T>().unwrap_or_else(|| Part::Own(Of::new(self, own, true)).boxed())
    }

    /// One of several strategies that a type's own chooses from, so that only one of them counts at a time.
    #[doc(hidden)]
    pub fn alternative<T>(&self, strategy: impl FnOnce(&Self) -> BoxedStrategy<T>) -> BoxedStrategy<T> {
        self.note_alternative();
        strategy(self)
    }
}
