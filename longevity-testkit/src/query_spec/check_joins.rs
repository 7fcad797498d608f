//! The check that `find_with` returns the rows of a query, in its order, each with the rows to which it refers. These are found by
//! a walk through all rows that have such a key value.

use std::fmt::Debug;

use longevity_core::backend::{Backend, Predicate, Select};
use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::table::{Reference, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Error, InModel, PState, Path, PersistentType, Value};

use super::check::{Loaded, QueriedTable};
use super::joins::{Around, FoundTarget, Join, Joined, joins_of};
use crate::contract::{SpecModel, SpecRoot};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop};
use crate::queries::{Kind, PlainQuery, PlainRow, RandomQueries, properties, simplest, with_row_ids};
use crate::random::runner;

/// A reference that `find_with` can follow.
#[derive(Clone, Debug)]
pub(super) struct JoinedReference {
    /// The reference, with the names of its properties.
    pub(super) name: String,
    path: Path,
    around: Around,
}

impl<M, P, T, F> QueriedTable<M, P, T, F>
where
    M: SpecModel,
    P: SpecRoot + InModel<M>,
    T: PersistentType<Root = P>,
    F: Fixture,
{
    /// The declared references of the repository's rows that `find_with` can follow, each with how to follow it.
    pub(super) fn joined_references(&self) -> Vec<(JoinedReference, Join<M, T, F::Backend>)> {
        // If the model is invalid, the other cases say so.
        let Ok(definition) = P::definition().table() else { return Vec::new() };
        let joins = joins_of::<M, T, F::Backend>();
        let own = definition.references.iter().filter(|reference| match (T::SCOPE, reference.scope) {
            (_, None) => true,
            (own, scope) => own == scope,
        });
        let joined = own.filter_map(|reference| {
            let join = joins.iter().find(|join| join.key_val == reference.target.key_val)?;
            let (name, path) = (reference.to_string(), reference.place.head.clone());
            Some((JoinedReference { name, path, around: around::<T>(&definition, reference)? }, *join))
        });
        joined.collect()
    }

    /// Checks random queries, `queries` of them, with the targets of the reference.
    pub(super) fn check_joined(
        &self,
        queries: usize,
        reference: &JoinedReference,
        join: Join<M, T, F::Backend>,
    ) -> Outcome {
        self.with_rows(|loaded| {
            let Loaded { store, states, plan, .. } = loaded;
            let random_queries =
                RandomQueries::about::<T, T>(&plan.definition, &plan.scopes, states.iter().map(PState::get));
            let rows: Vec<_> = states.iter().enumerate().map(|(number, row)| PlainRow::of(number, row.get())).collect();
            // A transaction sees the targets in the table itself too.
            let targets = store.transaction(|transaction| join.targets(&transaction))?;
            let name = format!("{}::{}::targets of {}", M::NAME, T::NAME, reference.name);
            let mut chance = runner(self.settings.seed, &name);
            let check = |query: &PlainQuery| {
                let window = query.window(&query.all_of(&rows, rows.len()));
                let expected: Joined = window
                    .into_iter()
                    .map(|row| (states[row].id(), reference.targets_of(&rows[row].value, &targets)))
                    .collect();
                let ids: Vec<_> = states.iter().map(PState::id).collect();
                let select = with_row_ids(&random_queries.build(query), &ids);
                let failed = |difference: String| {
                    let (reference, rows) = (&reference.name, states.len());
                    let query = random_queries.describe(query);
                    Stop::failed(format!(
                        "find_with {reference}, of {rows} rows of {}: {query}\n  {difference}",
                        T::NAME
                    ))
                };
                let found = loaded.find_with(reference, &join, &select);
                let found = found.map_err(|error| failed(format!("an error: {error}")))?;
                ensure_same(&found, &expected).map_err(failed)
            };
            for _ in 0..queries {
                let query = random_queries.draw_query(&mut chance);
                if check(&query).is_err() {
                    check(&simplest(query.clone(), |query| check(query).is_err()))?;
                    // The simpler query does not fail: check the original again.
                    check(&query)?;
                    return Err(Stop::failed("a query failed once, and passed when it was repeated"));
                }
            }
            Ok(())
        })
    }
}

