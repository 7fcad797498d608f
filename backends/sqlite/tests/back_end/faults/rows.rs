//! Rows that were edited by hand into a state that no model would write.

use longevity::blocking::Longevity;
use longevity::{Error, Options, PersistentType};
use longevity_tests::models::blogging::{Blogging, Commenter, User, Username};
use longevity_tests::models::keys::{Library, Note};

use super::files::note;
use crate::place::Place;

/// Changes to the middle one of three commenters: the path in the error, and the assignment.
const NONSENSE: [(&str, &str); 8] = [
    ("", "_doc = 'no json, but a password'"),
    ("", "_doc = ''"),
    ("username", "_doc = '{\"username\": [1]}'"),
    ("", "_doc = '[]'"),
    ("", "_doc = CAST(x'7b22ff' AS TEXT)"),
    ("_version", "_version = -1"),
    ("_created_at", "_created_at = 'yesterday'"),
    ("_updated_at", "_updated_at = CAST(x'ff' AS TEXT)"),
];

#[test]
fn an_invalid_row_is_an_error_and_other_rows_are_read() {
    for (wanted, nonsense) in NONSENSE {
        let place = Place::new();
        let store = Longevity::<Blogging, _>::open_with(place.sqlite(), Options::default().timestamps(true)).unwrap();
        store.create_schema().unwrap();
        let (users, commenters) = (store.repo::<User>(), store.repo::<Commenter>());
        let names = ["ann", "bob", "cec"].map(|name| Username(name.into()));
        commenters.create_many(names.clone().map(|username| Commenter { username })).unwrap();
        let edit = format!("PRAGMA ignore_check_constraints = 1; UPDATE user SET {nonsense} WHERE username = 'bob'");
        place.raw().execute_batch(&edit).unwrap();

        let assert_told = |error: &Error| match error {
            Error::Decode { type_name: "Commenter", id, path, .. } => {
                assert_eq!((id.as_u128(), path.as_str()), (2, wanted), "{nonsense}: {error}");
                assert!(!error.to_string().contains("password"), "{error}");
            }
            other => panic!("{nonsense}: {other:?}"),
        };
        assert_told(&users.retrieve(&names[1]).unwrap_err());
        assert_told(&commenters.retrieve(&names[1]).unwrap_err());
        assert_told(&users.find(User::query()).unwrap_err());
        let all: Vec<_> = commenters.stream(Commenter::query()).collect();
        assert!(all.len() == 3 && all[0].is_ok() && all[2].is_ok(), "{nonsense}: {all:?}");
        assert_told(all[1].as_ref().unwrap_err());
        assert_eq!(users.count(User::query()).unwrap(), 3);
        assert!(users.retrieve(&names[2]).unwrap().is_some());
        // The row can be deleted, and no other row is.
        let bob = User::props().username.eq(names[1].clone());
        assert_eq!(users.delete_where(User::query().filter(bob)).unwrap(), 1, "{nonsense}");
        assert_eq!(commenters.find(Commenter::query()).unwrap().len(), 2, "{nonsense}");
    }
}

#[test]
fn a_filter_on_a_property_without_a_column_skips_invalid_documents() {
    let place = Place::new();
    let store = place.store::<Library>();
    let notes = store.repo::<Note>();
    notes.create_many(["a", "b", "a"].map(note)).unwrap();
    for nonsense in ["'no json'", "CAST(x'ff' AS TEXT)", "'{\"text\": 1}'", "'[[['"] {
        place.raw().execute_batch(&format!("UPDATE note SET _doc = {nonsense} WHERE _id = 2")).unwrap();
        let text = Note::props().text;
        assert_eq!(notes.find(Note::query().filter(text.eq("a"))).unwrap().len(), 2, "{nonsense}");
        assert_eq!(notes.count(Note::query().filter(text.ge("a"))).unwrap(), 2, "{nonsense}");
        assert_eq!(notes.count(Note::query()).unwrap(), 3, "{nonsense}");
    }
    // A row that cannot be decoded can be deleted.
    assert_eq!(notes.delete_where(Note::query().all()).unwrap(), 3);
    assert_eq!(notes.count(Note::query()).unwrap(), 0);
}

#[test]
fn the_error_for_an_unknown_discriminator_names_the_row_and_the_known_ones() {
    let place = Place::new();
    let store = place.store::<Blogging>();
    store.repo().create(Commenter { username: Username("ann".into()) }).unwrap();
    place.raw().execute_batch("PRAGMA ignore_check_constraints = 1; UPDATE user SET _type = 'Admin'").unwrap();
    let error = store.repo::<User>().retrieve(&Username("ann".into())).unwrap_err();
    let text =
        "row #1 of table user has the discriminator \"Admin\", which User does not know: it knows Member, Commenter";
    assert_eq!(error.to_string(), text);
    assert!(store.repo::<Commenter>().retrieve(&Username("ann".into())).unwrap().is_none());
    // A row of a type that only another version has is kept.
    let error = store.repo::<User>().delete_where(User::query().all()).unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(store.repo::<Commenter>().delete_where(Commenter::query().all()).unwrap(), 0);
    assert_eq!(store.repo::<User>().count(User::query()).unwrap(), 1);
}

/// The id of a row in an error is the one that `SELECT .. WHERE _id = ..` takes.
#[test]
fn the_id_in_an_error_finds_the_row_in_the_shell() {
    let place = Place::new();
    let store = place.store::<Library>();
    let notes = store.repo::<Note>();
    notes.create_many((0..30).map(|at| note(at.to_string()))).unwrap();
    let edit = "UPDATE note SET _doc = '[]' WHERE _id = 26; UPDATE note SET _id = -7 WHERE _id = 27";
    place.raw().execute_batch(edit).unwrap();
    let error = notes.find(Note::query()).unwrap_err();
    assert!(error.to_string().contains("Note #26:"), "{error}");
    place.raw().execute_batch("DELETE FROM note WHERE _id = 26; UPDATE note SET _doc = '[]' WHERE _id = -7").unwrap();
    let error = notes.find(Note::query()).unwrap_err();
    assert!(error.to_string().contains("Note #-7:"), "{error}");
}
