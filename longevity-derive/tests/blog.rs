//! The model of a blog: its definitions, properties, filters, values and description.

#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use longevity::backend::Backend;
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: Option<String>,
    image_uri: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
enum User {
    Member(Member),
    #[persistent(discriminator = "commenter", alias = "Guest")]
    Commenter(Box<Commenter>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
struct Member {
    username: Username,
    email: Email,
    profile: Option<Profile>,
    num_cats: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Commenter {
    username: Username,
}

#[derive(DomainModel)]
#[domain_model(User)]
struct Blogging;

#[expect(dead_code, reason = "compiled, not run")]
async fn the_program_of_the_contract_type_checks<B: Backend>(backend: B, member: Member) -> Result<(), Error> {
    let store = Longevity::<Blogging, _>::open(backend).await?;
    store.create_schema().await?;
    let users = store.repo::<User>();
    let members = store.repo::<Member>();
    let ann: PState<Member> = members.create(member).await?;
    let _: Option<PState<User>> = users.retrieve(&Username("ann".into())).await?;
    let _ = members.retrieve(&Email("ann".into())).await?;
    let _ = members.retrieve(&Username("ann".into())).await?;
    let m = Member::props();
    let _page: Vec<PState<Member>> = members
        .find(
            Member::query()
                .filter(m.num_cats.gt(2) & m.profile.some().tagline.eq("hi"))
                .filter(User::props().username.ne(Username("x".into())) | m.num_cats.le(7) | !m.profile.eq(None))
                .order_by(m.num_cats.asc())
                .order_by(User::props().username.desc())
                .limit(20),
        )
        .await?;
    let mut state = ann.modify(|m| m.num_cats += 1);
    state = members.update(state).await?;
    let user: PState<User> = state.widen();
    let user = match user.narrow::<Member>() {
        Ok(member) => member.widen(),
        Err(user) => user,
    };
    users.delete(user).await?;
    Ok(())
}

#[test]
fn the_description_says_what_was_declared() {
    let description = Blogging::description();
    let user = description.type_named("User").unwrap();
    assert_eq!((user.table, user.poly), ("user", true));
    assert_eq!(user.keys[0].property, "username");
    assert_eq!(user.keys[0].key_val, "Username");
    let [member, commenter] = &user.derived[..] else { panic!("two derived types") };
    assert_eq!((member.name, member.discriminator), ("Member", "Member"));
    assert_eq!((commenter.discriminator, &commenter.aliases[..]), ("commenter", &["Guest"][..]));
    assert_eq!(
        member.indexes,
        [vec!["profile.tagline".to_owned()], vec!["num_cats".to_owned(), "username".to_owned()]]
    );
    assert_eq!(member.properties[2].type_name, "Option<Profile>");
}
