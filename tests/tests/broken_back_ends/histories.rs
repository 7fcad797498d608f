//! Random histories find what is broken, and show it in few steps.

use longevity::Mem;
use longevity::backend::{Predicate, Select};
use longevity::testkit::decorate::Decorator;
use longevity::testkit::{Agreement, AgreementReport, Disagreement};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::references::Shelves;

use crate::consistency::{BatchesOneByOne, DropsWrites, ForgetsTheLast, LosesPatches, NoTimestamps};
use crate::keys::{KeepsEntries, NeverFreesKeys};
use crate::locking::{IgnoresVersions, WritesToNothing};
use crate::queries::{CountsAll, LITERAL, Misreads};
use crate::references::{HoldsAnyType, HoldsAnything, SeesNoReferrers};
use crate::scope::{LeaksByKey, LeaksOnWrite, NeverMorphs};
use crate::{Sound, broken_by};

fn run<D: Decorator<Mem>>(broken: impl Fn() -> D + Send + Sync + 'static) -> AgreementReport {
    Agreement::<Blogging>::new().histories(20).steps(150).run(Mem::new, move || broken_by(broken()))
}

/// Fails unless a history of at most this number of steps shows what is broken.
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
fn a_read_of_a_sibling_is_found() {
    // Created, perhaps changed into the other variant, and retrieved or patched by the other's repository.
    let disagreement = disagrees(3, || LeaksByKey);
    assert!(disagreement.steps[0].contains(": create "), "{disagreement}");
    let last = disagreement.steps.last().unwrap();
    assert!(last.contains(" by the username of "), "{disagreement}");
    assert_eq!(disagreement.sides[0], "mem (1): no row", "{disagreement}");
}

#[test]
fn a_write_to_a_sibling_is_found() {
    disagrees(2, || LeaksOnWrite);
}

#[test]
fn a_missing_morph_is_found() {
    disagrees(3, || NeverMorphs);
}

#[test]
fn an_ignored_version_is_found() {
    disagrees(4, || IgnoresVersions);
}

#[test]
fn a_write_to_a_missing_row_is_found() {
    disagrees(3, || WritesToNothing);
}

#[test]
fn a_key_that_is_not_freed_is_found() {
    disagrees(4, NeverFreesKeys::default);
}

#[test]
fn a_stale_index_entry_is_found() {
    disagrees(4, KeepsEntries::default);
}

#[test]
fn a_lost_write_is_found() {
    disagrees(3, || DropsWrites);
}

#[test]
fn half_a_batch_is_found() {
    disagrees(3, || BatchesOneByOne);
}

#[test]
fn a_lost_patch_is_found() {
    disagrees(2, || LosesPatches);
}

#[test]
fn a_row_left_out_of_many_writes_is_found() {
    disagrees(4, || ForgetsTheLast);
}

#[test]
fn a_lost_timestamp_is_found() {
    assert!(disagrees(2, || NoTimestamps).timestamps);
}

#[test]
fn a_wrong_order_is_found() {
    disagrees(4, || Misreads { select: |select| Select { order: Vec::new(), ..select }, ..LITERAL });
}

#[test]
fn a_wrong_count_is_found() {
    disagrees(3, || CountsAll);
}

fn run_with_references<D: Decorator<Mem>>(broken: impl Fn() -> D + Send + Sync + 'static) -> AgreementReport {
    Agreement::<Shelves>::new().samples(4).histories(60).steps(150).run(Mem::new, move || broken_by(broken()))
}

#[test]
fn a_reference_without_its_target_is_found() {
    run_with_references(|| Sound).assert_agreed();
    for report in [run_with_references(|| HoldsAnything), run_with_references(|| HoldsAnyType)] {
        let disagreement = report.disagreement.clone().unwrap_or_else(|| panic!("they agree: {report}"));
        assert!(disagreement.steps.len() <= 6, "{disagreement}");
    }
}

#[test]
fn a_row_that_refers_and_is_not_found_is_found() {
    let report = run_with_references(|| FindsNoElements);
    let disagreement = report.disagreement.clone().unwrap_or_else(|| panic!("they agree: {report}"));
    assert!(disagreement.steps.len() <= 6, "{disagreement}");
}

/// Both back ends are broken in the same way, so they agree. What is computed without them shows that the references did not follow.
#[test]
fn a_rename_that_references_do_not_follow_is_found() {
    let broken = || broken_by(SeesNoReferrers);
    let report = Agreement::<Shelves>::new().samples(4).histories(20).steps(150).run(broken, broken);
    let disagreement = report.disagreement.clone().unwrap_or_else(|| panic!("they agree: {report}"));
    let [.., rename, last] = &disagreement.steps[..] else { panic!("{report}") };
    assert!(rename.contains(": rename the "), "{report}");
    assert!(last.starts_with("afterwards, ") && last.ends_with(": read all rows"), "{report}");
    let [one, other, expected] = &disagreement.sides[..] else { panic!("{report}") };
    assert_eq!(one.strip_prefix("mem (1)"), other.strip_prefix("mem (2)"), "{report}");
    assert!(expected.starts_with("expected: "), "{report}");
    assert!(disagreement.steps.len() <= 6, "{report}");
}

/// A transaction finds no rows that refer to a key value by an element of a list or a map.
struct FindsNoElements;

impl Decorator<Mem> for FindsNoElements {
    fn select_in_transaction(&self, select: Select) -> Select {
        match select.predicate {
            Predicate::Contains { .. } | Predicate::Scope(_) => Select::of(Predicate::False),
            Predicate::And(ref parts) if parts.iter().any(|part| matches!(part, Predicate::Contains { .. })) => {
                Select::of(Predicate::False)
            }
            _ => select,
        }
    }
}
