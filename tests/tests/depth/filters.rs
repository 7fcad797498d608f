//! Filters of the greatest depth are answered correctly, and far deeper ones are refused by name.

use longevity::backend::Backend;
use longevity::limits::FILTER_LEVELS;
use longevity::{Filter, PersistentType, Query};

use crate::model::{Colour, Nested, Thing, things, with_things};
use crate::stores::{Store, assert_finds, assert_refused, on_each_back_end};

on_each_back_end! {
    filters_with_the_most_levels_are_answered
    filters_with_one_level_more_are_refused
    filters_of_a_thousand_levels_and_of_a_hundred_thousand_are_refused
    a_delete_by_a_filter_with_the_most_levels_is_done
}

/// A filter, and whether it is true of each of the things.
struct Known {
    filter: Filter<Thing>,
    truth: Vec<bool>,
}

impl Known {
    fn new(filter: Filter<Thing>, truth: impl Fn(&Thing) -> bool) -> Self {
        Self { filter, truth: things().iter().map(truth).collect() }
    }

    fn and(self, other: Self) -> Self {
        let truth = self.truth.iter().zip(other.truth).map(|(a, b)| *a && b).collect();
        Self { filter: self.filter & other.filter, truth }
    }

    fn or(self, other: Self) -> Self {
        let truth = self.truth.iter().zip(other.truth).map(|(a, b)| *a || b).collect();
        Self { filter: self.filter | other.filter, truth }
    }

    fn not(self) -> Self {
        Self { filter: !self.filter, truth: self.truth.into_iter().map(|truth| !truth).collect() }
    }

    fn names(&self) -> Vec<String> {
        things()
            .iter()
            .zip(&self.truth)
            .filter(|(_, truth)| **truth)
            .map(|(thing, _)| thing.name().to_owned())
            .collect()
    }
}

fn number_of(thing: &Thing) -> i64 {
    match thing {
        Thing::Nested(nested) => nested.number,
        Thing::Plain(plain) => plain.number,
    }
}

fn is_nested(thing: &Thing, holds: impl Fn(&Nested) -> bool) -> bool {
    matches!(thing, Thing::Nested(nested) if holds(nested))
}

/// The innermost condition, in different forms: one that uses an index, some on properties without a column, and some that
/// MongoDB evaluates as an expression.
fn innermost(form: usize) -> Known {
    let (p, n) = (Thing::props(), Nested::props());
    match form {
        0 => Known::new(p.number.gt(6), |thing| number_of(thing) > 6),
        1 => Known::new(n.note.some().some().eq(5).widen(), |thing| is_nested(thing, |n| n.note == Some(Some(5)))),
        2 => Known::new(n.marks.entry("m1").some().ge(1).widen(), |thing| {
            is_nested(thing, |n| n.marks.get("m1").is_some_and(|mark| *mark >= 1))
        }),
        3 => Known::new(n.colour.eq(Colour::Red).widen(), |thing| is_nested(thing, |n| n.colour == Colour::Red)),
        4 => Known::new(n.tags.contains("t1").widen(), |thing| is_nested(thing, |n| n.tags.contains(&"t1".to_owned()))),
        _ => Known::new(n.tags.len().ne(2).widen(), |thing| is_nested(thing, |n| n.tags.len() != 2)),
    }
}

const FORMS: usize = 6;

/// The filter with one or two levels more.
fn around(known: Known, way: usize, step: usize) -> Known {
    let (p, n) = (Thing::props(), Nested::props());
    let turn = step as i64 % 12;
    let differs = || Known::new(p.number.ne(turn), |thing| number_of(thing) != turn);
    let is = || Known::new(p.number.eq(turn), |thing| number_of(thing) == turn);
    let of_nested = || {
        let tag = if step.is_multiple_of(2) { "t0" } else { "t2" };
        Known::new(n.tags.contains(tag).widen(), move |thing| is_nested(thing, |n| n.tags.contains(&tag.to_owned())))
    };
    match way {
        0 => known.and(differs()).not(),
        1 => known.or(is()).not(),
        2 if step.is_multiple_of(2) => known.and(differs()),
        2 => is().or(known),
        _ if step.is_multiple_of(2) => of_nested().not().and(known).or(is()),
        _ => known.or(of_nested()).not(),
    }
}

