//! The model of the documentation: users that are members or commenters, blogs, and posts that refer to both.

use std::collections::BTreeSet;

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
pub struct Username(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
pub struct Email(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Profile {
    pub tagline: String,
    pub image_uri: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
pub enum User {
    Member(Member),
    Commenter(Commenter),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
pub struct Member {
    pub username: Username,
    pub email: Email,
    pub profile: Profile,
    pub num_cats: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
pub struct Commenter {
    pub username: Username,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Blog)]
pub struct BlogUri(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(uri), index(title))]
pub struct Blog {
    pub uri: BlogUri,
    pub title: String,
    /// Key values of another type, in a set.
    pub authors: BTreeSet<Username>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(BlogPost)]
pub struct PostUri {
    pub blog: BlogUri,
    pub path: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(uri), index(blog, published))]
pub struct BlogPost {
    pub uri: PostUri,
    pub blog: BlogUri,
    /// Key values of another type, in an option and a list.
    pub editor: Option<Username>,
    pub authors: Vec<Username>,
    pub published: Timestamp,
}

#[derive(DomainModel)]
#[domain_model(User, Blog, BlogPost)]
pub struct Blogging;
