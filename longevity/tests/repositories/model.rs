//! The domain model of the tests.

use std::collections::BTreeMap;

use longevity::blocking::Longevity;
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
pub(crate) struct Username(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
pub(crate) struct Email(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username, visits: i64), key(username))]
pub(crate) enum User {
    Member(Member),
    Guest(Guest),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email))]
pub(crate) struct Member {
    pub(crate) username: Username,
    pub(crate) email: Email,
    pub(crate) visits: i64,
    pub(crate) level: i8,
    pub(crate) note: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) address: Address,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
pub(crate) struct Guest {
    pub(crate) username: Username,
    pub(crate) visits: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Address {
    pub(crate) town: String,
    pub(crate) number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Page)]
pub(crate) struct Url(pub(crate) String);

/// A type whose primary key never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(url))]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) views: i64,
    pub(crate) sizes: Sizes,
    pub(crate) lists: Lists,
    pub(crate) more_lists: Vec<Lists>,
    pub(crate) chain: Option<Chain>,
    pub(crate) marks: BTreeMap<String, i64>,
}

/// A number of each of the other sizes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Sizes {
    pub(crate) short: i16,
    pub(crate) middle: i32,
    pub(crate) tiny_natural: u8,
    pub(crate) short_natural: u16,
    pub(crate) middle_natural: u32,
    pub(crate) long_natural: u64,
    pub(crate) float: f64,
}

/// A list of itself, with no type between: each step is one level of the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Lists(pub(crate) Vec<Lists>);

/// An option of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Chain {
    pub(crate) link: i64,
    pub(crate) next: Option<Box<Chain>>,
}

#[derive(DomainModel)]
#[domain_model(User, Page)]
pub(crate) struct Site;

pub(crate) fn name(name: &str) -> Username {
    Username(name.into())
}

pub(crate) fn member(user: &str, visits: i64) -> Member {
    Member {
        username: name(user),
        email: Email(format!("{user}@example.com")),
        visits,
        level: 100,
        note: None,
        tags: vec!["a".into()],
        address: Address { town: "Ulm".into(), number: 1 },
    }
}

pub(crate) fn page(url: &str) -> Page {
    Page {
        url: Url(url.into()),
        views: 1,
        sizes: Sizes::default(),
        lists: lists(1),
        more_lists: Vec::new(),
        chain: None,
        marks: BTreeMap::new(),
    }
}

pub(crate) fn lists(levels: usize) -> Lists {
    (1..levels).fold(Lists(Vec::new()), |inner, _| Lists(vec![inner]))
}

pub(crate) fn chain(links: usize) -> Chain {
    let end = Chain { link: 0, next: None };
    (1..links).fold(end, |next, link| Chain { link: link as i64, next: Some(Box::new(next)) })
}

pub(crate) fn guest(user: &str, visits: i64) -> Guest {
    Guest { username: name(user), visits }
}

/// Two members and a guest.
pub(crate) fn site() -> (Mem, Longevity<Site, Mem>) {
    let mem = Mem::new();
    let store = Longevity::open(mem.clone()).unwrap();
    store.create_schema().unwrap();
    store.repo::<Member>().create_many([member("ann", 1), member("bob", 2)]).unwrap();
    store.repo::<Guest>().create(guest("cec", 3)).unwrap();
    (mem, store)
}
