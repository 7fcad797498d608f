//! Several versions of a model on one table, one after the other: what every back end refuses, keeps in force and releases.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "the tests of each back end share these, and panic where they fail"
)]

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::{DomainModel, Error, PersistentType as _};

macro_rules! version {
    ($(#[$doc:meta])* $name:ident: $persistent:meta { $($field:tt)* } $($item:item)*) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "versions of one model")]
        pub mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Note)]
            pub struct Name(pub String);

            $($item)*

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[$persistent]
            pub struct Note {
                pub name: Name,
                $($field)*
            }

            #[derive(Debug, DomainModel)]
            #[domain_model(Note)]
            pub struct Model;
        }
    };
}

version! {
    /// With a key that later versions do not declare.
    with_key: persistent(table = "note", key(name), key(tag)) { pub tag: Tag, }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Note)]
    pub struct Tag(pub String);
}
version! {
    /// With the property, but without the key.
    without_key: persistent(table = "note", key(name)) { pub tag: String, }
}
version! {
    /// With an index on the property.
    with_index: persistent(table = "note", key(name), index(tag)) { pub tag: String, }
}
version! {
    /// Without the property.
    without_property: persistent(table = "note", key(name)) {}
}
version! {
    /// The property is a number.
    whole: persistent(table = "note", key(name), index(score)) { pub score: i32, }
}
version! {
    /// The property is a string.
    text: persistent(table = "note", key(name), index(score)) { pub score: String, }
}
version! {
    /// The property is a float.
    float: persistent(table = "note", key(name), index(score)) { pub score: f64, }
}
version! {
    /// The property is a large number.
    large: persistent(table = "note", key(name), index(score)) { pub score: i64, }
}
version! {
    /// The property has a default.
    defaulted: persistent(table = "note", key(name), index(score)) { #[serde(default)] pub score: i32, }
}

/// Two tables. The second one is refused if another version has stored numbers in it.
#[allow(missing_docs, reason = "versions of one model")]
pub mod two_tables {
    use longevity::prelude::*;

    pub use super::text::Note;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    pub struct Aside {
        pub text: String,
    }

    #[derive(Debug, DomainModel)]
    #[domain_model(Aside, Note)]
    pub struct Model;
}

fn open<M: DomainModel, B: Backend>(backend: B) -> Longevity<M, B> {
    Longevity::open(backend).unwrap()
}

/// The error of creating the schema of a version, as text.
fn refusal<M: DomainModel, B: Backend>(backend: B) -> String {
    open::<M, B>(backend).create_schema().unwrap_err().to_string()
}

/// Opens a store of this version and creates its schema.
fn created<M: DomainModel, B: Backend>(backend: B) -> Longevity<M, B> {
    let store = open::<M, B>(backend);
    store.create_schema().unwrap();
    store
}

/// A key that the model no longer declares holds on every back end, is reported by name, and is dropped only by
/// `drop_undeclared_keys`.
pub fn a_key_that_is_no_longer_declared_holds_until_it_is_dropped<B: Backend + Clone>(backend: B) {
    let first = created::<with_key::Model, _>(backend.clone());
    let note =
        |name: &str, tag: &str| with_key::Note { name: with_key::Name(name.into()), tag: with_key::Tag(tag.into()) };
    first.repo().create(note("a", "x")).unwrap();
    assert_eq!(first.undeclared_keys().unwrap(), [""; 0]);
    assert_eq!(first.drop_undeclared_keys().unwrap(), [""; 0]);

    let second = created::<without_key::Model, _>(backend.clone());
    second.create_schema().unwrap();
    let notes = second.repo::<without_key::Note>();
    let later = |name: &str, tag: &str| without_key::Note { name: without_key::Name(name.into()), tag: tag.into() };
    assert_eq!(second.undeclared_keys().unwrap(), ["note.tag.key"]);
    let b = notes.create(later("b", "y")).unwrap();
    // A duplicate of a row of this version, and of a row of the version that declared the key.
    for tag in ["y", "x"] {
        ensure_undeclared(&notes.create(later("c", tag)).unwrap_err());
        ensure_undeclared(&notes.create_many([later("c", "z"), later("d", tag)]).unwrap_err());
    }
    ensure_undeclared(notes.update(b.modify(|note| note.tag = "x".into())).unwrap_err().error());
    let b = notes.retrieve_one(&without_key::Name("b".into())).unwrap();
    let b = notes.update(b.modify(|note| note.tag = "w".into())).unwrap();
    // A duplicate of a key that this version declares is reported as usual.
    let duplicate = notes.create(later("b", "v")).unwrap_err();
    assert!(matches!(duplicate, Error::DuplicateKey { .. }), "{duplicate:?}");

    // The version that declares the key works as before.
    let first = created::<with_key::Model, _>(backend.clone());
    assert_eq!(first.undeclared_keys().unwrap(), [""; 0]);
    let duplicate = first.repo().create(note("c", "w")).unwrap_err();
    assert!(matches!(&duplicate, Error::DuplicateKey { key, .. } if key == "tag"), "{duplicate:?}");
    let c = first.repo().create(note("c", "u")).unwrap();

    let second = created::<without_key::Model, _>(backend.clone());
    let notes = second.repo::<without_key::Note>();
    ensure_undeclared(&notes.create(later("d", "u")).unwrap_err());
    assert_eq!(second.drop_undeclared_keys().unwrap(), ["note.tag.key"]);
    assert_eq!(second.undeclared_keys().unwrap(), [""; 0]);
    notes.create(later("d", "u")).unwrap();
    notes.update(b.modify(|note| note.tag = "u".into())).unwrap();
    assert_eq!(notes.count(without_key::Note::query()).unwrap(), 4);
    // The key cannot be declared again while rows violate it.
    let refused = open::<with_key::Model, _>(backend).create_schema().unwrap_err();
    assert!(refused.to_string().contains("tag"), "{refused}");
    drop(c);
}

/// The same holds when the property of the key has an index instead.
pub fn a_key_that_became_an_index_holds_until_it_is_dropped<B: Backend + Clone>(backend: B) {
    let first = created::<with_key::Model, _>(backend.clone());
    let note = with_key::Note { name: with_key::Name("a".into()), tag: with_key::Tag("x".into()) };
    first.repo().create(note).unwrap();
    let second = created::<with_index::Model, _>(backend);
    let notes = second.repo::<with_index::Note>();
    let later = |name: &str, tag: &str| with_index::Note { name: with_index::Name(name.into()), tag: tag.into() };
    notes.create(later("b", "y")).unwrap();
    for tag in ["x", "y"] {
        ensure_undeclared(&notes.create(later("c", tag)).unwrap_err());
    }
    assert_eq!(second.drop_undeclared_keys().unwrap(), ["note.tag.key"]);
    notes.create(later("c", "x")).unwrap();
    let tagged = with_index::Note::query().filter(with_index::Note::props().tag.eq("x"));
    assert_eq!(notes.count(tagged).unwrap(), 2);
}

/// The same holds when the property is gone, too: all rows without it have the same key value, so only one such row can exist.
pub fn a_key_whose_property_is_gone_holds_until_it_is_dropped<B: Backend + Clone>(backend: B) {
    let first = created::<with_key::Model, _>(backend.clone());
    let note = with_key::Note { name: with_key::Name("a".into()), tag: with_key::Tag("x".into()) };
    first.repo().create(note).unwrap();
    let second = created::<without_property::Model, _>(backend);
    let notes = second.repo::<without_property::Note>();
    let later = |name: &str| without_property::Note { name: without_property::Name(name.into()) };
    notes.create(later("b")).unwrap();
    ensure_undeclared(&notes.create(later("c")).unwrap_err());
    assert_eq!(second.drop_undeclared_keys().unwrap(), ["note.tag.key"]);
    notes.create_many([later("c"), later("d")]).unwrap();
    assert_eq!(notes.count(without_property::Note::query()).unwrap(), 4);
}

fn ensure_undeclared(error: &Error) {
    assert!(matches!(error, Error::UndeclaredKey { key, .. } if key == "note.tag.key"), "{error:?}");
    assert!(error.is_duplicate_key());
    let text = error.to_string();
    assert!(text.contains("note.tag.key") && text.contains("`drop_undeclared_keys`"), "{text}");
}

/// An index on a property whose type changed is refused by name, with advice, and changes nothing.
pub fn a_property_that_changed_its_type_is_refused_by_name<B: Backend + Clone>(empty: impl Fn() -> B) {
    let backend = empty();
    let numbers = created::<whole::Model, _>(backend.clone());
    for score in [7, -7] {
        let name = whole::Name(format!("{score}"));
        numbers.repo().create(whole::Note { name, score }).unwrap();
    }
    for refused in [refusal::<text::Model, _>(backend.clone()), refusal::<float::Model, _>(empty_float(&empty))] {
        assert!(refused.contains("score") && refused.contains("#[persistent(name = "), "{refused}");
    }
    assert_eq!(numbers.repo().count(whole::Note::query()).unwrap(), 2);
    numbers.create_schema().unwrap();
}

/// Back ends that support it create a schema of several tables as a whole or not at all.
pub fn a_schema_that_is_refused_for_one_table_is_created_for_none<B: Backend + Clone>(backend: B) {
    use two_tables::{Aside, Model};

    let numbers = created::<whole::Model, _>(backend.clone());
    let note = |score| whole::Note { name: whole::Name("a".into()), score };
    numbers.repo().create(note(7)).unwrap();
    assert!(refusal::<Model, _>(backend.clone()).contains("score"));
    let both = open::<Model, _>(backend);
    let error = both.repo().create(Aside { text: "by the way".into() }).unwrap_err().to_string();
    assert!(error.contains("create_schema"), "{error}");
    numbers.create_schema().unwrap();
    assert_eq!(numbers.repo().count(whole::Note::query()).unwrap(), 1);
}

/// A table with strings, on which the version with floats is then refused.
fn empty_float<B: Backend + Clone>(empty: &impl Fn() -> B) -> B {
    let backend = empty();
    let texts = created::<text::Model, _>(backend.clone());
    texts.repo().create(text::Note { name: text::Name("a".into()), score: "x".into() }).unwrap();
    backend
}

/// A float that became an integer is refused in the same way.
pub fn a_float_that_became_an_integer_is_refused_by_name<B: Backend + Clone>(backend: B) {
    let floats = created::<float::Model, _>(backend.clone());
    for (name, score) in [("a", 1.5), ("b", 2.0)] {
        floats.repo().create(float::Note { name: float::Name(name.into()), score }).unwrap();
    }
    let refused = refusal::<large::Model, _>(backend);
    assert!(refused.contains("score") && refused.contains("#[persistent(name = "), "{refused}");
    assert_eq!(floats.repo().count(float::Note::query()).unwrap(), 2);
}

/// A required property that existing rows lack is refused by name, with advice. The advice works where rows are documents.
pub fn a_required_property_that_existing_rows_lack_is_refused_by_name<B: Backend + Clone>(backend: B, documents: bool) {
    let without = created::<without_property::Model, _>(backend.clone());
    for name in ["a", "b"] {
        without.repo().create(without_property::Note { name: without_property::Name(name.into()) }).unwrap();
    }
    let refused = refusal::<whole::Model, _>(backend.clone());
    assert!(refused.contains("score") && refused.contains("#[serde(default)]"), "{refused}");
    without.create_schema().unwrap();
    if documents {
        let defaulted = created::<defaulted::Model, _>(backend);
        let zero = defaulted::Note::query().filter(defaulted::Note::props().score.eq(0));
        assert_eq!(defaulted.repo().count(zero).unwrap(), 2);
    }
}