impl<M, P, T, B> Loaded<'_, M, P, T, B>
where
    M: SpecModel,
    P: SpecRoot + InModel<M>,
    T: PersistentType<Root = P>,
    B: Backend,
{
    fn find_with(&self, reference: &JoinedReference, join: &Join<M, T, B>, select: &Select) -> Result<Joined, Error> {
        let JoinedReference { path, around, .. } = reference;
        if self.hidden.is_empty() {
            return join.find_with(&self.store.repo::<T>(), select.clone(), path, *around);
        }
        // Only a transaction sees the targets in the table itself. The query must not find them.
        let seen = |predicate: Predicate, id: &_| predicate.and(Predicate::Id { comparison: Comparison::Ne, id: *id });
        let predicate = self.hidden.iter().fold(select.predicate.clone(), seen);
        let select = Select { predicate, ..select.clone() };
        self.store.transaction(|transaction| join.find_with(&transaction.repo::<T>(), select.clone(), path, *around))
    }
}

impl JoinedReference {
    /// The targets of a row, in the order of the reference.
    fn targets_of(&self, row: &Value, targets: &[(Value, FoundTarget)]) -> Vec<FoundTarget> {
        let with_key = |key: &Value| targets.iter().find(|(other, _)| other == key).map(|(_, target)| target.clone());
        match (self.around, row.at(self.path.steps()).to_value()) {
            (Around::Nothing | Around::Option, key) => with_key(&key).into_iter().collect(),
            (Around::List, Value::List(keys)) => keys.iter().filter_map(with_key).collect(),
            (Around::Map, Value::Map(entries)) => {
                let target = |(entry, key): &(Value, Value)| match entry {
                    Value::Text(entry) => Some(with_key(key)?.in_entry(entry)),
                    _ => None,
                };
                entries.iter().filter_map(target).collect()
            }
            (Around::List | Around::Map, _) => Vec::new(),
        }
    }
}

/// What is around the reference's key value; `None` if `find_with` cannot follow it, as within the elements of a list, or if it is
/// of a form that is not checked, as in an option of a list.
fn around<T: PersistentType>(definition: &TableDefinition, reference: &Reference) -> Option<Around> {
    let place = &reference.place;
    let own = properties::<T>(definition);
    let property = own.iter().find(|property| property.path() == place.head)?;
    let is_direct = |shape: ShapeFn| !matches!(shape(), Shape::Optional(_));
    match (&*place.through, property.kind, property.options) {
        ([], _, 0) if place.required => Some(Around::Nothing),
        ([], _, 0 | 1) => Some(Around::Option),
        ([within], Kind::List(element) | Kind::Set(element), 0) if within.is_root() && is_direct(element) => {
            Some(Around::List)
        }
        ([within], Kind::Map(key, value), 0) if within.is_root() && is_direct(value) && is_text(key) => {
            Some(Around::Map)
        }
        _ => None,
    }
}

fn is_text(shape: ShapeFn) -> bool {
    match shape() {
        Shape::Newtype { inner, .. } => is_text(inner),
        shape => matches!(shape, Shape::Scalar(ScalarType::String)),
    }
}

/// Fails with the first difference.
fn ensure_same(found: &Joined, expected: &Joined) -> Result<(), String> {
    let ids = |rows: &Joined| rows.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    if ids(found) != ids(expected) {
        return Err(format!("expected the rows {:?}\n  found {:?}", ids(expected), ids(found)));
    }
    for ((id, found), (_, expected)) in found.iter().zip(expected) {
        if found != expected {
            return Err(format!("expected the row {id} with {expected:?}\n  found {found:?}"));
        }
    }
    Ok(())
}
