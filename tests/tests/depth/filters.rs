//! Filters as deep as they may be, which mean what they say, and far deeper ones, which are refused by name.

use longevity::backend::Backend;
use longevity::limits::FILTER_LEVELS;
use longevity::{Filter, PersistentType, Query};

use crate::model::{Colour, Nested, Thing, things, with_things};
use crate::stores::{Store, assert_finds, assert_refused, on_each_back_end};

on_each_back_end! {
    filters_of_as_many_levels_as_there_may_be_are_answered
    filters_of_one_level_more_are_refused
    filters_of_a_thousand_levels_and_of_a_hundred_thousand_are_refused
    deletes_by_a_filter_of_as_many_levels_as_there_may_be
}

/// A filter, and the truth of it for each of the things.
struct Told {
    filter: Filter<Thing>,
    truth: Vec<bool>,
}

impl Told {
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

/// The question at the innermost, each of another form: by a key of an index, by what has no column, by what MongoDB says as
/// an expression.
fn innermost(form: usize) -> Told {
    let (p, n) = (Thing::props(), Nested::props());
    match form {
        0 => Told::new(p.number.gt(6), |thing| number_of(thing) > 6),
        1 => Told::new(n.note.some().some().eq(5).widen(), |thing| is_nested(thing, |n| n.note == Some(Some(5)))),
        2 => Told::new(n.marks.entry("m1").some().ge(1).widen(), |thing| {
            is_nested(thing, |n| n.marks.get("m1").is_some_and(|mark| *mark >= 1))
        }),
        3 => Told::new(n.colour.eq(Colour::Red).widen(), |thing| is_nested(thing, |n| n.colour == Colour::Red)),
        4 => Told::new(n.tags.contains("t1").widen(), |thing| is_nested(thing, |n| n.tags.contains(&"t1".to_owned()))),
        _ => Told::new(n.tags.len().ne(2).widen(), |thing| is_nested(thing, |n| n.tags.len() != 2)),
    }
}

const FORMS: usize = 6;

/// One level more, or two.
fn around(told: Told, way: usize, step: usize) -> Told {
    let (p, n) = (Thing::props(), Nested::props());
    let turn = step as i64 % 12;
    let differs = || Told::new(p.number.ne(turn), |thing| number_of(thing) != turn);
    let is = || Told::new(p.number.eq(turn), |thing| number_of(thing) == turn);
    let of_nested = || {
        let tag = if step.is_multiple_of(2) { "t0" } else { "t2" };
        Told::new(n.tags.contains(tag).widen(), move |thing| is_nested(thing, |n| n.tags.contains(&tag.to_owned())))
    };
    match way {
        0 => told.and(differs()).not(),
        1 => told.or(is()).not(),
        2 if step.is_multiple_of(2) => told.and(differs()),
        2 => is().or(told),
        _ if step.is_multiple_of(2) => of_nested().not().and(told).or(is()),
        _ => told.or(of_nested()).not(),
    }
}

const WAYS: usize = 4;

/// A filter of as many levels as fit.
fn deepest(form: usize, way: usize) -> Told {
    let mut told = innermost(form);
    for step in 0.. {
        let next = around(Told { filter: told.filter.clone(), truth: told.truth.clone() }, way, step);
        if next.filter.levels() > FILTER_LEVELS {
            return told;
        }
        told = next;
    }
    told
}

/// One that was built step by step, however deep it is then.
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

fn filters_of_as_many_levels_as_there_may_be_are_answered<B: Backend>(store: &Store<B>) {
    with_things(store);
    for form in 0..FORMS {
        for way in [form % WAYS, (form + 1) % WAYS] {
            let told = deepest(form, way);
            assert!(told.filter.levels() >= FILTER_LEVELS - 2, "{}", told.filter.levels());
            let query = || Thing::query().filter(told.filter.clone());
            assert_finds(store, &query, &told.names());
            let ordered = || query().order_by(Thing::props().number.desc());
            if way == form {
                assert_finds(store, &ordered, &told.names());
            }
            // A page behind a place, which is a condition more.
            let things = store.repo::<Thing>();
            let first = things.page(ordered().limit(1), None).unwrap();
            if let Some(next) = first.next {
                let rest = things.page(ordered(), Some(&next)).unwrap();
                assert_eq!(rest.states.len(), told.names().len() - 1);
            }
        }
    }
}

fn filters_of_one_level_more_are_refused<B: Backend>(store: &Store<B>) {
    with_things(store);
    for way in 0..WAYS {
        let mut filter = deepest(0, way).filter;
        let mut step = 0;
        while filter.levels() <= FILTER_LEVELS {
            filter = around(Told { filter, truth: Vec::new() }, way, step).filter;
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
            // Nor does it become less by what is put around it.
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

fn deletes_by_a_filter_of_as_many_levels_as_there_may_be<B: Backend>(store: &Store<B>) {
    let all = with_things(store).len();
    let told = deepest(2, 3);
    let deleted = store.repo::<Thing>().delete_where(Thing::query().filter(told.filter.clone())).unwrap();
    assert_eq!(deleted, told.names().len() as u64);
    assert_eq!(store.repo::<Thing>().count(Query::new()).unwrap(), all as u64 - deleted);
}
