//! The advice in the compile errors, followed to the letter. It compiles.

use std::net::{AddrParseError, IpAddr};

use longevity::RootType;
use longevity::prelude::*;

/// A type of another crate, stored as its text: `struct Ip(String);`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Ip(String);

impl From<IpAddr> for Ip {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string())
    }
}

impl TryFrom<Ip> for IpAddr {
    type Error = AddrParseError;

    fn try_from(ip: Ip) -> Result<Self, AddrParseError> {
        ip.0.parse()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Plan {
    Free,
    Paid { cents: i64 },
}

/// A field of a component is indexed. For a list and an enum with data, another field has the value that queries compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(profile.tagline), index(first_tag), index(cents), index(last_seen_at))]
struct Member {
    profile: Profile,
    tags: Vec<String>,
    first_tag: Option<String>,
    plan: Plan,
    cents: i64,
    last_seen_at: Option<Ip>,
}

#[test]
fn a_type_of_another_crate_is_stored_by_its_text_and_converted() {
    let address = IpAddr::from([127, 0, 0, 1]);
    assert_eq!(IpAddr::try_from(Ip::from(address)), Ok(address));
}

#[test]
fn what_is_advised_for_an_index_is_one() {
    let definition = Member::definition();
    let indexes = definition.variants.iter().map(|variant| variant.declaration.indexes.len());
    assert_eq!(indexes.sum::<usize>(), 4);
}

#[test]
fn what_is_advised_for_an_order_is_one() {
    let m = Member::props();
    let query = Member::query().order_by(m.profile.tagline.asc()).order_by(m.first_tag.asc()).order_by(m.cents.desc());
    let _ = (query, Plan::Free, Plan::Paid { cents: 1 }, m.tags.contains("x"));
}
