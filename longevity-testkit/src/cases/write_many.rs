//! Inserts, replacements and deletes of many rows at once: all are done, or none.

use std::borrow::Cow;

use longevity_core::backend::{AllWritten, Backend, Before, Target, Write, WriteFailure, Written};
use longevity_core::backend::{Predicate, Select};
use longevity_core::query::Query;
use longevity_core::value::Comparison;
use longevity_core::{DomainModel, InModel, PState, PersistentType, RowContent, Value};

use super::context::{BackendOf, CaseContext, Tested};
use super::planting::{Handle, handle};
use super::rows::{ObservedRow, all_rows};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::whole;

/// A delete by query deletes the rows that the query finds and no others, and frees their keys.
pub(crate) fn delete_by_query<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let before = all_rows::<T, _, _>(&store)?;
    let gone: Vec<_> = states.iter().step_by(2).map(PState::id).collect();
    let is_gone = |predicate: Predicate, id: &longevity_core::RowId| {
        predicate.or(Predicate::Id { comparison: Comparison::Eq, id: *id })
    };
    let query = || Query::from_select(Select::of(gone.iter().fold(Predicate::False, is_gone)));
    ensure_eq!(repo.delete_where(query())?, gone.len() as u64, "the number of deleted rows");
    let left: Vec<_> = before.into_iter().filter(|row| !gone.contains(&row.id)).collect();
    ensure_eq!(all_rows::<T, _, _>(&store)?, left, "the rows that were not deleted");
    ensure_eq!(repo.delete_where(query())?, 0, "the number of rows that a second delete by query deletes");
    for sample in samples.into_iter().step_by(2) {
        repo.create(sample)?;
    }
    Ok(())
}

/// A write that fails undoes those before it. Writes fail by a duplicate of this key, and by a stale version.
pub(crate) fn all_or_none<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let [first, second, ..] = states.as_slice() else { return Err(Stop::failed("fewer than two samples")) };
    let before = all_rows::<T, _, _>(&store)?;
    let many = ManyWrites::of(&store, &states)?;
    let duplicate = key.copied(first.get(), second.get().clone());
    ensure!(!whole(&duplicate).is_identical(&whole(second.get())), "the samples do not differ in {}", key.property);
    let attempts = [
        vec![many.replace(0, 0, first.get())?, many.replace(1, 0, &duplicate)?],
        vec![many.delete(0, 0), many.replace(1, 7, second.get())?],
        vec![many.replace(0, 0, first.get())?, many.delete(1, 7)],
        // The first failure is reported, whatever is wrong with later writes.
        vec![many.replace(0, 7, first.get())?, many.replace(1, 0, &duplicate)?],
        vec![many.delete(1, 7), many.delete(0, 7)],
    ];
    for (number, writes) in attempts.into_iter().enumerate() {
        match many.write(writes) {
            Err((1, WriteFailure::Duplicate(_))) if number == 0 => {}
            Err((1, WriteFailure::Stale { found: 0 })) if (1..3).contains(&number) => {}
            Err((0, WriteFailure::Stale { found: 0 })) if number >= 3 => {}
            other => return Err(Stop::failed(format!("attempt {number} returned {other:?}"))),
        }
        ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after attempt {number}");
        for state in [first, second] {
            let found = key.retrieve(&repo, state.get())?.map(|found| found.id());
            ensure_eq!(found, Some(state.id()), "retrieve by {} after attempt {number}", key.property);
        }
    }
    let both = vec![many.replace(1, 0, second.get())?, many.delete(0, 0)];
    let written = many.written_by("both", both)?;
    ensure_eq!(
        written,
        vec![Written::Replaced(1, None), Written::Deleted(None)],
        "the results of a replacement and a delete"
    );
    let gone = [
        vec![many.delete(1, 1), many.delete(0, 0)],
        vec![many.replace(1, 1, second.get())?, many.replace(0, 0, first.get())?],
        vec![many.delete(0, 0), many.delete(1, 7)],
    ];
    for (number, (writes, at)) in gone.into_iter().zip([1, 1, 0]).enumerate() {
        match many.write(writes) {
            Err((position, WriteFailure::Missing)) if position == at => {}
            other => return Err(Stop::failed(format!("attempt {number} on a deleted row returned {other:?}"))),
        }
    }
    let after = all_rows::<T, _, _>(&store)?;
    ensure_eq!(after.len(), before.len() - 1, "the rows after a replacement and a delete");
    ensure!(after.iter().any(|row| row.id == second.id() && row.version == 1), "the row version went up: {after:?}");
    Ok(())
}

