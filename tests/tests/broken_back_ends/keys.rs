//! Back ends that do not keep keys unique, or that keep them unique too broadly.

use std::sync::Arc;
use std::sync::Mutex;

use longevity::backend::table::{Index, Scope, TableDefinition};
use longevity::backend::value::Comparison;
use longevity::backend::{Backend, ByKind, Lookup, Session, Target, WriteFailure};
use longevity::backend::{Predicate, Select};
use longevity::testkit::decorate::Decorator;
use longevity::{Error, Mem, RowId};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::keys::Library;
use longevity_tests::models::poly::Office;
use longevity_tests::models::poly_keys::Traffic;

use crate::fails;
use crate::mem_rows::{Row, RowContent, Table, all};

/// Opens the tables as if their indexes were declared differently. Looks rows up by queries, because the indexes may no longer be
/// keys.
pub(crate) struct Misdeclares {
    change: fn(&mut Index),
    definitions: Mutex<Vec<Arc<TableDefinition>>>,
}

impl Misdeclares {
    pub(crate) fn new(change: fn(&mut Index)) -> Self {
        Self { change, definitions: Mutex::new(Vec::new()) }
    }
}

impl Decorator<Mem> for Misdeclares {
    async fn open(&self, inner: &Mem, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        let changed: Vec<_> = definitions
            .iter()
            .map(|definition| {
                let mut definition = TableDefinition::clone(definition);
                definition.indexes.iter_mut().for_each(self.change);
                Arc::new(definition)
            })
            .collect();
        *self.definitions.lock().unwrap() = definitions.to_vec();
        inner.open(&changed).await
    }

