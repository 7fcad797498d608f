//! Patches that a back end makes where the row is: which changes it makes itself, and which need a look at the row first.

use std::sync::{Arc, Mutex};

use longevity::backend::InPlace;
use longevity::backend::{Lookup, Session};
use longevity::blocking::Longevity;
use longevity::limits::DOCUMENT_LEVELS;
use longevity::prelude::*;
use longevity::query::Patch;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Address, Email, Guest, Member, Page, Site, Url, User, guest, lists, name, page, site};

type Document = <Mem as Session>::Document;
type Table = <Mem as Session>::Table;

/// Records the changes that it is asked to make, and declines them.
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
    ) -> Result<Option<longevity::backend::Row<Document>>, Error> {
        self.0.lock().unwrap().push(changes.to_vec());
        Ok(None)
    }
}

impl Asked {
    /// The changes of the one patch since the last call, as text; `None` if the repository looked at the row without asking.
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
fn changes_that_can_be_made_in_place_are_made_in_place() {
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
    // The addition stays within the type: the old value is at most 127 less 20.
    assert_eq!(of(m.level.increment(20_i8)).as_deref(), Some("[Add { path: Path(level), by: 20, from: -128..=107 }]"));
    assert_eq!(
        of(m.level.increment(-20_i8)).as_deref(),
        Some("[Add { path: Path(level), by: -20, from: -108..=127 }]")
    );
    // Several changes of different properties are made at once.
    let several = of(m.level.set(1_i8) & m.tags.push("c") & m.address.town.set("Bonn"));
    let wanted = "[Set(Path(level), Int(1)), Push(Path(tags), Text(\"c\")), Set(Path(address.town), Text(\"Bonn\"))]";
    assert_eq!(several.as_deref(), Some(wanted));

    let ann = members.retrieve_one(&Email("ann@example.com".into())).unwrap().into_value();
    assert_eq!((ann.note.as_deref(), ann.level, ann.tags.len()), (Some("n"), 1, 3));
    assert_eq!(ann.address, Address { town: "Bonn".into(), number: 7 });
}

#[test]
fn changes_that_need_a_look_at_the_row_are_not_made_in_place() {
    let (asked, store) = opened();
    let members = store.repo::<Member>();
    let m = Member::props();
    let looked = |patch: Patch<Member>, why: &str| {
        members.patch_by(&Email("ann@example.com".into()), patch).unwrap().unwrap();
        assert_eq!(asked.take(), None, "{why}");
    };
    looked(m.note.some().set("n"), "an option may be empty");
    looked(m.level.set(1_i8) & m.level.increment(1_i8), "one property twice");
    looked(m.address.town.set("x") & m.address.set(Address { town: "y".into(), number: 2 }), "a part and the whole");
    looked(
        m.address.set(Address { town: "y".into(), number: 2 }) & m.address.number.set(3_u32),
        "the whole and a part",
    );
    looked(m.level.set(1_i8) & m.tags.push("b") & m.tags.push("c"), "two pushes to one list");
    looked(m.level.set(2_i8) & m.note.some().set("n"), "one of several changes");
    let ann = members.retrieve_one(&Email("ann@example.com".into())).unwrap().into_value();
    assert_eq!((ann.note, ann.level, ann.tags.len(), ann.address.number), (None, 2, 3, 3));

    let pages = store.repo::<Page>();
    pages.create(page("/")).unwrap();
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
fn numbers_of_each_size_are_added_to_within_their_range() {
    let (asked, store) = opened();
    let pages = store.repo::<Page>();
    pages.create(page("/")).unwrap();
    let sizes = Page::props().sizes;
    let of = |patch: Patch<Page>| {
        pages.patch_by(&Url("/".into()), patch).unwrap().unwrap();
        asked.take()
    };
    let from = |patch: Patch<Page>| of(patch).map(|changes| changes[changes.find("from: ").unwrap() + 6..].to_owned());
    assert_eq!(from(sizes.short.increment(1_i16)).as_deref(), Some("-32768..=32766 }]"));
    assert_eq!(from(sizes.middle.increment(1_i32)).as_deref(), Some("-2147483648..=2147483646 }]"));
    assert_eq!(from(sizes.tiny_natural.increment(1_u8)).as_deref(), Some("0..=254 }]"));
    assert_eq!(from(sizes.short_natural.increment(1_u16)).as_deref(), Some("0..=65534 }]"));
    assert_eq!(from(sizes.middle_natural.increment(1_u32)).as_deref(), Some("0..=4294967294 }]"));
    // The store might compute another sum.
    assert_eq!(of(sizes.long_natural.increment(2_u64)), None);
    assert_eq!(of(sizes.float.increment(0.5)), None);
    let page = pages.retrieve_one(&Url("/".into())).unwrap().into_value();
    assert_eq!((page.sizes.long_natural, page.sizes.float), (2, 0.5));
}

#[test]
fn a_change_that_nests_too_deeply_is_refused_where_the_whole_document_is_seen() {
    let (asked, store) = opened();
    let pages = store.repo::<Page>();
    pages.create(page("/")).unwrap();
    let p = Page::props();
    let patched = |patch: Patch<Page>| pages.patch_by(&Url("/".into()), patch).map(|_| asked.take().is_some());
    let set = |levels: usize| patched(p.lists.set(lists(levels)));
    let push = |levels: usize| patched(p.more_lists.push(lists(levels)));
    // The document is one level, and the list another.
    assert!(set(DOCUMENT_LEVELS - 1).unwrap() && push(DOCUMENT_LEVELS - 2).unwrap());
    for error in [set(DOCUMENT_LEVELS).unwrap_err(), push(DOCUMENT_LEVELS - 1).unwrap_err()] {
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        assert_eq!(asked.take(), None);
    }
}

#[test]
fn a_poly_types_patch_is_made_in_place_if_it_is_the_same_in_each_variant() {
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

/// Structs that are deserialized by hand, of each derive that can say so.
mod by_hand {
    use longevity::prelude::*;

    /// Deserializes a struct by way of another one with the same fields.
    macro_rules! by_hand {
        ($name:ident { $($field:ident: $type:ty),* }) => {
            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    #[derive(Deserialize)]
                    struct Unchecked { $($field: $type),* }
                    Unchecked::deserialize(deserializer).map(|Unchecked { $($field),* }| Self { $($field),* })
                }
            }
        };
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, KeyVal)]
    #[key_val(Tour, deserialized_by_hand)]
    pub(super) struct Code {
        pub(super) year: u16,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Component)]
    #[component(deserialized_by_hand)]
    pub(super) struct Seats {
        pub(super) taken: i32,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(code))]
    pub(super) struct Tour {
        pub(super) code: Code,
        pub(super) seats: Seats,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, PersistentType)]
    #[persistent(key(code: Number), deserialized_by_hand)]
    pub(super) struct Bus {
        pub(super) code: Number,
        pub(super) seats: i32,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Bus)]
    pub(super) struct Number(pub(super) u16);

    by_hand!(Code { year: u16 });
    by_hand!(Seats { taken: i32 });
    by_hand!(Bus { code: Number, seats: i32 });

    #[derive(Debug, DomainModel)]
    #[domain_model(Tour, Bus)]
    pub(super) struct Tours;
}

