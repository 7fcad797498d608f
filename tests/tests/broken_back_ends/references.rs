//! Back ends that lose what references with integrity depend on.

use longevity::backend::value::Comparison;
use longevity::backend::{ByKind, Lookup, Predicate, Select, Session};
use longevity::testkit::decorate::{Decorator, Rows};
use longevity::testkit::{Facade, QuerySpec};
use longevity::{Error, Mem};
use longevity_tests::models::references::Shelves;

use crate::erased::InMem;
use crate::mem_rows::Table;
use crate::{Sound, broken_by, fails};

/// Says that every target is there.
pub(crate) struct HoldsAnything;

impl Decorator<Mem> for HoldsAnything {
    async fn hold(&self, _: &InMem, _: &Table, _: &[Lookup<'_>]) -> Result<bool, Error> {
        Ok(true)
    }
}

#[test]
fn targets_are_not_looked_at() {
    let cases = [
        "shelves::book::refuse to create a dangling author",
        "shelves::item::refuse to create a dangling Book.author",
        "shelves::book::refuse to create a dangling chapters[].by",
        "shelves::loan::refuse to update to a dangling all[]",
        "shelves::item::refuse to update to a dangling donor",
        "shelves::book::check state.Waiting.on at the commit",
        "shelves::author::delete what Book.author refers to",
        "shelves::author::keep the key to which Book.author refers",
        "shelves::item::keep the type to which Book.series refers",
    ];
    fails::<Shelves, _>(|| HoldsAnything, &cases);
}

/// Takes a row of another type for the target.
pub(crate) struct HoldsAnyType;

impl Decorator<Mem> for HoldsAnyType {
    async fn hold(&self, inner: &InMem, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
        for key in keys {
            if inner.get(table, Lookup { scope: None, ..*key }).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[test]
fn targets_are_of_another_type() {
    let cases = [
        "shelves::book::refuse another type in series",
        "shelves::entry::refuse another type in File.folder",
        "shelves::item::keep the type to which Series.parent refers",
    ];
    fails::<Shelves, _>(|| HoldsAnyType, &cases);
}

/// A transaction does not find the rows that refer to a key value, whatever they are found by.
pub(crate) struct SeesNoReferrers;

impl Decorator<Mem> for SeesNoReferrers {
    fn select_in_transaction(&self, select: Select) -> Select {
        match is_by_id(&select.predicate) {
            true => select,
            false => Select::of(Predicate::False),
        }
    }
}

fn is_by_id(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Id { comparison: Comparison::Eq, .. } => true,
        Predicate::And(parts) => parts.iter().any(is_by_id),
        _ => false,
    }
}

#[test]
fn rows_that_refer_are_not_found_by_deletes() {
    let cases = [
        "shelves::author::delete what Book.editors[] refers to",
        "shelves::author::delete what Book.roles[] refers to",
        "shelves::author::delete what Book.review.by refers to",
        "shelves::author::delete what Book.chapters[].by refers to",
        "shelves::series::delete what Book.series refers to",
        "shelves::author::delete what Book.author refers to",
        "shelves::author::rename the key to which Book.author refers",
        "shelves::author::rename the key to which Book.roles[] refers",
    ];
    fails::<Shelves, _>(|| SeesNoReferrers, &cases);
}

/// Outside of transactions, filters by values find nothing, and so does a stream.
pub(crate) struct AnswersNothing;

fn nothing(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::Compare { .. } | Predicate::Contains { .. } => Predicate::False,
        Predicate::And(parts) => Predicate::And(parts.into_iter().map(nothing).collect()),
        other => other,
    }
}

impl Decorator<Mem> for AnswersNothing {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        inner.find(table, Select { predicate: nothing(select.predicate), ..select }).await
    }

    async fn count(&self, inner: &Mem, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        inner.count(table, nothing(predicate)).await
    }

    fn stream(&self, inner: &Mem, table: &Table, _: Select) -> <Mem as Session>::Rows {
        inner.stream(table, Select::of(Predicate::False))
    }
}

#[test]
fn rows_that_refer_are_not_found() {
    let cases = [
        "shelves::book::find rows that refer by author",
        "shelves::item::find rows that refer by Book.editors[]",
        "shelves::book::find rows that refer by roles[]",
        "shelves::author::know what refers by Book.author",
        "shelves::author::know what refers by Book.chapters[].by",
    ];
    fails::<Shelves, _>(|| AnswersNothing, &cases);
}

/// If rows are asked for by a list of key values, those with the last one are not found.
struct LosesATarget;

fn without_the_last(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::In { path, mut operands, negated: false } => {
            operands.pop();
            Predicate::In { path, operands, negated: false }
        }
        other => other,
    }
}

impl Decorator<Mem> for LosesATarget {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        inner.find(table, Select { predicate: without_the_last(select.predicate), ..select }).await
    }

    fn select_in_transaction(&self, select: Select) -> Select {
        Select { predicate: without_the_last(select.predicate), ..select }
    }
}

#[test]
fn a_target_is_lost() {
    let spec = QuerySpec::<Shelves>::new().rows(40).generated(40).facades([Facade::Blocking]);
    spec.run(|| broken_by(Sound)).assert_passed();
    let report = spec.run(|| broken_by(LosesATarget));
    let references = [
        "book::{} author",
        "book::{} editors[]",
        "book::{} roles[]",
        "book::{} sources[]",
        "book::{} review.by",
        "book::{} state.Waiting.on",
        "book::{} series",
        "item::{} donor",
        "loan::{} item",
    ];
    for reference in references {
        let name = format!("shelves::{} on mem", reference.replace("{}", "10 random queries with the targets of"));
        let message = report.failed().find(|(failed, _)| *failed == name).map(|(_, message)| message);
        assert!(message.is_some_and(|message| message.contains("\n  expected the row ")), "{name}: {report}");
    }
}
