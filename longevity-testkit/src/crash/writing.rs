//! Writes to the tables of a store, with and without transactions. Each write is announced before it begins and acknowledged
//! after it.

use std::any::Any;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, Error};
use proptest::test_runner::TestRunner;

use super::ledger::{Event, Ledger};
use super::tables::AnyTable;
use super::writer::AnyWriter;
use crate::random::runner;
use crate::strategies::combine::below;

/// The transactions of a store, without its type.
pub(super) trait AnyTransactions: Sync {
    /// Runs `work` in a transaction. Commits it if `work` returns true, and rolls it back otherwise.
    fn run(&self, work: &mut dyn FnMut(&dyn Any) -> Result<bool, Error>) -> Result<(), Error>;
}

impl<M: DomainModel, B: Backend> AnyTransactions for Longevity<M, B> {
    fn run(&self, work: &mut dyn FnMut(&dyn Any) -> Result<bool, Error>) -> Result<(), Error> {
        let transaction = self.begin()?;
        let is_kept = work(&*transaction)?;
        if is_kept {
            return transaction.commit();
        }
        transaction.rollback();
        Ok(())
    }
}

/// Writes once, or to several tables in a transaction. Sends an event before and after; sends nothing if there is nothing to
/// write.
pub(super) fn step(
    thread: usize,
    writers: &mut [Box<dyn AnyWriter>],
    transactions: Option<&dyn AnyTransactions>,
    chance: &mut TestRunner,
    send: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let transactions = transactions.filter(|_| below(2, chance) == 0);
    let first = below(writers.len().max(1), chance);
    // The first writer, or the first and some that follow it.
    let wanted = if transactions.is_some() { 1 + below(writers.len().max(1), chance) } else { 1 };
    let mut chosen: Vec<&mut Box<dyn AnyWriter>> = writers.iter_mut().skip(first).take(wanted).collect();
    let mut ops = Vec::new();
    chosen.retain_mut(|writer| match writer.plan(chance) {
        Some(op) => {
            ops.push((writer.table(), op));
            true
        }
        None => false,
    });
    if chosen.is_empty() {
        return Ok(());
    }
    let is_kept = transactions.is_none() || below(4, chance) > 0;
    send(if is_kept { Event::Begin(thread, ops) } else { Event::Try(thread, ops) });
    let Some(transactions) = transactions else {
        let written = chosen.iter_mut().map(|writer| writer.write(None, chance)).collect::<Result<_, _>>()?;
        send(Event::Done(thread, written));
        chosen.iter_mut().for_each(|writer| writer.keep());
        return Ok(());
    };
    let mut written = Vec::new();
    transactions.run(&mut |transaction| {
        for writer in &mut chosen {
            written.push(writer.write(Some(transaction), chance)?);
        }
        Ok(is_kept)
    })?;
    send(if is_kept { Event::Done(thread, written) } else { Event::Undone(thread) });
    chosen.iter_mut().for_each(|writer| if is_kept { writer.keep() } else { writer.undo() });
    Ok(())
}

/// Does this number of writes in this process, each with the writers of a random thread.
pub(super) fn write_here(
    tables: &[Box<dyn AnyTable>],
    transactions: Option<&dyn AnyTransactions>,
    threads: usize,
    seed: u64,
    writes: usize,
) -> Result<Ledger, Error> {
    let mut chance = runner(seed, "crash::here");
    let mut ledger = Ledger::default();
    let of_thread = |thread| tables.iter().map(|table| table.writer(thread, threads)).collect::<Result<Vec<_>, _>>();
    let mut writers = (0..threads).map(of_thread).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..writes {
        let thread = below(threads, &mut chance);
        let mut take = |event: Event| {
            if let Err(problem) = ledger.take(event) {
                panic!("{problem}");
            }
        };
        step(thread, &mut writers[thread], transactions, &mut chance, &mut take)?;
    }
    Ok(ledger)
}
