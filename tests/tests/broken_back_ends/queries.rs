//! Back ends that give queries another meaning.

use longevity::backend::Value;
use longevity::backend::value::Comparison;
use longevity::backend::{ByKind, Session};
use longevity::backend::{Direction, Predicate, Select};
use longevity::testkit::decorate::{Decorator, Rows};
use longevity::{Access, Error, Explanation, Mem};
use longevity_tests::models::basics::Basics;
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::collections::Collections;
use longevity_tests::models::poly::Office;

use crate::fails;
use crate::mem_rows::Table;

/// Misreads queries.
pub(crate) struct Misreads {
    pub(crate) predicate: fn(Predicate) -> Predicate,
    pub(crate) select: fn(Select) -> Select,
}

pub(crate) const LITERAL: Misreads = Misreads { predicate: |predicate| predicate, select: |select| select };

impl Misreads {
    fn select(&self, select: Select) -> Select {
        (self.select)(Select { predicate: self.predicate(select.predicate), ..select })
    }

    /// The predicate, with each of its parts misread.
    fn predicate(&self, predicate: Predicate) -> Predicate {
        (self.predicate)(match predicate {
            Predicate::And(parts) => Predicate::And(parts.into_iter().map(|part| self.predicate(part)).collect()),
            Predicate::Or(parts) => Predicate::Or(parts.into_iter().map(|part| self.predicate(part)).collect()),
            Predicate::Not(part) => Predicate::Not(Box::new(self.predicate(*part))),
            other => other,
        })
    }
}

impl Decorator<Mem> for Misreads {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        inner.find(table, self.select(select)).await
    }

    async fn count(&self, inner: &Mem, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        inner.count(table, self.predicate(predicate)).await
    }

    async fn exists(&self, inner: &Mem, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        inner.exists(table, self.predicate(predicate)).await
    }

    fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows {
        inner.stream(table, self.select(select))
    }
}

const BY_PROPERTY: &[&str] = &["basics::optionals::query by every property"];

#[test]
fn none_is_never_unequal() {
    fn as_sql(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Compare { path, comparison: Comparison::Ne, operand } => {
                let none = Predicate::Compare { path: path.clone(), comparison: Comparison::Eq, operand: Value::NONE };
                Predicate::Compare { path, comparison: Comparison::Ne, operand }.and(none.negate())
            }
            other => other,
        }
    }
    fails::<Basics, _>(|| Misreads { predicate: as_sql, ..LITERAL }, BY_PROPERTY);
}

#[test]
fn none_is_less_than_everything() {
    fn with_none(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Compare { path, comparison: Comparison::Lt, operand } => {
                let none = Predicate::Compare { path: path.clone(), comparison: Comparison::Eq, operand: Value::NONE };
                Predicate::Compare { path, comparison: Comparison::Lt, operand }.or(none)
            }
            other => other,
        }
    }
    fails::<Basics, _>(|| Misreads { predicate: with_none, ..LITERAL }, BY_PROPERTY);
}

#[test]
fn bounds_are_off_by_one() {
    fn inclusive(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Compare { path, comparison: Comparison::Gt, operand } => {
                Predicate::Compare { path, comparison: Comparison::Ge, operand }
            }
            other => other,
        }
    }
    fails::<Basics, _>(|| Misreads { predicate: inclusive, ..LITERAL }, &["basics::scalars::query by every property"]);
}

#[test]
fn unsigned_integers_are_taken_for_signed() {
    fn signed(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Compare { path, comparison, operand: Value::UInt(operand) } => {
                Predicate::Compare { path, comparison, operand: Value::Int(operand as i64) }
            }
            other => other,
        }
    }
    fails::<Basics, _>(|| Misreads { predicate: signed, ..LITERAL }, &["basics::scalars::query by every property"]);
}

#[test]
fn timestamps_are_cut_to_milliseconds() {
    fn milliseconds(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Compare { path, comparison, operand: Value::Timestamp(at) } => {
                let nanoseconds = at.subsec_nanoseconds() / 1_000_000 * 1_000_000;
                let at = longevity::Timestamp::from_unix(at.unix_seconds(), nanoseconds).unwrap();
                Predicate::Compare { path, comparison, operand: Value::Timestamp(at) }
            }
            other => other,
        }
    }
    fails::<Basics, _>(
        || Misreads { predicate: milliseconds, ..LITERAL },
        &["basics::scalars::query by every property"],
    );
}

