//! Types that contain themselves in every possible way, and rows of them.

use std::collections::BTreeMap;

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::stores::Store;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Thing)]
pub(crate) struct Name(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: Name, number: i64, mark: i64), key(name), index(number))]
#[expect(clippy::large_enum_variant, reason = "tests make only a few of them")]
pub(crate) enum Thing {
    Nested(Nested),
    Plain(Plain),
}

impl Thing {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Nested(Nested { name, .. }) | Self::Plain(Plain { name, .. }) => &name.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Thing), index(colour))]
pub(crate) struct Nested {
    pub(crate) name: Name,
    pub(crate) number: i64,
    pub(crate) mark: i64,
    pub(crate) note: Option<Option<i64>>,
    pub(crate) colour: Colour,
    pub(crate) marks: BTreeMap<String, i64>,
    pub(crate) tags: Vec<String>,
    pub(crate) chain: Option<Chain>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) lists: Lists,
    pub(crate) tree: Tree,
    pub(crate) formula: Formula,
    pub(crate) folder: Folder,
    pub(crate) odd: Odd,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Thing))]
pub(crate) struct Plain {
    pub(crate) name: Name,
    pub(crate) number: i64,
    pub(crate) mark: i64,
}

/// One of the derived types may be stored under an older name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) enum Colour {
    #[serde(alias = "Crimson")]
    Red,
    Blue,
}

/// An option of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Chain {
    pub(crate) link: i64,
    pub(crate) next: Option<Box<Chain>>,
}

/// A list of itself, with no type between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Lists(pub(crate) Vec<Lists>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Tree {
    pub(crate) branches: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) enum Formula {
    Constant(f64),
    Sum { left: Box<Formula>, right: Box<Formula> },
    Negative(Box<Formula>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Folder {
    pub(crate) folders: BTreeMap<String, Folder>,
}

/// A map whose keys are not strings, which is a list of pairs in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Odd {
    pub(crate) by_list: BTreeMap<Vec<i64>, Option<Option<Odd>>>,
}

#[derive(DomainModel)]
#[domain_model(Thing)]
pub(crate) struct Deep;

pub(crate) fn nested(name: &str, number: i64) -> Nested {
    Nested {
        name: Name(name.to_owned()),
        number,
        mark: 0,
        note: [None, Some(None), Some(Some(5))][number.unsigned_abs() as usize % 3],
        colour: if number % 2 == 0 { Colour::Red } else { Colour::Blue },
        marks: (0..number % 4).map(|mark| (format!("m{mark}"), mark)).collect(),
        tags: (0..number % 5).map(|tag| format!("t{tag}")).collect(),
        chain: None,
        chains: Vec::new(),
        lists: lists(1),
        tree: tree(1),
        formula: Formula::Constant(1.0),
        folder: folder(1),
        odd: odd(1),
    }
}

/// Twelve things, of both types, all with different numbers.
pub(crate) fn things() -> Vec<Thing> {
    let thing = |number: i64| {
        let name = format!("n{number:02}");
        match number % 4 {
            3 => Thing::Plain(Plain { name: Name(name), number, mark: 0 }),
            _ => Thing::Nested(nested(&name, number)),
        }
    };
    (0..12).map(thing).collect()
}

pub(crate) fn with_things<B: Backend>(store: &Store<B>) -> Vec<Thing> {
    store.repo::<Thing>().create_many(things()).unwrap();
    things()
}

// Values with this number of links, lists, trees, formulas or folders. They are built from the innermost out, without recursion.

pub(crate) fn chain(links: usize) -> Chain {
    let end = Chain { link: 0, next: None };
    (1..links).fold(end, |next, link| Chain { link: link as i64, next: Some(Box::new(next)) })
}

pub(crate) fn lists(levels: usize) -> Lists {
    (1..levels).fold(Lists(Vec::new()), |inner, _| Lists(vec![inner]))
}

pub(crate) fn tree(levels: usize) -> Tree {
    (1..levels).fold(Tree { branches: Vec::new() }, |inner, _| Tree { branches: vec![inner] })
}

pub(crate) fn sums(levels: usize) -> Formula {
    let constant = || Box::new(Formula::Constant(1.0));
    (1..levels).fold(*constant(), |inner, _| Formula::Sum { left: Box::new(inner), right: constant() })
}

pub(crate) fn negatives(levels: usize) -> Formula {
    (1..levels).fold(Formula::Constant(1.0), |inner, _| Formula::Negative(Box::new(inner)))
}

pub(crate) fn folder(levels: usize) -> Folder {
    let end = Folder { folders: BTreeMap::new() };
    (1..levels).fold(end, |inner, _| Folder { folders: BTreeMap::from([("f".to_owned(), inner)]) })
}

pub(crate) fn odd(levels: usize) -> Odd {
    let end = Odd { by_list: BTreeMap::new() };
    (1..levels).fold(end, |inner, _| Odd { by_list: BTreeMap::from([(vec![1], Some(Some(inner)))]) })
}
