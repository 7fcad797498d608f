//! The types that values are made of, each with its strategy and its weight. They are built once per thread, however often a type
//! occurs. A wide type is a graph: a strategy for each path through it would be a tree of millions.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Reason, TestRunner};

use super::budget::{Fill, Weight, share, with_fill};
use super::combine::{Drawn, draw, drawn};
use super::generators::{Generators, Settings};

/// How often a type may be nested within itself.
const RECURSION_LIMIT: usize = 3;
/// How deep values may be nested at all. [`RECURSION_LIMIT`] alone would let some values grow too large.
const DEPTH_LIMIT: usize = 128;

/// A type, and whether this is its strategy for rows. An enum may be both a poly type and a component.
type Key = (TypeId, bool);

/// How a type is composed of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Composition {
    /// It has all parts, or those of one alternative.
    Whole,
    /// It has one part, or none.
    Option,
    /// It has several parts, or none.
    Collection,
}

struct Node {
    /// A `BoxedStrategy<T>`, after it is built.
    strategy: Option<Box<dyn Any>>,
    composition: Composition,
    /// The types of its parts, by alternative; `None` is a strategy of the user.
    parts: Vec<Vec<Option<Key>>>,
    weight: Weight,
}

/// The nodes of some generators.
struct Table {
    /// The settings of these generators. Keeping them ensures that no others get the same address.
    of: Arc<Settings>,
    nodes: HashMap<Key, Node>,
    /// The types that are built, parts first.
    built: Vec<Key>,
    /// The types whose strategies are being built, each within the one before.
    building: Vec<Key>,
    weighed: bool,
}

/// How many generators keep their strategies on a thread. One more evicts the oldest, which then builds its strategies again.
const TABLES: usize = 8;

thread_local! {
    /// The tables of this thread. The last one is in use.
    static ALL_TABLES: RefCell<Vec<Table>> = RefCell::default();
    /// The types of the value that is being drawn, from the row down to the innermost.
    static WITHIN: RefCell<Vec<Key>> = RefCell::default();
}

/// Calls the function with the nodes of these generators.
fn with_table<R>(generators: &Generators, call: impl FnOnce(&mut Table) -> R) -> R {
    let settings = generators.settings();
    ALL_TABLES.with_borrow_mut(|tables| {
        let at = tables.iter().rposition(|table| Arc::ptr_eq(&table.of, settings)).unwrap_or_else(|| {
            // A table whose strategies are being built stays.
            if tables.len() >= TABLES
                && let Some(unused) = tables.iter().position(|table| table.building.is_empty())
            {
                tables.remove(unused);
            }
            let of = Arc::clone(settings);
            tables.push(Table { of, nodes: HashMap::new(), built: Vec::new(), building: Vec::new(), weighed: false });
            tables.len() - 1
        });
        let last = tables.len() - 1;
        tables.swap(at, last);
        call(&mut tables[last])
    })
}

impl Generators {
    /// Notes that the next parts of the type that is being built belong to another alternative.
    pub(super) fn note_alternative(&self) {
        with_built(self, |node| node.parts.push(Vec::new()));
    }

    /// Notes that the type that is being built has a part with a strategy of the user.
    pub(super) fn note_user_strategy(&self) {
        add_part(self, None);
    }

    /// Notes how the type that is being built is composed of its parts.
    pub(super) fn note_composition(&self, composition: Composition) {
        with_built(self, |node| node.composition = composition);
    }
}

fn add_part(generators: &Generators, part: Option<Key>) {
    with_built(generators, |node| match node.parts.last_mut() {
        Some(parts) => parts.push(part),
        None => node.parts.push(vec![part]),
    });
}

fn with_built(generators: &Generators, change: impl FnOnce(&mut Node)) {
    with_table(generators, |table| {
        let innermost = table.building.last().copied();
        if let Some(node) = innermost.and_then(|key| table.nodes.get_mut(&key)) {
            change(node);
        }
    });
}

impl Table {
    fn weigh(&mut self, share: f64) {
        if std::mem::replace(&mut self.weighed, true) {
            return;
        }
        // Each round weighs one more level of a type that is nested within itself.
        for _ in 0..RECURSION_LIMIT {
            for key in &self.built {
                let Some(node) = self.nodes.get(key) else { continue };
                let weight = self.weight_of(node, share);
                if let Some(node) = self.nodes.get_mut(key) {
                    node.weight = weight;
                }
            }
        }
    }

    fn weight_of(&self, node: &Node, share: f64) -> Weight {
        let part = |key: &Option<Key>| match key {
            Some(key) => self.nodes.get(key).map_or(Weight::ONE, |node| node.weight),
            None => Weight::ONE,
        };
        let of = |parts: &Vec<Option<Key>>| Weight::sum(parts.iter().map(part));
        let alternatives: Vec<_> = node.parts.iter().map(of).collect();
        let held = || alternatives.first().copied().unwrap_or(Weight::ONE);
        match node.composition {
            Composition::Whole if alternatives.is_empty() => Weight::ONE,
            Composition::Whole => Weight::component(&alternatives),
            Composition::Option => held().optional(share),
            Composition::Collection => held().collected(share),
        }
    }
}

