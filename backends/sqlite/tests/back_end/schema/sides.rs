//! Several versions, threads and runs of a program on one file.

use std::sync::Barrier;

use longevity::PersistentType;

use super::versions::{first, second, third};
use crate::place::{Place, assert_intact};

fn commenter(name: &str) -> first::Commenter {
    first::Commenter { username: first::Username(name.into()), city: "x".into() }
}

#[test]
fn many_threads_create_the_schema_at_once() {
    for _ in 0..10 {
        let place = Place::new();
        let barrier = Barrier::new(6);
        std::thread::scope(|threads| {
            for at in 0..6 {
                let (place, barrier) = (&place, &barrier);
                threads.spawn(move || {
                    barrier.wait();
                    match at % 2 {
                        0 => drop(place.store::<first::Model>()),
                        _ => drop(place.store::<second::Model>()),
                    }
                });
            }
        });
        place.store::<second::Model>();
        assert_intact(&place.raw());
    }
}

/// The older model does not know `Bot`, and continues to work with its own rows while there are rows of `Bot`.
#[test]
fn an_older_model_works_alongside_a_newer_one() {
    let place = Place::new();
    let older = place.store::<second::Model>();
    let newer = place.store::<third::Model>();
    let name = |name: &str| second::Username(name.into());
    older.repo().create(second::Commenter { username: name("cec"), city: "x".into() }).unwrap();
    newer
        .repo()
        .create(third::Robot {
            username: third::Username("r2".into()),
            city: "x".into(),
            model: third::Kind("d".into()),
        })
        .unwrap();
    older.repo().create(second::Commenter { username: name("dan"), city: "x".into() }).unwrap();
    // The poly key also covers the variants that only the newer model knows.
    let taken = older.repo().create(second::Commenter { username: name("r2"), city: "x".into() }).unwrap_err();
    assert_eq!(taken.to_string(), "User with username = \"r2\" already exists");
    let unknown = older.repo::<second::User>().retrieve(&name("r2")).unwrap_err();
    assert!(matches!(&unknown, longevity::Error::UnknownDiscriminator { found, .. } if found == "Robot"), "{unknown}");
    assert_eq!(older.repo::<second::User>().count(second::User::query()).unwrap(), 3);
    assert_eq!(older.repo::<second::Commenter>().find(second::Commenter::query()).unwrap().len(), 2);
    // If they are opened again, in either order, neither changes what the other has.
    let before = place.dump();
    place.store::<second::Model>();
    place.store::<third::Model>();
    place.store::<second::Model>();
    assert_eq!(place.dump(), before);
    assert!(newer.repo::<third::Robot>().retrieve(&third::Kind("d".into())).unwrap().is_some());
}

/// Otherwise it would write rows that the keys and indexes of the newer model miss.
#[test]
fn a_program_that_opened_the_table_before_a_newer_model_writes_nothing_that_model_would_miss() {
    let place = Place::new();
    let older = place.store::<first::Model>();
    let member = |name: &str, email: &str| first::Member {
        username: first::Username(name.into()),
        email: email.into(),
        city: "x".into(),
        score: 1.0,
        nick: None,
    };
    let members = older.repo::<first::Member>();
    let ann = members.create(member("ann", "ann@x")).unwrap();
    let bob = members.create(member("bob", "bob@x")).unwrap();

    let newer = place.store::<second::Model>();
    let by_email = |email: &str| newer.repo::<second::Member>().retrieve(&second::Email(email.into())).unwrap();
    let refused = members.update(ann.clone().modify(|ann| ann.email = "bob@x".into())).unwrap_err();
    assert!(refused.to_string().contains("open the store again, and call `create_schema`"), "{refused}");
    // This holds for writes that change no column too.
    members.update(ann.clone().modify(|ann| ann.score += 1.0)).unwrap_err();
    members.create(member("cec", "bob@x")).unwrap_err();
    members.create_many([member("cec", "cec@x")]).unwrap_err();
    assert_eq!(by_email("ann@x").unwrap().username.0, "ann");
    assert_eq!(by_email("bob@x").unwrap().username.0, "bob");
    members.delete(bob).unwrap();
    assert!(by_email("bob@x").is_none());

    // After it is opened again, it keeps the columns that it knows, and the newer model has to be opened again.
    let again = place.store::<first::Model>();
    let ann = again.repo::<first::Member>().update(ann.modify(|ann| ann.email = "new@x".into())).unwrap();
    let stale = newer.repo::<second::Member>().create(second::Member {
        username: second::Username("dan".into()),
        email: second::Email("dan@x".into()),
        city: "x".into(),
        score: 1.0,
        nick: None,
    });
    assert!(stale.unwrap_err().to_string().contains("open the store again"));
    let newer = place.store::<second::Model>();
    let found = newer.repo::<second::Member>().retrieve(&second::Email("new@x".into())).unwrap();
    assert_eq!(found.map(|found| found.id()), Some(ann.id()));
}

#[test]
fn an_id_is_never_given_twice() {
    let place = Place::new();
    let store = place.store::<first::Model>();
    let last = store.repo().create(commenter("ann")).unwrap();
    store.repo().delete(last.clone()).unwrap();
    drop(store);
    let store = place.store::<first::Model>();
    let next = store.repo().create(commenter("bob")).unwrap();
    assert!(next.id() > last.id());
    let gone = store.repo().update(last.clone()).unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    assert!(store.repo().delete(last).unwrap_err().is_not_found());
    assert_eq!(store.repo::<first::Commenter>().count(first::Commenter::query()).unwrap(), 1);
}

#[test]
fn a_store_without_timestamps_keeps_existing_timestamps() {
    use longevity::{Options, blocking::Longevity};
    let place = Place::new();
    let timed = Longevity::<first::Model, _>::open_with(place.sqlite(), Options::default().timestamps(true)).unwrap();
    timed.create_schema().unwrap();
    let created = timed.repo().create(commenter("ann")).unwrap();
    assert!(created.created_at().is_some() && created.updated_at() == created.created_at());
    let plain = place.store::<first::Model>().repo::<first::Commenter>();
    let state = plain.retrieve_one(&first::Username("ann".into())).unwrap();
    plain.update(state.modify(|ann| ann.city = "y".into())).unwrap();
    let ann = timed.repo::<first::Commenter>().retrieve_one(&first::Username("ann".into())).unwrap();
    assert_eq!((ann.city.as_str(), ann.row_version()), ("y", 1));
    assert_eq!((ann.created_at(), ann.updated_at()), (created.created_at(), created.updated_at()));
}
