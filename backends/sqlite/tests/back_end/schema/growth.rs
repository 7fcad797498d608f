//! An older table gets what a newer model needs, even if other versions changed it in between.

use longevity::blocking::Longevity;
use longevity::{Error, PersistentType, Sqlite};

use super::versions::{first, lacking, renamed, required, second};
use crate::place::Place;

fn member(name: &str, email: &str) -> first::Member {
    first::Member {
        username: first::Username(name.into()),
        email: email.into(),
        city: "Bern".into(),
        score: -1.5,
        nick: (name == "ann").then(|| "an".into()),
    }
}

fn commenter(name: &str) -> first::Commenter {
    first::Commenter { username: first::Username(name.into()), city: "Genf".into() }
}

/// A table as the first version left it.
fn first_version() -> Place {
    let place = Place::new();
    let store = place.store::<first::Model>();
    store.repo().create_many([member("ann", "a@x"), member("bob", "b@x")]).unwrap();
    store.repo().create(commenter("cec")).unwrap();
    place
}

fn second_email(store: &Longevity<second::Model, Sqlite>, email: &str) -> Option<String> {
    let found = store.repo::<second::Member>().retrieve(&second::Email(email.into())).unwrap();
    found.map(|state| state.into_value().username.0)
}

#[test]
fn an_empty_table_becomes_like_a_new_one() {
    let (older, newer) = (Place::new(), Place::new());
    older.store::<first::Model>();
    older.store::<second::Model>();
    let store = newer.store::<second::Model>();
    let bot = second::Bot { username: second::Username("r2".into()), city: "x".into(), serial: second::Serial(2) };
    for store in [store, older.store()] {
        store.repo().create(bot.clone()).unwrap();
        let refused = store.repo().create(second::Bot { username: second::Username("d2".into()), ..bot.clone() });
        assert_eq!(refused.unwrap_err().to_string(), "Bot with serial = 2 already exists");
    }
    let objects = |place: &Place| -> Vec<(String, Option<String>)> {
        let indexes = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name";
        let connection = place.raw();
        let mut statement = connection.prepare(indexes).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(objects(&older), objects(&newer));
}

#[test]
fn existing_rows_enter_new_keys_and_indexes() {
    let place = first_version();
    let store = place.store::<second::Model>();
    assert_eq!(second_email(&store, "a@x").as_deref(), Some("ann"));
    assert_eq!(second_email(&store, "b@x").as_deref(), Some("bob"));
    assert_eq!(second_email(&store, "c@x"), None);

    let members = store.repo::<second::Member>();
    let (m, u) = (second::Member::props(), second::User::props());
    let by_nick = second::Member::query().filter(m.nick.eq("an".to_owned()));
    let by_score = second::Member::query().filter(m.score.lt(0.0));
    let by_city = second::User::query().filter(u.city.eq("Genf"));
    let indexed = |plan: longevity::Explanation| plan.index().map(str::to_owned);
    assert_eq!(indexed(members.explain(by_nick.clone()).unwrap()).as_deref(), Some("user.Member.nick.index"));
    assert_eq!(indexed(members.explain(by_score.clone()).unwrap()).as_deref(), Some("user.Member.score.index"));
    let users = store.repo::<second::User>();
    assert_eq!(indexed(users.explain(by_city.clone()).unwrap()).as_deref(), Some("user.city+username.index"));
    assert_eq!(members.find(by_nick).unwrap().len(), 1);
    assert_eq!(members.find(by_score).unwrap().len(), 2);
    assert_eq!(users.find(by_city).unwrap().len(), 1);

    let taken = second::Member {
        email: second::Email("a@x".into()),
        ..members.find(second::Member::query()).unwrap()[1].get().clone()
    };
    let taken = second::Member { username: second::Username("new".into()), ..taken };
    assert_eq!(members.create(taken).unwrap_err().to_string(), "Member with email = \"a@x\" already exists");
}

#[test]
fn a_new_key_that_rows_break_is_refused_and_nothing_changes() {
    let place = first_version();
    place.store::<first::Model>().repo().create(member("dan", "a@x")).unwrap();
    let before = place.dump();
    match place.try_store::<second::Model>().unwrap_err() {
        Error::DuplicateKey { type_name: "Member", key, value } => assert_eq!((&*key, &*value), ("email", "\"a@x\"")),
        other => panic!("{other:?}"),
    }
    assert_eq!(place.dump(), before);
    assert_eq!(place.store::<first::Model>().repo::<first::User>().count(first::User::query()).unwrap(), 4);
}

#[test]
fn a_property_that_older_documents_lack_is_absent_in_them() {
    let place = first_version();
    let store = place.store::<lacking::Model>();
    let phone = lacking::Member::props().phone;
    assert_eq!(store.repo().count(lacking::Member::query().filter(phone.eq(None))).unwrap(), 2);
}

#[test]
fn a_missing_required_property_is_refused_and_nothing_changes() {
    let place = first_version();
    let before = place.dump();
    let error = place.try_store::<required::Model>().unwrap_err();
    assert!(matches!(&error, Error::RowsDoNotFit { property, .. } if property == "phone"), "{error}");
    assert!(error.to_string().contains("row 1") && !error.to_string().contains("ann"), "{error}");
    assert!(error.to_string().contains("#[serde(default)]"), "{error}");
    assert_eq!(place.dump(), before);
}

/// The first version does not know the key on the email, so its writes do not update the column, and the key still holds.
#[test]
fn columns_that_another_version_did_not_keep_are_computed_again() {
    let place = first_version();
    place.store::<second::Model>();
    let older = place.store::<first::Model>();
    let members = older.repo::<first::Member>();
    let key = |name: &str| first::Username(name.into());
    // The values are swapped, so that they conflict while only one of them is computed.
    for (name, email) in [("ann", "t@x"), ("bob", "a@x"), ("ann", "b@x")] {
        let state = members.retrieve_one(&key(name)).unwrap();
        members.update(state.modify(|member| member.email = email.into())).unwrap();
    }
    members.create(member("new", "n@x")).unwrap();
    // The row changes its type, so the values of its member columns are cleared.
    let users = older.repo::<first::User>();
    let state = users.create(first::User::Member(member("mo", "m@x"))).unwrap();
    users.update(state.set(first::User::Commenter(commenter("mo")))).unwrap();

    let store = place.store::<second::Model>();
    let found = ["a@x", "b@x", "n@x", "m@x"].map(|email| second_email(&store, email));
    assert_eq!(found, [Some("bob".into()), Some("ann".into()), Some("new".into()), None]);
}

#[test]
fn values_that_became_equal_when_the_key_was_dropped_are_a_duplicate() {
    let place = first_version();
    place.store::<second::Model>();
    let older = place.store::<first::Model>();
    let members = older.repo::<first::Member>();
    let bob = members.retrieve_one(&first::Username("bob".into())).unwrap();
    let refused = members.update(bob.clone().modify(|member| member.email = "a@x".into())).unwrap_err();
    assert!(matches!(refused.error(), Error::UndeclaredKey { key, .. } if key == "user.Member.email.key"), "{refused}");
    assert_eq!(older.drop_undeclared_keys().unwrap(), ["user.Member.email.key"]);
    members.update(bob.modify(|member| member.email = "a@x".into())).unwrap();
    let before = place.dump();
    let error = place.try_store::<second::Model>().unwrap_err();
    assert_eq!(error.to_string(), "Member with email = \"a@x\" already exists");
    assert_eq!(place.dump(), before);
}

#[test]
fn a_type_whose_discriminator_changed_keeps_its_rows_under_an_alias() {
    let place = first_version();
    place.store::<second::Model>();
    let store = place.store::<renamed::Model>();
    let people = store.repo::<renamed::Person>();
    let email = |email: &str| renamed::Email(email.into());
    let ann = people.retrieve_one(&email("a@x")).unwrap();
    assert_eq!(ann.username.0, "ann");
    let plan = people.explain(renamed::Person::query().filter(renamed::Person::props().email.eq(email("a@x"))));
    assert_eq!(plan.unwrap().index(), Some("user.Person.email.key"));
    // The key holds between rows of the old discriminator and of the new one.
    let taken = renamed::Person { username: renamed::Username("new".into()), ..ann.get().clone() };
    assert!(people.create(taken.clone()).unwrap_err().is_duplicate_key());
    // The index of the old name refuses no rows either.
    let ann = people.update(ann.modify(|ann| ann.email = email("c@x"))).unwrap();
    people.create(taken).unwrap();
    people.delete(ann).unwrap();
    assert_eq!(people.count(renamed::Person::query()).unwrap(), 2);
    let kinds: Vec<String> = place
        .raw()
        .prepare("SELECT _type FROM user ORDER BY _id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kinds, ["Member", "Commenter", "Person"]);
}
