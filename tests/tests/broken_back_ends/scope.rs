//! Back ends that confuse siblings.

use std::borrow::Cow;

use longevity::Error;
use longevity::Mem;
use longevity::backend::table::Scope;
use longevity::backend::{ByKind, Lookup, Session, Target, WriteFailure};
use longevity::backend::{Predicate, Select};
use longevity::testkit::decorate::{Decorator, Rows};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly::Office;
use longevity_tests::models::poly_keys::Traffic;

use crate::fails;
use crate::mem_rows::{Row, RowContent, Table, all};

/// The predicate without its discriminator.
fn unscoped(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::Scope(_) => Predicate::True,
        Predicate::And(parts) => parts.into_iter().map(unscoped).fold(Predicate::True, Predicate::and),
        other => other,
    }
}

fn unscoped_select(select: Select) -> Select {
    Select { predicate: unscoped(select.predicate), ..select }
}

/// Ignores scopes when it reads by key.
pub(crate) struct LeaksByKey;

impl Decorator<Mem> for LeaksByKey {
    async fn get(&self, inner: &Mem, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error> {
        inner.get(table, Lookup { scope: None, ..lookup }).await
    }
}

#[test]
fn siblings_leak_by_key() {
    fails::<Blogging, _>(|| LeaksByKey, &["blogging::member::read no sibling", "blogging::commenter::read no sibling"]);
    fails::<Traffic, _>(|| LeaksByKey, &["traffic::vehicle::morph car into bicycle"]);
    fails::<Blogging, _>(|| LeaksByKey, &["blogging::user::refuse an unknown discriminator"]);
}

/// Ignores discriminators in one kind of query.
pub(crate) struct LeaksByQuery {
    pub(crate) find: bool,
    pub(crate) count: bool,
    pub(crate) exists: bool,
    pub(crate) stream: bool,
}

pub(crate) const TIGHT: LeaksByQuery = LeaksByQuery { find: false, count: false, exists: false, stream: false };

impl Decorator<Mem> for LeaksByQuery {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        inner.find(table, if self.find { unscoped_select(select) } else { select }).await
    }

    async fn count(&self, inner: &Mem, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        inner.count(table, if self.count { unscoped(predicate) } else { predicate }).await
    }

    async fn exists(&self, inner: &Mem, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        inner.exists(table, if self.exists { unscoped(predicate) } else { predicate }).await
    }

    fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows {
        inner.stream(table, if self.stream { unscoped_select(select) } else { select })
    }
}

#[test]
fn siblings_leak_by_query() {
    let case = &["blogging::commenter::read no sibling"];
    fails::<Blogging, _>(|| LeaksByQuery { find: true, ..TIGHT }, case);
    fails::<Blogging, _>(|| LeaksByQuery { count: true, ..TIGHT }, case);
    fails::<Blogging, _>(|| LeaksByQuery { exists: true, ..TIGHT }, case);
    fails::<Blogging, _>(|| LeaksByQuery { stream: true, ..TIGHT }, case);
    let case = &["blogging::user::query by and, or, not", "blogging::user::see creates through derived repositories"];
    fails::<Blogging, _>(|| LeaksByQuery { find: true, count: true, ..TIGHT }, case);
}

/// Ignores scopes when it writes.
pub(crate) struct LeaksOnWrite;

impl Decorator<Mem> for LeaksOnWrite {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent,
    ) -> Result<u64, WriteFailure> {
        inner.replace(table, Target { scope: None, ..target }, content).await
    }

    async fn delete(&self, inner: &Mem, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        inner.delete(table, Target { scope: None, ..target }).await
    }
}

#[test]
fn siblings_are_written() {
    let cases = [
        "blogging::member::write no sibling",
        "blogging::member::write no sibling without optimistic locking",
        "blogging::member::write no row that became a sibling",
    ];
    fails::<Blogging, _>(|| LeaksOnWrite, &cases);
}

/// Keeps the discriminator with which a row was created.
pub(crate) struct NeverMorphs;

