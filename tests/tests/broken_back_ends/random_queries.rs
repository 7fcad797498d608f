//! Random queries find what is broken in each node and form of a filter, and in orders, and show it with few rows and a short
//! query.

use longevity::backend::Value;
use longevity::backend::value::Comparison::{self, Eq, Le, Lt, Ne};
use longevity::backend::{ByKind, Session};
use longevity::backend::{Direction, Predicate, Select, TextTest};
use longevity::testkit::decorate::{Decorator, Rows};
use longevity::testkit::{Agreement, Facade, QuerySpec};
use longevity::{Error, Mem, Timestamp};
use longevity_core::Path;
use longevity_tests::injection::values_stay_values;
use longevity_tests::models::queries::Storage;

use crate::mem_rows::Table;
use crate::queries::{LITERAL, Misreads};
use crate::{Sound, broken_by};

/// The number of random queries that must be enough.
const QUERIES: usize = 3_000;

fn agreement() -> Agreement<Storage> {
    Agreement::new().rows(60).queries(QUERIES)
}

fn spec() -> QuerySpec<Storage> {
    QuerySpec::new().rows(60).generated(QUERIES).facades([Facade::Blocking])
}

/// Fails unless a comparison with a sound back end shows what is broken, with few rows and a query that contains these words, and
/// a random query that is compared with its meaning shows it too.
#[track_caller]
fn found<D: Decorator<Mem>>(words: &str, broken: impl Fn() -> D + Clone + Send + Sync + 'static) {
    found_as(words, words, broken);
}

/// Like [`found`], for queries that the two reports describe in different words.
#[track_caller]
fn found_as<D: Decorator<Mem>>(words: &str, of_spec: &str, broken: impl Fn() -> D + Clone + Send + Sync + 'static) {
    let again = broken.clone();
    let report = agreement().run_queries(Mem::new, move || broken_by(broken()));
    assert_eq!(report.failure, None);
    let disagreement = report.disagreement.clone().unwrap_or_else(|| panic!("they agree: {report}"));
    assert!(disagreement.steps.len() <= 4, "{report}");
    assert!(disagreement.steps.last().unwrap().contains(words), "{report}");

    let report = spec().run(move || broken_by(again()));
    assert!(report.failed().any(|(_, message)| message.contains(of_spec)), "{report}");
}

#[track_caller]
fn misread(words: &str, predicate: fn(Predicate) -> Predicate) {
    found(words, move || Misreads { predicate, ..LITERAL });
}

#[track_caller]
fn misordered(words: &str, select: fn(Select) -> Select) {
    found(words, move || Misreads { select, ..LITERAL });
}

fn compare(path: Path, comparison: Comparison, operand: Value) -> Predicate {
    Predicate::Compare { path, comparison, operand }
}

fn is_none(path: &Path) -> Predicate {
    compare(path.clone(), Eq, Value::NONE)
}

#[test]
fn a_sound_back_end_passes() {
    agreement().run_queries(Mem::new, || broken_by(Sound)).assert_agreed();
    spec().run(|| broken_by(Sound)).assert_passed();
}

#[test]
fn none_in_a_list_equals_nothing() {
    // Pages query such lists too, and may be what shows the fault: then the words of the query do not contain it.
    let predicate = |predicate| match predicate {
        Predicate::In { path, mut operands, negated } => {
            operands.retain(|operand| *operand != Value::NONE);
            Predicate::In { path, operands, negated }
        }
        other => other,
    };
    found_as("", "", move || Misreads { predicate, ..LITERAL });
}

#[test]
fn not_in_a_list_is_false_of_absent_values() {
    misread(" not in [", |predicate| match predicate {
        Predicate::In { ref path, negated: true, .. } => is_none(path).negate().and(predicate),
        other => other,
    });
}

#[test]
fn not_in_an_empty_list_is_false() {
    misread(" not in []", |predicate| match predicate {
        Predicate::In { operands, .. } if operands.is_empty() => Predicate::False,
        other => other,
    });
}

#[test]
fn a_long_list_is_cut() {
    misread(" in [", |predicate| match predicate {
        Predicate::In { path, mut operands, negated } => {
            operands.truncate(100);
            Predicate::In { path, operands, negated }
        }
        other => other,
    });
}

