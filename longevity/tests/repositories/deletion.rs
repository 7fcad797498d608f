//! A delete by query whose rows cannot all be read together: they are read one by one.

use longevity::RowId;
use longevity::backend::RowContent;
use longevity::backend::Select;
use longevity::backend::{Backend, ByKind, Session};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator, Rows};

use super::model::{Guest, Site, User, site};

type Table = <Mem as Session>::Table;

/// Fails to read the rows of any query, but can stream them.
struct Unreadable;

impl Decorator<Mem> for Unreadable {
    async fn find(&self, _: &Mem, _: &Table, _: Select) -> Result<Rows<Mem>, Error> {
        let source = "it has no version".into();
        Err(Error::Decode { type_name: "Guest", id: RowId::from_u128(0), path: "_version".into(), source })
    }
}

type Store = Longevity<Site, Decorated<Mem, Unreadable>>;

/// The store, and a store over the same rows that can read them.
fn unreadable() -> (Store, Mem, Longevity<Site, Mem>) {
    let (mem, before) = site();
    (Longevity::open(Decorated::new(mem.clone(), Unreadable)).unwrap(), mem, before)
}

#[test]
fn rows_that_cannot_be_read_together_are_deleted_one_by_one() {
    let (store, _, before) = unreadable();
    assert!(store.repo::<User>().find(User::query()).is_err());
    assert_eq!(store.repo::<Guest>().delete_where(Guest::query().all()).unwrap(), 1);
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 2);
    assert_eq!(store.repo::<User>().delete_where(User::query().filter(User::props().visits.gt(1))).unwrap(), 1);
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 1);
}

#[test]
fn a_row_of_an_unknown_type_stays_and_is_reported() {
    let (store, mem, before) = unreadable();
    let (_, table) = before.asynchronous().table::<User>().unwrap();
    let doc = mem.encode(&"someone".to_owned()).unwrap();
    let content = RowContent { discriminator: Some("Stranger".into()), doc, columns: Vec::new(), written_at: None };
    longevity::blocking::block_on(mem.insert(table, content)).unwrap();
    let error = store.repo::<User>().delete_where(User::query().all()).unwrap_err();
    assert!(matches!(&error, Error::UnknownDiscriminator { found, .. } if found == "Stranger"), "{error}");
    assert_eq!(before.repo::<User>().count(User::query()).unwrap(), 4);
}
