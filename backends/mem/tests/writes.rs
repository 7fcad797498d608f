//! Writes are atomic, unique and versioned; a failed write leaves everything unchanged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test panics where it fails")]

mod common;

use std::borrow::Cow;

use common::*;
use longevity_core::backend::Predicate;
use longevity_core::backend::{Backend, ByKind, Lookup, Session, Target, WriteFailure};
use longevity_core::table::Scope;
use longevity_core::value::Comparison;
use longevity_core::{RowContent, RowId, Timestamp, Value, ValueRef};

/// The position of the key that was taken.
fn taken<T: std::fmt::Debug>(result: Result<T, WriteFailure>) -> usize {
    match result {
        Err(WriteFailure::Duplicate(index)) => index,
        other => panic!("expected a duplicate, got {other:?}"),
    }
}

#[test]
fn inserted_rows_come_back() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    let row = users.by_username("member-000001").unwrap();
    assert_eq!((row.id, row.version, row.discriminator.as_deref()), (id, 0, Some("Member")));
    assert_eq!(users.user(&row), User::Member(member(1)));
    let code = [Value::Text("EU".into()), Value::Int(1)];
    assert_eq!(users.get(CODE_KEY, &code).unwrap().id, id);
    assert!(users.by_username("member-000002").is_none());
}

#[test]
fn a_document_of_another_type_does_not_decode_and_the_error_names_the_types() {
    let users = Users::new();
    users.insert(member(1)).unwrap();
    let row = users.by_username("member-000001").unwrap();
    let error = users.mem.decode::<Commenter>(&row.doc).unwrap_err().source.to_string();
    assert!(error.contains("::Member") && error.contains("::Commenter"), "{error}");
}

#[test]
fn a_taken_key_is_refused_and_nothing_is_left_of_the_write() {
    let users = Users::new();
    users.insert(member(1)).unwrap();
    let before = users.all();
    // The first key is free and the second is not. Nothing of the first may remain.
    let thief = Member { email: member(1).email, ..member(2) };
    assert_eq!(taken(users.insert(thief.clone())), EMAIL_KEY);
    assert_eq!(users.all(), before);
    assert!(users.by_username(&thief.username).is_none());
    users.check_indexes();
    users.insert(member(2)).unwrap();
    users.check_indexes();
}

#[test]
fn a_batch_with_a_duplicate_inserts_nothing_and_names_the_row() {
    let users = Users::new();
    users.insert(member(5)).unwrap();
    let before = users.all();
    // A duplicate of an existing row.
    let (position, failure) = users.insert_many([member(1), member(2), member(5)].map(User::from)).unwrap_err();
    assert_eq!((position, taken::<()>(Err(failure))), (2, USERNAME_KEY));
    // A duplicate within the batch.
    let twin = Member { code: member(1).code, ..member(3) };
    let (position, failure) = users.insert_many([member(1), twin, member(4)].map(User::from)).unwrap_err();
    assert_eq!((position, taken::<()>(Err(failure))), (1, CODE_KEY));
    assert_eq!(users.all(), before);
    users.check_indexes();
    let ids = users.insert_many([member(1), member(2), member(3)].map(User::from)).unwrap();
    assert!(ids.is_sorted() && ids.len() == 3);
    assert_eq!(users.count(Predicate::True), 4);
    users.check_indexes();
}

#[test]
fn a_replaced_row_keeps_its_own_key_and_may_not_take_anothers() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    users.insert(member(2)).unwrap();
    assert_eq!(users.replace(id, Some(0), Member { cats: 99, ..member(1) }).unwrap(), 1);
    users.check_indexes();
    let before = users.all();
    let thief = Member { username: "new".to_owned(), email: member(2).email, ..member(1) };
    assert_eq!(taken(users.replace(id, Some(1), thief)), EMAIL_KEY);
    assert_eq!(users.all(), before);
    users.check_indexes();
    // A key value that was given up is free.
    assert_eq!(users.replace(id, Some(1), Member { email: "new".to_owned(), ..member(1) }).unwrap(), 2);
    users.insert(Member { email: member(1).email, ..member(3) }).unwrap();
    users.check_indexes();
}

#[test]
fn a_missing_row_is_reported_before_a_stale_write_and_that_before_a_taken_key() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    users.insert(member(2)).unwrap();
    users.replace(id, None, member(1)).unwrap();
    // The write is stale, and its key value is taken too.
    assert!(matches!(users.replace(id, Some(0), member(2)), Err(WriteFailure::Stale { found: 1 })));
    // The row is out of scope, and the write is stale too.
    let target = Target { id, version: Some(0), scope: Some(COMMENTER), primary_key: None, before: false };
    let content = users.content(member(1));
    assert!(matches!(now(users.mem.replace(&users.table, target, content)), Err(WriteFailure::Missing)));
    assert!(matches!(now(users.mem.delete(&users.table, target)), Err(WriteFailure::Missing)));
    let target = Target { scope: Some(MEMBER), ..target };
    assert!(matches!(now(users.mem.delete(&users.table, target)), Err(WriteFailure::Stale { found: 1 })));
    users.delete(id).unwrap();
    assert!(matches!(users.delete(id), Err(WriteFailure::Missing)));
    assert!(matches!(users.replace(RowId::from_u128(u128::MAX), None, member(1)), Err(WriteFailure::Missing)));
    users.check_indexes();
}