fn with_text(predicate: Predicate, of: TextTest, change: fn(Path, Box<str>) -> Predicate) -> Predicate {
    match predicate {
        Predicate::Text { path, test, text } if test == of => change(path, text),
        other => other,
    }
}

#[test]
fn an_end_matches_anywhere() {
    misread(" ends with ", |predicate| {
        with_text(predicate, TextTest::EndsWith, |path, text| Predicate::Text { path, test: TextTest::Contains, text })
    });
}

#[test]
fn a_part_matches_only_at_the_end() {
    misread(" contains ", |predicate| {
        with_text(predicate, TextTest::Contains, |path, text| Predicate::Text { path, test: TextTest::EndsWith, text })
    });
}

#[test]
fn a_part_is_taken_as_a_pattern() {
    misread(" contains ", |predicate| {
        with_text(predicate, TextTest::Contains, |path, text| match &*text {
            "%" | "_" | ".*" | "*" => is_none(&path).negate(),
            _ => Predicate::Text { path, test: TextTest::Contains, text },
        })
    });
}

#[test]
#[should_panic(expected = "contains \"%\"")]
fn a_value_is_taken_as_a_pattern() {
    let predicate = |predicate| {
        with_text(predicate, TextTest::Contains, |path, text| match &*text {
            "%" => is_none(&path).negate(),
            _ => Predicate::Text { path, test: TextTest::Contains, text },
        })
    };
    values_stay_values(broken_by(Misreads { predicate, ..LITERAL }));
}

#[test]
fn a_string_ends_at_nul() {
    misread("\\0", |predicate| match predicate {
        Predicate::Text { path, test, text } => {
            let text = text.split('\0').next().unwrap_or_default().into();
            Predicate::Text { path, test, text }
        }
        other => other,
    });
}

#[test]
fn case_matters() {
    misread(" is, whatever the case, ", |predicate| {
        with_text(predicate, TextTest::EqIgnoreCase, |path, text| compare(path, Eq, Value::Text(text)))
    });
}

#[test]
fn case_is_ignored_in_ascii_text_only() {
    misread(" is, whatever the case, ", |predicate| {
        with_text(predicate, TextTest::EqIgnoreCase, |path, text| match text.is_ascii() {
            true => Predicate::Text { path, test: TextTest::EqIgnoreCase, text },
            false => compare(path, Eq, Value::Text(text)),
        })
    });
}

#[test]
fn lengths_are_off_by_one() {
    misread("length of ", |predicate| match predicate {
        Predicate::Length { path, comparison: Le, length } => Predicate::Length { path, comparison: Lt, length },
        other => other,
    });
}

#[test]
fn an_absent_value_has_the_length_zero() {
    misread("length of ", |predicate| match predicate {
        Predicate::Length { ref path, comparison: Eq | Le, length: 0 } => is_none(path).or(predicate),
        other => other,
    });
}

#[test]
fn none_is_never_an_element() {
    misread(" has none", |predicate| match predicate {
        Predicate::Contains { element: Value::None(_), .. } => Predicate::False,
        other => other,
    });
}

/// The path, with the keys of its entries changed.
fn with_keys(path: &Path, change: fn(&Value) -> Value) -> Path {
    let Some((key, rest)) = path.entry() else { return path.clone() };
    let mut changed = path.before_entry().at_key(change(key));
    let mut rest = with_keys(rest, change);
    loop {
        changed = rest.steps().iter().fold(changed, |path, step| path.then(step));
        let Some((key, next)) = rest.entry() else { return changed };
        changed = changed.at_key(key.clone());
        rest = next.clone();
    }
}

#[test]
fn an_entry_is_looked_up_by_its_key_up_to_the_first_dot() {
    misread("[", |predicate| match predicate {
        Predicate::Compare { path, comparison, operand } => {
            let cut = |key: &Value| match key {
                Value::Text(text) => Value::Text(text.split('.').next().unwrap_or_default().into()),
                key => key.clone(),
            };
            compare(with_keys(&path, cut), comparison, operand)
        }
        other => other,
    });
}

#[test]
fn an_entry_is_looked_up_by_another_key() {
    misread("[", |predicate| match predicate {
        Predicate::Compare { path, comparison, operand } => {
            let next = |key: &Value| match key {
                Value::Bool(key) => Value::Bool(!key),
                key => key.clone(),
            };
            compare(with_keys(&path, next), comparison, operand)
        }
        other => other,
    });
}

