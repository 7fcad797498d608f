//! The suite can fail: each back end here breaks one promise, and the cases that hold it must fail by name. A case that
//! no broken back end fails proves nothing.

mod consistency;
mod keys;
mod locking;
mod queries;
mod races;
mod scope;
mod stored;

use longevity::Mem;
use longevity::backend::Backend;
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity::testkit::{RepoCrudSpec, SpecModel};

/// Fails unless each of these cases fails on a back end that is broken in this way, and passes on the one that it is
/// made of.
#[track_caller]
fn fails<M: SpecModel, D: Decorator<Mem>>(broken: impl Fn() -> D + Send + Sync + 'static, cases: &[&str]) {
    let names: Vec<_> = cases.iter().map(|case| format!("{case} on {}", Mem::NAME)).collect();
    let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
    let spec = RepoCrudSpec::<M>::new();

    let sound = spec.run_only(Mem::new, wanted);
    assert_eq!(sound.cases.len(), names.len(), "there is no such case: {names:?}, only {:?}", sound.cases);
    assert!(sound.has_passed(), "{sound}");
    assert_eq!(sound.skipped().count(), 0, "skipped: {:?}", sound.skipped().collect::<Vec<_>>());

    let report = spec.run_only(move || Decorated::new(Mem::new(), broken()), wanted);
    let failed: Vec<_> = report.failed().map(|(name, _)| name).collect();
    let unnoticed: Vec<_> = names.iter().filter(|name| !failed.contains(&name.as_str())).collect();
    assert!(unnoticed.is_empty(), "passed although the back end is broken: {unnoticed:#?}");
}
