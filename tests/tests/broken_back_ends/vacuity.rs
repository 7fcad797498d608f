//! No case is vacuous: each operation of the suite fails on some broken back end.

use std::collections::BTreeSet;

use longevity::backend::{Lookup, WriteFailure};
use longevity::backend::{Predicate, Select};
use longevity::testkit::decorate::Decorator;
use longevity::testkit::{Facade, RepoCrudSpec, SpecModel};
use longevity::{Error, Mem};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::references::Shelves;

use crate::broken_by;
use crate::consistency::{BatchesOneByOne, DropsWrites, MixesDocuments, NoTimestamps, SchemaDestroys, ShufflesBatches};
use crate::keys::{KeepsEntries, Misdeclares, NamesAnotherKey, NeverFreesKeys, WritesThenRefuses};
use crate::locking::{AlwaysLocks, Confuses, IgnoresVersions, ReturnsOldVersions, WritesToNothing};
use crate::mem_rows::{Row, Table, all};
use crate::queries::{CountsAll, LITERAL, Misreads, Scans};
use crate::references::{AnswersNothing, HoldsAnyType, HoldsAnything, SeesNoReferrers};
use crate::scope::{
    DropsMorphs, HidesStrangers, KeepsAliases, LeaksByKey, LeaksByQuery, LeaksOnWrite, NeverMorphs, NoAliases,
    OneDiscriminator, TIGHT,
};

/// The cases of the model, and those that have failed on no broken back end yet.
struct Unproven<M> {
    cases: BTreeSet<String>,
    spec: RepoCrudSpec<M>,
}

impl<M: SpecModel> Unproven<M> {
    fn new() -> Self {
        // The asynchronous facade has all cases of the blocking facade, and some more.
        let spec = RepoCrudSpec::new().samples(4).facades([Facade::Async]);
        Self { cases: spec.cases(|| broken_by(crate::Sound)).iter().map(|case| case.name().to_owned()).collect(), spec }
    }

    /// Runs the unproven cases on a back end that is broken in this way.
    fn broken<D: Decorator<Mem>>(&mut self, decorator: impl Fn() -> D + Send + Sync + 'static) {
        let unproven = &self.cases;
        let report = self.spec.run_only(move || broken_by(decorator()), |name| unproven.contains(name));
        let failed: Vec<_> = report.failed().map(|(name, _)| name.to_owned()).collect();
        for name in failed {
            self.cases.remove(&name);
        }
    }

    fn run(&mut self) {
        self.broken(|| LeaksByKey);
        self.broken(|| LeaksByQuery { find: true, ..TIGHT });
        self.broken(|| LeaksByQuery { count: true, ..TIGHT });
        self.broken(|| LeaksOnWrite);
        self.broken(|| NeverMorphs);
        self.broken(|| DropsMorphs);
        self.broken(|| OneDiscriminator);
        self.broken(|| NoAliases);
        self.broken(|| KeepsAliases);
        self.broken(|| HidesStrangers);
        self.broken(|| IgnoresVersions);
        self.broken(|| WritesToNothing);
        self.broken(|| Confuses(|_| WriteFailure::Missing));
        self.broken(|| Confuses(|_| WriteFailure::Stale { found: 9 }));
        self.broken(|| ReturnsOldVersions);
        self.broken(|| AlwaysLocks);
        self.broken(|| Misdeclares::new(|index| index.key_val = None));
        self.broken(|| NamesAnotherKey);
        self.broken(KeepsEntries::default);
        self.broken(NeverFreesKeys::default);
        self.broken(WritesThenRefuses::default);
        self.broken(|| Misreads {
            predicate: |predicate| match predicate {
                Predicate::Compare { .. } => Predicate::True,
                other => other,
            },
            ..LITERAL
        });
        self.broken(|| Misreads { select: |select| Select { order: Vec::new(), offset: 0, ..select }, ..LITERAL });
        self.broken(|| CountsAll);
        self.broken(|| Scans);
        self.broken(|| MixesDocuments);
        self.broken(|| DropsWrites);
        self.broken(|| BatchesOneByOne);
        self.broken(|| ShufflesBatches);
        self.broken(|| SchemaDestroys);
        self.broken(|| NoTimestamps);
        self.broken(|| FindsAnything);
    }

    /// Breaks what references with integrity depend on.
    fn run_about_references(&mut self) {
        self.cases.retain(|name| OF_REFERENCES.iter().any(|operation| name.contains(operation)));
        self.broken(|| HoldsAnything);
        self.broken(|| HoldsAnyType);
        self.broken(|| SeesNoReferrers);
        self.broken(|| AnswersNothing);
    }
}

/// Retrieves some row, whatever the key value.
struct FindsAnything;

impl Decorator<Mem> for FindsAnything {
    async fn get(&self, inner: &Mem, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error> {
        let rows = all(inner, table).await;
        Ok(rows.into_iter().find(|row| lookup.scope.is_none() || row.discriminator.is_some()))
    }
}

/// Cases about what core does before it calls a back end. No back end can break them.
const OF_CORE: [&str; 2] = ["refuse absent capabilities", "narrow to no other variant"];

/// The cases of references with integrity.
const OF_REFERENCES: [&str; 10] = [
    "refuse to create a dangling",
    "refuse to update to a dangling",
    "at the commit",
    "refuse another type in",
    "find rows that refer by",
    "delete what",
    "know what refers by",
    "keep the key to which",
    "rename the key to which",
    "keep the type to which",
];

#[track_caller]
fn every_case_fails_somewhere<M: SpecModel>() {
    let mut unproven = Unproven::<M>::new();
    assert!(unproven.cases.len() > 100);
    unproven.run();
    unproven.cases.retain(|name| !OF_CORE.iter().any(|operation| name.contains(operation)));
    assert!(unproven.cases.is_empty(), "no broken back end fails {}: {:#?}", unproven.cases.len(), unproven.cases);
}

#[test]
fn every_case_of_plain_poly_and_derived_types_fails_somewhere() {
    every_case_fails_somewhere::<Blogging>();
}

#[test]
fn every_case_of_references_fails_somewhere() {
    let mut unproven = Unproven::<Shelves>::new();
    unproven.run_about_references();
    assert!(unproven.cases.is_empty(), "no broken back end fails {}: {:#?}", unproven.cases.len(), unproven.cases);
}
