//! The program of a first-time user: the domain model of a blog, and a program that uses it.
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use longevity::prelude::*;

/// Identifies a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
pub struct Username(String);

/// Identifies a member.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
pub struct Email(String);

/// What members say about themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Profile {
    tagline: String,
    image_uri: String,
}

/// A poly type: owns the table `user`, the key on `username`, and the discriminator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
pub enum User {
    /// Someone with a profile.
    Member(Member),
    /// Someone who only comments.
    Commenter(Commenter),
}

/// A derived type: shares the table of `User`, and adds a key and an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
pub struct Member {
    username: Username,
    email: Email,
    profile: Profile,
    num_cats: i64,
}

/// A derived type without keys or indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
pub struct Commenter {
    username: Username,
}

/// Identifies a blog.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Blog)]
pub struct BlogUri(String);

/// A plain persistent type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(uri))]
pub struct Blog {
    uri: BlogUri,
    title: String,
    authors: Vec<Username>,
}

/// Identifies a post within a blog.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(BlogPost)]
pub struct BlogPostUri {
    blog: BlogUri,
    path: String,
}

/// Another plain persistent type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(uri), index(uri.blog, posted))]
pub struct BlogPost {
    uri: BlogPostUri,
    author: Username,
    posted: Timestamp,
    content: String,
}

/// The domain model.
#[derive(Debug, DomainModel)]
#[domain_model(User, Blog, BlogPost)] // derived types come with their poly type
pub struct Blogging;

/// A program that uses the model.
pub async fn program() -> Result<(), Error> {
    let store = Longevity::<Blogging, _>::open(Mem::new()).await?;
    store.create_schema().await?;

    let users = store.repo::<User>();
    let members = store.repo::<Member>();

    let member = Member {
        username: Username("ann".into()),
        email: Email("ann@example.com".into()),
        profile: Profile { tagline: "hi".into(), image_uri: "ann.png".into() },
        num_cats: 3,
    };
    let ann: PState<Member> = members.create(member).await?;
    let same: Option<PState<User>> = users.retrieve(&Username("ann".into())).await?;
    assert_eq!(same.map(PState::into_value), Some(User::Member(ann.get().clone())));

    let m = Member::props();
    let page = members
        .find(
            Member::query()
                .filter(m.num_cats.gt(2) & m.profile.tagline.eq("hi"))
                .order_by(m.username.asc())
                .limit(20),
        )
        .await?; // Vec<PState<Member>>
    assert_eq!(page.len(), 1);

    let mut all = users.stream(User::query().all()); // Stream<Item = Result<PState<User>>>
    while let Some(user) = all.next().await {
        assert_eq!(user?.into_value(), User::Member(ann.get().clone()));
    }

    let ann = members.update(ann.modify(|m| m.num_cats += 1)).await?;
    let user: PState<User> = ann.widen(); // and narrow::<Member>() back, fallible
    users.delete(user).await?;
    assert_eq!(users.count(User::query().all()).await?, 0);
    Ok(())
}
