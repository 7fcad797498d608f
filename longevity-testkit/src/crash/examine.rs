//! Checks that keys, indexes and counts match the rows.

use longevity_core::backend::{Direction, OrderBy, Predicate, Select, Subject, evaluate};
use longevity_core::table::{Index, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Error, PState, PersistentType, RowId};

use super::table::{Table, all};
use crate::values::values_in;
use crate::views::AnyView;

/// How many values of an index are queried.
const OPERANDS: usize = 5;

impl<P: PersistentType> Table<P> {
    /// The keys, indexes and counts that do not match the rows.
    pub(super) fn examine(&self) -> Result<Vec<String>, Error> {
        let rows = self.views[0].find(all(), false)?;
        let mut problems = Vec::new();
        for view in &self.views {
            let own: Vec<_> = rows.iter().filter(|row| sees(&**view, row.get())).collect();
            self.examine_keys(&**view, &own, &mut problems)?;
            self.examine_counts(&**view, &own, &mut problems)?;
        }
        for index in &self.definition.indexes {
            self.examine_index(index, &rows, &mut problems)?;
        }
        Ok(problems)
    }

    /// Checks that each row is found by each of its keys, and that a sample that no row holds is not found.
    fn examine_keys(
        &self,
        view: &dyn AnyView<P>,
        rows: &[&PState<P>],
        problems: &mut Vec<String>,
    ) -> Result<(), Error> {
        for (key, property) in view.keys().into_iter().enumerate() {
            for row in rows {
                let found = view.retrieve(key, row.get())?.map(|state| state.id());
                if found != Some(row.id()) {
                    problems.push(format!("key: row {} is found by its {property} as {found:?}", row.id()));
                }
            }
            for sample in self.samples.iter().filter(|sample| sees(view, sample)) {
                let is_there = rows.iter().any(|row| super::table::same_value(row.get(), sample));
                let found = view.retrieve(key, sample)?;
                if let Some(found) = found.filter(|_| !is_there) {
                    problems
                        .push(format!("key: no row has this {property}, but it finds row {}: {sample:?}", found.id()));
                }
            }
        }
        Ok(())
    }

    fn examine_counts(
        &self,
        view: &dyn AnyView<P>,
        rows: &[&PState<P>],
        problems: &mut Vec<String>,
    ) -> Result<(), Error> {
        let (count, found) = (view.count(all())?, view.find(all(), true)?);
        if (count, found.len()) != (rows.len() as u64, rows.len()) {
            let streamed = found.len();
            problems.push(format!("count: of {} rows, {count} are counted and {streamed} are streamed", rows.len()));
        }
        Ok(())
    }

    /// Checks that queries that the index can serve find the same rows as a scan.
    fn examine_index(&self, index: &Index, rows: &[PState<P>], problems: &mut Vec<String>) -> Result<(), Error> {
        let root = &*self.views[0];
        let held = rows.iter().map(PState::get).chain(&self.samples);
        for values in held.filter_map(|value| values_in(&self.definition, index, value)).take(OPERANDS) {
            let compare = |comparison| {
                let scope = index.scope.map_or(Predicate::True, Predicate::Scope);
                index.columns.iter().zip(&values).fold(scope, |conjunction, (column, value)| {
                    let path = self.definition.columns[*column].path.clone();
                    conjunction.and(Predicate::Compare { path, comparison, operand: value.clone() })
                })
            };
            for comparison in [Comparison::Eq, Comparison::Ge, Comparison::Lt] {
                let predicate = compare(comparison);
                let mut expected: Vec<_> =
                    rows.iter().filter(|row| holds(&self.definition, &predicate, row.get())).map(PState::id).collect();
                expected.sort();
                let select = Select { predicate: predicate.clone(), ..all() };
                let found = ids(&root.find(select.clone(), false)?);
                if found != expected || root.count(select)? != expected.len() as u64 {
                    let name = &index.name;
                    problems.push(format!("index: {name} finds {found:?}, not {expected:?}, with {predicate:?}"));
                }
            }
        }
        // This asks for the order of the index, so that the store may read the index from end to end.
        if index.scope.is_none() {
            let order = index.columns.iter().map(|column| {
                let path = self.definition.columns[*column].path.clone();
                OrderBy { path, direction: Direction::Ascending }
            });
            let found = root.find(Select { order: order.collect(), ..all() }, false)?;
            let mut expected: Vec<_> = rows.iter().map(PState::id).collect();
            expected.sort();
            if ids(&found) != expected {
                problems.push(format!("index: {} does not order all rows", index.name));
            }
        }
        Ok(())
    }
}

fn ids<P>(states: &[PState<P>]) -> Vec<RowId> {
    let mut ids: Vec<_> = states.iter().map(PState::id).collect();
    ids.sort();
    ids
}

fn sees<P: PersistentType>(view: &dyn AnyView<P>, value: &P) -> bool {
    view.variant().is_none_or(|variant| variant == value.variant())
}

fn holds<P: PersistentType>(definition: &TableDefinition, predicate: &Predicate, value: &P) -> bool {
    let names = definition.variants.get(value.variant()).and_then(|variant| variant.discriminators);
    let discriminator = names.and_then(|names| names.first().copied());
    // These predicates do not test the id.
    evaluate(predicate, Subject { id: RowId::from_u128(0), discriminator }, &|path| value.value_at(path))
}
