//! The domain model of the tests.

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
