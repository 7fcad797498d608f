//! Options in options, in variants and in entries of maps: the same rule holds for filters, changes, orders, values and
//! aggregates. Everything within an absent value is absent, and an absent property is `None`.

use std::collections::BTreeMap;

use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::query::{Filter, Patch, Query, count};

use crate::stores::{Question, everywhere};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Opt)]
struct Number(i64);

type Entries = BTreeMap<String, Option<i64>>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Ev {
    Idle,
    Pct(Option<i64>),
    Rec { o: Option<i64> },
    Boxed(Box<Option<i64>>),
    Plain(i64),
    Three(Option<Option<Option<i64>>>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct In {
    o: Option<i64>,
    oo: Option<Option<i64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(k), index(oo))]
struct Opt {
    k: Number,
    note: Option<String>,
    oo: Option<Option<i64>>,
    ooo: Option<Option<Option<i64>>>,
    e: Ev,
    m: Entries,
    mm: Option<BTreeMap<String, Option<Entries>>>,
    oi: Option<In>,
    eo: Option<Ev>,
}

#[derive(DomainModel)]
#[domain_model(Opt)]
struct Options;

fn rows() -> [Opt; 4] {
    let map = |entry: Option<Option<i64>>| entry.map(|value| ("a".to_owned(), value)).into_iter().collect();
    let row = |k, oo, ooo, e, m, oi| Opt {
        k: Number(k),
        note: (k == 2).then(|| "n".to_owned()),
        oo,
        ooo,
        e,
        m: map(m),
        mm: (k != 0).then(|| BTreeMap::from([("x".to_owned(), (k != 3).then(|| map(m)))])),
        oi,
        eo: match k {
            0 => None,
            1 => Some(Ev::Pct(None)),
            2 => Some(Ev::Pct(Some(5))),
            _ => Some(Ev::Rec { o: Some(5) }),
        },
    };
    [
        row(0, None, None, Ev::Idle, None, None),
        row(1, Some(None), Some(None), Ev::Pct(None), Some(None), Some(In { o: None, oo: Some(None) })),
        row(2, Some(Some(5)), Some(Some(Some(5))), Ev::Pct(Some(5)), Some(Some(5)), Some(In { o: Some(5), oo: None })),
        row(3, None, Some(Some(None)), Ev::Rec { o: None }, None, None),
    ]
}

/// What each filter finds, by the numbers of the rows.
fn filters() -> Vec<(&'static str, Filter<Opt>, &'static [i64])> {
    let p = Opt::props();
    let entry = p.m.entry("a");
    let deep = p.mm.some().entry("x");
    vec![
        ("oo.is_none", p.oo.is_none(), &[0, 3]),
        ("oo.some().is_none", p.oo.some().is_none(), &[0, 1, 3]),
        ("oo.some().eq(None)", p.oo.some().eq(None::<i64>), &[0, 1, 3]),
        ("oo.some().is_some", p.oo.some().is_some(), &[2]),
        ("oo.some().ne(None)", p.oo.some().ne(None::<i64>), &[2]),
        ("oo.some().some().ne(5)", p.oo.some().some().ne(5), &[0, 1, 3]),
        ("oo.some().eq(5)", p.oo.some().eq(5), &[2]),
        ("oo.some().ne(5)", p.oo.some().ne(5), &[0, 1, 3]),
        ("oo.some().is_in([None, 5])", p.oo.some().is_in([None, Some(5)]), &[0, 1, 2, 3]),
        ("oo.some().is_in([None, 7])", p.oo.some().is_in([None, Some(7)]), &[0, 1, 3]),
        ("oo.some().not_in([None])", p.oo.some().not_in([None::<i64>]), &[2]),
        ("oo.is_in([Some(None)])", p.oo.is_in([Some(None::<i64>)]), &[1]),
        ("oo.some().le(5)", p.oo.some().le(5), &[2]),
        ("oo.inner().ge(5)", p.oo.inner().ge(5), &[2]),
        ("!oo.some().is_none", !p.oo.some().is_none(), &[2]),
        ("ooo.is_none", p.ooo.is_none(), &[0]),
        ("ooo.some().is_none", p.ooo.some().is_none(), &[0, 1]),
        ("ooo.some().eq(Some(None))", p.ooo.some().eq(Some(None::<i64>)), &[3]),
        ("ooo.some().ne(Some(None))", p.ooo.some().ne(Some(None::<i64>)), &[0, 1, 2]),
        ("ooo.some().some().is_none", p.ooo.some().some().is_none(), &[0, 1, 3]),
        ("ooo.some().some().is_some", p.ooo.some().some().is_some(), &[2]),
        ("e.pct.is_none", p.e.pct.is_none(), &[0, 1, 3]),
        ("e.pct.eq(None)", p.e.pct.eq(None::<i64>), &[0, 1, 3]),
        ("e.pct.is_some", p.e.pct.is_some(), &[2]),
        ("e.pct.ne(None)", p.e.pct.ne(None::<i64>), &[2]),
        ("e.pct.is", p.e.pct.is(), &[1, 2]),
        ("e.pct.some().eq(5)", p.e.pct.some().eq(5), &[2]),
        ("e.boxed.is_none", p.e.boxed.is_none(), &[0, 1, 2, 3]),
        ("e.plain.is_none", p.e.plain.is_none(), &[0, 1, 2, 3]),
        ("e.three.some().is_none", p.e.three.some().is_none(), &[0, 1, 2, 3]),
        ("e.rec.o.is_none", p.e.rec.o.is_none(), &[0, 1, 2, 3]),
        ("eo.some().pct.is_none", p.eo.some().pct.is_none(), &[0, 1, 3]),
        ("eo.some().pct.is", p.eo.some().pct.is(), &[1, 2]),
        ("eo.some().rec.o.is_some", p.eo.some().rec.o.is_some(), &[3]),
        ("m[a].is_none", entry.is_none(), &[0, 3]),
        ("m[a].some().is_none", entry.some().is_none(), &[0, 1, 3]),
        ("m[a].some().eq(None)", entry.some().eq(None::<i64>), &[0, 1, 3]),
        ("m[a].some().is_some", entry.some().is_some(), &[2]),
        ("m[a].some().some().ne(5)", entry.some().some().ne(5), &[0, 1, 3]),
        ("mm[x].is_none", deep.is_none(), &[0]),
        ("mm[x].some().is_none", deep.some().is_none(), &[0, 3]),
        ("mm[x][a].is_none", deep.some().some().entry("a").is_none(), &[0, 3]),
        ("mm[x][a].some().is_none", deep.some().some().entry("a").some().is_none(), &[0, 1, 3]),
        ("oi.some().o.is_none", p.oi.some().o.is_none(), &[0, 1, 3]),
        ("oi.some().oo.some().is_none", p.oi.some().oo.some().is_none(), &[0, 1, 2, 3]),
        ("oi.some().oo.eq(Some(None))", p.oi.some().oo.eq(Some(None::<i64>)), &[1]),
    ]
}

/// The order of the rows, by their numbers.
fn orders() -> Vec<(&'static str, Query<Opt>, &'static [i64])> {
    let p = Opt::props();
    let (oo, ooo, pct, entry) = (p.oo.some(), p.ooo.some(), &p.e.pct, p.m.entry("a").some());
    let by = |order| Opt::query().order_by(order);
    vec![
        ("oo", by(p.oo.asc()), &[0, 3, 1, 2]),
        ("oo.some()", by(oo.asc()), &[0, 1, 3, 2]),
        ("oo.some() desc", by(oo.desc()), &[2, 0, 1, 3]),
        ("oo.some().some()", by(oo.some().asc()), &[0, 1, 3, 2]),
        ("ooo.some()", by(ooo.asc()), &[0, 1, 3, 2]),
        ("ooo.some() desc", by(ooo.desc()), &[2, 3, 0, 1]),
        ("ooo.some().some() desc", by(ooo.some().desc()), &[2, 0, 1, 3]),
        ("e.pct", by(pct.asc()), &[0, 1, 3, 2]),
        ("e.pct desc", by(pct.desc()), &[2, 0, 1, 3]),
        ("m[a].some()", by(entry.asc()), &[0, 1, 3, 2]),
    ]
}

/// A view of a row after a change of all rows.
type Look = fn(&Opt) -> String;

fn patches() -> Vec<(&'static str, Patch<Opt>, Look, [&'static str; 4])> {
    let p = Opt::props();
    let (entry, deep) = (p.m.entry("a"), p.mm.some().entry("x"));
    let oo: Look = |row| format!("{:?}", row.oo);
    let ooo: Look = |row| format!("{:?}", row.ooo);
    let e: Look = |row| format!("{:?}", row.e);
    let m: Look = |row| format!("{:?}", row.m.get("a"));
    let mm: Look = |row| format!("{:?}", row.mm.as_ref().and_then(|mm| mm.get("x")));
    let oi: Look = |row| format!("{:?}", row.oi.as_ref().map(|oi| oi.o));
    let note: Look = |row| format!("{:?}", row.note);
    const NONE: &str = "None";
    const SOME_NONE: &str = "Some(None)";
    const SEVEN: &str = "Some(Some(7))";
    const REC: &str = "Rec { o: None }";
    vec![
        ("note.some().set", p.note.some().set("x"), note, [NONE, NONE, "Some(\"x\")", NONE]),
        ("note.set", p.note.set("x"), note, ["Some(\"x\")"; 4]),
        ("oo.set(7)", p.oo.set(Some(7)), oo, [SEVEN; 4]),
        ("oo.some().set(Some(7))", p.oo.some().set(Some(7)), oo, [NONE, SEVEN, SEVEN, NONE]),
        ("oo.some().set(None)", p.oo.some().set(None::<i64>), oo, [NONE, SOME_NONE, SOME_NONE, NONE]),
        ("oo.some().some().set(7)", p.oo.some().some().set(7), oo, [NONE, SOME_NONE, SEVEN, NONE]),
        ("oo.inner().set(7)", p.oo.inner().set(7), oo, [NONE, SOME_NONE, SEVEN, NONE]),
        ("oo.some().some().increment", p.oo.some().some().increment(2), oo, [NONE, SOME_NONE, SEVEN, NONE]),
        (
            "ooo.some().some().set(None)",
            p.ooo.some().some().set(None::<i64>),
            ooo,
            [NONE, SOME_NONE, "Some(Some(None))", "Some(Some(None))"],
        ),
        ("e.pct.set(Some(7))", p.e.pct.set(Some(7)), e, ["Idle", "Pct(Some(7))", "Pct(Some(7))", REC]),
        ("e.pct.set(None)", p.e.pct.set(None::<i64>), e, ["Idle", "Pct(None)", "Pct(None)", REC]),
        ("e.pct.some().set(7)", p.e.pct.some().set(7), e, ["Idle", "Pct(None)", "Pct(Some(7))", REC]),
        ("e.rec.o.set(7)", p.e.rec.o.set(7), e, ["Idle", "Pct(None)", "Pct(Some(5))", "Rec { o: Some(7) }"]),
        ("m[a].set(None)", entry.set(None::<Option<i64>>), m, [NONE; 4]),
        ("m[a].set(Some(None))", entry.set(Some(None::<i64>)), m, [SOME_NONE; 4]),
        ("m[a].some().set(None)", entry.some().set(None::<i64>), m, [NONE, SOME_NONE, SOME_NONE, NONE]),
        ("m[a].some().set(Some(7))", entry.some().set(Some(7)), m, [NONE, SEVEN, SEVEN, NONE]),
        ("m[a].some().some().set(7)", entry.some().some().set(7), m, [NONE, SOME_NONE, SEVEN, NONE]),
        (
            "mm[x].some().some()[a].some().set(7)",
            deep.some().some().entry("a").some().set(Some(7)),
            mm,
            [NONE, "Some(Some({\"a\": Some(7)}))", "Some(Some({\"a\": Some(7)}))", SOME_NONE],
        ),
        ("oi.some().o.some().set(7)", p.oi.some().o.some().set(7), oi, [NONE, SOME_NONE, SEVEN, NONE]),
        ("oi.some().o.set(7)", p.oi.some().o.set(7), oi, [NONE, SEVEN, SEVEN, NONE]),
    ]
}