/// Whether a key value is taken depends on the rows after all writes. Values of this key rotate among rows, move to a row from
/// one that is deleted after it, and move to a new row from one that is deleted after it. If two rows would have the same value
/// at the end, nothing is done.
pub(crate) fn keys_change_hands<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    // A key may have two values and no more.
    let rows = samples.len().min(3);
    let Some(last) = rows.checked_sub(1).filter(|last| *last > 0) else {
        return Err(Stop::failed("fewer than two samples"));
    };
    let many = ManyWrites::of(&store, &states)?;
    let with_key_of = |owner: &T, value: &T| key.copied(owner, value.clone());
    let ensure_holds = |values: &[T], after: &str| -> Outcome {
        for (state, value) in states.iter().zip(values) {
            let found = key.retrieve(&repo, value)?.map(|found| found.id());
            ensure_eq!(found, Some(state.id()), "retrieve by {} after {after}", key.property);
        }
        Ok(())
    };

    let round: Vec<_> = (0..rows).map(|row| with_key_of(&samples[(row + 1) % rows], &samples[row])).collect();
    let writes = (0..rows).map(|row| many.replace(row, 0, &round[row])).collect::<Result<Vec<_>, _>>()?;
    let written = many.written_by("key values that rotate", writes)?;
    ensure_eq!(written, vec![Written::Replaced(1, None); rows], "the results of writes that rotate key values");
    ensure_holds(&round, "they rotated")?;
    let seen = all_rows::<T, _, _>(&store)?;
    for state in &states[..rows] {
        let row = seen.iter().find(|row| row.id == state.id());
        ensure_eq!(row.map(|row| row.version), Some(1), "the version of a row whose key value rotated");
        ensure_eq!(row.map(|row| row.created_at), Some(state.created_at()), "the time when it was created");
    }

    // All rows go back to their old values, except that the last row keeps the key value of the first. So two rows would have it.
    let mut taken = (0..last).map(|row| many.replace(row, 1, &samples[row])).collect::<Result<Vec<_>, _>>()?;
    taken.push(many.replace(last, 1, &round[last])?);
    match many.write(taken) {
        Err((_, WriteFailure::Duplicate(_))) => {}
        other => return Err(Stop::failed(format!("two rows with the same key value returned {other:?}"))),
    }
    ensure_eq!(all_rows::<T, _, _>(&store)?, seen, "the rows after a duplicate");
    ensure_holds(&round, "a duplicate")?;

    // The last row has the key value of the first.
    let freed = vec![many.replace(0, 1, &samples[0])?, many.delete(last, 1)];
    let written = many.written_by("a key value of a row that is deleted", freed)?;
    ensure_eq!(
        written,
        vec![Written::Replaced(2, None), Written::Deleted(None)],
        "the results of writes that free a key value"
    );
    ensure_holds(&samples[..1], "it was freed")?;

    // A new row takes the key value of a row that is deleted after it. If another write fails, the new row is not left behind.
    let before = all_rows::<T, _, _>(&store)?;
    let instead = || -> Outcome<_> { Ok(vec![many.insert(&samples[0])?, many.delete(0, 2)]) };
    let mut one_too_many = instead()?;
    one_too_many.push(many.insert(&samples[0])?);
    match many.write(one_too_many) {
        Err((0 | 2, WriteFailure::Duplicate(_))) => {}
        other => return Err(Stop::failed(format!("two new rows with the same key value returned {other:?}"))),
    }
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a duplicate of a new row");
    let written = many.written_by("a new row with the key value of one that is deleted after it", instead()?)?;
    let [Written::Inserted(id), Written::Deleted(None)] = written.as_slice() else {
        return Err(Stop::failed(format!("an insert and a delete returned {written:?}")));
    };
    let found = key.retrieve(&repo, &samples[0])?;
    ensure_eq!(found.map(|found| (found.id(), found.row_version())), Some((*id, 0)), "the new row");
    ensure_eq!(all_rows::<T, _, _>(&store)?.len(), before.len(), "the rows after one took the place of another");
    Ok(())
}

