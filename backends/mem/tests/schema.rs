//! Creating a schema is idempotent and additive, and is shared between the models that open a table.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test panics where it fails")]

mod common;

use common::*;
use longevity_core::backend::Predicate;
use longevity_core::backend::{Backend, Session, WriteFailure};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_mem::Mem;

fn created(mem: &Mem, definition: TableDefinition) -> Users {
    let users = Users::open(mem, definition);
    now(users.mem.create_schema(&[&users.table])).unwrap();
    users
}

#[test]
fn nothing_works_before_the_schema_is_created() {
    let mem = Mem::new();
    let users = Users::open(&mem, definition());
    let Err(WriteFailure::Other(error)) = users.insert(member(1)) else { panic!("inserted") };
    assert!(error.to_string().contains("create_schema"), "{error}");
    assert!(now(users.mem.count(&users.table, Predicate::True)).is_err());
    let mut rows = users.stream(select(Predicate::True));
    let mut next = || now(futures_util::StreamExt::next(&mut rows)).map(|row| row.is_err());
    assert_eq!([next(), next()], [Some(true), None]);
    // A table without the model's keys would accept rows that they forbid.
    created(&mem, bare_definition());
    assert!(users.insert(member(1)).is_err());
    now(users.mem.create_schema(&[&users.table])).unwrap();
    users.insert(member(1)).unwrap();
}

#[test]
fn creating_again_changes_nothing() {
    let users = Users::new();
    users.insert(member(1)).unwrap();
    now(users.mem.create_schema(&[&users.table])).unwrap();
    assert_eq!(users.all().len(), 1);
    users.check_indexes();
}

#[test]
fn stores_are_separate_and_clones_share_their_contents() {
    let users = Users::new();
    users.insert(member(1)).unwrap();
    assert!(Users::new().all().is_empty());
    assert_eq!(Users::open(&users.mem.clone(), definition()).all().len(), 1);
}

#[test]
fn new_indexes_are_built_from_the_rows_that_are_there() {
    let mem = Mem::new();
    let old = created(&mem, bare_definition());
    old.insert_many((0..50).map(|number| member(number).into())).unwrap();
    old.insert_many((0..50).map(|number| commenter(number).into())).unwrap();
    let new = created(&mem, definition());
    new.check_indexes();
    // The writes of each model keep the indexes of the other.
    old.insert(member(50)).unwrap();
    old.delete(old.by_username_scan("member-000007")).unwrap();
    new.check_indexes();
    let Err(WriteFailure::Other(error)) = old.insert(member(50)) else { panic!("inserted") };
    assert!(matches!(&error, longevity_core::Error::UndeclaredKey { key, .. } if key == "username.key"), "{error}");
    let (position, _) = old.insert_many([member(60), member(50)].map(User::from)).unwrap_err();
    assert_eq!(position, 1);
    new.check_indexes();
}

#[test]
fn a_new_key_that_the_rows_violate_is_refused_and_nothing_is_changed() {
    let mem = Mem::new();
    let old = created(&mem, bare_definition());
    old.insert(member(1)).unwrap();
    old.insert(Member { email: member(1).email, ..member(2) }).unwrap();
    let before = old.all();
    let new = Users::open(&mem, definition());
    let error = now(mem.create_schema(&[&new.table])).unwrap_err();
    assert!(error.is_duplicate_key() && error.to_string().contains(&member(1).email), "{error}");
    assert_eq!(old.all(), before);
    // None of the new indexes remains, so that the old model continues as before.
    old.insert(member(1)).unwrap();
    assert!(new.insert(member(3)).is_err());
}

#[test]
fn an_index_of_the_same_name_with_other_columns_is_another_index() {
    let mem = Mem::new();
    let old = created(&mem, TableDefinition { indexes: vec![index("x", &[4], true, false)], ..bare_definition() });
    old.insert_many((0..20).map(|number| member(number).into())).unwrap();
    let new = created(&mem, TableDefinition { indexes: vec![index("x", &[0], false, true)], ..bare_definition() });
    old.check_indexes();
    new.check_indexes();
    let cats = members().and(compare(&[&CATS], Comparison::Eq, 3));
    assert_eq!(old.find(select(cats.clone())), new.find(select(cats)));
}

impl Users {
    fn by_username_scan(&self, username: &str) -> longevity_core::RowId {
        self.find(select(compare(&[&USERNAME], Comparison::Eq, username)))[0]
    }
}
