//! Strings that mean something to SQL, to MongoDB's operators or to patterns, as values in every kind of filter: a value stays a
//! value.

use std::collections::BTreeMap;

use longevity::Filter;
use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;

/// What an attacker would type in to get data that is not theirs.
const INJECTIONS: &[&str] = &[
    "'; DROP TABLE note; --",
    "'; DELETE FROM \"note\"; --",
    "' OR '1'='1",
    "\" OR 1=1",
    "\" OR \"\"=\"",
    "1 OR 1=1",
    ") OR (1=1",
    "' UNION SELECT * FROM note --",
    "x'00'",
    "?1",
    "?",
    ":text",
    "@text",
    "$1",
    "%",
    "_",
    "%%",
    "a%",
    "a_c",
    "abc",
    "*",
    "a*c",
    "[a-c]bc",
    ".*",
    "^abc$",
    "a.c",
    "(abc|.*)",
    "abc\n",
    "\\",
    "\\\\",
    "\\'",
    "\\Qabc\\E",
    "\\u0041",
    "\0",
    "abc\0def",
    "$where",
    "$text",
    "$$ROOT",
    "$gt",
    "{\"$gt\": \"\"}",
    "{$ne: null}",
    "{\"$where\": \"true\"}",
    "'; return true; //",
    "[object Object]",
    "__proto__",
    "_id",
    "_type",
    "null",
    "true",
    "0",
    "",
    " ",
    "' ",
    "''",
    "\u{2019} OR 1=1",
    "\u{ff07}; DROP TABLE note; --",
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Note)]
struct NoteId(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Body {
    Empty,
    Text(String),
    Titled { title: String, text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(id: NoteId), key(id))]
enum Note {
    Public(Public),
    Secret(Secret),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Note), index(indexed))]
struct Public {
    id: NoteId,
    text: String,
    indexed: String,
    maybe: Option<String>,
    twice: Option<Option<String>>,
    list: Vec<String>,
    entries: BTreeMap<String, String>,
    body: Body,
}

/// A note that no query of public notes may ever return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Note), index(text))]
struct Secret {
    id: NoteId,
    text: String,
}

#[derive(DomainModel)]
#[domain_model(Note)]
struct Notes;

/// A note whose properties all hold the string.
fn note(text: &str) -> Public {
    let own = text.to_owned();
    Public {
        id: NoteId(own.clone()),
        text: own.clone(),
        indexed: own.clone(),
        maybe: Some(own.clone()),
        twice: Some(Some(own.clone())),
        list: vec![own.clone(), "and another".to_owned()],
        entries: BTreeMap::from([(own.clone(), own.clone())]),
        body: match text.len() % 2 {
            0 => Body::Text(own),
            _ => Body::Titled { title: own.clone(), text: own },
        },
    }
}

fn secret(text: &str) -> Secret {
    Secret { id: NoteId(format!("secret {text}")), text: text.to_owned() }
}

type Ask = fn(&str) -> Filter<Public>;
/// Whether a filter with the second string finds a note with the first string.
type Finds = fn(&str, &str) -> bool;

fn same(note: &str, text: &str) -> bool {
    note == text
}

/// Every form of a filter that takes a string, and whether it finds a note.
fn forms() -> Vec<(&'static str, Ask, Finds)> {
    fn p() -> <Public as PersistentType>::Props {
        Public::props()
    }
    vec![
        ("eq", |text| p().text.eq(text), same),
        ("eq of an index", |text| p().indexed.eq(text), same),
        ("eq of an option", |text| p().maybe.eq(text), same),
        ("eq of an option in an option", |text| p().twice.eq(Some(Some(text.to_owned()))), same),
        ("eq of a list", |text| p().list.eq(vec![text.to_owned(), "and another".to_owned()]), same),
        ("eq of a map", |text| p().entries.eq(BTreeMap::from([(text.to_owned(), text.to_owned())])), same),
        ("eq of a component", |text| p().body.eq(note(text).body), same),
        ("eq of a key", |text| p().id.eq(NoteId(text.to_owned())), same),
        ("ne", |text| p().text.ne(text), |note, text| note != text),
        ("ne of an index", |text| p().indexed.ne(text), |note, text| note != text),
        ("lt", |text| p().text.lt(text), |note, text| note < text),
        ("le of an index", |text| p().indexed.le(text), |note, text| note <= text),
        ("gt of an option", |text| p().maybe.gt(text), |note, text| note > text),
        ("ge", |text| p().text.ge(text), |note, text| note >= text),
        ("between", |text| p().indexed.between(text, text), same),
        ("in", |text| p().text.is_in([text, "' OR ''='"]), same),
        ("in of an index", |text| p().indexed.is_in([text]), same),
        ("in a long list", |text| p().maybe.is_in(vec![text; 5_000]), same),
        ("not in", |text| p().text.not_in([text]), |note, text| note != text),
        ("starts with", |text| p().text.starts_with(text), |note, text| note.starts_with(text)),
        ("starts with, of an index", |text| p().indexed.starts_with(text), |note, text| note.starts_with(text)),
        ("ends with", |text| p().text.ends_with(text), |note, text| note.ends_with(text)),
        ("ends with, in options", |text| p().twice.ends_with(text), |note, text| note.ends_with(text)),
        ("contains", |text| p().indexed.contains(text), |note, text| note.contains(text)),
        ("ignoring case", |text| p().text.eq_ignore_case(text), |note, text| note.eq_ignore_ascii_case(text)),
        ("an element", |text| p().list.contains(text), same),
        ("any element", |text| p().list.contains_any([text, "nothing"]), same),
        ("all elements", |text| p().list.contains_all([text, "and another"]), same),
        ("an entry", |text| p().entries.entry(text).eq(text), same),
        ("the end of an entry", |text| p().entries.entry(text).ends_with(text), same),
        ("a present entry", |text| p().entries.contains_key(text), same),
        ("an absent entry", |text| p().entries.entry(text).is_none(), |note, text| note != text),
        ("a variant", |text| p().body.text.eq(text), |note, text| note == text && text.len() % 2 == 0),
        (
            "a field of a variant",
            |text| p().body.titled.title.contains(text),
            |note, text| note.contains(text) && note.len() % 2 == 1,
        ),
    ]
}

