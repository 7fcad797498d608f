//! The tables of a model in a store that is written to, killed, and examined.

use std::any::Any;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::backend::{Predicate, Select};
use longevity_core::blocking::{Longevity, Transaction};
use longevity_core::table::TableDefinition;
use longevity_core::{Error, InModel, PState, PersistentType};
use proptest::strategy::{Strategy, ValueTree};

use super::ledger::{Entry, Rows};
use super::writer::{AnyWriter, Writer};
use crate::cases::{collide, whole};
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::random::runner;
use crate::strategies::Generators;
use crate::views::{AnyView, views_of};

/// How many values are drawn for each that is wanted.
const DRAWS: usize = 20;

/// How the values are made: the same in every process of a run.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) generators: Generators,
    pub(super) samples: usize,
    pub(super) seed: u64,
}

/// A table, without its type.
pub(super) trait AnyTable: Send + Sync {
    /// What writes the samples of this thread, beginning with those that are in the store.
    fn writer(&self, thread: usize, threads: usize) -> Result<Box<dyn AnyWriter>, Error>;
    /// The rows, and those that hold what nobody wrote.
    fn rows(&self) -> Result<(Rows, Vec<String>), Error>;
    /// Where keys, indexes and counts do not say what the rows say.
    fn inconsistencies(&self) -> Result<Vec<String>, Error>;
}

/// The repositories of a table, and the values that are written to it: they collide in no key, each is one thread's.
pub(super) struct Table<P> {
    pub(super) position: usize,
    pub(super) definition: TableDefinition,
    pub(super) views: Vec<Box<dyn AnyView<P>>>,
    /// The same in a transaction.
    pub(super) views_in: fn(&dyn Any) -> Option<Vec<Box<dyn AnyView<P>>>>,
    pub(super) samples: Vec<P>,
    pub(super) atomic_batches: bool,
}

/// The tables of a store.
pub(super) fn tables<M: SpecModel, B: Backend>(
    store: &Longevity<M, B>,
    values: &Values,
) -> Result<Vec<Box<dyn AnyTable>>, Error> {
    let mut tables = Tables { store, values, tables: Vec::new(), failure: None };
    M::visit(&mut tables);
    tables.failure.map_or(Ok(tables.tables), Err)
}

struct Tables<'a, M, B: Backend> {
    store: &'a Longevity<M, B>,
    values: &'a Values,
    tables: Vec<Box<dyn AnyTable>>,
    failure: Option<Error>,
}

impl<M: SpecModel, B: Backend> Tables<'_, M, B> {
    fn add<P: SpecRoot + InModel<M>>(&mut self) {
        let definition = match P::definition().table() {
            Ok(definition) => definition,
            Err(error) => return self.failure = Some(error),
        };
        let table = Table {
            position: self.tables.len(),
            samples: samples::<P>(&definition, self.values),
            definition,
            views: views_of::<M, P, B, _>(self.store),
            views_in: |transaction| transaction.downcast_ref().map(views_of::<M, P, B, Transaction<M, B>>),
            atomic_batches: self.store.asynchronous().backend().capabilities().atomic_batches,
        };
        self.tables.push(Box::new(Arc::new(table)));
    }
}

impl<M: SpecModel, B: Backend> SpecVisitor<M> for Tables<'_, M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    // Its repository is among those of its poly type's table.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}

fn samples<P: SpecRoot>(definition: &TableDefinition, values: &Values) -> Vec<P> {
    let strategy = P::rows(&values.generators);
    let mut chance = runner(values.seed, &format!("crash::{}", P::NAME));
    let mut samples: Vec<P> = Vec::new();
    for _ in 0..values.samples * DRAWS {
        if samples.len() == values.samples {
            break;
        }
        let Ok(tree) = strategy.new_tree(&mut chance) else { continue };
        let value = tree.current();
        if !samples.iter().any(|other| collide(definition, other, &value) || same_value(other, &value)) {
            samples.push(value);
        }
    }
    samples
}

pub(super) fn same_value<P: PersistentType>(a: &P, b: &P) -> bool {
    a.variant() == b.variant() && whole(a).is_identical(&whole(b))
}

/// Everything.
pub(super) fn all() -> Select {
    Select::of(Predicate::True)
}

impl<P: PersistentType> Table<P> {
    /// All rows, and which sample each holds.
    pub(super) fn states(&self) -> Result<Vec<(PState<P>, Option<usize>)>, Error> {
        let states = self.views[0].find(all(), false)?;
        let sample = |state: &PState<P>| self.samples.iter().position(|sample| same_value(sample, state.get()));
        Ok(states.into_iter().map(|state| (sample(&state), state)).map(|(sample, state)| (state, sample)).collect())
    }
}

impl<P: SpecRoot> AnyTable for Arc<Table<P>> {
    fn writer(&self, thread: usize, threads: usize) -> Result<Box<dyn AnyWriter>, Error> {
        Ok(Box::new(Writer::new(Arc::clone(self), thread, threads)?))
    }

    fn rows(&self) -> Result<(Rows, Vec<String>), Error> {
        let (mut rows, mut problems) = (Rows::new(), Vec::new());
        for (state, sample) in self.states()? {
            let (id, version) = (state.id(), state.row_version());
            match sample {
                Some(sample) => drop(rows.insert(id, Entry { sample, version })),
                None => problems.push(format!("torn: row {id} holds what nobody wrote: {:?}", state.get())),
            }
        }
        Ok((rows, problems))
    }

    fn inconsistencies(&self) -> Result<Vec<String>, Error> {
        self.examine()
    }
}
