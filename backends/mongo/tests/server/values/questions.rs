//! Case-insensitive text, and values in variants and in entries of maps, within options of every depth, with names and keys that
//! look like MongoDB's own.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;

use super::asking::Rows;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Texts {
    text: String,
    maybe: Option<String>,
    twice: Option<Option<String>>,
    in_map: BTreeMap<String, String>,
}

fn texts(texts: impl IntoIterator<Item = String>) -> Vec<Texts> {
    let row = |(position, text): (usize, String)| Texts {
        maybe: (!position.is_multiple_of(4)).then(|| text.clone()),
        twice: (!position.is_multiple_of(4)).then(|| (position % 4 != 1).then(|| text.clone())),
        in_map: BTreeMap::from([(if position.is_multiple_of(2) { "$a.b" } else { "" }.to_owned(), text.clone())]),
        text,
    };
    texts.into_iter().enumerate().map(row).collect()
}

#[test]
fn texts_of_every_kind() {
    let all = [
        "",
        "a",
        "A\n",
        "xa\n",
        "ann",
        "ANN",
        "k",
        "\u{212a}",
        "i",
        "İ",
        "ı",
        "ß",
        "ẞ",
        "SS",
        "σ",
        "ς",
        "Σ",
        "ǅ",
        "é",
        "e\u{301}",
        "\0",
        "a\0b",
        "\u{1f980}!",
        "\"'`",
        "^.*$",
        "a|b",
        "\\Qa\\E",
        "(?i)a",
        "[^x]",
        "{\"$gt\": \"\"}",
        "$where",
        "\r\n",
    ];
    let Some(rows) = Rows::new(texts(all.map(str::to_owned))) else { return };
    rows.check_as_deep_as(1, 3_000);
}

