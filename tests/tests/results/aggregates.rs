//! Values and aggregates that are read without their documents agree with the decoded persistents.

use std::collections::{BTreeMap, BTreeSet};

use longevity::Storable;
use longevity::backend::Backend;
use longevity::backend::Value;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::{by_type, count, to};

use crate::model::{Club, Coach, Contact, Dice, Person, Player, Team, person};
use crate::stores::{Question, everywhere};

pub(crate) fn value<T: Storable>(value: &T) -> Value {
    value.value_at(&[]).to_value()
}

/// Asserts that the values are equal, bit for bit.
pub(crate) fn identical<T: Storable>(found: &[T], expected: &[T]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(value(found).is_identical(&value(expected)), "{found:?} is not {expected:?}");
    }
}

fn stored<B: Backend>(store: &Longevity<Club, B>) -> Vec<Player> {
    let mut dice = Dice::new(11);
    store.repo::<Person>().create_many((0..80).map(|_| person(&mut dice))).unwrap();
    store.repo::<Player>().find(Player::query()).unwrap().into_iter().map(|state| state.into_value()).collect()
}

struct EveryProperty;

impl Question<Club> for EveryProperty {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let all = stored(store);
        let (u, p) = (Person::props(), Player::props());
        let players = store.repo::<Player>();
        macro_rules! each {
            ($($prop:expr => $ty:ty, |$player:ident| $expected:expr;)*) => {$(
                let found: Vec<$ty> = players.project(Player::query(), &$prop).unwrap();
                let expected: Vec<$ty> = all.iter().map(|$player| $expected).collect();
                identical(&found, &expected);
            )*};
        }
        each! {
            p.name => String, |player| player.name.clone();
            u.score => Option<f64>, |player| player.score;
            p.team => Team, |player| player.team.clone();
            p.team.city => Option<String>, |player| player.team.city.clone();
            p.level => Option<Option<i64>>, |player| player.level;
            p.size => u64, |player| player.size;
            p.joined => Timestamp, |player| player.joined;
            p.contact => Contact, |player| player.contact.clone();
            p.contact.post.city.optional() => Option<String>, |player| match &player.contact {
                Contact::Post { city, .. } => Some(city.clone()),
                _ => None,
            };
            p.contact.email => Option<String>, |player| match &player.contact {
                Contact::Email(email) => Some(email.clone()),
                _ => None,
            };
            p.marks => BTreeMap<String, i64>, |player| player.marks.clone();
            p.marks.entry(".") => Option<i64>, |player| player.marks.get(".").copied();
            p.tags => Vec<String>, |player| player.tags.clone();
        }
        let rows = players.project(Player::query().order_by(p.name.desc()).limit(3), (&p.name, &p.tags)).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows.is_sorted_by(|a, b| a.0 >= b.0));
    }
}

#[test]
fn every_property_is_projected_as_it_is_decoded() {
    everywhere(&EveryProperty);
}

#[derive(Debug, PartialEq, Projected)]
#[projected(Player)]
struct Line {
    team: Team,
    level: Option<Option<i64>>,
    #[projected(to())]
    who: Who,
    #[projected(Player::props().marks.entry("b.c"))]
    mark: Option<i64>,
}

#[derive(Debug, PartialEq, Projected)]
#[projected(Person, Player)]
struct Who {
    #[projected(by_type())]
    kind: String,
    #[projected(Person::props().name)]
    name: String,
}

#[derive(Debug, PartialEq, Projected)]
#[projected(Player)]
struct Tags(#[projected(Player::props().tags)] Vec<String>);

#[derive(Debug, PartialEq, Projected)]
#[projected(Player)]
struct Beside<T: Projected<Player> + Send> {
    size: u64,
    #[projected(to())]
    other: T,
}

struct Structs;

impl Question<Club> for Structs {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let all = stored(store);
        let (players, people) = (store.repo::<Player>(), store.repo::<Person>());
        let lines: Vec<Line> = players.project(Player::query(), to()).unwrap();
        let expected = all.iter().map(|player| Line {
            team: player.team.clone(),
            level: player.level,
            who: Who { kind: "Player".to_owned(), name: player.name.clone() },
            mark: player.marks.get("b.c").copied(),
        });
        assert_eq!(lines, expected.collect::<Vec<_>>());

        let beside: Vec<Beside<Tags>> = players.project(Player::query().limit(2), to()).unwrap();
        let of = |player: &Player| Beside { size: player.size, other: Tags(player.tags.clone()) };
        assert_eq!(beside, all.iter().take(2).map(of).collect::<Vec<_>>());

        let kinds = people.group(Person::query(), to::<Who>(), count()).unwrap();
        assert!(kinds.is_sorted_by(|(a, _), (b, _)| (&a.kind, &a.name) < (&b.kind, &b.name)), "{kinds:?}");
        assert_eq!(kinds.iter().map(|(_, rows)| rows).sum::<u64>(), 80);
    }
}