/// A write that asks for the row as it was before gets it: alone, with other writes, and where rows exchange key values. A write
/// that does not ask gets no row.
pub(crate) fn rows_before<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let mut many = ManyWrites::of(&store, &states)?;
    let rows = || all_rows::<T, _, _>(&store);
    let row = |rows: &[ObservedRow], position: usize| {
        rows.iter().find(|row| row.id == states[position].id()).cloned().map_or_else(Vec::new, |row| vec![row])
    };
    let both = [1, 0];

    let first = rows()?;
    let written = many.written_by("a replacement that does not ask", vec![many.replace(0, 0, &samples[0])?])?;
    ensure_eq!(
        written,
        vec![Written::Replaced(1, None)],
        "the result of a replacement that does not ask for the row before"
    );
    many.before = true;
    let rows_before_writes = many.rows_before_writes("a replacement", vec![many.replace(1, 0, &samples[1])?])?;
    ensure_eq!(rows_before_writes, row(&first, 1), "the row before a replacement");
    let second = rows()?;
    let writes = both.map(|at| many.replace(at, 1, &samples[at])).into_iter().collect::<Result<Vec<_>, _>>()?;
    let rows_before_writes = many.rows_before_writes("two replacements", writes)?;
    ensure_eq!(rows_before_writes, both.map(|at| row(&second, at)).concat(), "the rows before two replacements");

    // Both rows exchange their values, and so their key values.
    let third = rows()?;
    if many.primary_keys.iter().all(Option::is_none) {
        let swapped =
            both.map(|at| many.replace(at, 2, &samples[1 - at])).into_iter().collect::<Result<Vec<_>, _>>()?;
        let rows_before_writes = many.rows_before_writes("two replacements that exchange values", swapped)?;
        ensure_eq!(
            rows_before_writes,
            both.map(|at| row(&third, at)).concat(),
            "the rows before two replacements that exchange values"
        );
        let back = both.map(|at| many.replace(at, 3, &samples[at])).into_iter().collect::<Result<Vec<_>, _>>()?;
        many.rows_before_writes("two replacements that exchange them back", back)?;
    }

    let last = rows()?;
    let version = row(&last, 0).first().map_or(0, |row| row.version);
    match many.write(vec![many.delete(0, version + 1)]) {
        Err((0, WriteFailure::Stale { found })) if found == version => {}
        other => return Err(Stop::failed(format!("a delete of another version returned {other:?}"))),
    }
    let rows_before_writes = many.rows_before_writes("a delete", vec![many.delete(0, version)])?;
    ensure_eq!(rows_before_writes, row(&last, 0), "the row before a delete");
    let instead = vec![many.insert(&samples[0])?, many.delete(1, version)];
    let rows_before_writes = many.rows_before_writes("a delete with an insert", instead)?;
    ensure_eq!(rows_before_writes, row(&last, 1), "the row before a delete with an insert");
    match many.write(vec![many.delete(0, version)]) {
        Err((0, WriteFailure::Missing)) => Ok(()),
        other => Err(Stop::failed(format!("a delete of a deleted row returned {other:?}"))),
    }
}

/// Writes of many rows, by their positions.
struct ManyWrites<'a, T, B: Backend> {
    /// Whether they ask for the rows as they were before.
    before: bool,
    handle: Handle<'a, B>,
    states: &'a [PState<T>],
    primary_keys: Vec<Option<Vec<Value>>>,
}

impl<'a, T: PersistentType, B: Backend> ManyWrites<'a, T, B> {
    fn of<M: DomainModel>(
        store: &'a longevity_core::blocking::Longevity<M, B>,
        states: &'a [PState<T>],
    ) -> Outcome<Self>
    where
        T::Root: InModel<M>,
    {
        let handle = handle::<T, _, _>(store)?;
        let definition = handle.definition;
        let primary_key = |state: &PState<T>| -> Option<Vec<Value>> {
            let columns = &definition.indexes[definition.primary_key.as_ref()?.index].columns;
            let value = |column: &usize| state.get().value_at(definition.columns[*column].path.steps()).to_value();
            Some(columns.iter().map(value).collect())
        };
        Ok(Self { before: false, primary_keys: states.iter().map(primary_key).collect(), handle, states })
    }

