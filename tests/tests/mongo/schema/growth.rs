//! A newer version of a model adds what it needs, and drops nothing.

use longevity_tests::models::blogging;

use crate::place::Place;

macro_rules! version {
    ($name:ident: $($attribute:meta),*) => {
        mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(User)]
            pub(super) struct Username(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, table = "user", props(username: Username), key(username))]
            pub(super) enum User {
                Member(Member),
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            $(#[$attribute])*
            pub(super) struct Member {
                pub(super) username: Username,
                pub(super) num_cats: i64,
            }

            #[derive(DomainModel)]
            #[domain_model(User)]
            pub(super) struct Model;
        }
    };
}

version!(older: persistent(derived(User), index(num_cats)));

#[test]
fn a_newer_version_adds_and_drops_nothing() {
    let Some(place) = Place::new() else { return };
    place.store::<older::Model>();
    let before = place.indexes("user");
    assert_eq!(before.len(), 3);
    place.store::<blogging::Blogging>();
    let after = place.indexes("user");
    assert_eq!(after.len(), 6);
    assert!(before.iter().all(|index| after.contains(index)));
    // The older version works beside it.
    let store = place.store::<older::Model>();
    assert_eq!(place.indexes("user"), after);
    let member = older::Member { username: older::Username("ann".into()), num_cats: 1 };
    store.repo::<older::Member>().create(member).unwrap();
}