#[test]
fn properties_are_projected_into_structs() {
    everywhere(&Structs);
}

struct Distinct;

impl Question<Club> for Distinct {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let all = stored(store);
        let p = Player::props();
        let players = store.repo::<Player>();
        let levels: BTreeSet<_> = all.iter().map(|player| value(&player.level)).collect();
        let found: Vec<_> = players.distinct(Player::query(), &p.level).unwrap().iter().map(value).collect();
        assert_eq!(found, levels.into_iter().collect::<Vec<_>>());
        let scores: BTreeSet<_> = all.iter().map(|player| value(&player.score)).collect();
        assert_eq!(
            players.distinct(Player::query(), &p.score).unwrap().len(),
            scores.len(),
            "there is one NaN and one zero"
        );
        let teams: BTreeSet<_> = all.iter().map(|player| value(&player.team)).collect();
        assert_eq!(players.distinct(Player::query(), &p.team).unwrap().len(), teams.len());
    }
}

#[test]
fn distinct_values_are_those_of_the_rows() {
    everywhere(&Distinct);
}

struct Aggregates;

impl Question<Club> for Aggregates {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let all = stored(store);
        let (u, p) = (Person::props(), Player::props());
        let (people, players) = (store.repo::<Person>(), store.repo::<Player>());

        let (rows, least, greatest, sum) =
            players.aggregate(Player::query(), (count(), p.size.min(), p.size.max(), p.size.sum())).unwrap();
        assert_eq!(rows, all.len() as u64);
        assert_eq!((least, greatest), (Some(0), Some(u64::MAX)));
        assert_eq!(sum, all.iter().map(|player| i128::from(player.size)).sum::<i128>());
        assert!(sum > i128::from(u64::MAX));

        // Absent values are left out, at whatever depth.
        let levels: Vec<i64> = all.iter().filter_map(|player| player.level.flatten()).collect();
        let aggregates = players.aggregate(Player::query(), (p.level.min(), p.level.max(), p.level.sum())).unwrap();
        let expected = (levels.iter().min().copied(), levels.iter().max().copied());
        assert_eq!(aggregates, (expected.0, expected.1, levels.iter().map(|level| i128::from(*level)).sum()));

        // NaN sorts first, and is the sum if it is included.
        let least = players.aggregate(Player::query(), p.score.min()).unwrap();
        assert!(least.unwrap().is_nan());
        let finite = Player::query().filter(p.score.between(-2.0, 1e301));
        let scores: Vec<f64> =
            all.iter().filter_map(|player| player.score).filter(|score| (-2.0..=1e301).contains(score)).collect();
        let (least, sum) = players.aggregate(finite, (p.score.min(), p.score.sum())).unwrap();
        assert_eq!(least, scores.iter().copied().reduce(f64::min));
        let exact = scores.iter().filter(|score| **score == 1e300).count() as f64 * 1e300;
        assert_eq!(sum, exact, "small values are lost next to it, in any order");

        let none = Player::query().filter(p.name.eq("nobody"));
        let aggregates = players.aggregate(none, (count(), p.size.max(), p.size.sum(), p.score.sum())).unwrap();
        assert_eq!(aggregates, (0, None, 0, 0.0));

        // Rows of the poly type are grouped by derived type and by a property.
        let coaches = people.count(Person::query().filter(Person::is::<Coach>())).unwrap();
        let by_type = people.group(Person::query(), by_type(), count()).unwrap();
        assert_eq!(by_type, [("Coach".to_owned(), coaches), ("Player".to_owned(), all.len() as u64)]);
        let by_name = players.group(Player::query(), &p.name, (count(), p.size.max())).unwrap();
        let mut expected: BTreeMap<&str, (u64, Option<u64>)> = BTreeMap::new();
        for player in &all {
            let (rows, greatest) = expected.entry(&player.name).or_default();
            *rows += 1;
            *greatest = Some(player.size).max(*greatest);
        }
        let found: Vec<_> = by_name.iter().map(|(name, aggregates)| (name.as_str(), *aggregates)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        let by_two = people.group(Person::query(), (&u.team.name, &u.team.colour), count()).unwrap();
        assert_eq!(by_two.len(), 4);
        assert_eq!(by_two.iter().map(|(_, rows)| rows).sum::<u64>(), coaches + all.len() as u64);
        assert!(by_two.is_sorted_by(|a, b| a.0.0 <= b.0.0));
    }
}

#[test]
fn aggregates_over_all_rows_and_over_groups() {
    everywhere(&Aggregates);
}
