//! Back ends that work through only one of the facades.

use longevity::Mem;
use longevity::backend::{ByKind, WriteFailure};
use longevity::testkit::decorate::Decorator;
use longevity::testkit::{Facade, RepoCrudSpec};
use longevity::{Error, ErrorKind, RowId};
use longevity_tests::models::blogging::Blogging;

use crate::mem_rows::{RowContent, Table};
use crate::{Sound, broken_by};

/// Fails to write unless it is polled within a runtime, as a driver with timers would.
struct NeedsRuntime;

impl Decorator<Mem> for NeedsRuntime {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => inner.insert(table, content).await,
            Err(error) => Err(Error::Connection { kind: ErrorKind::Transient, source: error.into() }.into()),
        }
    }
}

#[test]
fn the_facade_decides_how_futures_are_polled_and_is_named_in_the_cases() {
    let create = |name: &str| name.starts_with("blogging::user::create on mem");
    let spec = RepoCrudSpec::<Blogging>::new().facades(Facade::BOTH);
    let sound = spec.run_only(|| broken_by(Sound), create);
    assert!(sound.has_passed(), "{sound}");
    assert_eq!(sound.cases.len(), 2);

    let report = spec.run_only(|| broken_by(NeedsRuntime), create);
    let failed: Vec<_> = report.failed().map(|(name, _)| name).collect();
    assert_eq!(failed, ["blogging::user::create on mem"]);
    assert_eq!(report.cases[1].name, "blogging::user::create on mem, async");
}
