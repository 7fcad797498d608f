//! Types whose values obey rules that no derive knows: the tests give strategies for them, and decoding enforces them.

use longevity::prelude::*;
use longevity::testkit::{Agreement, Generators, QuerySpec, RepoCrudSpec};
use proptest::collection::vec;
use proptest::prelude::Strategy;
use serde::Deserializer;
use serde::de::Error as _;

/// Contains an `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, KeyVal)]
#[key_val(Account)]
pub struct Email(String);

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains('@') {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!("an email without an @: {text:?}")))
        }
    }
}

/// The primary email is one of the emails.
#[derive(Clone, Debug, PartialEq, Serialize, Component)]
#[component(deserialized_by_hand)]
pub struct Emails {
    pub primary: String,
    pub all: Vec<String>,
}

impl<'de> Deserialize<'de> for Emails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unchecked {
            primary: String,
            all: Vec<String>,
        }
        let Unchecked { primary, all } = Unchecked::deserialize(deserializer)?;
        if all.contains(&primary) {
            Ok(Self { primary, all })
        } else {
            Err(D::Error::custom(format!("the primary email {primary:?} is none of the emails")))
        }
    }
}

/// From one to ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Component)]
pub struct Rating(u8);

impl<'de> Deserialize<'de> for Rating {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rating = u8::deserialize(deserializer)?;
        if (1..=10).contains(&rating) {
            Ok(Self(rating))
        } else {
            Err(D::Error::custom(format!("no rating: {rating}")))
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(email), index(rating), index(emails.primary))]
pub struct Account {
    pub email: Email,
    pub emails: Emails,
    pub rating: Rating,
    pub ratings: Vec<Rating>,
}

#[derive(DomainModel)]
#[domain_model(Account)]
pub struct Constrained;

fn address() -> impl Strategy<Value = String> {
    let word = || vec((b'a'..=b'z').prop_map(char::from), 1..7).prop_map(String::from_iter);
    (word(), word()).prop_map(|(name, host)| format!("{name}@{host}"))
}

/// Defines a function that gives a suite strategies that obey the rules, by this method.
macro_rules! obeying {
    ($suite:expr, $strategy:ident) => {
        $suite
            .$strategy::<Email>(|| address().prop_map(Email))
            .$strategy::<Rating>(|| (1..=10_u8).prop_map(Rating))
            .$strategy::<Emails>(|| {
            (address(), vec(address(), 0..3)).prop_map(|(primary, mut all)| {
                all.push(primary.clone());
                Emails { primary, all }
            })
        })
    };
}

/// The suite of operations, with strategies that obey the rules.
pub fn configure(spec: RepoCrudSpec<Constrained>) -> RepoCrudSpec<Constrained> {
    obeying!(spec, strategy)
}

/// The suite of queries, with the same strategies.
pub fn configure_queries(spec: QuerySpec<Constrained>) -> QuerySpec<Constrained> {
    obeying!(spec, strategy)
}

/// Agreement, with the same strategies.
pub fn configure_agreement(agreement: Agreement<Constrained>) -> Agreement<Constrained> {
    obeying!(agreement, strategy)
}

/// Generators, with the same strategies.
pub fn generators() -> Generators {
    obeying!(Generators::new(), with)
}
