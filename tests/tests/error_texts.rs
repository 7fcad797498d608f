//! What errors say: the type, the key and what to do, and never more than the caller knew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, WithoutCapabilities};
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use longevity_tests::models::primary_keys::{Composite, CompositeId, PrimaryKeys};

fn member(name: &str, email: &str) -> Member {
    Member {
        username: Username(name.into()),
        email: Email(email.into()),
        profile: Profile { tagline: String::new(), image_uri: String::new() },
        num_cats: 0,
    }
}

fn store() -> Longevity<Blogging, Mem> {
    let store = Longevity::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    store
}

#[test]
fn a_duplicate_names_the_type_that_declares_the_key() {
    let store = store();
    let members = store.repo::<Member>();
    members.create(member("ann", "ann@a")).unwrap();
    let error = members.create(member("bob", "ann@a")).unwrap_err();
    assert_eq!(error.to_string(), "Member with email = \"ann@a\" already exists");
    let commenter = Commenter { username: Username("ann".into()) };
    let error = store.repo::<Commenter>().create(commenter).unwrap_err();
    assert_eq!(error.to_string(), "User with username = \"ann\" already exists");
}

#[test]
fn a_missing_row_is_named_by_key_or_id() {
    let store = store();
    let members = store.repo::<Member>();
    let error = members.retrieve_one(&Email("ann@a".into())).unwrap_err();
    assert_eq!(error.to_string(), "no Member has email = \"ann@a\"");
    let error = store.repo::<Commenter>().retrieve_one(&Username("ann".into())).unwrap_err();
    assert_eq!(error.to_string(), "no Commenter has username = \"ann\"");
    let state = members.create(member("ann", "ann@a")).unwrap();
    let id = state.id();
    members.delete(state.clone()).unwrap();
    let error = members.update(state).unwrap_err();
    assert_eq!(error.to_string(), format!("no Member has the id {id}: it is gone"));
}

#[test]
fn a_conflict_names_both_versions() {
    let store = store();
    let users = store.repo::<User>();
    let state = users.create(User::Member(member("ann", "ann@a"))).unwrap();
    users.update(users.update(state.clone()).unwrap()).unwrap();
    let error = users.delete(state.clone()).unwrap_err();
    let id = state.id();
    assert_eq!(error.to_string(), format!("User {id} was changed by another writer: row version 0 is now 2"));
}

#[test]
fn a_primary_key_says_what_to_do_instead() {
    let store = Longevity::<PrimaryKeys, _>::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    let repo = store.repo::<Composite>();
    let id = |number| CompositeId { tenant: "a".into(), number };
    let state = repo.create(Composite { composite_id: id(1), text: "t".into() }).unwrap();
    let error = repo.update(state.modify(|value| value.composite_id = id(2))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the primary key composite_id of Composite may not change from (\"a\", 1) to (\"a\", 2): delete the row and \
         create another"
    );
}

#[test]
fn an_unsupported_operation_names_the_back_end() {
    let store = Longevity::<Blogging, _>::open(Decorated::new(Mem::new(), WithoutCapabilities)).unwrap();
    store.create_schema().unwrap();
    let error = store.repo::<Member>().create_many([member("ann", "ann@a")]).unwrap_err();
    assert_eq!(error.to_string(), "the mem back end does not support create_many");
}

#[test]
fn a_refused_write_turns_into_an_error_by_question_mark() {
    fn write() -> Result<(), Error> {
        let store = store();
        let members = store.repo::<Member>();
        let state = members.create(member("ann", "ann@a"))?;
        members.delete(state.clone())?;
        members.delete(state)?;
        Ok(())
    }
    assert!(write().unwrap_err().is_not_found());
}

#[test]
fn a_row_that_cannot_be_decoded_is_reported_with_the_path_to_the_fault() {
    let decode = |path: &str| Error::Decode {
        type_name: "Member",
        id: longevity::RowId::from_u128(7),
        path: path.to_owned(),
        source: "invalid type: string, expected i64".into(),
    };
    let located = decode("profile.links[2]").to_string();
    assert!(located.contains(" at profile.links[2]: invalid type: string, expected i64"), "{located}");
    // There is no path if the whole document does not fit.
    let whole = decode("").to_string();
    assert!(!whole.contains(" at "), "{whole}");
}
