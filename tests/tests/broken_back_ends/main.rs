//! The suite can fail: each back end here breaks one promise, and the cases that check the promise must fail by name. A case that
//! fails on no broken back end proves nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod consistency;
mod crashes;
mod erased;
mod facades;
mod histories;
mod keys;
mod locking;
mod mem_rows;
mod queries;
mod races;
mod random_queries;
mod references;
mod reused;
mod scope;
mod vacuity;

use longevity::Mem;
use longevity::backend::Backend;
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity::testkit::{RepoCrudSpec, SpecModel};

use crate::erased::Erased;

/// Fails unless each of these cases fails on a back end that is broken in this way, and passes on a sound one.
#[track_caller]
fn fails<M: SpecModel, D: Decorator<Mem>>(broken: impl Fn() -> D + Send + Sync + 'static, cases: &[&str]) {
    let names: Vec<_> = cases.iter().map(|case| format!("{case} on {}", Mem::NAME)).collect();
    let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
    let spec = RepoCrudSpec::<M>::new();

    // Both use the same type of back end, because the suite is compiled for each type.
    let sound = spec.run_only(|| broken_by(Sound), wanted);
    assert_eq!(sound.cases.len(), names.len(), "there is no such case: {names:?}, only {:?}", sound.cases);
    assert!(sound.has_passed(), "{sound}");
    assert_eq!(sound.skipped().count(), 0, "skipped: {:?}", sound.skipped().collect::<Vec<_>>());

    let report = spec.run_only(move || broken_by(broken()), wanted);
    let failed: Vec<_> = report.failed().map(|(name, _)| name).collect();
    let unnoticed: Vec<_> = names.iter().filter(|name| !failed.contains(&name.as_str())).collect();
    assert!(unnoticed.is_empty(), "passed although the back end is broken: {unnoticed:#?}");
}

/// Breaks nothing.
struct Sound;

impl Decorator<Mem> for Sound {}

/// The in-memory back end, broken in this way.
fn broken_by(decorator: impl Decorator<Mem>) -> Decorated<Mem, Erased> {
    Decorated::new(Mem::new(), Erased(Box::new(decorator)))
}
