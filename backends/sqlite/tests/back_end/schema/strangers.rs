//! A model that fills a column does not change the rows of variants that only other models know.

use longevity::PersistentType;

use crate::place::Place;

macro_rules! version {
    ($name:ident, $($variant:ident),+; $poly:item) => {
        mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(User)]
            pub(super) struct Username(pub(super) String);

            $poly

            $(
                #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
                #[persistent(derived(User))]
                pub(super) struct $variant {
                    pub(super) username: Username,
                    pub(super) city: Option<String>,
                }
            )+

            #[derive(DomainModel)]
            #[domain_model(User)]
            pub(super) struct Model;
        }
    };
}

version! { both, Member, Bot;
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(username: Username, city: Option<String>), key(username), index(city))]
    pub(super) enum User {
        Member(Member),
        Bot(Bot),
    }
}

version! { unindexed, Member;
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(username: Username), key(username))]
    pub(super) enum User {
        Member(Member),
    }
}

version! { indexed, Member;
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(username: Username, city: Option<String>), key(username), index(city))]
    pub(super) enum User {
        Member(Member),
    }
}

#[test]
fn a_column_that_is_filled_again_keeps_the_values_of_unknown_variants() {
    let place = Place::new();
    let bern = || Some("Bern".to_owned());
    let store = place.store::<both::Model>();
    store.repo().create(both::Bot { username: both::Username("r2".into()), city: bern() }).unwrap();
    store.repo().create(both::Member { username: both::Username("ann".into()), city: bern() }).unwrap();
    let others = place.store::<unindexed::Model>();
    others.repo().create(unindexed::Member { username: unindexed::Username("bob".into()), city: bern() }).unwrap();
    place.store::<indexed::Model>();
    let store = place.store::<both::Model>();
    let (users, bots) = (both::User::props().city, both::Bot::props().city);
    assert_eq!(store.repo().count(both::Bot::query().filter(bots.eq(bern()))).unwrap(), 1);
    assert_eq!(store.repo().count(both::User::query().filter(users.eq(bern()))).unwrap(), 3);
}