#[test]
fn a_struct_that_is_deserialized_by_hand_is_not_changed_in_place() {
    use by_hand::{Bus, Code, Number, Seats, Tour, Tours};
    let asked = Asked::default();
    let backend = Decorated::new(Mem::new(), asked.clone());
    let store = Longevity::<Tours, _>::open(backend).unwrap();
    store.create_schema().unwrap();
    let (tours, buses) = (store.repo::<Tour>(), store.repo::<Bus>());
    tours.create(Tour { code: Code { year: 1 }, seats: Seats { taken: 1 } }).unwrap();
    buses.create(Bus { code: Number(1), seats: 1 }).unwrap();

    let t = Tour::props();
    let of = |year: u16, patch: Patch<Tour>| {
        tours.patch_by(&Code { year }, patch).unwrap().unwrap();
        asked.take()
    };
    assert_eq!(of(1, t.seats.taken.increment(1)), None);
    assert_eq!(of(1, t.code.year.set(2_u16)), None);
    // As a whole, the struct is a value that the program has made.
    let set = "[Set(Path(seats), Record([(\"taken\", Int(5))]))]";
    assert_eq!(of(2, t.seats.set(Seats { taken: 5 })).as_deref(), Some(set));
    buses.patch_by(&Number(1), Bus::props().seats.set(7)).unwrap().unwrap();
    assert_eq!(asked.take(), None);
}