#[test]
fn contains_finds_nothing() {
    fn nothing(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Contains { .. } => Predicate::False,
            other => other,
        }
    }
    let cases = ["collections::lists::query by every property", "collections::sets::query by every property"];
    fails::<Collections, _>(|| Misreads { predicate: nothing, ..LITERAL }, &cases);
}

#[test]
fn or_is_and() {
    fn and(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Or(parts) if !parts.is_empty() => Predicate::And(parts),
            other => other,
        }
    }
    let cases = ["blogging::blog::query by and, or, not", "blogging::member::query by and, or, not"];
    fails::<Blogging, _>(|| Misreads { predicate: and, ..LITERAL }, &cases);
}

#[test]
fn not_is_lost() {
    fn lost(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::Not(part) => *part,
            other => other,
        }
    }
    fails::<Blogging, _>(|| Misreads { predicate: lost, ..LITERAL }, &["blogging::user::query by and, or, not"]);
}

#[test]
fn a_derived_property_is_compared_on_every_variant() {
    // Removes the discriminator of a comparison, which is in a conjunction of two, but not that of a repository.
    fn unscoped(predicate: Predicate) -> Predicate {
        match predicate {
            Predicate::And(parts) if parts.len() == 2 => match <[Predicate; 2]>::try_from(parts) {
                Ok([Predicate::Scope(_), comparison @ Predicate::Compare { .. }]) => comparison,
                Ok(parts) => Predicate::And(parts.into()),
                Err(parts) => Predicate::And(parts),
            },
            other => other,
        }
    }
    fails::<Office, _>(|| Misreads { predicate: unscoped, ..LITERAL }, &["office::document::query by every property"]);
}

#[test]
fn orders_and_windows_are_wrong() {
    let unordered: fn(Select) -> Select = |select| Select { order: Vec::new(), ..select };
    let backwards: fn(Select) -> Select = |mut select| {
        for by in &mut select.order {
            by.direction = match by.direction {
                Direction::Ascending => Direction::Descending,
                Direction::Descending => Direction::Ascending,
            };
        }
        select
    };
    let one_order: fn(Select) -> Select = |mut select| {
        select.order.truncate(1);
        select
    };
    let no_offset: fn(Select) -> Select = |select| Select { offset: 0, ..select };
    let no_limit: fn(Select) -> Select = |select| Select { limit: None, ..select };
    for select in [unordered, backwards, one_order, no_offset, no_limit] {
        let broken = move || Misreads { select, ..LITERAL };
        fails::<Basics, _>(broken, &["basics::optionals::query in order and window"]);
    }
}

/// Counts all rows whatever the predicate, and always reports that a row exists.
pub(crate) struct CountsAll;

impl Decorator<Mem> for CountsAll {
    async fn count(&self, inner: &Mem, table: &Table, _: Predicate) -> Result<u64, Error> {
        inner.count(table, Predicate::True).await
    }

    async fn exists(&self, _: &Mem, _: &Table, _: Predicate) -> Result<bool, Error> {
        Ok(true)
    }
}

#[test]
fn counts_do_not_agree() {
    let cases = ["blogging::blog::query by every property", "blogging::member::read no sibling"];
    fails::<Blogging, _>(|| CountsAll, &cases);
}

/// Uses no index.
pub(crate) struct Scans;

impl Decorator<Mem> for Scans {
    async fn explain(&self, inner: &Mem, table: &Table, select: Select) -> Result<Explanation, Error> {
        let explanation = inner.explain(table, select).await?;
        Ok(Explanation { access: Access::Scan, ..explanation })
    }
}

/// Uses only one column of each index.
pub(crate) struct UsesOneColumn;

impl Decorator<Mem> for UsesOneColumn {
    async fn explain(&self, inner: &Mem, table: &Table, select: Select) -> Result<Explanation, Error> {
        let mut explanation = inner.explain(table, select).await?;
        if let Access::Index { equal_columns, .. } = &mut explanation.access {
            *equal_columns = 1;
        }
        Ok(explanation)
    }
}

#[test]
fn indexes_are_not_used() {
    let cases = [
        "blogging::blog::use blog.uri.key in queries",
        "blogging::user::use user.Member.email.key in queries",
        "blogging::member::use user.Member.email.key in queries",
        "blogging::member::use user.username.key in queries",
        "blogging::member::use user.Member.num_cats+username.index in queries",
    ];
    fails::<Blogging, _>(|| Scans, &cases);
    let cases = [
        "blogging::blog_post::use blog_post.uri.key in queries",
        "blogging::blog_post::use blog_post.blog+published.index in queries",
    ];
    fails::<Blogging, _>(|| UsesOneColumn, &cases);
}