const WAYS: usize = 4;

/// A filter with as many levels as fit.
fn deepest(form: usize, way: usize) -> Known {
    let mut known = innermost(form);
    for step in 0.. {
        let next = around(Known { filter: known.filter.clone(), truth: known.truth.clone() }, way, step);
        if next.filter.levels() > FILTER_LEVELS {
            return known;
        }
        known = next;
    }
    known
}

/// A filter that is built step by step, whatever its depth.
fn of_steps(way: usize, steps: usize) -> Filter<Thing> {
    let p = Thing::props();
    let mut filter = p.number.gt(6);
    for step in 0..steps as i64 {
        filter = match way {
            0 => !(filter & p.number.ne(step)),
            1 => !(p.number.eq(step) | filter),
            2 => (filter & p.number.ne(step)) | p.number.eq(step),
            _ => !(filter & Nested::props().note.is_none()).and(p.mark.ge(0)),
        };
    }
    filter
}

fn filters_with_the_most_levels_are_answered<B: Backend>(store: &Store<B>) {
    with_things(store);
    for form in 0..FORMS {
        for way in [form % WAYS, (form + 1) % WAYS] {
            let known = deepest(form, way);
            assert!(known.filter.levels() >= FILTER_LEVELS - 2, "{}", known.filter.levels());
            let query = || Thing::query().filter(known.filter.clone());
            assert_finds(store, &query, &known.names());
            let ordered = || query().order_by(Thing::props().number.desc());
            if way == form {
                assert_finds(store, &ordered, &known.names());
            }
            // A page after a position, which adds a condition.
            let things = store.repo::<Thing>();
            let first = things.page(ordered().limit(1), None).unwrap();
            if let Some(next) = first.next {
                let rest = things.page(ordered(), Some(&next)).unwrap();
                assert_eq!(rest.states.len(), known.names().len() - 1);
            }
        }
    }
}

fn filters_with_one_level_more_are_refused<B: Backend>(store: &Store<B>) {
    with_things(store);
    for way in 0..WAYS {
        let mut filter = deepest(0, way).filter;
        let mut step = 0;
        while filter.levels() <= FILTER_LEVELS {
            filter = around(Known { filter, truth: Vec::new() }, way, step).filter;
            step += 1;
        }
        assert_refused(store, &|| Thing::query().filter(filter.clone()), &format!("{FILTER_LEVELS} levels"));
    }
}

fn filters_of_a_thousand_levels_and_of_a_hundred_thousand_are_refused<B: Backend>(store: &Store<B>) {
    let things = with_things(store).len() as u64;
    for way in 0..WAYS {
        for steps in [140, 1_000, 100_000] {
            let filter = of_steps(way, steps);
            let query = || Thing::query().filter(filter.clone());
            assert_refused(store, &query, &format!("{FILTER_LEVELS} levels"));
            assert!(!format!("{filter:?} {:?}", query()).is_empty());
            assert!(filter.predicate() == filter.clone().predicate());
            // More conditions around it do not make it acceptable.
            let more = Filter::<Thing>::all_of([filter.clone(), Filter::nothing()]) | Filter::<Thing>::nothing();
            assert_refused(store, &|| Thing::query().filter(!more.clone()), "levels");
            let query = || Thing::query().filter(Thing::props().number.eq(1)).filter(filter.clone());
            assert_refused(store, &query, "levels");
        }
    }
    assert_eq!(store.repo::<Thing>().count(Query::new()).unwrap(), things, "nothing was deleted");
    let untouched = Thing::query().filter(Thing::props().mark.eq(0));
    assert_eq!(store.repo::<Thing>().count(untouched).unwrap(), things, "nothing was changed");
}

fn a_delete_by_a_filter_with_the_most_levels_is_done<B: Backend>(store: &Store<B>) {
    let all = with_things(store).len();
    let known = deepest(2, 3);
    let deleted = store.repo::<Thing>().delete_where(Thing::query().filter(known.filter.clone())).unwrap();
    assert_eq!(deleted, known.names().len() as u64);
    assert_eq!(store.repo::<Thing>().count(Query::new()).unwrap(), all as u64 - deleted);
}