    async fn get(&self, inner: &Mem, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error> {
        let definitions = self.definitions.lock().unwrap().clone();
        for definition in definitions {
            let Some(index) = definition.indexes.get(lookup.index) else { continue };
            let scope = lookup.scope.or(index.scope).map_or(Predicate::True, Predicate::Scope);
            let predicate = index.columns.iter().zip(lookup.values).fold(scope, |predicate, (column, operand)| {
                let path = definition.columns[*column].path.clone();
                predicate.and(Predicate::Compare { path, comparison: Comparison::Eq, operand: operand.to_value() })
            });
            let select = Select { limit: Some(1), ..Select::of(predicate) };
            if let Some(row) = inner.find(table, select).await?.pop() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

#[test]
fn no_key_is_unique() {
    let broken = || Misdeclares::new(|index| index.key_val = None);
    let cases = [
        "blogging::blog::refuse to create a duplicate uri",
        "blogging::blog::refuse to update to a duplicate uri",
        "blogging::blog::create none of many with a duplicate uri",
        "blogging::blog::create one uri on many threads",
        "blogging::blog::create the schema again",
        "blogging::user::refuse to create a duplicate username",
        "blogging::member::refuse to create a duplicate username",
        "blogging::member::refuse to create a duplicate email",
        "blogging::member::refuse to update to a duplicate email",
        "blogging::member::refuse a sibling's username",
        "blogging::user::refuse to morph commenter into member with a duplicate",
        "blogging::user::morph commenter into member, keys included",
    ];
    fails::<Blogging, _>(broken, &cases);
    fails::<Library, _>(broken, &["library::reader::refuse to create a duplicate membership.login.email"]);
    fails::<Office, _>(broken, &["office::letter::read the alias Post"]);
}

#[test]
fn derived_keys_are_not_unique() {
    let broken = || {
        Misdeclares::new(|index| {
            if index.scope.is_some() {
                index.key_val = None;
            }
        })
    };
    let cases = [
        "blogging::member::refuse to create a duplicate email",
        "blogging::member::create one email on many threads",
        "blogging::member::create none of many with a duplicate email",
    ];
    fails::<Blogging, _>(broken, &cases);
    fails::<Traffic, _>(broken, &["traffic::boat::refuse to update to a duplicate hull"]);
}

#[test]
fn poly_keys_are_unique_within_one_variant_only() {
    let broken = || {
        Misdeclares::new(|index| {
            if index.scope.is_none() && index.declared_by == "User" {
                index.scope = Some(Scope { variant: 0, discriminators: &["Member"] });
            }
        })
    };
    let cases = [
        "blogging::commenter::refuse to create a duplicate username",
        "blogging::commenter::refuse a sibling's username",
        "blogging::member::refuse a sibling's username",
        "blogging::user::refuse to create a duplicate username",
    ];
    fails::<Blogging, _>(broken, &cases);
}

#[test]
fn derived_keys_hold_for_siblings_too() {
    let broken = || {
        Misdeclares::new(|index| {
            index.scope = None;
        })
    };
    let cases = [
        "blogging::commenter::create",
        "blogging::commenter::create many",
        "blogging::member::share the table with siblings",
        "blogging::user::query by every property",
    ];
    fails::<Blogging, _>(broken, &cases);
}

/// Reports another key than the one that is taken.
pub(crate) struct NamesAnotherKey;

impl Decorator<Mem> for NamesAnotherKey {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        inner.insert(table, content).await.map_err(|failure| match failure {
            WriteFailure::Duplicate(index) => WriteFailure::Duplicate(index + 1),
            other => other,
        })
    }
}

#[test]
fn a_duplicate_names_another_key() {
    let cases = [
        "library::book::refuse to create a duplicate book_id",
        "library::book::refuse to create a duplicate place",
        "library::book::refuse to create a duplicate barcode",
    ];
    fails::<Library, _>(|| NamesAnotherKey, &cases);
}

/// Ignores duplicates silently.
pub(crate) struct SwallowsDuplicates;

impl Decorator<Mem> for SwallowsDuplicates {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        match inner.insert(table, content).await {
            Err(WriteFailure::Duplicate(_)) => Ok(RowId::from_u128(u128::MAX)),
            other => other,
        }
    }
}

#[test]
fn duplicates_are_swallowed() {
    let cases = [
        "blogging::blog::refuse to create a duplicate uri",
        "blogging::blog::create one uri on many threads",
        "blogging::blog::create the schema again",
    ];
    fails::<Blogging, _>(|| SwallowsDuplicates, &cases);
}

/// Keeps index entries of old contents.
#[derive(Default)]
pub(crate) struct KeepsEntries {
    entries: Mutex<Vec<(RowId, Vec<longevity::backend::Value>)>>,
}

impl Decorator<Mem> for KeepsEntries {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        let columns = content.columns.clone();
        let id = inner.insert(table, content).await?;
        self.entries.lock().unwrap().push((id, columns));
        Ok(id)
    }

    async fn get(&self, inner: &Mem, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error> {
        if let Some(row) = inner.get(table, lookup).await? {
            return Ok(Some(row));
        }
        let entries = self.entries.lock().unwrap().clone();
        let entry = entries
            .into_iter()
            .find(|(_, columns)| lookup.values.iter().all(|value| columns.contains(&value.to_value())));
        let rows = all(inner, table).await;
        Ok(entry.and_then(|(id, _)| rows.into_iter().find(|row| row.id == id)))
    }
}

#[test]
fn old_entries_stay_in_the_indexes() {
    let cases = ["blogging::blog::update by uri", "blogging::member::update by email"];
    fails::<Blogging, _>(KeepsEntries::default, &cases);
}

/// Refuses key values that a row had before, as if an index still held them.
#[derive(Default)]
pub(crate) struct NeverFreesKeys {
    seen: Mutex<Vec<Vec<longevity::backend::Value>>>,
}

impl Decorator<Mem> for NeverFreesKeys {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        let first = content.columns.iter().take(1).cloned().collect::<Vec<_>>();
        if self.seen.lock().unwrap().contains(&first) {
            return Err(WriteFailure::Duplicate(0));
        }
        let id = inner.insert(table, content).await?;
        self.seen.lock().unwrap().push(first);
        Ok(id)
    }
}

#[test]
fn keys_are_never_free_again() {
    let cases = [
        "blogging::blog::delete",
        "blogging::blog::update by uri",
        "blogging::user::morph member into commenter, keys included",
        "blogging::commenter::refuse a sibling's username",
    ];
    fails::<Blogging, _>(NeverFreesKeys::default, &cases);
}

/// Writes the new content of a refused update anyway.
#[derive(Default)]
pub(crate) struct WritesThenRefuses;

impl Decorator<Mem> for WritesThenRefuses {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent,
    ) -> Result<u64, WriteFailure> {
        let refused = match inner.replace(table, target, content).await {
            Err(refused @ WriteFailure::Duplicate(_)) => refused,
            other => return other,
        };
        // This writes the old row with a new version, so the caller's state becomes stale for no reason.
        if let Some(row) = all(inner, table).await.into_iter().find(|row| row.id == target.id) {
            let content =
                RowContent { discriminator: row.discriminator, doc: row.doc, columns: Vec::new(), written_at: None };
            inner.replace(table, target, content).await?;
        }
        Err(refused)
    }
}

#[test]
fn a_refused_update_raises_the_version() {
    let cases = [
        "blogging::blog::refuse to update to a duplicate uri",
        "blogging::user::refuse to morph commenter into member with a duplicate",
    ];
    fails::<Blogging, _>(WritesThenRefuses::default, &cases);
}
