//! Back ends that lose writes.

use longevity::Mem;
use longevity::backend::{ByKind, Target, WriteFailure};
use longevity::testkit::decorate::Decorator;
use longevity_tests::models::blogging::Blogging;

use crate::fails;
use crate::mem_rows::{RowContent, Table};

type Written = Result<u64, WriteFailure>;

/// Ignores versions.
pub(crate) struct IgnoresVersions;

impl Decorator<Mem> for IgnoresVersions {
    async fn replace(&self, inner: &Mem, table: &Table, target: Target<'_>, content: RowContent) -> Written {
        inner.replace(table, Target { version: None, ..target }, content).await
    }

    async fn delete(&self, inner: &Mem, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        inner.delete(table, Target { version: None, ..target }).await
    }
}

#[test]
fn updates_are_lost() {
    let cases = [
        "blogging::member::refuse stale update after update of a state that was created",
        "blogging::member::refuse stale update after update of a state that was retrieved",
        "blogging::member::refuse stale update after update of a state that was updated",
        "blogging::blog::refuse stale delete after update of a state that was created",
        "blogging::user::refuse stale delete after update of a state that was retrieved",
        "blogging::user::refuse stale delete after update of a state that was updated",
        "blogging::user::morph member into commenter",
        "blogging::blog::update one state on many threads",
    ];
    fails::<Blogging, _>(|| IgnoresVersions, &cases);
}

/// Reports a write as done when there is no row to write.
pub(crate) struct WritesToNothing;

impl Decorator<Mem> for WritesToNothing {
    async fn replace(&self, inner: &Mem, table: &Table, target: Target<'_>, content: RowContent) -> Written {
        match inner.replace(table, target, content).await {
            Err(WriteFailure::Missing) => Ok(target.version.unwrap_or_default() + 1),
            other => other,
        }
    }

    async fn delete(&self, inner: &Mem, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        match inner.delete(table, target).await {
            Err(WriteFailure::Missing) => Ok(()),
            other => other,
        }
    }
}

#[test]
fn missing_rows_are_written() {
    let cases = [
        "blogging::member::refuse stale update after delete of a state that was created",
        "blogging::user::refuse stale update after delete of a state that was retrieved",
        "blogging::blog::refuse stale delete after delete of a state that was updated",
        "blogging::blog::refuse stale delete after delete of a state that was created",
        "blogging::blog::refuse update of a missing row without optimistic locking",
        "blogging::member::refuse delete of a missing row without optimistic locking",
        "blogging::member::write no sibling",
    ];
    fails::<Blogging, _>(|| WritesToNothing, &cases);
}

/// Reports one failure as another.
pub(crate) struct Confuses(pub(crate) fn(WriteFailure) -> WriteFailure);

impl Decorator<Mem> for Confuses {
    async fn replace(&self, inner: &Mem, table: &Table, target: Target<'_>, content: RowContent) -> Written {
        inner.replace(table, target, content).await.map_err(self.0)
    }

    async fn delete(&self, inner: &Mem, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        inner.delete(table, target).await.map_err(self.0)
    }
}

#[test]
fn a_conflict_is_reported_as_missing() {
    let stale_is_missing = |failure| match failure {
        WriteFailure::Stale { .. } => WriteFailure::Missing,
        other => other,
    };
    let cases = [
        "blogging::member::refuse stale update after update of a state that was created",
        "blogging::blog::refuse stale delete after update of a state that was updated",
        "blogging::blog::update one state on many threads",
    ];
    fails::<Blogging, _>(move || Confuses(stale_is_missing), &cases);
}

#[test]
fn a_missing_row_is_reported_as_a_conflict() {
    let missing_is_stale = |failure| match failure {
        WriteFailure::Missing => WriteFailure::Stale { found: 1 },
        other => other,
    };
    let cases = [
        "blogging::member::refuse stale update after delete of a state that was created",
        "blogging::blog::refuse stale delete after delete of a state that was updated",
        "blogging::member::write no sibling",
        "blogging::member::write no row that became a sibling",
    ];
    fails::<Blogging, _>(move || Confuses(missing_is_stale), &cases);
}

#[test]
fn a_duplicate_is_reported_as_a_conflict() {
    let duplicate_is_stale = |failure| match failure {
        WriteFailure::Duplicate(_) => WriteFailure::Stale { found: 1 },
        other => other,
    };
    let cases = [
        "blogging::member::refuse to update to a duplicate email",
        "blogging::user::refuse to update to a duplicate username",
        "blogging::user::refuse to morph commenter into member with a duplicate",
    ];
    fails::<Blogging, _>(move || Confuses(duplicate_is_stale), &cases);
}

#[test]
fn a_conflict_names_the_wrong_version() {
    let other_version = |failure| match failure {
        WriteFailure::Stale { found } => WriteFailure::Stale { found: found + 1 },
        other => other,
    };
    let cases = ["blogging::blog::refuse stale update after update of a state that was created"];
    fails::<Blogging, _>(move || Confuses(other_version), &cases);
}

/// Returns the version that the row had before.
pub(crate) struct ReturnsOldVersions;

impl Decorator<Mem> for ReturnsOldVersions {
    async fn replace(&self, inner: &Mem, table: &Table, target: Target<'_>, content: RowContent) -> Written {
        inner.replace(table, target, content).await.map(|version| version - 1)
    }
}

#[test]
fn versions_do_not_count() {
    let cases = [
        "blogging::blog::update",
        "blogging::blog::update without change",
        "blogging::blog::last writer wins without optimistic locking",
        "blogging::user::morph member into commenter and back",
    ];
    fails::<Blogging, _>(|| ReturnsOldVersions, &cases);
}

/// Locks even when told not to: takes a write without a version as a write of version 0.
pub(crate) struct AlwaysLocks;

impl Decorator<Mem> for AlwaysLocks {
    async fn replace(&self, inner: &Mem, table: &Table, target: Target<'_>, content: RowContent) -> Written {
        inner.replace(table, Target { version: target.version.or(Some(0)), ..target }, content).await
    }
}

#[test]
fn the_last_writer_does_not_win() {
    fails::<Blogging, _>(|| AlwaysLocks, &["blogging::blog::last writer wins without optimistic locking"]);
}
