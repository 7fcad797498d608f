//! The combinators of strategies. None of them shrinks: a case compares whole sets of samples, and its seed repeats a failure.

use std::fmt::{self, Debug};

use proptest::prelude::Rng;
use proptest::strategy::{BoxedStrategy, Just, NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

/// A value that was drawn. Each call returns an equal value.
pub type Drawn<T> = Box<dyn Fn() -> T>;

/// A strategy that is one function. It draws a value, or returns why there is none.
struct Draw<T>(Box<dyn Fn(&mut TestRunner) -> Result<Drawn<T>, Reason>>);

struct DrawnTree<T>(Drawn<T>);

impl<T> Debug for Draw<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draw")
    }
}

impl<T: Debug> Strategy for Draw<T> {
    type Tree = DrawnTree<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        (self.0)(runner).map(DrawnTree)
    }
}

impl<T: Debug> ValueTree for DrawnTree<T> {
    type Value = T;

    fn current(&self) -> T {
        (self.0)()
    }

    fn simplify(&mut self) -> bool {
        false
    }

    fn complicate(&mut self) -> bool {
        false
    }
}

/// The strategy that draws with this function.
pub fn draw<T: Debug + 'static>(
    draw: impl Fn(&mut TestRunner) -> Result<Drawn<T>, Reason> + 'static,
) -> BoxedStrategy<T> {
    Draw(Box::new(draw)).boxed()
}

/// One value of the strategy.
pub fn drawn<T: Debug + 'static>(strategy: &BoxedStrategy<T>, runner: &mut TestRunner) -> Result<Drawn<T>, Reason> {
    let tree = strategy.new_tree(runner)?;
    Ok(Box::new(move || tree.current()))
}

/// A number below `bound`.
pub(crate) fn below(bound: usize, runner: &mut TestRunner) -> usize {
    usize::try_from(runner.rng().next_u64() % bound.max(1) as u64).unwrap_or_default()
}

/// Always this value.
pub fn just<T: Clone + Debug + 'static>(value: T) -> BoxedStrategy<T> {
    Just(value).boxed()
}

/// The strategy's values, mapped by the function.
pub fn map<T: Debug + 'static, U: Debug + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
    make: impl Fn(T) -> U + 'static,
) -> BoxedStrategy<U> {
    strategy.prop_map(make).boxed()
}

/// Any of the alternatives, with equal probability. If the chosen one has no value, another takes its place.
pub fn one_of<T: Debug + 'static>(alternatives: Vec<BoxedStrategy<T>>) -> BoxedStrategy<T> {
    draw(move |runner| {
        let mut left: Vec<_> = alternatives.iter().collect();
        let mut reason = Reason::from("there is no alternative");
        while !left.is_empty() {
            let chosen = left.swap_remove(below(left.len(), runner));
            match drawn(chosen, runner) {
                Ok(value) => return Ok(value),
                Err(why) => reason = why,
            }
        }
        Err(reason)
    })
}
