//! Options, boxes, lists, sets and maps. They are small. They are empty if their content has no value, and mostly empty if it is
//! large.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::rc::Rc;

use proptest::strategy::BoxedStrategy;
use proptest::test_runner::TestRunner;

use super::budget::{Fill, SOMES, fill, happens};
use super::combine::{Drawn, below, draw, map};
use super::nodes::Composition;
use super::{Generate, Generators};

impl<T: Generate> Generate for Option<T> {
    fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
        generators.note_composition(Composition::Option);
        let inner = generators.part::<T>();
        draw(move |runner| {
            let fill = fill();
            let is_some = match fill {
                Fill::All => below(4, runner) != 0,
                Fill::Part(filled) => happens(SOMES * inner.part_of(filled), runner),
            };
            let some = if is_some { inner.drawn_apart(fill, runner).ok() } else { None };
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

/// The number of elements: few, often none.
fn size(fill: Fill, part_of: impl FnOnce(f64) -> f64, runner: &mut TestRunner) -> usize {
    match fill {
        Fill::Part(filled) if !happens(part_of(filled), runner) => 0,
        _ => below(5, runner).saturating_sub(1),
    }
}

/// A collection of drawn elements. It ends early if an element has no value.
fn collected<E: Debug + 'static, C: FromIterator<E> + Debug + 'static>(
    part_of: impl Fn(f64) -> f64 + 'static,
    draw_element: impl Fn(Fill, &mut TestRunner) -> Option<Drawn<E>> + 'static,
) -> BoxedStrategy<C> {
    draw(move |runner| {
        let fill = fill();
        let size = size(fill, &part_of, runner);
        let elements: Vec<_> = (0..size).map_while(|_| draw_element(fill, runner)).collect();
        Ok(Box::new(move || elements.iter().map(|element| element()).collect()))
    })
}

macro_rules! collections {
    ($([$($bound:tt)*] $type:ty;)*) => {$(
        impl<$($bound)*> Generate for $type {
            fn strategy(generators: &Generators) -> BoxedStrategy<Self> {
                generators.note_composition(Composition::Collection);
                let element = Rc::new(generators.part::<T>());
                let held = Rc::clone(&element);
                collected(
                    move |filled| held.part_of(filled),
                    move |fill, runner| element.drawn_apart(fill, runner).ok(),
                )
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
                generators.note_composition(Composition::Collection);
                let (key, value) = (generators.part::<K>(), Rc::new(generators.part::<V>()));
                let held = Rc::clone(&value);
                collected(
                    move |filled| held.part_of(filled),
                    move |fill, runner| {
                        let (key, value) = (key.drawn_apart(fill, runner).ok()?, value.drawn_apart(fill, runner).ok()?);
                        Some(Box::new(move || (key(), value())) as Drawn<(K, V)>)
                    },
                )
            }
        }
    )*};
}

maps! {
    [K: Generate + Ord] BTreeMap<K, V>;
    [K: Generate + Eq + Hash] HashMap<K, V>;
}
