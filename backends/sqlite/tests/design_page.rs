//! The design page shows the schema of a SQLite table as it is.

use longevity::blocking::Longevity;
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
    image_uri: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
enum User {
    Member(Member),
    Commenter(Commenter),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
struct Member {
    username: Username,
    email: Email,
    profile: Profile,
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

#[test]
fn the_design_page_shows_the_schema_as_it_is() {
    let store = Longevity::<Blogging, _>::open(Sqlite::in_memory()).unwrap();
    store.create_schema().unwrap();
    let (_, table) = store.asynchronous().table::<User>().unwrap();
    let schema: String = longevity::backend::Backend::block_on(
        store.asynchronous().backend(),
        store.asynchronous().backend().schema_of(table),
    )
    .unwrap()
    .join(";\n")
        + ";\n";
    let page = include_str!("../../../docs/design.md");
    let shown = page.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(shown, schema);
}
