//! The tables of a model in a store, without their types.

use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::blocking::{Longevity, Transaction};
use longevity_core::{Error, InModel, PersistentType, is_referred_to, refers};

use super::ledger::{Entry, Rows};
use super::table::{Table, Values, samples};
use super::writer::{AnyWriter, Writer};
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::references::{Given, UntypedRow};
use crate::values::whole;
use crate::views::views_of;

/// A table, without its type.
pub(super) trait AnyTable: Send + Sync {
    /// A writer of the samples of this thread. It starts from the rows in the store.
    fn writer(&self, thread: usize, threads: usize) -> Result<Box<dyn AnyWriter>, Error>;
    /// The rows that writers wrote, and the problems: rows that hold no sample, and targets that are gone.
    fn rows(&self) -> Result<(Rows, Vec<String>), Error>;
    /// The keys, indexes and counts that do not match the rows.
    fn inconsistencies(&self) -> Result<Vec<String>, Error>;
}

/// The tables of a store. Their values refer to the targets, if there are any.
pub(super) fn tables<M: SpecModel, B: Backend>(
    store: &Longevity<M, B>,
    values: &Values,
    targets: Option<&Given<M, B>>,
) -> Result<Vec<Box<dyn AnyTable>>, Error> {
    let mut tables = Tables { store, values, targets, tables: Vec::new(), failure: None };
    M::visit(&mut tables);
    tables.failure.map_or(Ok(tables.tables), Err)
}

struct Tables<'a, M, B: Backend> {
    store: &'a Longevity<M, B>,
    values: &'a Values,
    targets: Option<&'a Given<M, B>>,
    tables: Vec<Box<dyn AnyTable>>,
    failure: Option<Error>,
}

impl<M: SpecModel, B: Backend> Tables<'_, M, B> {
    fn add<P: SpecRoot + InModel<M>>(&mut self) {
        let definition = match P::definition().table() {
            Ok(definition) => definition,
            Err(error) => return self.failure = Some(error),
        };
        let position = self.tables.len();
        let table = Table {
            position,
            samples: samples::<P>(&definition, self.values, &|value| self.anchored(position, value)),
            targets: self.targets.iter().flat_map(|targets| targets.created_in(position)).cloned().collect(),
            definition,
            views: views_of::<M, P, B, _>(self.store),
            views_in: |transaction| transaction.downcast_ref().map(views_of::<M, P, B, Transaction<M, B>>),
            atomic_batches: self.store.asynchronous().backend().capabilities().atomic_batches,
        };
        self.tables.push(Box::new(Arc::new(table)));
    }

    /// The value with targets that are in the store.
    fn anchored<P: SpecRoot>(&self, position: usize, value: P) -> Option<P> {
        // The branch is not compiled for types that refer to nothing and are not referred to.
        if const { refers::<P>() || is_referred_to(M::ROOTS, P::TABLE) } {
            let Some(targets) = self.targets else { return Some(value) };
            let row = targets.anchored_in(position, UntypedRow { variant: value.variant(), value: whole(&value) })?;
            return P::of_value::<B>(row.variant, row.value).ok();
        }
        Some(value)
    }
}

impl<M: SpecModel, B: Backend> SpecVisitor<M> for Tables<'_, M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    // The table of its poly type has its repository.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
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
                None => {
                    problems.push(format!("torn: row {id} holds a value that was never written: {:?}", state.get()))
                }
            }
        }
        let lost = self.lost_targets()?.into_iter();
        problems.extend(lost.map(|target| format!("lost: a row that no writer changes is gone: {}", target.value)));
        Ok((rows, problems))
    }

    fn inconsistencies(&self) -> Result<Vec<String>, Error> {
        self.examine()
    }
}
