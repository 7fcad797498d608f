//! Pages find each row once, in order, in both directions, while rows are created and deleted.

use std::collections::BTreeSet;

use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::query::Cursor;
use longevity::{Options, PState, Page, RowId};

use crate::model::{Club, Dice, Person, Player, person};
use crate::stores::{Question, everywhere};

/// Orders by every kind of property, in both directions, alone and with another property.
fn orders() -> Vec<Query<Player>> {
    let (u, p) = (Person::props(), Player::props());
    let query = Player::query;
    vec![
        query(),
        query().order_by(u.name.asc()),
        query().order_by(u.name.desc()),
        query().order_by(u.score.asc()),
        query().order_by(u.score.desc()),
        query().order_by(p.level.asc()),
        query().order_by(p.level.desc()),
        query().order_by(p.size.asc()).order_by(p.name.desc()),
        query().order_by(p.size.desc()).order_by(p.level.asc()),
        query().order_by(p.joined.desc()).order_by(p.score.desc()),
        query().order_by(u.team.city.asc()).order_by(u.score.asc()).order_by(p.size.desc()),
    ]
}

fn ids<P>(states: &[PState<P>]) -> Vec<RowId> {
    states.iter().map(PState::id).collect()
}

fn page<P: PersistentType, B: Backend>(repo: &Repo<P, B>, query: &Query<P>, at: Option<&Cursor>) -> Page<P> {
    repo.page(query.clone().limit(7), at).unwrap()
}

struct ThereAndBack;

impl Question<Club> for ThereAndBack {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let mut dice = Dice::new(1);
        store.repo::<Person>().create_many((0..60).map(|_| person(&mut dice))).unwrap();
        let players = store.repo::<Player>();
        let few = Player::props().size.gt(5_u64);
        for query in orders().into_iter().flat_map(|query| [query.clone(), query.filter(few.clone())]) {
            let all = ids(&players.find(query.clone()).unwrap());
            assert!(all.len() > 7, "several pages");
            let (mut there, mut back) = (Vec::new(), Vec::new());
            let mut now = page(&players, &query, None);
            assert!(now.previous.is_none());
            loop {
                there.extend(ids(&now.states));
                let Some(next) = &now.next else { break };
                now = page(&players, &query, Some(next));
            }
            assert_eq!(there, all, "{} {query:?}", B::NAME);
            loop {
                back.splice(0..0, ids(&now.states));
                let Some(previous) = &now.previous else { break };
                now = page(&players, &query, Some(previous));
            }
            assert_eq!(back, all, "{} {query:?}", B::NAME);
        }
    }
}

#[test]
fn pages_lead_there_and_back() {
    everywhere(&ThereAndBack);
}

struct WhileRowsComeAndGo;

impl Question<Club> for WhileRowsComeAndGo {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let people = store.repo::<Person>();
        let u = Person::props();
        let orders = [
            Person::query(),
            Person::query().order_by(u.score.desc()).order_by(u.name.asc()),
            Person::query().order_by(u.team.city.asc()),
        ];
        for (round, query) in orders.into_iter().enumerate() {
            let mut dice = Dice::new(7 + round as u64);
            people.create_many((0..50).map(|_| person(&mut dice))).unwrap();
            let mut stayed: BTreeSet<RowId> = ids(&people.find(Person::query()).unwrap()).into_iter().collect();
            let mut seen = Vec::new();
            let mut now = page(&people, &query, None);
            loop {
                seen.extend(ids(&now.states));
                // The last row of the page, where the cursor is, and the first one are deleted; others are created.
                for gone in [now.states.first(), now.states.last()].into_iter().flatten() {
                    if stayed.remove(&gone.id()) {
                        people.delete(gone.clone()).unwrap();
                    }
                }
                people.create(person(&mut dice)).unwrap();
                people.create(person(&mut dice)).unwrap();
                let Some(next) = &now.next else { break };
                now = page(&people, &query, Some(next));
            }
            let once: BTreeSet<_> = seen.iter().copied().collect();
            assert_eq!(once.len(), seen.len(), "{}: no row twice", B::NAME);
            assert!(stayed.is_subset(&once), "{}: no row that stayed is missed", B::NAME);
        }
    }
}

#[test]
fn pages_find_each_row_once_while_rows_come_and_go() {
    everywhere(&WhileRowsComeAndGo);
}

struct AnEmptyPage;

impl Question<Club> for AnEmptyPage {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let mut dice = Dice::new(3);
        let people = store.repo::<Person>();
        let states = people.create_many((0..10).map(|_| person(&mut dice))).unwrap();
        let query = Person::query();
        let first = page(&people, &query, None);
        for state in &states[7..] {
            people.delete(state.clone()).unwrap();
        }
        let empty = page(&people, &query, first.next.as_ref());
        assert!(empty.states.is_empty() && empty.next.is_none());
        let back = page(&people, &query, empty.previous.as_ref());
        assert_eq!(ids(&back.states), ids(&first.states), "{}: the row at the cursor is missing", B::NAME);
        let nothing = page(&people, &query.filter(Filter::<Person>::nothing()), None);
        assert!(nothing.states.is_empty() && nothing.next.is_none() && nothing.previous.is_none());
    }
}

#[test]
fn an_empty_page_leads_back() {
    everywhere(&AnEmptyPage);
}

#[test]
fn a_cursor_belongs_to_one_query_and_one_key() {
    let mut dice = Dice::new(4);
    let mem = Mem::new();
    let open = |options| Longevity::<Club, _>::open_with(mem.clone(), options).unwrap();
    let (store, same) = (open(Options::default()), open(Options::default()));
    store.create_schema().unwrap();
    let people = store.repo::<Person>();
    people.create_many((0..20).map(|_| person(&mut dice))).unwrap();
    let u = Person::props();
    let query = Person::query().order_by(u.name.asc()).limit(5);
    let next = people.page(query.clone(), None).unwrap().next.unwrap();

    assert!(same.repo::<Person>().page(query.clone(), Some(&next)).is_ok(), "both stores are in one process");
    assert!(people.page(query.clone().limit(9), Some(&next)).is_ok(), "pages may differ in size");
    let refused = |query: Query<Person>| people.page(query, Some(&next)).unwrap_err();
    for other in [
        query.clone().filter(u.name.ne("x")),
        query.clone().order_by(u.score.asc()),
        Person::query().order_by(u.name.desc()),
        Person::query(),
    ] {
        let error = refused(other);
        assert!(matches!(error, Error::InvalidCursor { .. }), "{error}");
        assert!(error.to_string().contains("belongs to another query"), "{error}");
    }
    let error = people.page(query.clone().offset(1), None).unwrap_err();
    assert_eq!(error.to_string(), "Person: a page begins at its cursor: remove the offset from the query");

    let keyed = open(Options::default().cursor_key([1; 32]));
    assert!(keyed.repo::<Person>().page(query.clone(), Some(&next)).is_err());
    let mut changed = next.to_string();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    assert!(people.page(query, Some(&changed.into())).is_err());
}
