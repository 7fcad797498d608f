//! Patches that a back end makes where the row is: which changes it is trusted with, and which need a look at the row.

use std::sync::{Arc, Mutex};

use longevity::backend::{Backend, Lookup};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::{InPlace, Patch};
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Address, Email, Guest, Member, Page, Site, Url, User, guest, name, site};

type Doc = <Mem as Backend>::Doc;
type Table = <Mem as Backend>::Table;

/// Notes the changes that it is asked to make, and declines.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<Vec<InPlace>>>>);

impl Decorator<Mem> for Asked {
    async fn patch(
        &self,
        _: &Mem,
        _: &Table,
        _: Lookup<'_>,
        changes: &[InPlace],
        _: Option<Timestamp>,
    ) -> Result<Option<longevity::Row<Doc>>, Error> {
        self.0.lock().unwrap().push(changes.to_vec());
        Ok(None)
    }
}

impl Asked {
    /// The changes of the one patch that came since the last question, as text; `None` if the row was looked at at once.
    fn take(&self) -> Option<String> {
        let mut asked = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(asked.len() < 2);
        asked.pop().map(|changes| format!("{changes:?}"))
    }
}

fn opened() -> (Asked, Longevity<Site, Decorated<Mem, Asked>>) {
    let (mem, _) = site();
    let asked = Asked::default();
    let store = Longevity::open(Decorated::new(mem, asked.clone())).unwrap();
    (asked, store)
}

#[test]
fn what_can_be_done_in_place_is() {
    let (asked, store) = opened();
    let members = store.repo::<Member>();
    let m = Member::props();
    let of = |patch: Patch<Member>| {
        members.patch_by(&Email("ann@example.com".into()), patch).unwrap().unwrap();
        asked.take()
    };
    let set = "[Set(Path(note), Text(\"n\"))]";
    assert_eq!(of(m.note.set("n")).as_deref(), Some(set));
    assert_eq!(of(m.address.number.set(7_u32)).as_deref(), Some("[Set(Path(address.number), Int(7))]"));
    assert_eq!(of(m.tags.push("b")).as_deref(), Some("[Push(Path(tags), Text(\"b\"))]"));
    // Up to what its type holds: 127 less 20, and no more than it could have been.
    assert_eq!(of(m.level.increment(20_i8)).as_deref(), Some("[Add { path: Path(level), by: 20, from: -128..=107 }]"));
    assert_eq!(
        of(m.level.increment(-20_i8)).as_deref(),
        Some("[Add { path: Path(level), by: -20, from: -108..=127 }]")
    );
    // Several at once, of different properties.
    let several = of(m.level.set(1_i8) & m.tags.push("c") & m.address.town.set("Bonn"));
    let wanted = "[Set(Path(level), Int(1)), Push(Path(tags), Text(\"c\")), Set(Path(address.town), Text(\"Bonn\"))]";
    assert_eq!(several.as_deref(), Some(wanted));

    let ann = members.retrieve_one(&Email("ann@example.com".into())).unwrap().into_value();
    assert_eq!((ann.note.as_deref(), ann.level, ann.tags.len()), (Some("n"), 1, 3));
    assert_eq!(ann.address, Address { town: "Bonn".into(), number: 7 });
}

#[test]
fn what_needs_a_look_at_the_row_gets_one() {
    let (asked, store) = opened();
    let members = store.repo::<Member>();
    let m = Member::props();
    let looked = |patch: Patch<Member>, why: &str| {
        members.patch_by(&Email("ann@example.com".into()), patch).unwrap().unwrap();
        assert_eq!(asked.take(), None, "{why}");
    };
    looked(m.note.some().set("n"), "what is in an option may not be there");
    looked(m.level.set(1_i8) & m.level.increment(1_i8), "one property twice");
    looked(m.address.town.set("x") & m.address.set(Address { town: "y".into(), number: 2 }), "a part and the whole");
    looked(
        m.address.set(Address { town: "y".into(), number: 2 }) & m.address.number.set(3_u32),
        "the whole and a part",
    );
    looked(m.level.set(1_i8) & m.tags.push("b") & m.tags.push("c"), "two pushes to one list");
    looked(m.level.set(2_i8) & m.note.some().set("n"), "one of several");
    let ann = members.retrieve_one(&Email("ann@example.com".into())).unwrap().into_value();
    assert_eq!((ann.note, ann.level, ann.tags.len(), ann.address.number), (None, 2, 3, 3));

    let pages = store.repo::<Page>();
    pages.create(Page { url: Url("/".into()), views: 1 }).unwrap();
    let same = pages.patch_by(&Url("/".into()), Page::props().url.set(Url("/".into()))).unwrap();
    assert_eq!((same.unwrap().row_version(), asked.take()), (1, None), "the primary key");
    let error = pages.patch_by(&Url("/".into()), Page::props().url.set(Url("/other".into()))).unwrap_err();
    assert!(matches!(error, Error::UnstablePrimaryKey { .. }), "{error}");
    assert!(pages.patch_by(&Url("/".into()), Page::props().views.increment(1)).unwrap().is_some());
    assert_eq!(
        asked.take().as_deref(),
        Some("[Add { path: Path(views), by: 1, from: -9223372036854775808..=9223372036854775806 }]")
    );
}

#[test]
fn a_poly_types_patch_is_one_in_place_if_it_is_the_same_in_each_variant() {
    let (asked, store) = opened();
    let users = store.repo::<User>();
    users.patch_by(&name("cec"), User::props().visits.increment(2)).unwrap().unwrap();
    assert!(asked.take().is_some());
    store.repo::<Guest>().patch_by(&name("cec"), User::props().visits.set(9)).unwrap().unwrap();
    assert!(asked.take().is_some());
    let cec = users.retrieve_one(&name("cec")).unwrap().into_value();
    assert_eq!(cec, User::Guest(guest("cec", 9)));
    assert!(users.patch_by(&name("nobody"), User::props().visits.set(9)).unwrap().is_none());
}
