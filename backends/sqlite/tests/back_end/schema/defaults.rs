//! Rows of an older version that lack a property. The default is found, ordered and indexed as if it were stored.

use longevity::blocking::Longevity;
use longevity::{DomainModel, PersistentType, Sqlite};

macro_rules! version {
    ($(#[$doc:meta])* $name:ident { $($item:item)* }) => {
        $(#[$doc])*
        mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Account)]
            pub(super) struct Name(pub(super) String);

            $($item)*

            #[derive(DomainModel)]
            #[domain_model(Account)]
            pub(super) struct Model;
        }
    };
}

version! {
    older {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(table = "account", key(name))]
        pub(super) struct Account {
            pub(super) name: Name,
            pub(super) mail: String,
        }
    }
}

/// The newer version, with this account.
macro_rules! newer {
    ($name:ident { $item:item }) => {
        version! {
            $name {
                fn medium() -> i32 {
                    5
                }

                fn nobody() -> Option<String> {
                    Some("nobody".into())
                }

                #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
                #[key_val(Account)]
                pub(crate) struct Mail(pub(crate) String);

                #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
                #[key_val(Account)]
                pub(crate) struct Serial(pub(crate) u64);

                impl Default for Serial {
                    fn default() -> Self {
                        Self(77)
                    }
                }

                #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
                #[serde(default)]
                pub(crate) struct Address {
                    pub(crate) city: String,
                    pub(crate) zip: u32,
                }

                impl Default for Address {
                    fn default() -> Self {
                        Self { city: "Bern".into(), zip: 3000 }
                    }
                }

                $item
            }
        }

        impl $name::Account {
            fn new(name: &str, level: i32) -> Self {
                Self {
                    name: $name::Name(name.into()),
                    email: $name::Mail(format!("{name}@x")),
                    level,
                    sponsor: None,
                    address: $name::Address { city: "Genf".into(), zip: 1200 },
                    serial: $name::Serial(level.unsigned_abs().into()),
                }
            }
        }
    };
}

newer! {
    plain {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(table = "account", key(name))]
        pub(crate) struct Account {
            pub(crate) name: Name,
            #[serde(alias = "mail")]
            pub(crate) email: Mail,
            #[serde(default = "medium")]
            pub(crate) level: i32,
            #[serde(default = "nobody")]
            pub(crate) sponsor: Option<String>,
            #[serde(default)]
            pub(crate) address: Address,
            #[serde(default)]
            pub(crate) serial: Serial,
        }
    }
}

newer! {
    indexed {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(table = "account", key(name), key(email), key(serial), index(level), index(sponsor), index(address.city))]
        pub(crate) struct Account {
            pub(crate) name: Name,
            #[serde(alias = "mail")]
            pub(crate) email: Mail,
            #[serde(default = "medium")]
            pub(crate) level: i32,
            #[serde(default = "nobody")]
            pub(crate) sponsor: Option<String>,
            #[serde(default)]
            pub(crate) address: Address,
            #[serde(default)]
            pub(crate) serial: Serial,
        }
    }
}

fn open<M: DomainModel>(sqlite: &Sqlite) -> Longevity<M, Sqlite> {
    let store = Longevity::open(sqlite.clone()).unwrap();
    store.create_schema().unwrap();
    store
}

/// A database with one row of the older version: `old`, whose mail address is `old@x`.
fn with_old_row() -> Sqlite {
    let sqlite = Sqlite::in_memory();
    let store = open::<older::Model>(&sqlite);
    store.repo().create(older::Account { name: older::Name("old".into()), mail: "old@x".into() }).unwrap();
    sqlite
}

macro_rules! answers {
    ($version:ident, $sqlite:expr, $index:expr) => {{
        use $version::{Account, Mail, Model};
        let store = open::<Model>($sqlite);
        let repo = store.repo::<Account>();
        repo.create_many([Account::new("low", 1), Account::new("high", 9)]).unwrap();
        let p = Account::props();
        let asked = |query: longevity::Query<Account>| -> Vec<String> {
            repo.find(query).unwrap().into_iter().map(|state| state.into_value().name.0).collect()
        };
        let all = Account::query;
        assert_eq!(asked(all().filter(p.level.eq(5))), ["old"]);
        assert_eq!(asked(all().filter(p.level.ne(5)).order_by(p.level.asc())), ["low", "high"]);
        assert_eq!(asked(all().filter(p.level.lt(9)).order_by(p.level.desc())), ["old", "low"]);
        assert_eq!(asked(all().order_by(p.level.asc())), ["low", "old", "high"]);
        assert_eq!(asked(all().order_by(p.address.city.asc()).order_by(p.level.asc())), ["old", "low", "high"]);
        assert_eq!(asked(all().filter(p.sponsor.eq("nobody".to_owned()))), ["old"]);
        assert_eq!(asked(all().filter(p.sponsor.eq(None)).order_by(p.level.asc())), ["low", "high"]);
        assert_eq!(asked(all().filter(p.address.city.eq("Bern"))), ["old"]);
        assert_eq!(asked(all().filter(p.address.eq($version::Address::default()))), ["old"]);
        assert_eq!(
            asked(all().filter(p.address.ne($version::Address::default())).order_by(p.level.asc())),
            ["low", "high"]
        );
        assert_eq!(asked(all().filter(p.email.eq(Mail("old@x".into())))), ["old"]);
        assert_eq!(repo.count(all().filter(p.email.ne(Mail("old@x".into())))).unwrap(), 2);
        assert_eq!(asked(all().filter(p.serial.eq($version::Serial(77)))), ["old"]);
        let plan = repo.explain(all().filter(p.level.eq(5))).unwrap();
        assert_eq!(plan.index(), $index);
        store
    }};
}

#[test]
fn defaults_and_aliases_hold_without_an_index() {
    answers!(plain, &with_old_row(), None);
}

#[test]
fn new_keys_and_indexes_include_defaults_and_aliases() {
    let store = answers!(indexed, &with_old_row(), Some("account.level.index"));
    let repo = store.repo::<indexed::Account>();
    let old = repo.retrieve_one(&indexed::Serial(77)).unwrap();
    assert_eq!(old.name.0, "old");
    assert_eq!(repo.retrieve_one(&indexed::Mail("old@x".into())).unwrap().level, 5);
    let taken = indexed::Account { serial: indexed::Serial(77), ..indexed::Account::new("new", 2) };
    assert_eq!(repo.create(taken).unwrap_err().to_string(), "Account with serial = 77 already exists");
    let taken = indexed::Account { email: indexed::Mail("old@x".into()), ..indexed::Account::new("new", 2) };
    assert!(repo.create(taken).unwrap_err().is_duplicate_key());
    // From now on the document has the value.
    let old = repo.update(old.modify(|account| account.level = 2)).unwrap();
    let level = indexed::Account::props().level;
    assert_eq!(repo.count(indexed::Account::query().filter(level.eq(5))).unwrap(), 0);
    assert_eq!(repo.count(indexed::Account::query().filter(level.eq(2))).unwrap(), 1);
    assert_eq!(old.name.0, "old");
}

/// Two rows that lack the field have the same value for it.
#[test]
fn a_default_that_breaks_a_new_key_is_a_duplicate() {
    let sqlite = with_old_row();
    let store = open::<older::Model>(&sqlite);
    store.repo().create(older::Account { name: older::Name("two".into()), mail: "two@x".into() }).unwrap();
    let store = Longevity::<indexed::Model, _>::open(sqlite).unwrap();
    assert_eq!(store.create_schema().unwrap_err().to_string(), "Account with serial = 77 already exists");
}
