//! Options, boxes, lists, sets and maps: small, and empty where what they hold has no value.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use proptest::strategy::BoxedStrategy;
use proptest::test_runner::TestRunner;

use super::combine::{Drawn, below, draw, drawn, map};
use super::{Generate, Generators};

impl<T: Generate> Generate for Option<T> {
    fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
        let inner = generators.of::<T>();
        draw(move |runner| {
            let some = if below(4, runner) == 0 { None } else { drawn(&inner, runner).ok() };
            Ok(match some {
                Some(value) => Box::new(move || Some(value())),
                None => Box::new(|| None),
            })
        })
    }
}

impl<T: Generate> Generate for Box<T> {
    fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
        map(generators.of::<T>(), Box::new)
    }
}

/// How many elements: few, none often.
fn size(runner: &mut TestRunner) -> usize {
    below(5, runner).saturating_sub(1)
}

/// A collection of so many elements as there are.
fn collected<E: std::fmt::Debug + 'static, C: FromIterator<E> + std::fmt::Debug + 'static>(
    draw_element: impl Fn(&mut TestRunner) -> Option<Drawn<E>> + 'static,
) -> BoxedStrategy<C> {
    draw(move |runner| {
        let elements: Vec<_> = (0..size(runner)).map_while(|_| draw_element(runner)).collect();
        Ok(Box::new(move || elements.iter().map(|element| element()).collect()))
    })
}

macro_rules! collections {
    ($([$($bound:tt)*] $type:ty;)*) => {$(
        impl<$($bound)*> Generate for $type {
            fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
                let element = generators.of::<T>();
                collected(move |runner| drawn(&element, runner).ok())
            }
        }
    )*};
}

collections! {
    [T: Generate] Vec<T>;
    [T: Generate + Ord] BTreeSet<T>;
    [T: Generate + Eq + Hash] HashSet<T>;
}

macro_rules! maps {
    ($([$($bound:tt)*] $type:ty;)*) => {$(
        impl<$($bound)*, V: Generate> Generate for $type {
            fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
                let (key, value) = (generators.of::<K>(), generators.of::<V>());
                collected(move |runner| {
                    let (key, value) = (drawn(&key, runner).ok()?, drawn(&value, runner).ok()?);
                    Some(Box::new(move || (key(), value())) as Drawn<(K, V)>)
                })
            }
        }
    )*};
}

maps! {
    [K: Generate + Ord] BTreeMap<K, V>;
    [K: Generate + Eq + Hash] HashMap<K, V>;
}
