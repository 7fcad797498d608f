//! One model in several versions, all on the table `user`.
#![allow(clippy::duplicated_attributes, reason = "takes a property in two indexes for a mistake")]

macro_rules! version {
    ($(#[$doc:meta])* $name:ident { $($item:item)* }) => {
        $(#[$doc])*
        pub(crate) mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(User)]
            pub(crate) struct Username(pub(crate) String);

            $($item)*

            #[derive(DomainModel)]
            #[domain_model(User)]
            pub(crate) struct Model;
        }
    };
}

version! {
    /// The first version, whose only key is the username.
    first {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username), key(username))]
        pub(crate) enum User {
            Member(Member),
            Commenter(Commenter),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Member {
            pub(crate) username: Username,
            pub(crate) email: String,
            pub(crate) city: String,
            pub(crate) score: f64,
            pub(crate) nick: Option<String>,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
            pub(crate) city: String,
        }
    }
}

version! {
    /// The second version, with a key and indexes on existing properties, a poly property with an index, and one more variant.
    second {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Member)]
        pub(crate) struct Email(pub(crate) String);

        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Bot)]
        pub(crate) struct Serial(pub(crate) u64);

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username, city: String), key(username), index(city, username))]
        pub(crate) enum User {
            Member(Member),
            Commenter(Commenter),
            Bot(Bot),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(email), index(score), index(nick))]
        pub(crate) struct Member {
            pub(crate) username: Username,
            pub(crate) email: Email,
            pub(crate) city: String,
            pub(crate) score: f64,
            pub(crate) nick: Option<String>,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
            pub(crate) city: String,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(serial))]
        pub(crate) struct Bot {
            pub(crate) username: Username,
            pub(crate) city: String,
            pub(crate) serial: Serial,
        }
    }
}

version! {
    /// The third version: the second with one more variant.
    third {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Member)]
        pub(crate) struct Email(pub(crate) String);

        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Bot)]
        pub(crate) struct Serial(pub(crate) u64);

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username, city: String), key(username), index(city, username))]
        pub(crate) enum User {
            Member(Member),
            Commenter(Commenter),
            Bot(Bot),
            Robot(Robot),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(email), index(score), index(nick))]
        pub(crate) struct Member {
            pub(crate) username: Username,
            pub(crate) email: Email,
            pub(crate) city: String,
            pub(crate) score: f64,
            pub(crate) nick: Option<String>,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
            pub(crate) city: String,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(serial))]
        pub(crate) struct Bot {
            pub(crate) username: Username,
            pub(crate) city: String,
            pub(crate) serial: Serial,
        }

        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Robot)]
        pub(crate) struct Kind(pub(crate) String);

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(model))]
        pub(crate) struct Robot {
            pub(crate) username: Username,
            pub(crate) city: String,
            pub(crate) model: Kind,
        }
    }
}

version! {
    /// The second version, with `Member` renamed to `Person`, whose rows are still found.
    renamed {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val(Person)]
        pub(crate) struct Email(pub(crate) String);

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username, city: String), key(username), index(city, username))]
        pub(crate) enum User {
            #[persistent(discriminator = "Person", alias = "Member")]
            Person(Person),
            Commenter(Commenter),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), key(email), index(score), index(nick))]
        pub(crate) struct Person {
            pub(crate) username: Username,
            pub(crate) email: Email,
            pub(crate) city: String,
            pub(crate) score: f64,
            pub(crate) nick: Option<String>,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
            pub(crate) city: String,
        }
    }
}

version! {
    /// A version with properties that older documents lack: an optional one, and in `required` one that is not optional.
    lacking {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username), key(username))]
        pub(crate) enum User {
            Member(Member),
            Commenter(Commenter),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), index(phone))]
        pub(crate) struct Member {
            pub(crate) username: Username,
            pub(crate) phone: Option<String>,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
        }
    }
}

version! {
    required {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(poly, props(username: Username), key(username))]
        pub(crate) enum User {
            Member(Member),
            Commenter(Commenter),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User), index(phone))]
        pub(crate) struct Member {
            pub(crate) username: Username,
            pub(crate) phone: String,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(derived(User))]
        pub(crate) struct Commenter {
            pub(crate) username: Username,
        }
    }
}

version! {
    /// A plain type that replaces the poly type.
    plain {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(key(username))]
        pub(crate) struct User {
            pub(crate) username: Username,
        }
    }
}
