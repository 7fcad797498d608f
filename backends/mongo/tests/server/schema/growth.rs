//! A newer version of a model adds what it needs and drops nothing.

use longevity_tests::models::blogging;
use mongodb::bson::doc;

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
    // The older version works at the same time.
    let store = place.store::<older::Model>();
    assert_eq!(place.indexes("user"), after);
    let member = older::Member { username: older::Username("ann".into()), num_cats: 1 };
    store.repo::<older::Member>().create(member).unwrap();
}

/// In one version, the type has a second name.
macro_rules! named {
    ($name:ident: $($alias:meta)?) => {
        mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Member)]
            pub(super) struct Email(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, table = "user")]
            pub(super) enum User {
                $(#[$alias])?
                Member(Member),
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(derived(User), key(email))]
            pub(super) struct Member {
                pub(super) email: Email,
            }

            #[derive(DomainModel)]
            #[domain_model(User)]
            pub(super) struct Model;

            pub(super) fn member(email: &str) -> Member {
                Member { email: Email(email.into()) }
            }
        }
    };
}

named!(one_name:);
named!(two_names: persistent(alias = "Human"));

/// The server names the first violated index that it finds. With two versions, this may be the index of the other one.
#[test]
fn a_duplicate_in_the_index_of_another_version_is_a_duplicate_key() {
    for older_first in [true, false] {
        let Some(place) = Place::new() else { return };
        if older_first {
            place.store::<one_name::Model>();
        }
        let newer = place.store::<two_names::Model>();
        let older = place.store::<one_name::Model>();
        let keys: Vec<_> =
            place.indexes("user").iter().filter_map(|index| index.get_document("key").cloned().ok()).collect();
        assert!(keys.contains(&doc! { "email": 1 }) && keys.contains(&doc! { "_type": 1, "email": 1 }), "{keys:?}");
        let (newer, older) = (newer.repo::<two_names::Member>(), older.repo::<one_name::Member>());
        newer.create(two_names::member("ann")).unwrap();
        let bob = older.create(one_name::member("bob")).unwrap();
        assert!(newer.create(two_names::member("ann")).unwrap_err().is_duplicate_key());
        assert!(
            newer.create_many([two_names::member("cec"), two_names::member("bob")]).unwrap_err().is_duplicate_key()
        );
        assert!(older.create(one_name::member("ann")).unwrap_err().is_duplicate_key());
        assert!(older.update(bob.set(one_name::member("ann"))).unwrap_err().is_duplicate_key());
        // The key value of a row that only the newer version knows.
        place.insert("user", vec![doc! { "_type": "Human", "_version": 0_i64, "email": "dan" }]);
        assert!(older.create(one_name::member("dan")).unwrap_err().is_duplicate_key());
        assert!(newer.create(two_names::member("dan")).unwrap_err().is_duplicate_key());
    }
}
