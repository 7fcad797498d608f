//! The rows that have to be in a store before rows of a table can be created, because these refer to them.

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::table::{Check, Reference};
use longevity_core::{DomainModel, RowId, Value};
use proptest::test_runner::TestRunner;

use super::anchor::anchored;
use super::order::{At, is_target, needs_another, order};
use super::places::{change_keys, keys_at};
use super::tables::{Tables, UntypedRow};
use crate::outcome::{Outcome, Stop};
use crate::random::runner;
use crate::settings::Settings;

/// How many rows of each variant there are: rows have different targets.
const ROWS: usize = 3;
/// How many rows are drawn for one that fits, before a strategy counts as exhausted.
const DRAWS: usize = 300;

/// What is given, apart from what all rows of the table need.
pub(crate) struct Wanted<'a> {
    /// More variants, by the positions of the table and of the variant.
    pub(crate) also: &'a [(usize, usize)],
}

/// Rows of other tables, and of the table itself if there is no other way.
pub(crate) struct Given<M, B: Backend> {
    tables: Tables<M, B>,
    own: usize,
    /// In the order in which they are created. The last row of each variant is not created: its key values are free.
    rows: Vec<(At, Vec<UntypedRow>)>,
}

impl<M: DomainModel, B: Backend> Given<M, B> {
    /// What rows of the table at this position need.
    pub(crate) fn new(tables: &Tables<M, B>, own: usize, wanted: &Wanted<'_>, settings: &Settings) -> Outcome<Self> {
        let full = order(tables, None);
        let variants = variants(tables, own, wanted, &full)?;
        let mut given = Self { tables: Tables::clone(tables), own, rows: Vec::new() };
        let each = given.number_of_rows(settings) + 1;
        let name = format!("{}::{}::what it refers to", M::NAME, tables[own].name());
        let mut chance = runner(settings.seed, &name);
        for at in full.into_iter().filter(|at| variants.contains(at)) {
            given.rows.push((at, Vec::new()));
            for _ in 0..each {
                let row = given.draw(at, &variants, settings, &mut chance)?;
                if let Some((_, rows)) = given.rows.last_mut() {
                    rows.push(row);
                }
            }
        }
        given.lead_later()?;
        Ok(given)
    }

    /// If a reference is a part of a key, there are no more rows than targets.
    fn number_of_rows(&self, settings: &Settings) -> usize {
        let definition = &self.tables[self.own].definition;
        let mut keys = definition.indexes.iter().filter(|index| index.is_unique()).flat_map(|index| &index.properties);
        let is_in_key = keys.any(|key| definition.references.iter().any(|it| it.place.head.overlaps(key)));
        if is_in_key { settings.samples.max(ROWS) } else { ROWS }
    }

    fn draw(&self, at: At, variants: &[At], settings: &Settings, chance: &mut TestRunner) -> Outcome<UntypedRow> {
        let table = &self.tables[at.0];
        for _ in 0..DRAWS {
            let drawn = table.draw(at.1, &settings.generators, chance)?;
            let keys = |reference: &Reference| {
                let known = self.first_keys(reference);
                let comes_later = || variants.iter().any(|later| is_target(&self.tables, reference, *later));
                if known.is_empty() && self.leads_later(reference, at) && comes_later() {
                    return keys_at(&reference.place, &drawn.value);
                }
                known
            };
            let row = anchored(&table.definition, table.root, drawn.clone(), &keys);
            let Some(row) = row.and_then(|row| table.normal(&row)) else { continue };
            if !self.rows_of(at.0).any(|other| table.collide(other, &row)) {
                return Ok(row);
            }
        }
        let name = table.definition.variants[at.1].type_name;
        Err(Stop::Skipped(format!(
            "the strategy of {name} gives too few values with distinct keys that {} could refer to",
            self.tables[self.own].name()
        )))
    }

    /// Whether the target may be created after the row.
    fn leads_later(&self, reference: &Reference, at: At) -> bool {
        reference.check == Check::AtCommit && needs_another(&self.tables, reference, at)
    }

    /// Gives references to rows that were drawn later their targets.
    fn lead_later(&mut self) -> Outcome {
        for position in 0..self.rows.len() {
            let at = self.rows[position].0;
            let table = &self.tables[at.0];
            let late: Vec<_> =
                table.references(at.1).filter(|reference| self.leads_later(reference, at)).cloned().collect();
            for reference in late {
                let Some(key) = self.first_keys(&reference).into_iter().next() else { continue };
                for row in &mut self.rows[position].1 {
                    change_keys(&reference.place, &mut row.value, &mut |held| *held = key.clone());
                }
            }
        }
        Ok(())
    }

    /// All rows of a table, those that are not created too.
    fn rows_of(&self, table: usize) -> impl Iterator<Item = &UntypedRow> {
        self.rows.iter().filter(move |(at, _)| at.0 == table).flat_map(|(_, rows)| rows)
    }

    fn targets(&self, reference: &Reference) -> impl Iterator<Item = &(At, Vec<UntypedRow>)> {
        self.rows.iter().filter(move |(at, _)| is_target(&self.tables, reference, *at))
    }

