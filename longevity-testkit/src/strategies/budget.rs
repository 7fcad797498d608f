//! How much of a type a value holds: the weights of types, in values, and how a budget limits them.
//!
//! A number, a string, a `None` and an empty list each weigh one. A type has three weights: with empty options and collections;
//! with options and collections that hold what they could, but at most a share of the budget each; and full. If the full weight
//! is within the budget, the type's values are drawn without regard to the budget. Otherwise its options and collections hold
//! something just so often that the mean meets the budget, and each value in them has a share of its own to spend.

use std::cell::Cell;
use std::fmt::Debug;

use proptest::prelude::Rng;
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::TestRunner;

use super::combine::{below, draw, drawn};

/// The part of a row's budget that the value in an option, or an element of a collection, may spend.
const SHARE: f64 = 1.0 / 3.0;

/// The least fill of options and collections. Without it, some parts of a type would never occur.
const LEAST_FILL: f64 = 1.0 / 20.0;

/// How often an option holds something, and the mean number of elements of a collection, in a small value.
pub(super) const SOMES: f64 = 3.0 / 4.0;
const ELEMENTS: f64 = 6.0 / 5.0;

/// How often a string may have any length, in a row that has to keep to its budget.
const ANY_LENGTH: f64 = 1.0 / 16.0;

/// The weights of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weight {
    /// With empty options and collections.
    least: f64,
    /// With options and collections that hold at most a share of the budget each.
    wanted: f64,
    /// With full options and collections.
    full: f64,
    /// How many components it contains, each counted as often as it occurs.
    components: f64,
}

/// How full options and collections are in the value that is being drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fill {
    /// Full: the type is small.
    All,
    /// A part, between 0 and 1.
    Part(f64),
}

thread_local! {
    static FILL: Cell<Fill> = const { Cell::new(Fill::All) };
}

/// The fill of the value that is being drawn on this thread.
pub(super) fn fill() -> Fill {
    FILL.get()
}

/// Draws with this fill.
pub(super) fn with_fill<R>(fill: Fill, draw: impl FnOnce() -> R) -> R {
    struct Restore(Fill);
    impl Drop for Restore {
        fn drop(&mut self) {
            FILL.set(self.0);
        }
    }
    let _restore = Restore(FILL.replace(fill));
    draw()
}

/// How much of a row's budget an option or an element may spend.
pub(super) fn share(budget: usize) -> f64 {
    budget as f64 * SHARE
}

/// Draws whether something happens that has this probability.
pub(super) fn happens(probability: f64, runner: &mut TestRunner) -> bool {
    // The upper 53 bits, as many as a float holds: a number from 0 to below 1.
    ((runner.rng().next_u64() >> 11) as f64) < probability * (1_u64 << 53) as f64
}

/// Values of any length. If a row has to keep to its budget, most of them are short.
pub(super) fn rarely_long<T: Debug + 'static>(
    any_length: BoxedStrategy<T>,
    short: BoxedStrategy<T>,
) -> BoxedStrategy<T> {
    draw(move |runner| match fill() {
        Fill::Part(_) if !happens(ANY_LENGTH, runner) => drawn(&short, runner),
        _ => drawn(&any_length, runner),
    })
}

/// One of several strategies, as often as its weight says. `usual` is proptest's strategy for the same. It seeds a generator for
/// each strategy that it does not choose, which takes half of the time of drawing a wide row.
pub(super) fn by_weight<T: Debug + 'static>(
    usual: BoxedStrategy<T>,
    each: Vec<(usize, BoxedStrategy<T>)>,
) -> BoxedStrategy<T> {
    let weights = each.iter().map(|(weight, _)| weight).sum();
    draw(move |runner| {
        if fill() == Fill::All {
            return drawn(&usual, runner);
        }
        let mut left = below(weights, runner);
        for (weight, strategy) in &each {
            match left.checked_sub(*weight) {
                None => return drawn(strategy, runner),
                Some(more) => left = more,
            }
        }
        drawn(&usual, runner)
    })
}

impl Weight {
    /// The weight of one value.
    pub(super) const ONE: Self = Self { least: 1.0, wanted: 1.0, full: 1.0, components: 0.0 };

    /// The weight of all parts together; of no parts, one.
    pub(super) fn sum(parts: impl Iterator<Item = Self>) -> Self {
        let sum = parts.fold(Self::default(), |sum, part| Self {
            least: sum.least + part.least,
            wanted: sum.wanted + part.wanted,
            full: sum.full + part.full,
            components: sum.components + part.components,
        });
        Self { least: sum.least.max(1.0), wanted: sum.wanted.max(1.0), full: sum.full.max(1.0), ..sum }
    }

