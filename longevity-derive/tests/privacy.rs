//! Types in several modules with private fields. Each derive asks for fields that it cannot see through impls of the other
//! derives.

#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use longevity::KeyFor;
use longevity::prelude::*;

/// The module of the poly type, which cannot see the fields of its structs.
pub mod users {
    use longevity::prelude::*;

    /// A key value.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(User)]
    pub struct Username(String);

    impl Username {
        /// The name.
        pub fn new(name: &str) -> Self {
            Self(name.to_owned())
        }
    }

    /// The poly type.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(username: Username), key(username))]
    pub enum User {
        /// A struct of another module.
        Member(super::members::Member),
    }
}

/// A derived type.
pub mod members {
    use super::users::{User, Username};
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    struct Hidden {
        number: u64,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Member)]
    struct Number(u64);

    /// A public struct with private fields, of which one has a private type.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(User), key(account.number: Number), index(hidden.number))]
    pub struct Member {
        username: Username,
        hidden: Hidden,
        account: super::accounts::Account<Number>,
    }

    impl Member {
        /// A member.
        pub fn new(name: &str) -> Self {
            let account = super::accounts::Account::new(Number(7));
            Self { username: Username::new(name), hidden: Hidden { number: 1 }, account }
        }

        /// Whether the key is unchanged.
        pub fn has_its_key(&self) -> bool {
            <Number as longevity::KeyFor<Self>>::of(self) == &Number(7)
        }
    }
}

/// A component.
pub mod accounts {
    use longevity::prelude::*;

    /// Its field is private.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    pub struct Account<T> {
        number: T,
    }

    impl<T> Account<T> {
        /// An account.
        pub fn new(number: T) -> Self {
            Self { number }
        }
    }
}

/// The model.
#[derive(DomainModel)]
#[domain_model(users::User)]
pub struct Model;

#[test]
fn keys_are_found_behind_private_fields() {
    let member = members::Member::new("ann");
    assert!(member.has_its_key());
    let mut user = users::User::Member(member);
    users::Username::new("bob").put(&mut user);
    assert_eq!(users::Username::of(&user), &users::Username::new("bob"));
    let description = Model::description();
    assert_eq!(description.types[0].derived[0].indexes, [["hidden.number"]]);
}