impl Decorator<Mem> for NeverMorphs {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        mut content: RowContent,
    ) -> Result<u64, WriteFailure> {
        if let Some(row) = all(inner, table).await.into_iter().find(|row| row.id == target.id) {
            content.discriminator = row.discriminator;
        }
        inner.replace(table, target, content).await
    }
}

#[test]
fn rows_never_morph() {
    let cases = [
        "blogging::user::morph member into commenter",
        "blogging::user::morph commenter into member",
        "blogging::user::morph commenter into member, keys included",
        "blogging::user::update",
    ];
    fails::<Blogging, _>(|| NeverMorphs, &cases);
}

/// Reports a morph as done without doing it.
pub(crate) struct DropsMorphs;

impl Decorator<Mem> for DropsMorphs {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent,
    ) -> Result<u64, WriteFailure> {
        let row = all(inner, table).await.into_iter().find(|row| row.id == target.id);
        match row {
            Some(row) if row.discriminator != content.discriminator => Ok(row.version + 1),
            _ => inner.replace(table, target, content).await,
        }
    }
}

#[test]
fn morphs_are_dropped() {
    let cases = [
        "blogging::user::morph member into commenter",
        "blogging::user::morph member into commenter, keys included",
        "blogging::user::morph member into commenter and back",
        "blogging::user::refuse to morph member into commenter with a duplicate",
    ];
    fails::<Blogging, _>(|| DropsMorphs, &cases);
}

/// Writes every row with the same discriminator.
pub(crate) struct OneDiscriminator;

impl Decorator<Mem> for OneDiscriminator {
    async fn insert(
        &self,
        inner: &Mem,
        table: &Table,
        mut content: RowContent,
    ) -> Result<longevity::RowId, WriteFailure> {
        if content.discriminator.is_some() {
            content.discriminator = Some(Cow::Borrowed("Commenter"));
        }
        inner.insert(table, content).await
    }
}

#[test]
fn the_discriminator_is_wrong() {
    let cases = [
        "blogging::member::create",
        "blogging::member::see creates through the poly repository",
        "blogging::user::see creates through derived repositories",
        "blogging::member::retrieve by email",
    ];
    fails::<Blogging, _>(|| OneDiscriminator, &cases);
}

/// Does not know aliases.
pub(crate) struct NoAliases;

fn canonical(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::Scope(scope) => Predicate::Scope(Scope { discriminators: &scope.discriminators[..1], ..scope }),
        Predicate::And(parts) => Predicate::And(parts.into_iter().map(canonical).collect()),
        other => other,
    }
}

impl Decorator<Mem> for NoAliases {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        inner.find(table, Select { predicate: canonical(select.predicate), ..select }).await
    }
}

#[test]
fn rows_with_aliases_are_not_found() {
    let cases = ["office::letter::read the alias Post", "office::letter::read the alias Mail"];
    fails::<Office, _>(|| NoAliases, &cases);
}

/// Keeps the discriminator of a row if it is an alias.
pub(crate) struct KeepsAliases;

impl Decorator<Mem> for KeepsAliases {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        mut content: RowContent,
    ) -> Result<u64, WriteFailure> {
        let row = all(inner, table).await.into_iter().find(|row| row.id == target.id);
        if let Some(alias) = row.and_then(|row| row.discriminator).filter(|name| name == "Post" || name == "Mail") {
            content.discriminator = Some(alias);
        }
        inner.replace(table, target, content).await
    }
}

#[test]
fn aliases_are_not_rewritten() {
    fails::<Office, _>(|| KeepsAliases, &["office::letter::read the alias Post"]);
}

/// Skips rows whose discriminator is not in any model that it knows.
pub(crate) struct HidesStrangers;

impl Decorator<Mem> for HidesStrangers {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        let mut rows = inner.find(table, select).await?;
        rows.retain(|row: &Row| !row.discriminator.as_deref().is_some_and(|name| name.contains("Stranger")));
        Ok(rows)
    }
}

#[test]
fn unknown_rows_are_hidden() {
    fails::<Blogging, _>(|| HidesStrangers, &["blogging::user::refuse an unknown discriminator"]);
}