fn fill<B: Backend>(store: &Longevity<Options, B>) -> Repo<Opt, B> {
    let repo = store.repo::<Opt>();
    repo.delete_where(Opt::query().all()).unwrap();
    repo.create_many(rows()).unwrap();
    repo
}

fn numbers(states: Vec<PState<Opt>>) -> Vec<i64> {
    states.into_iter().map(|state| state.k.0).collect()
}

struct Filters;

impl Question<Options> for Filters {
    fn ask<B: Backend>(&self, store: &Longevity<Options, B>) {
        let repo = fill(store);
        for (name, filter, expected) in filters() {
            assert_eq!(numbers(repo.find(Opt::query().filter(filter)).unwrap()), expected, "{name} on {}", B::NAME);
        }
    }
}

#[test]
fn a_property_of_an_absent_value_is_none() {
    everywhere(&Filters);
}

struct Orders;

impl Question<Options> for Orders {
    fn ask<B: Backend>(&self, store: &Longevity<Options, B>) {
        let repo = fill(store);
        for (name, query, expected) in orders() {
            assert_eq!(numbers(repo.find(query.clone()).unwrap()), expected, "{name} on {}", B::NAME);
            let query = query.limit(1);
            let (mut found, mut at) = (Vec::new(), None);
            loop {
                let page = repo.page(query.clone(), at.as_ref()).unwrap();
                found.extend(numbers(page.states));
                at = page.next;
                if at.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "pages by {name} on {}", B::NAME);
        }
    }
}

