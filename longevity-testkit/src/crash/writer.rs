//! Writers to a table, which write until they are killed.

use std::any::Any;
use std::sync::Arc;

use longevity_core::{Error, PState, PersistentType};
use proptest::test_runner::TestRunner;

use super::ledger::{Op, Written};
use super::table::Table;
use crate::strategies::combine::below;
use crate::views::AnyView;

/// How many rows a batch has at most.
const BATCH: usize = 8;

/// A writer, without its type. It plans a write, does it, and then keeps or undoes it.
pub(super) trait AnyWriter: Send {
    /// The position of its table.
    fn table(&self) -> usize;
    /// Chooses a write; `None` if there is nothing to write.
    fn plan(&mut self, chance: &mut TestRunner) -> Option<Op>;
    /// Does the planned write, in the transaction if there is one.
    fn write(&mut self, transaction: Option<&dyn Any>, chance: &mut TestRunner) -> Result<Written, Error>;
    /// Notes that the write is in the store.
    fn keep(&mut self);
    /// Notes that the write was rolled back.
    fn undo(&mut self);
}

/// Writes the samples of one thread, so that no two writers collide.
pub(super) struct Writer<P> {
    table: Arc<Table<P>>,
    /// The samples that no row holds.
    free: Vec<usize>,
    rows: Vec<(PState<P>, usize)>,
    planned: Option<Planned<P>>,
    /// The states that the write returned.
    written: Vec<PState<P>>,
}

/// A planned write. Its samples and its row are in neither `free` nor `rows`.
enum Planned<P> {
    Create(Vec<usize>),
    /// The row changes from the first sample to the second.
    Update(PState<P>, usize, usize),
    Delete(PState<P>, usize),
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
        Ok(Self { table, free, rows, planned: None, written: Vec::new() })
    }

    fn take_free(&mut self, chance: &mut TestRunner) -> Option<usize> {
        (!self.free.is_empty()).then(|| self.free.swap_remove(below(self.free.len(), chance)))
    }

    fn plan_to_create(&mut self, rows: usize, chance: &mut TestRunner) -> Planned<P> {
        Planned::Create((0..rows).map_while(|_| self.take_free(chance)).collect())
    }

    fn plan_to_update(&mut self, chance: &mut TestRunner) -> Planned<P> {
        let (state, old) = self.rows.swap_remove(below(self.rows.len(), chance));
        // The primary key must not change, so the sample stays.
        let next = if self.table.definition.primary_key.is_some() { None } else { self.take_free(chance) };
        Planned::Update(state, old, next.unwrap_or(old))
    }

    fn plan_to_delete(&mut self, chance: &mut TestRunner) -> Planned<P> {
        let (state, sample) = self.rows.swap_remove(below(self.rows.len(), chance));
        Planned::Delete(state, sample)
    }
}

/// A repository that accepts this value: that of the type that owns the table, or that of the value's variant.
fn view<'a, P: PersistentType>(
    views: &'a [Box<dyn AnyView<P>>],
    value: &P,
    chance: &mut TestRunner,
) -> &'a dyn AnyView<P> {
    let own = views.iter().position(|view| view.variant() == Some(value.variant())).unwrap_or(0);
    &*views[if below(2, chance) == 0 { 0 } else { own }]
}

impl<P: PersistentType> AnyWriter for Writer<P> {
    fn table(&self) -> usize {
        self.table.position
    }

    fn plan(&mut self, chance: &mut TestRunner) -> Option<Op> {
        let (free, rows) = (self.free.len(), self.rows.len());
        let planned = match below(10, chance) {
            0..=2 if free > 0 => self.plan_to_create(1, chance),
            3..=4 if free > 1 && self.table.atomic_batches => self.plan_to_create(2 + below(BATCH - 1, chance), chance),
            5..=7 if rows > 0 => self.plan_to_update(chance),
            _ if rows > 0 => self.plan_to_delete(chance),
            _ if free > 0 => self.plan_to_create(1, chance),
            _ => return None,
        };
        let op = match &planned {
            Planned::Create(samples) => Op::Create(samples.clone()),
            Planned::Update(state, _, sample) => Op::Update(state.id(), *sample),
            Planned::Delete(state, _) => Op::Delete(state.id()),
        };
        self.planned = Some(planned);
        Some(op)
    }

    fn write(&mut self, transaction: Option<&dyn Any>, chance: &mut TestRunner) -> Result<Written, Error> {
        let in_transaction = transaction.and_then(|transaction| (self.table.views_in)(transaction));
        let views = in_transaction.as_ref().unwrap_or(&self.table.views);
        let samples = &self.table.samples;
        self.written = match &self.planned {
            None => Vec::new(),
            Some(Planned::Create(planned)) => match planned.as_slice() {
                [sample] => vec![view(views, &samples[*sample], chance).create(samples[*sample].clone())?],
                planned => views[0].create_many(planned.iter().map(|sample| samples[*sample].clone()).collect())?,
            },
            Some(Planned::Update(state, _, sample)) => {
                let value = &samples[*sample];
                // A row changes its variant through the repository of the type that owns the table.
                let morphs = value.variant() != state.get().variant();
                let view = if morphs { &*views[0] } else { view(views, value, chance) };
                vec![view.update(state.clone().set(value.clone()))?]
            }
            Some(Planned::Delete(state, _)) => {
                view(views, state.get(), chance).delete(state.clone())?;
                Vec::new()
            }
        };
        Ok(self.written.iter().map(|state| (state.id(), state.row_version())).collect())
    }

    fn keep(&mut self) {
        let mut written = std::mem::take(&mut self.written).into_iter();
        match self.planned.take() {
            None => {}
            Some(Planned::Create(samples)) => self.rows.extend(written.zip(samples)),
            Some(Planned::Update(_, old, sample)) => {
                self.rows.extend(written.next().map(|state| (state, sample)));
                self.free.extend(Some(old).filter(|old| *old != sample));
            }
            Some(Planned::Delete(_, sample)) => self.free.push(sample),
        }
    }

    fn undo(&mut self) {
        self.written.clear();
        match self.planned.take() {
            None => {}
            Some(Planned::Create(samples)) => self.free.extend(samples),
            Some(Planned::Update(state, old, sample)) => {
                self.rows.push((state, old));
                self.free.extend(Some(sample).filter(|sample| *sample != old));
            }
            Some(Planned::Delete(state, sample)) => self.rows.push((state, sample)),
        }
    }
}