/// Fails unless each string, in each form of a filter, finds exactly the notes that it should, and all notes are unchanged
/// afterwards.
#[expect(clippy::unwrap_used, reason = "a helper of tests, which panics if they fail")]
pub fn values_stay_values<B: Backend>(backend: B) {
    let store = Longevity::<Notes, B>::open(backend).unwrap();
    store.create_schema().unwrap();
    let (notes, public, secrets) = (store.repo::<Note>(), store.repo::<Public>(), store.repo::<Secret>());
    public.create_many(INJECTIONS.iter().map(|text| note(text))).unwrap();
    secrets.create_many(INJECTIONS.iter().map(|text| secret(text))).unwrap();
    let before = notes.find(Note::query()).unwrap();

    for text in INJECTIONS {
        for (form, ask, finds) in forms() {
            let expected: Vec<_> = INJECTIONS.iter().copied().filter(|note| finds(note, text)).collect();
            assert_found(&public, ask(text), &expected, &format!("{form} {text:?}"));
            let others: Vec<_> = INJECTIONS.iter().copied().filter(|note| !finds(note, text)).collect();
            assert_found(&public, !ask(text), &others, &format!("not {form} {text:?}"));
            // The filter is false of every secret note.
            let seen = notes.count(Note::query().filter(ask(text))).unwrap();
            assert_eq!(seen, expected.len() as u64, "{form} {text:?} of all notes");
        }
        let by_key = public.retrieve(&NoteId((*text).to_owned())).unwrap();
        assert_eq!(by_key.map(PState::into_value), Some(note(text)), "by the key {text:?}");
        assert!(secrets.retrieve(&NoteId((*text).to_owned())).unwrap().is_none(), "a secret by the key {text:?}");
        let entry = Public::props().entries.entry(*text);
        let first = public.find(Public::query().order_by(entry.desc()).limit(1)).unwrap();
        assert_eq!(first[0].get(), &note(text), "the first by its entry {text:?}");
    }

    let value = |states: &[PState<Note>]| states.iter().map(|state| state.get().clone()).collect::<Vec<_>>();
    assert_eq!(value(&notes.find(Note::query()).unwrap()), value(&before), "nothing has changed");

    // Updates and deletes change only the note that they are meant for.
    for text in INJECTIONS {
        let found = public.retrieve_one(&NoteId((*text).to_owned())).unwrap();
        let written = public.update(found.modify(|note| note.maybe = None)).unwrap();
        assert_eq!(public.count(Public::query().filter(Public::props().maybe.is_none())).unwrap(), 1, "{text:?}");
        public.delete(written).unwrap();
    }
    assert_eq!(public.count(Public::query()).unwrap(), 0);
    assert_eq!(secrets.count(Secret::query()).unwrap(), INJECTIONS.len() as u64);
}

/// Fails unless the filter finds the notes of these strings, in each kind of query.
#[expect(clippy::unwrap_used, reason = "a helper of tests, which panics if they fail")]
fn assert_found<B: Backend>(public: &Repo<Public, B>, filter: Filter<Public>, expected: &[&str], what: &str) {
    let query = || Public::query().filter(filter.clone());
    let mut found: Vec<_> = public.find(query()).unwrap().into_iter().map(|state| state.into_value().text).collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{what}");
    assert_eq!(public.stream(query()).count(), expected.len(), "{what}, streamed");
    assert_eq!(public.count(query()).unwrap(), expected.len() as u64, "{what}, counted");
    assert_eq!(public.exists(query()).unwrap(), !expected.is_empty(), "{what}, by existence");
}