#[test]
fn a_property_of_an_absent_value_sorts_first() {
    everywhere(&Orders);
}

struct Read;

impl Question<Options> for Read {
    fn ask<B: Backend>(&self, store: &Longevity<Options, B>) {
        let repo = fill(store);
        let p = Opt::props();
        let all = || Opt::query().all();
        let only = [None, None, Some(5), None];
        assert_eq!(repo.project(all(), p.oo.some()).unwrap(), only);
        assert_eq!(repo.project(all(), p.oo.some().some().optional()).unwrap(), only);
        assert_eq!(repo.project(all(), p.oo.some().optional()).unwrap(), only, "an option is optional already");
        assert_eq!(repo.project(all(), &p.e.pct).unwrap(), only);
        assert_eq!(repo.project(all(), p.m.entry("a").some()).unwrap(), only);
        assert_eq!(repo.project(all(), p.m.entry("a")).unwrap(), [None, Some(None), Some(Some(5)), None]);
        assert_eq!(repo.project(all(), p.ooo.some()).unwrap(), [None, None, Some(Some(5)), Some(None)]);
        assert_eq!(repo.distinct(all(), &p.oo.some()).unwrap(), [None, Some(5)]);
        assert_eq!(repo.distinct(all(), &p.oo).unwrap(), [None, Some(None), Some(Some(5))]);
        assert_eq!(repo.group(all(), p.e.pct.clone(), count()).unwrap(), [(None, 3), (Some(5), 1)]);
        let aggregates = (p.oo.some().min(), p.e.pct.max(), p.m.entry("a").some().sum());
        assert_eq!(repo.aggregate(all(), aggregates).unwrap(), (Some(5), Some(5), 5));
    }
}

#[test]
fn a_property_of_an_absent_value_is_read_as_none() {
    everywhere(&Read);
}

struct Changes;

impl Question<Options> for Changes {
    fn ask<B: Backend>(&self, store: &Longevity<Options, B>) {
        for (name, patch, look, expected) in patches() {
            let repo = fill(store);
            repo.update_where(Opt::query().all(), patch.clone()).unwrap();
            let found: Vec<_> = repo.find(Opt::query()).unwrap().iter().map(|state| look(state)).collect();
            assert_eq!(found, expected, "{name} on {}", B::NAME);

            let repo = fill(store);
            for key in 0..4 {
                repo.patch_by(&Number(key), patch.clone()).unwrap();
            }
            let found: Vec<_> = repo.find(Opt::query()).unwrap().iter().map(|state| look(state)).collect();
            assert_eq!(found, expected, "{name} by key on {}", B::NAME);
        }
    }
}

#[test]
fn a_property_of_an_absent_value_is_not_changed() {
    everywhere(&Changes);
}
