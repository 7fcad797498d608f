//! A delete by query of rows that cannot be read at once: they are looked at one by one.

use longevity::RowId;
use longevity::backend::RowContent;
use longevity::backend::Select;
use longevity::backend::{Backend, ByKind, Session};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator, Rows};

use super::model::{Guest, Site, User, site};

type Table = <Mem as Session>::Table;

/// Cannot read the rows of any query; a stream of them it can.
struct Unreadable;

impl Decorator<Mem> for Unreadable {
    async fn find(&self, _: &Mem, _: &Table, _: Select) -> Result<Rows<Mem>, Error> {
        let source = "it has no version".into();
        Err(Error::Decode { type_name: "Guest", id: RowId::from_u128(0), path: "_version".into(), source })
    }
}

type Store = Longevity<Site, Decorated<Mem, Unreadable>>;

/// The store, and the same one for somebody who can read its rows.
fn unreadable() -> (Store, Mem, Longevity<Site, Mem>) {
    let (mem, before) = site();
    (Longevity::open(Decorated::new(mem.clone(), Unreadable)).unwrap(), mem, before)
}

#[test]
fn rows_that_cannot_be_read_at_once_are_deleted_all_the_same() {
    let (store, _, before) = unreadable();
    assert!(store.repo::<User>().find(User::query()).is_err());
    assert_eq!(store.repo::<Guest>().delete_where(Guest::query().all()).unwrap(), 1);
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 2);
    assert_eq!(store.repo::<User>().delete_where(User::query().filter(User::props().visits.gt(1))).unwrap(), 1);
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 1);
}

#[test]
fn a_row_of_a_type_that_is_not_known_stays_and_is_told() {
    let (store, mem, before) = unreadable();
    let (_, table) = before.asynchronous().table::<User>().unwrap();
    let doc = mem.encode(&"somebody".to_owned()).unwrap();
    let content = RowContent { discriminator: Some("Stranger".into()), doc, columns: Vec::new(), written_at: None };
    longevity::blocking::block_on(mem.insert(table, content)).unwrap();
    let error = store.repo::<User>().delete_where(User::query().all()).unwrap_err();
    assert!(matches!(&error, Error::UnknownDiscriminator { found, .. } if found == "Stranger"), "{error}");
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 4);
}