    /// The key value of the first row of each variant that can be the target. Given rows refer to no others.
    pub(crate) fn first_keys(&self, reference: &Reference) -> Vec<Value> {
        let key = |(at, rows): &(At, Vec<UntypedRow>)| self.tables[at.0].key(reference, rows.first()?);
        self.targets(reference).filter_map(key).collect()
    }

    /// The key values of all rows that can be the target.
    fn all_keys(&self, reference: &Reference) -> Vec<Value> {
        let keys = |(at, rows): &'_ (At, Vec<UntypedRow>)| {
            let key = |row| self.tables[at.0].key(reference, row);
            created(rows).iter().filter_map(key).collect::<Vec<_>>()
        };
        self.targets(reference).flat_map(keys).collect()
    }

    /// The rows that are created in the table at this position.
    pub(crate) fn created_in(&self, table: usize) -> impl Iterator<Item = &UntypedRow> {
        self.rows.iter().filter(move |(at, _)| at.0 == table).flat_map(|(_, rows)| created(rows))
    }

    /// The rows of a variant; the last one is not created.
    pub(crate) fn of(&self, at: (usize, usize)) -> &[UntypedRow] {
        self.rows.iter().find(|(other, _)| *other == at).map_or(&[], |(_, rows)| rows)
    }

    /// A row of the table with targets that are given. `None` if it collides with a row that is given, or if it needs a row that
    /// is not.
    pub(crate) fn anchored(&self, row: UntypedRow) -> Option<UntypedRow> {
        self.anchored_in(self.own, row)
    }

    /// The same for a row of the table at this position.
    pub(crate) fn anchored_in(&self, table: usize, row: UntypedRow) -> Option<UntypedRow> {
        self.anchored_in_to(table, row, &|reference| self.all_keys(reference))
    }

    /// A row of the table with these targets.
    pub(crate) fn anchored_to(&self, row: UntypedRow, keys: &dyn Fn(&Reference) -> Vec<Value>) -> Option<UntypedRow> {
        self.anchored_in_to(self.own, row, keys)
    }

    fn anchored_in_to(
        &self,
        position: usize,
        row: UntypedRow,
        keys: &dyn Fn(&Reference) -> Vec<Value>,
    ) -> Option<UntypedRow> {
        let table = &self.tables[position];
        let row = table.normal(&anchored(&table.definition, table.root, row, keys)?)?;
        (!self.rows_of(position).any(|other| table.collide(other, &row))).then_some(row)
    }

    /// Whether the rows are in the store already.
    pub(crate) fn is_in(&self, store: &Longevity<M, B>) -> Outcome<bool> {
        let Some(((table, _), rows)) = self.rows.first() else { return Ok(true) };
        let stored = self.tables[*table].rows(store)?;
        Ok(created(rows).iter().any(|row| stored.iter().any(|(_, _, stored)| stored == row)))
    }

    /// Creates the rows, and returns the ids of those that are in the table itself.
    pub(crate) fn create(&self, store: &Longevity<M, B>) -> Outcome<Vec<RowId>> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        store.transaction(|tx| {
            let mut own = Vec::new();
            for ((table, _), rows) in &self.rows {
                let ids = self.tables[*table].create(&tx, created(rows))?;
                if *table == self.own {
                    own.extend(ids);
                }
            }
            Ok(own)
        })
    }
}

/// The rows of a variant that are created.
fn created(rows: &[UntypedRow]) -> &[UntypedRow] {
    rows.split_last().map_or(&[], |(_, created)| created)
}

/// The variants of which rows are given.
fn variants<M, B: Backend>(tables: &Tables<M, B>, own: usize, wanted: &Wanted<'_>, full: &[At]) -> Outcome<Vec<At>> {
    let without = order(tables, Some(own));
    let first = |order: &[At], reference: &Reference, number: usize| -> Vec<At> {
        order.iter().filter(|at| is_target(tables, reference, **at)).take(number).copied().collect()
    };
    let mut variants = wanted.also.to_vec();
    for reference in &tables[own].definition.references {
        let own_variants = 0..tables[own].definition.variants.len();
        let is_needed = own_variants.map(|variant| (own, variant)).any(|at| needs_another(tables, reference, at));
        if reference.target.root != tables[own].root {
            variants.extend(first(&without, reference, 2));
        }
        if is_needed && !variants.iter().any(|at| is_target(tables, reference, *at)) {
            variants.extend(first(full, reference, 2));
        }
    }
    let mut position = 0;
    while let Some(at) = variants.get(position).copied() {
        if !full.contains(&at) {
            let name = tables[at.0].definition.variants[at.1].type_name;
            return Err(Stop::Skipped(format!("rows of {name} can only be created together with others")));
        }
        for reference in tables[at.0].references(at.1).filter(|reference| needs_another(tables, reference, at)) {
            if !variants.iter().any(|at| is_target(tables, reference, *at)) {
                variants.extend(first(full, reference, 1));
            }
        }
        position += 1;
    }
    Ok(variants)
}
