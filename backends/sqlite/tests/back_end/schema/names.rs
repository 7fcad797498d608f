//! Names that SQLite considers equal, and names with quotes.
#![allow(clippy::duplicated_attributes, reason = "takes a property in two indexes for a mistake")]

use longevity::PersistentType;

use crate::place::Place;

macro_rules! table {
    ($module:ident, $table:literal) => {
        mod $module {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Thing)]
            pub(super) struct Name(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(table = $table, key(name))]
            pub(super) struct Thing {
                pub(super) name: Name,
            }

            #[derive(DomainModel)]
            #[domain_model(Thing)]
            pub(super) struct Model;
        }
    };
}

table!(lower, "user");
table!(mixed, "User");
table!(upper, "USER");

#[test]
fn tables_whose_names_differ_only_in_case_are_separate() {
    let place = Place::new();
    place.store::<lower::Model>().repo().create(lower::Thing { name: lower::Name("ann".into()) }).unwrap();
    let mixed = place.store::<mixed::Model>();
    mixed.repo().create(mixed::Thing { name: mixed::Name("ann".into()) }).unwrap();
    mixed.repo().create(mixed::Thing { name: mixed::Name("bob".into()) }).unwrap();
    assert!(mixed.repo().create(mixed::Thing { name: mixed::Name("bob".into()) }).unwrap_err().is_duplicate_key());
    assert_eq!(place.store::<upper::Model>().repo().count(upper::Thing::query()).unwrap(), 0);
    // They stay separate after they are opened again in another order.
    assert_eq!(place.store::<mixed::Model>().repo().count(mixed::Thing::query()).unwrap(), 2);
    assert_eq!(place.store::<lower::Model>().repo().count(lower::Thing::query()).unwrap(), 1);
}

mod odd {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Odd)]
    pub(super) struct Id(pub(super) i64);

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(It)]
    pub(super) struct ItsKey(pub(super) String);

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Its)]
    pub(super) struct ItsOwnKey(pub(super) String);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, table = "it's \"odd\" (or not) -- ; [x] `y`", props(id: Id), key(id))]
    pub(super) enum Odd {
        #[persistent(discriminator = "it's) THEN (\"1")]
        It(It),
        #[persistent(discriminator = "IT'S) THEN (\"1", alias = "WHEN 'a' THEN (0) ELSE")]
        Its(Its),
    }

    /// `name` and `NAME` have separate columns, and so do the two variants.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Odd), key(key), index(name), index(name_too, name))]
    pub(super) struct It {
        pub(super) id: Id,
        #[persistent(name = "a \"key\" ISNULL OR 1) AND '")]
        pub(super) key: ItsKey,
        #[persistent(name = "name")]
        pub(super) name: i64,
        #[persistent(name = "NAME")]
        pub(super) name_too: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Odd), key(key), index(name))]
    pub(super) struct Its {
        pub(super) id: Id,
        #[persistent(name = "a \"key\" ISNULL OR 1) AND '")]
        pub(super) key: ItsOwnKey,
        #[persistent(name = "name")]
        pub(super) name: i64,
    }

    #[derive(DomainModel)]
    #[domain_model(Odd)]
    pub(super) struct Model;
}

#[test]
fn names_may_contain_quotes_or_differ_only_in_case() {
    let place = Place::new();
    let store = place.store::<odd::Model>();
    let (it, its) = (store.repo::<odd::It>(), store.repo::<odd::Its>());
    let one = odd::It { id: odd::Id(1), key: odd::ItsKey("k".into()), name: 1, name_too: "one".into() };
    let two = odd::Its { id: odd::Id(2), key: odd::ItsOwnKey("k".into()), name: 2 };
    it.create(one.clone()).unwrap();
    its.create(two.clone()).unwrap();
    let error = it.create(odd::It { id: odd::Id(3), ..one.clone() }).unwrap_err();
    assert_eq!(error.to_string(), "It with a \"key\" ISNULL OR 1) AND ' = \"k\" already exists");
    assert!(its.create(odd::Its { id: odd::Id(3), ..two.clone() }).unwrap_err().is_duplicate_key());
    let p = odd::It::props();
    assert_eq!(it.count(odd::It::query().filter(p.name.eq(1) & p.name_too.eq("one"))).unwrap(), 1);
    assert_eq!(it.count(odd::It::query().filter(p.name.eq(2))).unwrap(), 0);
    assert_eq!(its.retrieve_one(&odd::ItsOwnKey("k".into())).unwrap().get(), &two);
    assert_eq!(it.retrieve_one(&odd::ItsKey("k".into())).unwrap().get(), &one);
    // The schema is recognized when it is read back.
    let before = place.dump();
    place.store::<odd::Model>();
    assert_eq!(place.dump(), before);
}
