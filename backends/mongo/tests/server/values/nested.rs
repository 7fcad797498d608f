//! Poly and recursive components, lists, sets and maps whose keys and strings look like MongoDB's own.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;
use uuid::Uuid;

use super::asking::Rows;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Inner {
    number: Option<i64>,
    text: String,
    twice: Option<Option<Timestamp>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Outer {
    inner: Inner,
    maybe: Option<Inner>,
    other: Option<Option<Inner>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Hollow {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct OnlyOptions {
    a: Option<i64>,
    b: Option<Hollow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Components {
    outer: Outer,
    maybe: Option<Outer>,
    twice: Option<Option<Outer>>,
    hollow: Option<Hollow>,
    options: Option<OnlyOptions>,
}

fn inner(number: Option<i64>, text: &str, twice: Option<Option<Timestamp>>) -> Inner {
    Inner { number, text: text.into(), twice }
}

fn outers() -> Vec<Outer> {
    let plain = inner(Some(1), "$a", None);
    let other = inner(None, "{\"$gt\": \"\"}", Some(None));
    let third = inner(Some(-1), "", Some(Some(Timestamp::UNIX_EPOCH)));
    vec![
        Outer { inner: plain.clone(), maybe: None, other: None },
        Outer { inner: plain.clone(), maybe: Some(other.clone()), other: Some(None) },
        Outer { inner: other.clone(), maybe: Some(plain), other: Some(Some(third.clone())) },
        Outer { inner: third, maybe: None, other: Some(Some(other)) },
    ]
}

#[test]
fn components() {
    let outers = outers();
    let options = [None, Some((None, None)), Some((Some(0), None)), Some((None, Some(Hollow {})))];
    let row = |(position, outer): (usize, &Outer)| Components {
        outer: outer.clone(),
        maybe: outers.get(position + 1).cloned(),
        twice: match position {
            0 => None,
            1 => Some(None),
            _ => Some(Some(outer.clone())),
        },
        hollow: (position % 2 == 0).then_some(Hollow {}),
        options: options[position].clone().map(|(a, b)| OnlyOptions { a, b }),
    };
    let Some(rows) = Rows::new(outers.iter().enumerate().map(row).collect::<Vec<_>>()) else { return };
    rows.check(300);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Rate {
    #[serde(rename = "100%")]
    Whole,
    #[serde(rename = "$half")]
    Half,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Maps {
    by_text: BTreeMap<String, Option<Option<i64>>>,
    by_letter: BTreeMap<char, f64>,
    by_number: BTreeMap<i64, u64>,
    by_large: BTreeMap<u64, bool>,
    by_flag: BTreeMap<bool, String>,
    by_uuid: BTreeMap<Uuid, Uuid>,
    by_time: BTreeMap<Timestamp, Timestamp>,
    by_bytes: BTreeMap<Bytes, Bytes>,
    by_choice: BTreeMap<Rate, Rate>,
    of_maps: BTreeMap<String, BTreeMap<String, String>>,
    pairs: BTreeMap<Option<String>, Option<Timestamp>>,
    maybe: Option<BTreeMap<String, Option<String>>>,
}

fn maps(keys: &[&str], seed: u8) -> Maps {
    let keyed = || keys.iter().map(|key| (*key).to_owned());
    let small = i64::from(seed);
    let texts: BTreeMap<String, String> = keyed().map(|key| (key.clone(), key)).collect();
    Maps {
        by_text: keyed().zip([None, Some(None), Some(Some(small))].into_iter().cycle()).collect(),
        by_letter: ['$', '.', '\0', char::from(seed)].into_iter().zip([f64::NAN, -0.0, f64::from(seed), 0.1]).collect(),
        by_number: BTreeMap::from([(-small, u64::MAX), (i64::MIN, 0)]),
        by_large: BTreeMap::from([(u64::MAX - u64::from(seed), true)]),
        by_flag: BTreeMap::from([(seed.is_multiple_of(2), "$$ROOT".to_owned())]),
        by_uuid: BTreeMap::from([(Uuid::from_u128(seed.into()), Uuid::nil())]),
        by_time: BTreeMap::from([(Timestamp::from_unix(small, 1).unwrap(), Timestamp::MIN)]),
        by_bytes: BTreeMap::from([(Bytes::default(), Bytes::from([seed; 2])), (Bytes::from([seed]), Bytes::default())]),
        by_choice: BTreeMap::from([
            (Rate::Whole, Rate::Half),
            (Rate::Half, if seed.is_multiple_of(2) { Rate::Half } else { Rate::Whole }),
        ]),
        of_maps: keyed().map(|key| (key, texts.clone())).collect(),
        pairs: BTreeMap::from([(None, None), (keys.first().map(|key| (*key).to_owned()), Some(Timestamp::UNIX_EPOCH))]),
        maybe: (seed > 1).then(|| keyed().map(|key| (key, None)).collect()),
    }
}

#[test]
fn maps_with_any_keys() {
    let keys: [&[&str]; 6] = [
        &[],
        &["a"],
        &["", "%", "%2E", ".", "$", "a.b", "\0", "$where", "_id", "_some", "$$ROOT", "0"],
        &["a.b"],
        &["$where", "a"],
        &["%", ""],
    ];
    let rows = keys.iter().zip(1..).map(|(keys, seed)| maps(keys, seed));
    let Some(rows) = Rows::new(rows.collect()) else { return };
    rows.check_as_deep_as(1, 2_000);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Contact {
    Unknown,
    #[serde(rename = "$gt")]
    Phone(String),
    Person {
        name: Option<String>,
        at: Timestamp,
    },
    Proxy(Box<Contact>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Tree {
    text: String,
    children: Vec<Tree>,
    next: Option<Box<Tree>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Recursive {
    contact: Contact,
    maybe: Option<Contact>,
    tree: Tree,
}

fn leaf(text: &str) -> Tree {
    Tree { text: text.into(), children: Vec::new(), next: None }
}

/// The number of levels of lists, with the same number of options.
fn tall(levels: usize, text: &str) -> Tree {
    (0..levels).fold(leaf(text), |tree, level| match level % 2 {
        0 => Tree { children: vec![tree], ..leaf("list") },
        _ => Tree { next: Some(Box::new(tree)), ..leaf("option") },
    })
}

#[test]
fn poly_and_recursive_components() {
    let person = |name: Option<&str>| Contact::Person { name: name.map(str::to_owned), at: Timestamp::MIN };
    let contacts = [
        Contact::Unknown,
        Contact::Phone("$gt".into()),
        Contact::Phone(String::new()),
        person(None),
        person(Some("Unknown")),
        Contact::Proxy(Box::new(Contact::Proxy(Box::new(Contact::Unknown)))),
        Contact::Proxy(Box::new(Contact::Unknown)),
    ];
    let two = Tree { children: vec![leaf("x"), leaf("y")], ..leaf("") };
    let trees = [leaf(""), leaf("$"), two, tall(3, "a"), tall(3, "b"), tall(10, "a"), tall(10, "b")];
    let rows = contacts.iter().zip(&trees).enumerate().map(|(position, (contact, tree))| Recursive {
        contact: contact.clone(),
        maybe: contacts.get(position + 2).cloned(),
        tree: tree.clone(),
    });
    let Some(rows) = Rows::new(rows.collect()) else { return };
    rows.check(50);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Deep {
    tree: Tree,
}

/// As deep as a document can be. The filter must contain each level only once, or it would be larger than the universe.
#[test]
fn deep_lists() {
    let trees = [(20, "a"), (20, "b"), (40, "a"), (40, "b"), (60, "a"), (60, "b"), (64, "a"), (64, "b")];
    let rows = trees.map(|(levels, text)| Deep { tree: tall(levels, text) });
    let Some(rows) = Rows::new(rows.to_vec()) else { return };
    rows.check_as_deep_as(0, 50);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Lists {
    texts: Vec<String>,
    times: Vec<Timestamp>,
    floats: Vec<f64>,
    large: Vec<u64>,
    bytes: Vec<Bytes>,
    options: Vec<Option<i64>>,
    of_lists: Vec<Vec<String>>,
    components: Vec<Inner>,
    contacts: Vec<Contact>,
    texts_set: BTreeSet<String>,
    times_set: BTreeSet<Timestamp>,
    choices: BTreeSet<Rate>,
    maybe: Option<Vec<Option<String>>>,
    twice: Option<Option<BTreeSet<u64>>>,
}

fn lists(seed: usize) -> Lists {
    let texts: Vec<String> = ["$a", "{\"$gt\": \"\"}", "", "\0"].into_iter().map(str::to_owned).take(seed).collect();
    let times: Vec<_> = [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX].into_iter().take(seed).collect();
    let options: Vec<_> = [Some(1), None, Some(-1)].into_iter().take(seed).collect();
    Lists {
        floats: [f64::NAN, -0.0, 0.1].into_iter().take(seed).collect(),
        large: [u64::MAX, 1 << 63, 0].into_iter().skip(seed).collect(),
        bytes: [vec![], vec![1], vec![0, 0]].into_iter().take(seed).map(Bytes::from).collect(),
        of_lists: (0..seed).map(|length| texts[..length.min(texts.len())].to_vec()).collect(),
        components: texts.iter().map(|text| inner(None, text, None)).collect(),
        contacts: texts.iter().map(|text| Contact::Phone(text.clone())).chain([Contact::Unknown]).collect(),
        texts_set: texts.iter().cloned().collect(),
        times_set: times.iter().copied().collect(),
        choices: [Rate::Half, Rate::Whole].into_iter().take(seed).collect(),
        maybe: (seed > 0).then(|| texts.iter().map(|text| (!text.is_empty()).then(|| text.clone())).collect()),
        twice: match seed {
            0 => None,
            1 => Some(None),
            _ => Some(Some([u64::MAX, 1].into_iter().take(seed - 2).collect())),
        },
        texts,
        times,
        options,
    }
}

#[test]
fn lists_and_sets() {
    let Some(rows) = Rows::new((0..5).map(lists).collect()) else { return };
    rows.check(150);
}