/// A regular expression can have about 32,000 bytes, and fewer if each character has several cases.
#[test]
fn long_texts() {
    let sizes = [255, 256, 257, 700, 4_096, 4_097, 10_000, 40_000];
    let long = sizes.into_iter().flat_map(|size| {
        ["kß".repeat(size / 2), "K".repeat(size), format!("{}.", "é$".repeat(size / 2)), "\u{212a}ß".repeat(size / 2)]
    });
    let Some(rows) = Rows::new(texts(long)) else { return };
    rows.check_as_deep_as(0, 1_000);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Rate {
    #[serde(rename = "100%")]
    Whole,
    #[serde(rename = "$half.")]
    Half,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Kind {
    Nothing,
    #[serde(rename = "$none")]
    NothingElse,
    #[serde(rename = "a.b")]
    Dotted(Option<Option<String>>),
    #[serde(rename = "$where")]
    Record {
        text: Option<String>,
        held: BTreeMap<String, Rate>,
    },
    Number(u64),
    Float(Option<f64>),
    List(Vec<Option<String>>),
    Boxed(Box<Kind>),
    Set(Option<BTreeSet<Rate>>),
    Choice(Rate),
}

fn kinds() -> Vec<Kind> {
    let text = |text: &str| Some(text.to_owned());
    let held =
        BTreeMap::from([("$a".to_owned(), Rate::Half), ("a.b".to_owned(), Rate::Whole), (String::new(), Rate::Half)]);
    vec![
        Kind::Nothing,
        Kind::NothingElse,
        Kind::Dotted(None),
        Kind::Dotted(Some(None)),
        Kind::Dotted(Some(text("$where"))),
        Kind::Dotted(Some(text(".*"))),
        Kind::Record { text: None, held: BTreeMap::new() },
        Kind::Record { text: text(""), held },
        Kind::Number(u64::MAX),
        Kind::Number(0),
        Kind::Float(None),
        Kind::Float(Some(f64::NAN)),
        Kind::Float(Some(-0.0)),
        Kind::Float(Some(1.5)),
        Kind::List(vec![]),
        Kind::List(vec![None, text("$a"), text("\0")]),
        Kind::Boxed(Box::new(Kind::Nothing)),
        Kind::Boxed(Box::new(Kind::Dotted(Some(None)))),
        Kind::Boxed(Box::new(Kind::List(vec![None]))),
        Kind::Boxed(Box::new(Kind::Boxed(Box::new(Kind::Number(1))))),
        Kind::Set(None),
        Kind::Set(Some(BTreeSet::new())),
        Kind::Set(Some(BTreeSet::from([Rate::Half, Rate::Whole]))),
        Kind::Choice(Rate::Half),
        Kind::Choice(Rate::Whole),
    ]
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Variants {
    kind: Kind,
    twice: Option<Option<Kind>>,
}

#[test]
fn values_in_variants() {
    let kinds = kinds();
    let row = |(position, kind): (usize, &Kind)| Variants {
        kind: kind.clone(),
        twice: (!position.is_multiple_of(5))
            .then(|| (position % 5 != 1).then(|| kinds[kinds.len() - position].clone())),
    };
    let Some(rows) = Rows::new(kinds.iter().enumerate().map(row).collect::<Vec<_>>()) else { return };
    rows.check_as_deep_as(2, 3_000);
}

type Times = BTreeMap<String, Option<Timestamp>>;
type Lists = BTreeMap<i64, Vec<String>>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Entries {
    kinds: BTreeMap<String, Kind>,
    maybe: Option<BTreeMap<String, Option<Kind>>>,
    floats: BTreeMap<Rate, Option<f64>>,
    of_maps: BTreeMap<String, BTreeMap<String, Option<Lists>>>,
    pairs: BTreeMap<Option<String>, Option<f64>>,
    kind_pairs: Option<BTreeMap<Option<u8>, Kind>>,
    pairs_of_pairs: BTreeMap<Option<u8>, BTreeMap<Option<u8>, Times>>,
}

#[test]
fn values_in_entries_of_maps() {
    let (kinds, keys) = (kinds(), ["$a", "a.b", "", "%", "\0", "0"]);
    let key = |position: usize| keys[position % keys.len()].to_owned();
    let row = |position: usize| {
        let kind = |step: usize| kinds[(position + step) % kinds.len()].clone();
        let number = |step: usize| [f64::NAN, -0.0, 0.0, 1.5, f64::INFINITY][(position + step) % 5];
        let digit = |step: usize| (!(position + step).is_multiple_of(3)).then_some(((position + step) % 2) as u8);
        let lists = BTreeMap::from([(position as i64 % 2, (0..position % 3).map(key).collect::<Vec<_>>())]);
        let times = BTreeMap::from([(key(position), position.is_multiple_of(2).then_some(Timestamp::MAX))]);
        Entries {
            kinds: (0..position % 3).map(|step| (key(position + step), kind(step))).collect(),
            maybe: (!position.is_multiple_of(4))
                .then(|| (0..2).map(|step| (key(step), (step != position % 2).then(|| kind(step)))).collect()),
            floats: [Rate::Half, Rate::Whole].into_iter().take(position % 3).zip([Some(number(0)), None]).collect(),
            of_maps: BTreeMap::from([(
                key(position),
                BTreeMap::from([(key(position + 1), (!position.is_multiple_of(3)).then_some(lists))]),
            )]),
            pairs: [None, Some(key(0)), Some(key(position))]
                .into_iter()
                .zip([Some(number(1)), None, Some(number(2))])
                .collect(),
            kind_pairs: (position % 3 != 2).then(|| BTreeMap::from([(digit(0), kind(3)), (digit(1), kind(4))])),
            pairs_of_pairs: BTreeMap::from([(digit(2), BTreeMap::from([(digit(0), times)]))]),
        }
    };
    let Some(rows) = Rows::new((0..kinds.len()).map(row).collect()) else { return };
    rows.check_as_deep_as(2, 3_000);
}