/// A type's own strategy, by its node.
pub(super) struct TypeStrategy<T> {
    generators: Generators,
    build: fn(&Generators) -> BoxedStrategy<T>,
    key: Key,
}

impl<T: Debug + 'static> TypeStrategy<T> {
    /// Builds the type's strategy and those of its parts, if they are not built yet.
    pub(super) fn new(generators: &Generators, build: fn(&Generators) -> BoxedStrategy<T>, rows: bool) -> Self {
        let this = Self { generators: generators.clone(), build, key: (TypeId::of::<T>(), rows) };
        add_part(generators, Some(this.key));
        if !with_table(generators, |table| table.nodes.contains_key(&this.key)) {
            let _built = this.built();
        }
        this
    }

    fn built(&self) -> BoxedStrategy<T> {
        // A panic, such as that of a type without a strategy, must leave no node half built.
        struct Building<'a>(&'a Generators, Key);
        impl Drop for Building<'_> {
            fn drop(&mut self) {
                with_table(self.0, |table| {
                    table.building.pop();
                    if table.nodes.get(&self.1).is_some_and(|node| node.strategy.is_none()) {
                        table.nodes.remove(&self.1);
                    }
                });
            }
        }
        with_table(&self.generators, |table| {
            let node =
                Node { strategy: None, composition: Composition::Whole, parts: Vec::new(), weight: Weight::default() };
            table.nodes.insert(self.key, node);
            table.building.push(self.key);
        });
        let _building = Building(&self.generators, self.key);
        let strategy = (self.build)(&self.generators);
        with_table(&self.generators, |table| {
            if let Some(node) = table.nodes.get_mut(&self.key) {
                node.strategy = Some(Box::new(strategy.clone()));
            }
            table.built.push(self.key);
            table.weighed = false;
        });
        strategy
    }

    /// The strategy. It is built again if this thread has evicted its table.
    fn strategy(&self) -> BoxedStrategy<T> {
        let known = with_table(&self.generators, |table| {
            let strategy = table.nodes.get(&self.key)?.strategy.as_ref()?;
            strategy.downcast_ref::<BoxedStrategy<T>>().cloned()
        });
        known.unwrap_or_else(|| self.built())
    }

    fn weight(&self) -> Weight {
        let _built = self.strategy();
        let share = share(self.generators.settings().budget);
        with_table(&self.generators, |table| {
            table.weigh(share);
            table.nodes.get(&self.key).map_or(Weight::ONE, |node| node.weight)
        })
    }

    /// Draws a value. A row spends its budget; a part is filled as the value that holds it.
    fn drawn(&self, runner: &mut TestRunner) -> Result<Drawn<T>, Reason> {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                WITHIN.with_borrow_mut(|within| within.pop());
            }
        }
        let strategy = self.strategy();
        let (times, depth, is_row) = WITHIN.with_borrow_mut(|within| {
            let times = within.iter().filter(|outer| **outer == self.key).count();
            // The rows of a poly type are of a variant, and each variant has the whole budget.
            let is_row = !self.key.1 && within.iter().all(|(_, rows)| *rows);
            within.push(self.key);
            (times, within.len(), is_row)
        });
        let _leave = Leave;
        if times >= RECURSION_LIMIT || depth > DEPTH_LIMIT {
            return Err(Reason::from("the type is nested within itself without an end"));
        }
        if is_row {
            let budget = self.generators.settings().budget as f64;
            return with_fill(self.weight().fill(budget), || drawn(&strategy, runner));
        }
        drawn(&strategy, runner)
    }
}

/// The strategy of a part.
pub(super) enum Part<T> {
    /// The user's strategy.
    User(BoxedStrategy<T>),
    /// The type's own strategy.
    Own(TypeStrategy<T>),
}

impl<T: Debug + 'static> Part<T> {
    pub(super) fn boxed(self) -> BoxedStrategy<T> {
        match self {
            Self::User(given) => given.boxed(),
            Self::Own(own) => draw(move |runner| own.drawn(runner)),
        }
    }

    /// Draws a value that has a share of the budget for itself, if the row has to keep to its budget.
    pub(super) fn drawn_apart(&self, fill: Fill, runner: &mut TestRunner) -> Result<Drawn<T>, Reason> {
        match (self, fill) {
            (Self::User(given), _) => drawn(given, runner),
            (Self::Own(own), Fill::All) => own.drawn(runner),
            (Self::Own(own), Fill::Part(_)) => {
                let fill = match own.weight().fill(share(own.generators.settings().budget)) {
                    // The part is small, but the row is large.
                    Fill::All => Fill::Part(1.0),
                    part => part,
                };
                with_fill(fill, || own.drawn(runner))
            }
        }
    }

    /// How often the part occurs, relative to a small value.
    pub(super) fn part_of(&self, filled: f64) -> f64 {
        match self {
            Self::User(_) => 1.0,
            Self::Own(own) => own.weight().part(filled),
        }
    }
}
