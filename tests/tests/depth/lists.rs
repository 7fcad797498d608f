//! Long lists and long chains of conditions cost time in proportion to their length: at quadratic cost, none of these tests would
//! end within hours.

use longevity::blocking::Longevity;
use longevity::{Filter, Mem, PersistentType, Query};

use crate::model::{Deep, Name, Nested, Plain, Thing, with_things};

const KEYS: i64 = 40_000;
const LONG: i64 = 100_000;

fn numbered(rows: i64) -> Longevity<Deep, Mem> {
    let store = Longevity::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    let plain = |number: i64| Plain { name: Name(format!("n{number}")), number, mark: -number };
    store.repo::<Plain>().create_many((0..rows).map(plain)).unwrap();
    store
}

#[test]
fn a_list_of_40000_keys_is_looked_up_in_order_for_each_row_in_memory() {
    let store = numbered(KEYS);
    let (all, p) = (store.repo::<Plain>(), Plain::props());
    let names = || (0..KEYS).rev().map(|number| Name(format!("n{}", number * 2)));
    assert_eq!(all.count(Plain::query().filter(p.name.is_in(names()))).unwrap(), KEYS as u64 / 2);
    assert_eq!(all.count(Plain::query().filter(p.name.not_in(names()))).unwrap(), KEYS as u64 / 2);
    // One property has an index that is not unique, and the other has no index.
    let numbers = || (0..LONG).map(|number| number * 4);
    for property in [&p.number, &p.mark] {
        let in_list = all.count(Plain::query().filter(property.is_in(numbers()))).unwrap();
        let others = all.count(Plain::query().filter(property.not_in(numbers()))).unwrap();
        assert_eq!((in_list > 0, in_list + others), (true, KEYS as u64));
    }
    assert_eq!(all.count(Plain::query().filter(p.number.is_in(numbers()))).unwrap(), KEYS as u64 / 4);
}

#[test]
fn equalities_of_one_property_become_one_list_at_either_end() {
    let store = numbered(100);
    let (all, p) = (store.repo::<Plain>(), Plain::props());
    let appended = (0..LONG).fold(Filter::nothing(), |filter: Filter<Plain>, number| filter | p.mark.eq(-2 * number));
    let prepended = (0..LONG).fold(Filter::nothing(), |filter: Filter<Plain>, number| p.mark.eq(-2 * number) | filter);
    assert_eq!(all.count(Plain::query().filter(appended)).unwrap(), 50);
    assert_eq!(all.count(Plain::query().filter(prepended)).unwrap(), 50);
}

/// Combines a filter with one more condition.
type Way = fn(Filter<Plain>, Filter<Plain>) -> Filter<Plain>;

#[test]
fn a_hundred_thousand_conditions_are_combined_at_either_end() {
    let store = numbered(10);
    let (all, things, p) = (store.repo::<Plain>(), store.repo::<Thing>(), Plain::props());
    let ways: [Way; 4] =
        [|all, one| all & one, |all, one| one & all, |all, one| !(!all | !one), |all, one| !(!one | !all)];
    for way in ways {
        let differs =
            (0..LONG).fold(Filter::all(), |filter: Filter<Plain>, number| way(filter, p.number.ne(number * 3)));
        assert_eq!(all.count(Plain::query().filter(differs.clone())).unwrap(), 6);
        assert_eq!(things.count(Thing::query().filter(differs)).unwrap(), 6);
    }
    // Each step adds several conditions, but fewer than the filter already has.
    let apart =
        (0..LONG).fold(Filter::all(), |filter: Filter<Plain>, number| p.number.between(-number, 5 + number) & filter);
    assert_eq!(all.count(Plain::query().filter(apart)).unwrap(), 6);
    // Each step adds a test of the type and a condition on a derived type to a filter of the poly type.
    let typed = (0..LONG)
        .fold(Filter::all(), |filter: Filter<Thing>, number| Thing::is::<Plain>() & (p.number.ne(number * 2) & filter));
    assert_eq!(things.count(Thing::query().filter(typed)).unwrap(), 5);
    let added = (0..10_000).fold(Query::new(), |query, number| query.filter(p.number.ne(number * 2)));
    assert_eq!(all.count(added).unwrap(), 5);
}

#[test]
fn mixed_parts_are_scoped_in_linear_time() {
    let store = numbered(0);
    with_things(&store);
    let p = Plain::props();
    let either = (0..LONG / 2).map(|number| p.number.lt(number) | p.number.gt(number));
    let plain = (0..LONG / 2).map(|number| p.number.ne(-number - 1));
    let mixed = Filter::all_of(either.chain(plain));
    // The plain things have the numbers 3, 7 and 11, all of which are excluded.
    assert_eq!(store.repo::<Thing>().count(Thing::query().filter(mixed)).unwrap(), 0);
}

#[test]
fn a_hundred_thousand_equalities_of_different_properties_are_planned_in_linear_time() {
    let store = numbered(0);
    with_things(&store);
    let n = Nested::props();
    let entry = |number: i64| n.marks.entry(format!("k{number}").as_str());
    let absent = Filter::all_of((0..LONG).map(|number| entry(number).is_none()));
    let equal = Filter::all_of((0..LONG).map(|number| entry(number).eq(Some(number))));
    let all = store.repo::<Nested>();
    assert_eq!(all.count(Nested::query().filter(absent)).unwrap(), 9);
    assert_eq!(all.count(Nested::query().filter(equal)).unwrap(), 0);
}