    fn target(&self, position: usize, version: u64) -> Target<'_> {
        Target {
            id: self.states[position].id(),
            version: Some(version),
            scope: T::SCOPE,
            primary_key: self.primary_keys[position].as_deref(),
            before: self.before,
        }
    }

    fn insert(&self, value: &T) -> Outcome<Write<'_, B::Document>> {
        Ok(Write::Insert(self.content(value)?))
    }

    fn replace(&self, position: usize, version: u64, value: &T) -> Outcome<Write<'_, B::Document>> {
        Ok(Write::Replace(self.target(position, version), self.content(value)?))
    }

    fn content(&self, value: &T) -> Outcome<RowContent<B::Document>> {
        let definition = self.handle.definition;
        let variant = value.variant();
        let names = definition.variants.get(variant).and_then(|variant| variant.discriminators);
        let columns = definition.columns.iter().map(|column| match column.variant {
            Some(other) if other != variant => Value::NONE,
            _ => value.value_at(column.path.steps()).to_value(),
        });
        Ok(RowContent {
            discriminator: names.and_then(|names| names.first().copied()).map(Cow::Borrowed),
            doc: value.encode(self.handle.backend)?,
            columns: columns.collect(),
            written_at: None,
        })
    }

    fn delete(&self, position: usize, version: u64) -> Write<'_, B::Document> {
        Write::Delete(self.target(position, version))
    }

    fn write(&self, writes: Vec<Write<'_, B::Document>>) -> Result<AllWritten<()>, (usize, WriteFailure)> {
        let Handle { backend, table, .. } = &self.handle;
        let without_doc = |before: Before<B::Document>| before.map(|row| Box::new(row.without_doc()));
        let plain = |written| match written {
            Written::Inserted(id) => Written::Inserted(id),
            Written::Replaced(version, before) => Written::Replaced(version, without_doc(before)),
            Written::Deleted(before) => Written::Deleted(without_doc(before)),
        };
        let written = backend.block_on(backend.write(table, writes.into()))?;
        Ok(written.into_iter().map(plain).collect())
    }

    /// Does the writes, and returns the rows as they were before.
    fn rows_before_writes(&self, what: &str, writes: Vec<Write<'_, B::Document>>) -> Outcome<Vec<ObservedRow>> {
        let Handle { backend, table, .. } = &self.handle;
        let written = backend.block_on(backend.write(table, writes.into()));
        let written =
            written.map_err(|(position, failure)| Stop::failed(format!("{what}: {position}: {failure:?}")))?;
        let mut rows_before_writes = Vec::new();
        for written in written {
            let (Written::Replaced(_, before) | Written::Deleted(before)) = written else { continue };
            let Some(row) = before else {
                return Err(Stop::failed(format!("{what} does not return the row as it was before")));
            };
            let value = T::Root::decode(*backend, row.discriminator.as_deref(), &row.doc);
            let value =
                value.ok_or_else(|| Stop::failed(format!("{what} returns a row with an unknown discriminator")))?;
            let value = value
                .map_err(|failure| Stop::failed(format!("{what} returns a row that does not decode: {failure:?}")))?;
            rows_before_writes.push(ObservedRow {
                id: row.id,
                version: row.version,
                variant: value.variant(),
                value: whole(&value),
                created_at: row.created_at,
                updated_at: row.updated_at,
            });
        }
        Ok(rows_before_writes)
    }

    /// Does the writes, which must succeed.
    fn written_by(&self, what: &str, writes: Vec<Write<'_, B::Document>>) -> Outcome<Vec<Written<()>>> {
        match self.write(writes) {
            Ok(written) => Ok(written.into_vec()),
            Err(failure) => Err(Stop::failed(format!("{what}: {failure:?}"))),
        }
    }
}

fn ensure_batches<M: DomainModel, B: Backend>(store: &longevity_core::blocking::Longevity<M, B>) -> Outcome {
    if store.asynchronous().backend().capabilities().atomic_batches {
        return Ok(());
    }
    Err(Stop::Skipped("the back end has no atomic batches; `refuse absent capabilities` proves that it refuses".into()))
}