#[test]
fn a_deleted_row_frees_its_keys() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    users.delete(id).unwrap();
    assert!(users.by_username("member-000001").is_none() && users.by_email("member-000001@example.com").is_none());
    users.check_indexes();
    assert!(users.insert(member(1)).unwrap() > id);
}

#[test]
fn a_morph_moves_the_entries_between_partial_indexes() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    let as_commenter = Commenter { username: member(1).username, cats: 3 };
    assert_eq!(users.replace(id, Some(0), as_commenter).unwrap(), 1);
    assert!(users.by_email(&member(1).email).is_none());
    users.check_indexes();
    // The email is free now, and a change back is refused once it is taken.
    let other = users.insert(Member { email: member(1).email, ..member(2) }).unwrap();
    assert_eq!(taken(users.replace(id, Some(1), member(1))), EMAIL_KEY);
    users.check_indexes();
    users.delete(other).unwrap();
    assert_eq!(users.replace(id, Some(1), member(1)).unwrap(), 2);
    assert_eq!(users.by_email(&member(1).email).unwrap().id, id);
    users.check_indexes();
}

#[test]
fn siblings_without_the_property_do_not_collide_on_its_absence() {
    let users = Users::new();
    users.insert(commenter(1)).unwrap();
    users.insert(commenter(2)).unwrap();
    assert_eq!(taken(users.insert(Member { username: commenter(1).username, ..member(1) })), USERNAME_KEY);
    users.check_indexes();
}

#[test]
fn a_lookup_out_of_scope_finds_nothing() {
    let users = Users::new();
    users.insert(member(1)).unwrap();
    let values = [ValueRef::Text("member-000001")];
    let lookup = |scope| Lookup { index: USERNAME_KEY, values: &values, scope };
    assert!(now(users.mem.get(&users.table, lookup(Some(COMMENTER)))).unwrap().is_none());
    assert!(now(users.mem.get(&users.table, lookup(Some(MEMBER)))).unwrap().is_some());
    // An index that is not a key, or a part of a key, is an error and not a panic.
    for (index, values) in [(3, &values[..]), (99, &values), (CODE_KEY, &values), (USERNAME_KEY, &[])] {
        assert!(now(users.mem.get(&users.table, Lookup { index, values, scope: None })).is_err());
    }
}

#[test]
fn a_row_with_an_unknown_discriminator_comes_back_as_stored_and_is_in_no_scope() {
    let users = Users::new();
    let id = users.insert(member(1)).unwrap();
    let content = RowContent { discriminator: Some(Cow::Owned("Martian".to_owned())), ..users.content(member(1)) };
    let target = Target { id, version: None, scope: None, primary_key: None, before: false };
    now(users.mem.replace(&users.table, target, content)).unwrap();
    let row = users.by_username("member-000001").unwrap();
    assert_eq!(row.discriminator.as_deref(), Some("Martian"));
    assert!(users.by_email(&member(1).email).is_none());
    let named = |scope| Predicate::Scope(scope).and(compare(&[&CATS], Comparison::Eq, 1));
    assert_eq!(users.count(named(MEMBER)), 0);
    assert_eq!(users.count(Predicate::Scope(COMMENTER)), 0);
    assert_eq!(users.count(named(Scope { variant: 2, discriminators: &["Martian"] })), 1);
    assert_eq!(users.find(select(Predicate::True)), [id]);
}

#[test]
fn an_alias_is_in_the_partial_indexes() {
    let users = Users::new();
    let content = RowContent { discriminator: Some(Cow::Borrowed("Subscriber")), ..users.content(member(1)) };
    let id = now(users.mem.insert(&users.table, content)).unwrap();
    assert_eq!(users.by_email(&member(1).email).unwrap().id, id);
    assert_eq!(taken(users.insert(Member { email: member(1).email, ..member(2) })), EMAIL_KEY);
}

#[test]
fn a_replace_keeps_the_time_of_creation() {
    let users = Users::new();
    let at = |seconds| Timestamp::from_unix(seconds, 0);
    let content = |written_at| RowContent { written_at, ..users.content(member(1)) };
    let id = now(users.mem.insert(&users.table, content(at(1)))).unwrap();
    let times = || users.by_username("member-000001").map(|row| (row.created_at, row.updated_at)).unwrap();
    assert_eq!(times(), (at(1), at(1)));
    let target = Target { id, version: None, scope: None, primary_key: None, before: false };
    now(users.mem.replace(&users.table, target, content(at(2)))).unwrap();
    assert_eq!(times(), (at(1), at(2)));
    now(users.mem.replace(&users.table, target, content(None))).unwrap();
    assert_eq!(times(), (at(1), at(2)));
}
