//! What writes to a table until it is killed.

use std::sync::Arc;

use longevity_core::{Error, PState, PersistentType, RowId};
use proptest::test_runner::TestRunner;

use super::ledger::{Event, Op};
use super::table::Table;
use crate::strategies::combine::below;
use crate::views::AnyView;

/// How many rows a batch has at most.
const BATCH: usize = 8;

/// A writer, without its type.
pub(super) trait AnyWriter: Send {
    /// Writes once, and says so before and after; says nothing if there is nothing to write.
    fn step(&mut self, chance: &mut TestRunner, say: &mut dyn FnMut(Event)) -> Result<(), Error>;
}

/// Writes the samples of one thread, so that no two writers collide.
pub(super) struct Writer<P> {
    table: Arc<Table<P>>,
    thread: usize,
    /// The samples that no row holds.
    free: Vec<usize>,
    rows: Vec<(PState<P>, usize)>,
}

impl<P: PersistentType> Writer<P> {
    pub(super) fn new(table: Arc<Table<P>>, thread: usize, threads: usize) -> Result<Self, Error> {
        let mine = |sample: usize| sample % threads == thread;
        let states = table.states()?.into_iter();
        let rows: Vec<_> = states
            .filter_map(|(state, sample)| sample.filter(|sample| mine(*sample)).map(|sample| (state, sample)))
            .collect();
        let is_free = |sample: &usize| mine(*sample) && !rows.iter().any(|(_, taken)| taken == sample);
        let free = (0..table.samples.len()).filter(is_free).collect();
        Ok(Self { table, thread, free, rows })
    }

    /// A repository that takes this value: that of the type that owns the table, or of its variant.
    fn view(&self, value: &P, chance: &mut TestRunner) -> &dyn AnyView<P> {
        let views = &self.table.views;
        let own = views.iter().position(|view| view.variant() == Some(value.variant())).unwrap_or(0);
        &*views[if below(2, chance) == 0 { 0 } else { own }]
    }

    fn take_free(&mut self, chance: &mut TestRunner) -> Option<usize> {
        (!self.free.is_empty()).then(|| self.free.swap_remove(below(self.free.len(), chance)))
    }

    fn create(&mut self, rows: usize, chance: &mut TestRunner, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let samples: Vec<_> = (0..rows).map_while(|_| self.take_free(chance)).collect();
        let values: Vec<_> = samples.iter().map(|sample| self.table.samples[*sample].clone()).collect();
        say(Event::Begin(self.thread, self.table.position, Op::Create(samples.clone())));
        let states = match values.as_slice() {
            [value] => vec![self.view(value, chance).create(value.clone())?],
            _ => self.table.views[0].create_many(values)?,
        };
        self.say_done(&states, say);
        self.rows.extend(states.into_iter().zip(samples));
        Ok(())
    }

    fn update(&mut self, chance: &mut TestRunner, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let (state, old) = self.rows.swap_remove(below(self.rows.len(), chance));
        // The primary key stays, and with it the sample.
        let next = if self.table.definition.primary_key.is_some() { None } else { self.take_free(chance) };
        let sample = next.unwrap_or(old);
        let value = &self.table.samples[sample];
        // A row changes its variant through the repository of the type that owns the table.
        let morphs = value.variant() != state.get().variant();
        let view = if morphs { &*self.table.views[0] } else { self.view(value, chance) };
        say(Event::Begin(self.thread, self.table.position, Op::Update(state.id(), sample)));
        let state = view.update(state.set(value.clone()))?;
        self.say_done(std::slice::from_ref(&state), say);
        self.rows.push((state, sample));
        self.free.extend(Some(old).filter(|old| *old != sample));
        Ok(())
    }

    fn delete(&mut self, chance: &mut TestRunner, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let (state, sample) = self.rows.swap_remove(below(self.rows.len(), chance));
        say(Event::Begin(self.thread, self.table.position, Op::Delete(state.id())));
        self.view(state.get(), chance).delete(state)?;
        self.say_done(&[], say);
        self.free.push(sample);
        Ok(())
    }

    fn say_done(&self, states: &[PState<P>], say: &mut dyn FnMut(Event)) {
        let rows = states.iter().map(|state| (state.id(), state.row_version()));
        say(Event::Done(self.thread, rows.collect::<Vec<(RowId, u64)>>()));
    }
}

impl<P: PersistentType> AnyWriter for Writer<P> {
    fn step(&mut self, chance: &mut TestRunner, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let (free, rows) = (self.free.len(), self.rows.len());
        match below(10, chance) {
            0..=2 if free > 0 => self.create(1, chance, say),
            3..=4 if free > 1 && self.table.atomic_batches => self.create(2 + below(BATCH - 1, chance), chance, say),
            5..=7 if rows > 0 => self.update(chance, say),
            _ if rows > 0 => self.delete(chance, say),
            _ if free > 0 => self.create(1, chance, say),
            _ => Ok(()),
        }
    }
}
