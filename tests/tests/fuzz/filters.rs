//! Filters of any form: trees of the public operators over properties, evaluated on values and run on a store.

use longevity::backend::{Subject, evaluate};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::proptest::strategy::{Strategy, ValueTree};
use longevity::testkit::proptest::test_runner::TestRunner;
use longevity::testkit::{Generators, SpecKeys};
use longevity_tests::models::queries::{Bundle, Item, Shelf, ShelfName, Size, Storage, Thing};
use uuid::Uuid;

use crate::chance::Chance;

/// How deeply operators may be nested in a filter.
const MAX_DEPTH: usize = 30;

/// A tree of operators over such leaves. One side of each operator is small, or there would be 2^30 leaves.
fn tree<P: longevity::PersistentType>(
    depth: usize,
    chance: &mut Chance,
    leaf: &dyn Fn(&mut Chance) -> Filter<P>,
) -> Filter<P>
where
    Filter<P>:
        std::ops::BitAnd<Output = Filter<P>> + std::ops::BitOr<Output = Filter<P>> + std::ops::Not<Output = Filter<P>>,
{
    if depth == 0 {
        return leaf(chance);
    }
    let inner = tree(depth - 1, chance, leaf);
    let other = |chance: &mut Chance| tree(chance.below(3).min(depth - 1), chance, leaf);
    match chance.below(8) {
        0 => inner & other(chance),
        1 => other(chance) & inner,
        2 => inner | other(chance),
        3 => other(chance) | inner,
        4 | 5 => !inner,
        6 => Filter::all_of([Some(inner), chance.is_one_in(2).then(|| other(chance)), Some(leaf(chance))]),
        _ => Filter::any_of([None, Some(inner), Some(leaf(chance))]),
    }
}

fn text(chance: &mut Chance) -> String {
    const TEXTS: &[&str] =
        &["", "a", "A", "b", "é", "İ", "ß", "\0", "\u{10ffff}", "\u{d7ff}", "'", "$", "%", ".", "\u{1f980}"];
    (0..chance.below(3)).map(|_| *chance.of(TEXTS)).collect()
}

fn float(chance: &mut Chance) -> f64 {
    let known = [f64::NAN, -f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1.5];
    if chance.is_one_in(3) { f64::from_bits(chance.next()) } else { *chance.of(&known) }
}

fn integer(chance: &mut Chance) -> i64 {
    if chance.is_one_in(3) { chance.next() as i64 } else { *chance.of(&[0, 1, -1, i64::MAX, i64::MIN]) }
}

fn sizes(chance: &mut Chance) -> Vec<Option<Size>> {
    (0..chance.below(4))
        .map(|_| *chance.of(&[None, Some(Size::Small), Some(Size::Middle), Some(Size::Large)]))
        .collect()
}

fn of_shelf(chance: &mut Chance) -> Filter<Shelf> {
    let s = Shelf::props();
    let unsigned = integer(chance) as u64;
    match chance.below(40) {
        0 => Filter::all(),
        1 => Filter::nothing(),
        2 => s.name.eq(ShelfName(text(chance))),
        3 => s.name.is_in((0..chance.below(5)).map(|_| ShelfName(text(chance))).collect::<Vec<_>>()),
        4 => s.name.starts_with(text(chance)),
        5 => s.note.starts_with(text(chance)),
        6 => s.note.ends_with(text(chance)),
        7 => s.note.contains(text(chance)),
        8 => s.note.eq_ignore_case(text(chance)),
        9 => s.note.is_none(),
        10 => s.note.eq(text(chance)),
        11 => s.note.not_in((0..chance.below(5)).map(|_| text(chance)).collect::<Vec<_>>()),
        12 => s.note.between(text(chance), text(chance)),
        13 => s.size.ne(*chance.of(&[Size::Small, Size::Middle])),
        14 => s.size.is_some(),
        15 => s.total.gt(unsigned),
        16 => s.total.between(unsigned, integer(chance) as u64),
        17 => s.total.is_in([unsigned, u64::MAX, 0]),
        18 => s.balance.le(integer(chance)),
        19 => s.balance.not_in([integer(chance), integer(chance)]),
        20 => s.balance.between(integer(chance), integer(chance)),
        21 => s.score.eq(float(chance)),
        22 => s.score.lt(float(chance)),
        23 => s.score.ge(float(chance)),
        24 => s.score.between(float(chance), float(chance)),
        25 => s.score.not_in([float(chance), float(chance), float(chance)]),
        26 => s.sizes.eq(sizes(chance)),
        27 => s.sizes.contains(Some(Size::Large)),
        28 => s.sizes.contains_any(sizes(chance)),
        29 => s.sizes.contains_all(sizes(chance)),
        30 => s.sizes.is_empty(),
        31 => s.sizes.len().between(unsigned, u64::MAX),
        32 => s.content.nothing.is(),
        33 => s.content.liquid.is(),
        34 => s.content.liquid.litres.ge(float(chance) as f32),
        35 => s.reserve.is_none(),
        36 => s.by_size.contains_key(Size::Small),
        37 => s.by_number.entry(unsigned).is_none(),
        38 => s.by_shelf.entry(ShelfName(text(chance))).lt(float(chance) as f32),
        _ => s.by_uuid.contains_key(Uuid::from_u128(unsigned.into())),
    }
}

fn of_item(chance: &mut Chance) -> Filter<Item> {
    let (i, t, b) = (Item::props(), Thing::props(), Bundle::props());
    match chance.below(12) {
        0 => Item::is::<Thing>(),
        1 => i.label.text.eq(text(chance)),
        2 => i.label.flag.eq(true),
        3 => i.label.weights.entry(integer(chance) as i8).ge(float(chance)),
        4 => i.next_to.is_none(),
        5 => i.id.number.le(integer(chance) as u16),
        6 => i.id.shelf.starts_with(text(chance)),
        7 => t.size.eq(Size::Large).widen(),
        8 => t.at.is_some().widen(),
        9 => b.size.between(integer(chance) as u8, 200).widen(),
        10 => (!b.of.is_empty()).widen(),
        _ => b.contents.contains_key(text(chance)).widen(),
    }
}

fn values<T: SpecKeys>() -> Vec<T> {
    let strategy = T::rows(&Generators::new());
    let mut runner = TestRunner::deterministic();
    (0..12).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn filters_of_any_form_are_answered() {
    let store = Longevity::<Storage, _>::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    let (shelves, items) = (store.repo::<Shelf>(), store.repo::<Item>());
    // Values that break a key are left out.
    values::<Shelf>().into_iter().for_each(|shelf| drop(shelves.create(shelf)));
    values::<Item>().into_iter().for_each(|item| drop(items.create(item)));
    let of_store = shelves.find(Shelf::query().all()).unwrap();
    assert!(of_store.len() > 4 && items.count(Item::query().all()).unwrap() > 4);
    super::run("filters", |chance| {
        let depth = chance.below(MAX_DEPTH + 1);
        if chance.is_one_in(3) {
            let filter = tree(depth, chance, &of_item);
            return items.count(Item::query().filter(filter)).unwrap() > 0;
        }
        let filter = tree(depth, chance, &of_shelf);
        let is_true = |state: &&PState<Shelf>| {
            let row = Subject { id: state.id(), discriminator: None };
            evaluate(filter.predicate(), row, &|steps| longevity::Storable::value_at(&***state, steps))
        };
        let found = of_store.iter().filter(is_true).count() as u64;
        let _ = format!("{:?}", filter.predicate());
        assert_eq!(shelves.count(Shelf::query().filter(filter.clone())).unwrap(), found, "{:?}", filter.predicate());
        found > 0
    });
}
