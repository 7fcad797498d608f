//! Plans of typical and of awkward queries over one table.

use std::any::TypeId;

use longevity_core::backend::{Direction, OrderBy, Predicate, Select};
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::table::{Column, Index, Scope, TableDefinition};
use longevity_core::value::Comparison::{self, Eq, Ge, Gt, Le, Lt, Ne};
use longevity_core::{Path, Step, Value};

use super::{Arrangement, Candidates, Plan};

pub(crate) static NAME: Step = Step::new("name");
pub(crate) static EMAIL: Step = Step::new("email");
pub(crate) static CATS: Step = Step::new("cats");
pub(crate) static AGE: Step = Step::new("age");
pub(crate) static ISBN: Step = Step::new("isbn");
static PREFIX: Step = Step::new("prefix");
static NUMBER: Step = Step::new("number");

const MEMBER: Scope = Scope { variant: 0, discriminators: &["Member", "Subscriber"] };

pub(crate) fn in_scope(variant: usize, discriminators: &'static [&'static str]) -> Predicate {
    Predicate::Scope(Scope { variant, discriminators })
}

pub(crate) fn path(steps: &[&'static Step]) -> Path {
    steps.iter().fold(Path::root(), |path, step| path.then(step))
}

pub(crate) fn table() -> TableDefinition {
    let column = |steps: &[&'static Step]| Column {
        path: path(steps),
        shape: Shape::Scalar(ScalarType::I64),
        optional: false,
        variant: None,
    };
    let index = |name: &str, columns: &[usize], partial: bool, unique: bool| Index {
        name: name.to_owned(),
        properties: Vec::new(),
        declared_by: "User",
        scope: partial.then_some(MEMBER),
        columns: columns.to_vec(),
        key_val: unique.then(TypeId::of::<i64>),
    };
    TableDefinition {
        name: "user".into(),
        type_name: "User",
        variants: Vec::new(),
        columns: vec![
            column(&[&NAME]),
            column(&[&EMAIL]),
            column(&[&CATS]),
            column(&[&AGE]),
            column(&[&ISBN, &PREFIX]),
            column(&[&ISBN, &NUMBER]),
        ],
        indexes: vec![
            index("name.key", &[0], false, true),
            index("email.key", &[1], true, true),
            index("cats+age+name.index", &[2, 3, 0], true, false),
            index("isbn.key", &[4, 5], false, true),
            index("age.index", &[3], true, false),
        ],
        element_indexes: Vec::new(),
        primary_key: None,
        references: Vec::new(),
        is_referenced: false,
    }
}

pub(crate) fn compare(steps: &[&'static Step], comparison: Comparison, operand: Value) -> Predicate {
    Predicate::Compare { path: path(steps), comparison, operand }
}

pub(crate) fn is(step: &'static Step, comparison: Comparison, operand: i64) -> Predicate {
    compare(&[step], comparison, Value::Int(operand))
}

pub(crate) fn isbn(prefix: i64, number: i64) -> Value {
    Value::Record(vec![("prefix", Value::Int(prefix)), ("number", Value::Int(number))])
}

pub(crate) fn members() -> Predicate {
    Predicate::Scope(MEMBER)
}

fn all<const N: usize>(parts: [Predicate; N]) -> Predicate {
    parts.into_iter().fold(Predicate::True, Predicate::and)
}

/// `name` is ascending, `-name` descending.
fn order(text: &str) -> Vec<OrderBy> {
    let by = |name: &str| {
        let (name, direction) = match name.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (name, Direction::Ascending),
        };
        let step = [&NAME, &EMAIL, &CATS, &AGE].into_iter().find(|step| step.name == name).unwrap();
        OrderBy { path: path(&[step]), direction }
    };
    text.split_whitespace().map(by).collect()
}

fn plan(predicate: Predicate, by: &str) -> Plan {
    Plan::new(&table(), &Select { order: order(by), ..Select::of(predicate) })
}

/// The access and the arrangement.
fn shown(plan: &Plan) -> String {
    let explanation = plan.explain(&table());
    let access = match &explanation.access {
        longevity_core::Access::Index { name, equal_columns, range } => {
            format!("{name} {equal_columns}{}", if *range { "+range" } else { "" })
        }
        other => format!("{other:?}"),
    };
    let arrangement = match plan.arrangement {
        Arrangement::ById(_) => "ById".to_owned(),
        Arrangement::Groups { columns, direction, in_order, .. } => {
            format!("{direction:?} groups of {columns}{}", if in_order { "" } else { ", sorted within" })
        }
        other => format!("{other:?}"),
    };
    assert_eq!(
        explanation.ordered_by_access,
        !arrangement.contains(", sorted") && !["ById", "Sort"].contains(&&*arrangement)
    );
    format!("{access} | {arrangement}")
}

#[test]
fn plans() {
    let no_match = || all([members(), in_scope(1, &["Commenter"])]);
    let either = || is(&NAME, Eq, 1).or(is(&NAME, Eq, 2));
    for (predicate, by, expected) in [
        // Equality decides which index is chosen.
        (Predicate::True, "", "Scan | Forward"),
        (is(&NAME, Eq, 1), "", "name.key 1 | Forward"),
        (is(&NAME, Eq, 1), "-cats", "name.key 1 | Forward"),
        (all([members(), is(&NAME, Eq, 1), is(&CATS, Eq, 1), is(&AGE, Eq, 1)]), "", "name.key 1 | Forward"),
        (all([members(), is(&CATS, Eq, 1), is(&AGE, Eq, 1)]), "", "cats+age+name.index 2 | ById"),
        (all([members(), is(&AGE, Eq, 1), is(&CATS, Gt, 1)]), "", "age.index 1 | Forward"),
        (all([members(), is(&AGE, Gt, 1), is(&NAME, Gt, 1)]), "", "name.key 0+range | ById"),
        (all([members(), is(&AGE, Eq, 1)]), "name", "age.index 1 | Sort"),
        // A partial index needs its condition, in whatever form.
        (is(&EMAIL, Eq, 1), "", "Scan | Forward"),
        (all([members(), is(&EMAIL, Eq, 1)]), "", "email.key 1 | Forward"),
        (all([is(&EMAIL, Eq, 1), in_scope(0, &["Subscriber"])]), "", "email.key 1 | Forward"),
        (all([is(&EMAIL, Eq, 1), in_scope(0, &["Member", "Commenter"])]), "", "Scan | Forward"),
        (Predicate::Not(Box::new(members())).and(is(&EMAIL, Eq, 1)), "", "Scan | Forward"),
        (members().or(is(&EMAIL, Eq, 1)), "", "Scan | Forward"),
        (Predicate::And(vec![Predicate::And(vec![members()]), is(&EMAIL, Eq, 1)]), "", "email.key 1 | Forward"),
        // A part that is not a conjunct is not a fact.
        (either(), "", "name.key 1 | ById"),
        (Predicate::Not(Box::new(is(&NAME, Eq, 1))), "", "Scan | Forward"),
        (is(&NAME, Ne, 1), "", "Scan | Forward"),
        (all([either(), is(&NAME, Gt, 0)]), "", "name.key 0+range | ById"),
        // Ranges.
        (is(&NAME, Ge, 1), "", "name.key 0+range | ById"),
        (is(&NAME, Le, 1), "name", "name.key 0+range | Forward"),
        (all([is(&NAME, Gt, 1), is(&NAME, Lt, 9)]), "-name", "name.key 0+range | Backward"),
        (all([members(), is(&CATS, Eq, 1), is(&AGE, Gt, 1)]), "age name", "cats+age+name.index 1+range | Forward"),
        // A key value with several fields.
        (compare(&[&ISBN], Eq, isbn(1, 2)), "", "isbn.key 2 | Forward"),
        (compare(&[&ISBN], Eq, Value::NONE), "", "isbn.key 2 | Forward"),
        (compare(&[&ISBN], Ne, isbn(1, 2)), "", "Scan | Forward"),
        (compare(&[&ISBN, &PREFIX], Eq, Value::Int(1)), "", "isbn.key 1 | ById"),
        (compare(&[&ISBN, &NUMBER], Eq, Value::Int(1)), "", "Scan | Forward"),
        // Order.
        (Predicate::True, "name", "name.key 0 | Forward"),
        (Predicate::True, "-name", "name.key 0 | Backward"),
        (Predicate::True, "name cats", "name.key 0 | Forward"),
        (Predicate::True, "cats", "Scan | Sort"),
        (members(), "cats age name", "cats+age+name.index 0 | Forward"),
        (members(), "-cats -age -name", "cats+age+name.index 0 | Descending groups of 3"),
        (members(), "cats", "cats+age+name.index 0 | Ascending groups of 1, sorted within"),
        (members(), "-cats -age", "cats+age+name.index 0 | Descending groups of 2, sorted within"),
        (members(), "cats -age", "Scan | Sort"),
        (members(), "cats cats age name", "cats+age+name.index 0 | Forward"),
        (members(), "age", "age.index 0 | Forward"),
        (members(), "-age", "age.index 0 | Descending groups of 1"),
        (members(), "age name", "Scan | Sort"),
        (all([members(), is(&CATS, Eq, 1)]), "-cats age name", "cats+age+name.index 1 | Forward"),
        (all([members(), is(&CATS, Eq, 1)]), "-age", "cats+age+name.index 1 | Descending groups of 2, sorted within"),
        (all([members(), is(&CATS, Eq, 1)]), "cats", "cats+age+name.index 1 | ById"),
        (all([members(), is(&CATS, Eq, 1)]), "name", "cats+age+name.index 1 | Sort"),
        (all([members(), is(&CATS, Eq, 1), is(&AGE, Eq, 1), is(&NAME, Eq, 1)]), "email", "name.key 1 | Forward"),
        // Contradictions.
        (Predicate::False, "name", "Nothing | Forward"),
        (Predicate::Or(vec![]), "", "Nothing | Forward"),
        (all([is(&CATS, Eq, 1), Predicate::False]), "", "Nothing | Forward"),
        (no_match(), "", "Nothing | Forward"),
        (all([is(&CATS, Eq, 1), is(&CATS, Eq, 2)]), "", "Nothing | Forward"),
        (compare(&[&CATS], Gt, Value::NONE), "", "Nothing | Forward"),
        (all([is(&NAME, Gt, 2), is(&NAME, Lt, 2)]), "", "Nothing | Forward"),
    ] {
        let name = format!("{predicate:?} by {by:?}");
        assert_eq!(shown(&plan(predicate, by)), expected, "{name}");
    }
}

#[test]
fn rows_that_the_order_leaves_equal_may_come_by_descending_id() {
    for (predicate, by, expected) in [
        (Predicate::True, "", "Scan | Backward"),
        (Predicate::True, "name", "name.key 0 | Forward"),
        (members(), "age", "age.index 0 | Ascending groups of 1"),
        (members(), "-age", "age.index 0 | Backward"),
        (members(), "-cats -age", "cats+age+name.index 0 | Descending groups of 2, sorted within"),
        (all([members(), is(&AGE, Eq, 1)]), "", "age.index 1 | Backward"),
        (is(&NAME, Ge, 1), "", "name.key 0+range | ById"),
    ] {
        let name = format!("{predicate:?} by {by:?}");
        let select = Select { order: order(by), ties: Direction::Descending, ..Select::of(predicate) };
        assert_eq!(shown(&Plan::new(&table(), &select)), expected, "{name}");
    }
}

#[test]
fn a_range_includes_or_excludes_its_bounds_as_asked() {
    let entry = |value: i64| {
        let mut key = crate::encode::key::Buffer::new();
        crate::encode::key::encode(Value::Int(value).as_value_ref(), &mut key);
        key
    };
    for (predicate, inside, outside) in [
        (is(&NAME, Eq, 5), vec![5], vec![4, 6]),
        (is(&NAME, Gt, 5), vec![6, i64::MAX], vec![5, i64::MIN]),
        (is(&NAME, Ge, 5), vec![5, 6], vec![4]),
        (is(&NAME, Lt, 5), vec![4, i64::MIN], vec![5]),
        (is(&NAME, Le, 5), vec![5, i64::MIN], vec![6]),
        (all([is(&NAME, Ge, 3), is(&NAME, Gt, 5), is(&NAME, Lt, 9), is(&NAME, Le, 8)]), vec![6, 8], vec![5, 9]),
    ] {
        let Candidates::Index(range) = plan(predicate.clone(), "").candidates else { panic!("{predicate:?}") };
        let holds = |value: &i64| range.start <= entry(*value) && entry(*value) < range.end;
        assert!(inside.iter().all(holds), "{predicate:?}");
        assert!(!outside.iter().any(holds), "{predicate:?}");
    }
}

#[test]
fn key_values_with_a_common_first_field_are_looked_at_once() {
    let operands = vec![isbn(2, 1), isbn(1, 1), isbn(1, 2), isbn(2, 3)];
    let plan = plan(Predicate::In { path: path(&[&ISBN]), operands, negated: false }, "");
    let Candidates::Union(ranges) = plan.candidates else { panic!("{plan:?}") };
    assert_eq!(ranges.len(), 2);
    assert!(ranges[0].start < ranges[1].start);
}
