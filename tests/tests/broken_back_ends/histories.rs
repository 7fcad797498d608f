//! Random histories find what is broken, and show it by few steps.

use longevity::Mem;
use longevity::backend::Select;
use longevity::testkit::decorate::Decorator;
use longevity::testkit::{Agreement, AgreementReport, Disagreement};
use longevity_tests::models::blogging::Blogging;

use crate::consistency::{BatchesOneByOne, DropsWrites, ForgetsTheLast, LosesPatches, NoTimestamps};
use crate::keys::{KeepsEntries, NeverFreesKeys};
use crate::locking::{IgnoresVersions, WritesToNothing};
use crate::queries::{CountsAll, LITERAL, Misreads};
use crate::scope::{LeaksByKey, LeaksOnWrite, NeverMorphs};
use crate::{Sound, broken_by};

fn run<D: Decorator<Mem>>(broken: impl Fn() -> D + Send + Sync + 'static) -> AgreementReport {
    Agreement::<Blogging>::new().histories(20).steps(150).run(Mem::new, move || broken_by(broken()))
}

/// Fails unless a history of no more steps than this shows what is broken.
#[track_caller]
fn disagrees<D: Decorator<Mem>>(steps: usize, broken: impl Fn() -> D + Send + Sync + 'static) -> Disagreement {
    let report = run(broken);
    assert_eq!(report.failure, None);
    let disagreement = report.disagreement.clone().unwrap_or_else(|| panic!("they agree: {report}"));
    assert!(disagreement.steps.len() <= steps, "{report}");
    assert_eq!(disagreement.sides.len(), 2, "{report}");
    disagreement
}

#[test]
fn a_sound_back_end_agrees() {
    run(|| Sound).assert_agreed();
}

#[test]
fn a_sibling_that_is_read() {
    // Created, perhaps changed into the other variant, and retrieved or patched by the other's repository.
    let disagreement = disagrees(3, || LeaksByKey);
    assert!(disagreement.steps[0].contains(": create "), "{disagreement}");
    let last = disagreement.steps.last().unwrap();
    assert!(last.contains(" by the username of "), "{disagreement}");
    assert_eq!(disagreement.sides[0], "mem (1): no row", "{disagreement}");
}

#[test]
fn a_sibling_that_is_written() {
    disagrees(2, || LeaksOnWrite);
}

#[test]
fn a_morph_that_is_none() {
    disagrees(3, || NeverMorphs);
}

#[test]
fn a_version_that_does_not_matter() {
    disagrees(4, || IgnoresVersions);
}

#[test]
fn a_write_to_a_missing_row() {
    disagrees(3, || WritesToNothing);
}

#[test]
fn a_key_that_is_not_freed() {
    disagrees(4, NeverFreesKeys::default);
}

#[test]
fn an_index_entry_that_stays() {
    disagrees(4, KeepsEntries::default);
}

#[test]
fn a_write_that_is_lost() {
    disagrees(3, || DropsWrites);
}

#[test]
fn half_a_batch() {
    disagrees(3, || BatchesOneByOne);
}

#[test]
fn a_patch_that_is_lost() {
    disagrees(2, || LosesPatches);
}

#[test]
fn a_row_of_many_that_is_left() {
    disagrees(4, || ForgetsTheLast);
}

#[test]
fn a_timestamp_that_is_lost() {
    assert!(disagrees(2, || NoTimestamps).timestamps);
}

#[test]
fn an_order_that_is_another() {
    disagrees(4, || Misreads { select: |select| Select { order: Vec::new(), ..select }, ..LITERAL });
}

#[test]
fn a_count_that_is_wrong() {
    disagrees(3, || CountsAll);
}