    /// The weight of a component that is one of these alternatives, with equal probability.
    pub(super) fn component(alternatives: &[Self]) -> Self {
        let count = alternatives.len().max(1) as f64;
        let sum = |of: fn(&Self) -> f64| alternatives.iter().map(of).sum::<f64>();
        Self {
            least: sum(|one| one.least) / count,
            wanted: sum(|one| one.wanted) / count,
            full: sum(|one| one.full) / count,
            components: 1.0 + sum(|one| one.components),
        }
    }

    /// The weight of an option of this type.
    pub(super) fn optional(self, share: f64) -> Self {
        let of = |something: f64| 1.0 - SOMES + SOMES * something;
        if self.is_one() {
            return Self { components: self.components, ..Self::ONE };
        }
        let wanted = 1.0 + SOMES * self.spends(share) * self.interest();
        Self { least: 1.0, wanted, full: of(self.full), components: self.components }
    }

    /// The weight of a collection of this type.
    pub(super) fn collected(self, share: f64) -> Self {
        let wanted = 1.0 + ELEMENTS * self.spends(share) * self.interest();
        Self { least: 1.0, wanted, full: 1.0 + ELEMENTS * self.full, components: self.components }
    }

    /// The weight of a value of the type that may weigh at most `allowance`.
    fn spends(self, allowance: f64) -> f64 {
        if self.full <= allowance { self.full } else { allowance.min(self.wanted).max(self.least) }
    }

    /// How much more often the type should occur than a component that holds no others. Parts that are deep in a type occur
    /// rarely, and more rarely the more components contain them.
    fn interest(self) -> f64 {
        self.components.max(1.0).sqrt()
    }

    /// How often an option or a collection holds a value of the type, relative to a small value, if the value around it is filled
    /// to this part.
    pub(super) fn part(self, filled: f64) -> f64 {
        if self.is_one() { 1.0 } else { (filled * self.interest()).clamp(LEAST_FILL, 1.0) }
    }

    /// How full a value of the type is that may weigh at most `allowance`.
    pub(super) fn fill(self, allowance: f64) -> Fill {
        if self.full <= allowance {
            return Fill::All;
        }
        let left_out = self.wanted - self.least;
        let part = if left_out <= 0.0 { 1.0 } else { (allowance - self.least) / left_out };
        Fill::Part(part.clamp(0.0, 1.0))
    }

    /// Whether a value of the type weighs no more than `None` does.
    fn is_one(self) -> bool {
        self.full <= 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_within_the_budget_is_filled() {
        let record = Weight::sum([Weight::ONE, Weight::ONE.optional(10.0), Weight::ONE.collected(10.0)].into_iter());
        assert_eq!(record.fill(5.0), Fill::All);
        assert_eq!(record.full, 1.0 + 1.0 + 2.2);
    }

    #[test]
    fn a_large_type_spends_its_budget_in_the_mean() {
        let large = Weight { least: 10.0, wanted: 110.0, full: 1e6, components: 1.0 };
        assert_eq!(large.fill(60.0), Fill::Part(0.5));
        assert_eq!(large.fill(5.0), Fill::Part(0.0));
        assert_eq!(large.fill(500.0), Fill::Part(1.0));
        // In an option it spends a share, but at least its least weight.
        assert_eq!(large.optional(50.0).wanted, 1.0 + 0.75 * 50.0);
        assert_eq!(large.optional(5.0).wanted, 1.0 + 0.75 * 10.0);
        assert_eq!(large.collected(50.0).wanted, 1.0 + 1.2 * 50.0);
    }

    #[test]
    fn types_with_more_components_occur_more_often() {
        let holding = |components| Weight { least: 10.0, wanted: 110.0, full: 1e6, components };
        assert_eq!([1.0, 4.0, 1e9].map(|components| holding(components).part(0.25)), [0.25, 0.5, 1.0]);
        assert_eq!(holding(1.0).part(0.0), LEAST_FILL);
        assert_eq!(Weight::ONE.part(0.0), 1.0);
    }

    #[test]
    fn one_of_several_alternatives_counts() {
        let large = Weight { least: 3.0, wanted: 5.0, full: 7.0, components: 2.0 };
        assert_eq!(
            Weight::component(&[Weight::ONE, large]),
            Weight { least: 2.0, wanted: 3.0, full: 4.0, components: 3.0 }
        );
    }
}
