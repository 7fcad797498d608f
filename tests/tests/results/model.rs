//! A model with every kind of order, ties and absent values.

use std::collections::BTreeMap;

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: String, score: Option<f64>, team: Team), index(team.name), index(team.colour), index(score))]
pub(crate) enum Person {
    Player(Player),
    Coach(Coach),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Person), index(level), index(size, name))]
pub(crate) struct Player {
    pub(crate) name: String,
    pub(crate) score: Option<f64>,
    pub(crate) team: Team,
    pub(crate) level: Option<Option<i64>>,
    pub(crate) size: u64,
    pub(crate) joined: Timestamp,
    pub(crate) contact: Contact,
    pub(crate) marks: BTreeMap<String, i64>,
    pub(crate) tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Person))]
pub(crate) struct Coach {
    pub(crate) name: String,
    pub(crate) score: Option<f64>,
    pub(crate) team: Team,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Team {
    pub(crate) name: String,
    #[serde(rename = "city-of")]
    #[component(name = "city")]
    pub(crate) city: Option<String>,
    pub(crate) colour: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Colour {
    Red,
    DarkBlue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) enum Contact {
    None,
    Email(String),
    Post { city: String, code: Option<u32> },
}

#[derive(Debug, DomainModel)]
#[domain_model(Person)]
pub(crate) struct Club;

/// Choices that follow from a number. They are not random, so that a failure can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    pub(crate) fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }
}

pub(crate) fn person(dice: &mut Dice) -> Person {
    let name = dice.one_of(&["ann", "Ann", "bob", "", "c\0c", "é", "😀", "$x", "a.b"]).to_owned();
    let scores = [f64::NAN, f64::NEG_INFINITY, -1.5, -0.0, 0.0, 2.0, 1e300, f64::INFINITY];
    let score = (dice.below(4) > 0).then(|| dice.one_of(&scores));
    let team = Team {
        name: dice.one_of(&["reds", "blues"]).to_owned(),
        city: dice.one_of(&[None, Some("Ulm"), Some("")]).map(str::to_owned),
        colour: dice.one_of(&[Colour::Red, Colour::DarkBlue]),
    };
    if dice.below(4) == 0 {
        return Person::Coach(Coach { name, score, team });
    }
    let seconds = dice.one_of(&[0, 1_700_000_000, -1]);
    Person::Player(Player {
        name,
        score,
        team,
        level: dice.one_of(&[None, Some(None), Some(Some(-3)), Some(Some(0)), Some(Some(7))]),
        size: dice.one_of(&[0, 7, u64::MAX, i64::MAX as u64 + 1]),
        joined: Timestamp::from_unix(seconds, dice.one_of(&[0, 1, 1_000, 999_999_999]) * seconds.signum() as i32)
            .unwrap(),
        contact: match dice.below(3) {
            0 => Contact::None,
            1 => Contact::Email("a@b".to_owned()),
            _ => Contact::Post { city: "Ulm".to_owned(), code: dice.one_of(&[None, Some(89_073), Some(1)]) },
        },
        marks: dice.one_of(&["a", "b.c", "$d"]).chars().map(|key| (key.to_string(), dice.below(3) as i64)).collect(),
        tags: (0..dice.below(3)).map(|_| dice.one_of(&["x", "y"]).to_owned()).collect(),
    })
}
