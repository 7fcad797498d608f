//! The domain model of the benchmarks: 70 % of the users are members with a profile and three tags, and 30 % are commenters. User
//! names are unique, emails are unique among members, and there is an index on the number of cats and the user name.
#![expect(missing_docs, reason = "the names say what the items are")]

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
pub struct Username(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
pub struct Email(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
pub struct Profile {
    pub tagline: String,
    pub image_uri: String,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
pub enum User {
    Member(Member),
    Commenter(Commenter),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email), index(num_cats, username))]
pub struct Member {
    pub username: Username,
    pub email: Email,
    pub profile: Profile,
    pub num_cats: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
pub struct Commenter {
    pub username: Username,
}

#[derive(Debug, DomainModel)]
#[domain_model(User)]
pub struct Blogging;

/// The `number`th user, which is always the same.
pub fn user(number: u64) -> User {
    // The numbers are scattered, so that no contender profits from keys in order.
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let username = Username(format!("user-{scattered:011x}"));
    if number % 10 < 3 {
        return User::Commenter(Commenter { username });
    }
    User::Member(Member {
        email: Email(format!("{scattered:011x}@example.com")),
        profile: Profile {
            tagline: format!("I am the user number {number}"),
            image_uri: format!("https://images.example.com/{scattered:x}.png"),
            tags: (0..3).map(|tag| format!("tag-{}", (scattered + tag) % 50)).collect(),
        },
        num_cats: (scattered % 2_500) as i64,
        username,
    })
}
