//! Tests which predicates an index counts alone, and which need a look at the rows.

use longevity_core::backend::Predicate;
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::value::Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
use longevity_core::{RowId, Value};

use super::ranges;
use crate::query::plan::tests::{AGE, CATS, EMAIL, ISBN, NAME, compare, in_scope, is, isbn, members, path, table};

/// The index by which the rows are counted, and the number of its ranges.
fn counted_by(predicate: &Predicate) -> Option<(String, usize)> {
    let definition = table();
    let ranges = ranges(&definition, predicate)?;
    let name = ranges.first().map(|range| definition.indexes[range.index].name.clone());
    Some((name.unwrap_or_default(), ranges.len()))
}

fn by(name: &str, ranges: usize) -> Option<(String, usize)> {
    Some((name.to_owned(), ranges))
}

fn among(values: &[i64]) -> Predicate {
    Predicate::In { path: path(&[&CATS]), operands: values.iter().copied().map(Value::Int).collect(), negated: false }
}

#[test]
fn predicates_that_the_ranges_decide_are_counted_by_the_index() {
    let cats = "cats+age+name.index";
    assert_eq!(counted_by(&members()), by(cats, 1), "all of the type");
    assert_eq!(counted_by(&Predicate::True), by("name.key", 1), "all rows");
    assert_eq!(counted_by(&members().and(is(&CATS, Eq, 3))), by(cats, 1));
    assert_eq!(counted_by(&members().and(is(&CATS, Ge, 3)).and(is(&CATS, Lt, 7))), by(cats, 1));
    assert_eq!(counted_by(&members().and(is(&CATS, Eq, 3)).and(is(&AGE, Gt, 7))), by(cats, 1));
    assert_eq!(counted_by(&members().and(is(&AGE, Le, 7))), by("age.index", 1));
    assert_eq!(counted_by(&is(&NAME, Gt, 3)), by("name.key", 1), "a range of a key");
    assert_eq!(counted_by(&members().and(compare(&[&CATS], Eq, Value::NONE))), by(cats, 1), "absent");
    let nested = Predicate::And(vec![Predicate::And(vec![members(), Predicate::True]), is(&CATS, Eq, 3)]);
    assert_eq!(counted_by(&nested), by(cats, 1));
    assert_eq!(counted_by(&members().and(among(&[3]))), by(cats, 1));
    // Each value counts once.
    assert_eq!(counted_by(&members().and(among(&[7, 3, 7, 5]))), by(cats, 3));
    // The scope has more types than the index, but only rows of the index satisfy both.
    let wider = in_scope(0, &["Subscriber", "Commenter", "Member"]);
    assert_eq!(counted_by(&members().and(wider)), by(cats, 1));
}

#[test]
fn contradictions_have_no_rows() {
    for nothing in [Predicate::False, is(&CATS, Eq, 3).and(is(&CATS, Eq, 4)), compare(&[&CATS], Lt, Value::NONE)] {
        assert_eq!(counted_by(&nothing), by("", 0));
    }
}

#[test]
fn predicates_that_the_ranges_leave_open_need_the_rows() {
    let cats = || members().and(is(&CATS, Ge, 3));
    let looked_at = [
        // Some of these rows are not in the index.
        is(&CATS, Ge, 3),
        in_scope(1, &["Commenter"]),
        // The index also has rows with another discriminator.
        in_scope(0, &["Member"]).and(is(&CATS, Ge, 3)),
        in_scope(0, &["Member"]),
        members().and(is(&NAME, Ge, 3)),
        // These columns come after a range, or after a column that the predicate does not restrict.
        cats().and(is(&AGE, Eq, 3)),
        cats().and(is(&AGE, Ge, 3)),
        members().and(is(&AGE, Eq, 3)).and(is(&NAME, Eq, 3)).and(is(&CATS, Ne, 3)),
        members().and(is(&CATS, Ne, 3)),
        cats().negate(),
        cats().and(is(&CATS, Eq, 3).or(is(&CATS, Eq, 4))),
        cats().and(Predicate::Id { comparison: Ge, id: RowId::from_u128(3) }),
        cats().and(among(&[3, 4])),
        members().and(among(&[3, 4])).and(among(&[4, 5])),
        members().and(among(&[3, 4])).and(is(&AGE, Eq, 3)),
        // A look-up finds one row at most.
        is(&NAME, Eq, 3),
        members().and(is(&EMAIL, Eq, 3)),
        // This is a value with several fields.
        compare(&[&ISBN], Eq, isbn(1, 2)),
    ];
    for predicate in looked_at {
        assert_eq!(counted_by(&predicate), None, "{predicate:?}");
    }
}

#[test]
fn a_range_of_floats_has_no_nan() {
    let mut definition = table();
    definition.columns[2].shape = Shape::Scalar(ScalarType::F64);
    let start_of = |number: f64, comparison| {
        let predicate = members().and(compare(&[&CATS], comparison, Value::Float(number)));
        ranges(&definition, &predicate).map(|ranges| ranges[0].start.clone())
    };
    let key_of = |number: f64| {
        let mut key = crate::encode::key::Buffer::new();
        crate::encode::key::encode(longevity_core::ValueRef::Float(number), &mut key);
        key
    };
    for number in [f64::NEG_INFINITY, -1.0, 0.0, f64::INFINITY] {
        for comparison in [Lt, Le, Gt, Ge] {
            assert!(start_of(number, comparison).unwrap() > key_of(f64::NAN), "{number} {comparison:?}");
        }
        assert!(start_of(number, Lt).unwrap() < key_of(f64::NEG_INFINITY));
    }
    assert!([Lt, Le, Gt, Ge].iter().all(|comparison| start_of(f64::NAN, *comparison).is_none()));
    assert_eq!(start_of(f64::NAN, Eq), Some(key_of(f64::NAN)));
}
