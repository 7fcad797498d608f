//! Back ends that check before they write, and let others write in between. Barriers make them lose every race.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use longevity::backend::{ByKind, Target, WriteFailure};
use longevity::testkit::decorate::Decorator;
use longevity::{Mem, RowId};
use longevity_tests::models::blogging::Blogging;

use crate::fails;
use crate::mem_rows::{RowContent, Table, all};

/// The number of threads: as many as a case has samples.
const THREADS: usize = 8;

/// Makes the first writers, and only those, continue together.
pub(crate) struct Gate {
    barrier: Barrier,
    passed: AtomicUsize,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { barrier: Barrier::new(THREADS), passed: AtomicUsize::new(0) }
    }

    fn wait(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) < THREADS {
            self.barrier.wait();
        }
    }
}

/// Checks that no other writer was there first, then overwrites whatever version is there by then.
pub(crate) struct LooksBeforeUpdate(pub(crate) Gate);

impl Decorator<Mem> for LooksBeforeUpdate {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent,
    ) -> Result<u64, WriteFailure> {
        let row = all(inner, table).await.into_iter().find(|row| row.id == target.id).ok_or(WriteFailure::Missing)?;
        if target.version.is_some_and(|version| version != row.version) {
            return Err(WriteFailure::Stale { found: row.version });
        }
        self.0.wait();
        inner.replace(table, Target { version: None, ..target }, content).await
    }
}

#[test]
fn updates_race() {
    let broken = || LooksBeforeUpdate(Gate::new());
    fails::<Blogging, _>(broken, &["blogging::blog::update one state on many threads"]);
}

/// Lets all writers that race for a key win.
pub(crate) struct LooksBeforeCreate(pub(crate) Gate);

impl Decorator<Mem> for LooksBeforeCreate {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        let empty = all(inner, table).await.is_empty();
        self.0.wait();
        match inner.insert(table, content).await {
            Err(WriteFailure::Duplicate(_)) if empty => Ok(RowId::from_u128(u128::MAX)),
            other => other,
        }
    }
}

#[test]
fn creates_race() {
    let broken = || LooksBeforeCreate(Gate::new());
    fails::<Blogging, _>(broken, &["blogging::blog::create one uri on many threads"]);
}