#[test]
fn a_missing_entry_equals_anything() {
    misread("[", |predicate| match predicate {
        Predicate::Compare { ref path, comparison: Eq, operand: Value::None(_) } if path.entry().is_some() => {
            is_none(path).negate().and(predicate)
        }
        other => other,
    });
}

#[test]
fn a_value_is_of_every_variant() {
    misread(" is it", |predicate| match predicate {
        Predicate::Compare { ref path, comparison: Ne, operand: Value::None(0) }
            if path.steps().last().is_some_and(|step| step.is_variant) =>
        {
            Predicate::True
        }
        other => other,
    });
}

fn any_type(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::Scope(_) => Predicate::True,
        other => other,
    }
}

#[test]
fn a_test_of_the_type_is_always_true() {
    // Keeps the scope of a repository.
    misread("it is a ", |predicate| match predicate {
        Predicate::Or(parts) => Predicate::Or(parts.into_iter().map(any_type).collect()),
        Predicate::Not(part) => Predicate::Not(Box::new(any_type(*part))),
        other => other,
    });
}

#[test]
fn nan_is_less_than_everything() {
    misread(" < ", |predicate| match predicate {
        Predicate::Compare { ref path, comparison: Lt, operand: Value::Float(_) } => {
            compare(path.clone(), Eq, Value::Float(f64::NAN)).or(predicate)
        }
        other => other,
    });
}

#[test]
fn large_integers_are_rounded_to_floats() {
    misread(" ", |predicate| match predicate {
        Predicate::Compare { path, comparison, operand: Value::UInt(number) } => {
            compare(path, comparison, Value::UInt(number as f64 as u64))
        }
        other => other,
    });
}

#[test]
fn timestamps_are_cut_to_microseconds() {
    misread(" ", |predicate| match predicate {
        Predicate::Compare { path, comparison, operand: Value::Timestamp(at) } => {
            let nanoseconds = at.subsec_nanoseconds() / 1_000 * 1_000;
            let at = Timestamp::from_unix(at.unix_seconds(), nanoseconds).unwrap();
            compare(path, comparison, Value::Timestamp(at))
        }
        other => other,
    });
}

#[test]
fn an_id_is_excluded_by_its_own_bound() {
    misread("id ≤ ", |predicate| match predicate {
        Predicate::Id { comparison: Le, id } => Predicate::Id { comparison: Lt, id },
        other => other,
    });
}

#[test]
fn a_negation_is_distributed_wrongly() {
    misread("not (", |predicate| match predicate {
        Predicate::Not(inner) => match *inner {
            Predicate::And(parts) if parts.len() > 1 => {
                Predicate::And(parts.into_iter().map(Predicate::negate).collect())
            }
            inner => Predicate::Not(Box::new(inner)),
        },
        other => other,
    });
}

#[test]
fn ties_come_by_ascending_id_whatever_the_order() {
    let select = |select| Select { ties: Direction::Ascending, ..select };
    // Pages backwards are in the opposite order, whatever the query's order is.
    found_as(" order by id descending", ", backwards, of ", move || Misreads { select, ..LITERAL });
}

#[test]
fn the_third_order_is_lost() {
    misordered(" order by ", |mut select| {
        select.order.truncate(2);
        select
    });
}

#[test]
fn a_large_limit_is_negative() {
    misordered(" limit ", |select| Select { limit: select.limit.map(|limit| limit & (u64::MAX >> 1)), ..select });
}

/// Returns rows without a value after all others.
struct NonesLast;

impl Decorator<Mem> for NonesLast {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        let Some(first) = select.order.first().filter(|by| by.direction == Direction::Ascending) else {
            return inner.find(table, select).await;
        };
        let part = |absent: Predicate| Select {
            predicate: select.predicate.clone().and(absent),
            offset: 0,
            limit: None,
            ..select.clone()
        };
        let mut rows = inner.find(table, part(is_none(&first.path).negate())).await?;
        rows.extend(inner.find(table, part(is_none(&first.path))).await?);
        let limit = select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
        Ok(rows.into_iter().skip(usize::try_from(select.offset).unwrap()).take(limit).collect())
    }

    fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows {
        inner.stream(table, select)
    }
}

#[test]
fn absent_values_come_last() {
    found(" order by ", || NonesLast);
}
