//! Reports of writes match what was done, whatever other programs put into the documents and even if the caller stops waiting.

use std::time::{Duration, Instant};

use longevity::Options;
use longevity::backend::Backend as _;
use longevity::blocking::Longevity;
use longevity::{Acknowledgement, MongoError, PersistentType as _, ReadConcern};
use longevity_tests::models::blogging::{Blogging, Email, Member, Profile, User, Username};
use mongodb::bson::{Bson, Decimal128, doc};

use crate::place::Place;

fn member(name: &str) -> Member {
    let profile = Profile { tagline: "hi".to_owned(), image_uri: String::new() };
    Member { username: Username(name.to_owned()), email: Email(format!("{name}@example.com")), profile, num_cats: 0 }
}

#[test]
fn a_dropped_batch_leaves_no_transaction_open() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Blogging>();
    let members = store.asynchronous().repo::<Member>();
    // Each operation has its own session. In the same session, the next write would end the transaction.
    let other = Longevity::<Blogging, _>::open(place.scratch.mongo()).unwrap();
    for wait in [1, 3, 5, 8, 12, 16, 20, 25, 30, 40] {
        let names: Vec<_> = (0..400).map(|n| member(&format!("{wait} {n}"))).collect();
        // The batch is dropped at some point in the middle.
        let _ = place
            .mongo
            .block_on(async { tokio::time::timeout(Duration::from_millis(wait), members.create_many(names)).await });
        let start = Instant::now();
        let again = other.repo::<Member>().create(member(&format!("{wait} 0")));
        // A transaction that is left open keeps the key locked for a minute.
        assert!(start.elapsed() < Duration::from_secs(20), "waited {:?}", start.elapsed());
        let expected = match again {
            // If this row of the batch was not written, none was.
            Ok(_) => 1,
            Err(error) => {
                assert!(error.is_duplicate_key(), "{error}");
                400
            }
        };
        let found = store.repo::<Member>().find(Member::query().all()).unwrap();
        let of_batch = found.iter().filter(|found| found.username.0.starts_with(&format!("{wait} "))).count();
        assert_eq!(of_batch, expected);
    }
}

#[test]
fn an_invalid_version_is_an_error_and_nothing_is_written_or_deleted() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Blogging>();
    let members = store.repo::<Member>();
    let decimal = |text: &str| Bson::Decimal128(text.parse::<Decimal128>().unwrap());
    for version in [Bson::Double(0.5), Bson::Double(f64::NAN), Bson::Double(-1.0), decimal("0"), Bson::Null, "0".into()]
    {
        let state = members.create(member(&format!("{version}"))).unwrap();
        let name = doc! { "username": &state.username.0 };
        let edit = doc! { "q": name.clone(), "u": { "$set": { "_version": version.clone() } } };
        place.run(doc! { "update": "user", "updates": [edit] });
        let refused = members.update(state.clone().modify(|member| member.num_cats += 1)).unwrap_err();
        assert!(refused.error().to_string().contains("version"), "{version}: {refused}");
        let refused = members.delete(state).unwrap_err();
        assert!(refused.error().to_string().contains("version"), "{version}: {refused}");
        let found = place.documents("user").into_iter().find(|found| found.get("username") == name.get("username"));
        let found = found.unwrap();
        assert_eq!(format!("{:?}", found.get("_version")), format!("{:?}", Some(&version)));
    }
}

#[test]
fn a_version_that_a_shell_wrote_is_valid() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Blogging>();
    let members = store.repo::<Member>();
    for version in [Bson::Int32(7), Bson::Double(7.0), Bson::Int64(7)] {
        let state = members.create(member(&format!("{version:?}"))).unwrap();
        let edit = doc! { "q": { "username": &state.username.0 }, "u": { "$set": { "_version": version } } };
        place.run(doc! { "update": "user", "updates": [edit] });
        assert!(members.update(state.clone()).unwrap_err().is_write_conflict());
        let state = members.retrieve_one(&state.username).unwrap();
        let state = members.update(state.modify(|member| member.num_cats += 1)).unwrap();
        assert_eq!(state.row_version(), 8);
        members.delete(state).unwrap();
    }
}

#[test]
fn a_write_that_too_few_members_can_have_is_not_reported_as_undone() {
    let Some(place) = Place::new() else { return };
    place.store::<Blogging>();
    let mongo = place.mongo.clone().acknowledged_by(Acknowledgement::Nodes(3));
    let store = Longevity::<Blogging, _>::open(mongo).unwrap();
    let error = store.repo::<Member>().create(member("ann")).unwrap_err();
    assert!(MongoError::of(&error).is_some_and(MongoError::is_retryable), "{error}");
    let error = store.repo::<Member>().create_many([member("bob"), member("cec")]).unwrap_err();
    assert!(MongoError::of(&error).is_some_and(MongoError::is_retryable), "{error}");
    // The row exists, so the error must not say that the write was undone.
    assert_eq!(place.documents("user").len(), 3);
}

#[test]
fn an_address_with_unacknowledged_writes_is_refused_at_once() {
    let Some(place) = Place::new() else { return };
    let mongo = place.mongo.clone().acknowledged_by(Acknowledgement::Nodes(0));
    let error = Longevity::<Blogging, _>::open(mongo).unwrap_err();
    assert!(error.to_string().contains("w=0"), "{error}");
}

#[test]
fn batches_work_with_every_read_concern() {
    let Some(place) = Place::new() else { return };
    place.store::<Blogging>();
    for (position, concern) in
        [ReadConcern::Local, ReadConcern::Majority, ReadConcern::Linearizable].into_iter().enumerate()
    {
        let mongo = place.mongo.clone().read_concern(concern);
        let store = Longevity::<Blogging, _>::open(mongo).unwrap();
        let (a, b) = (format!("a{position}"), format!("b{position}"));
        store.repo::<Member>().create_many([member(&a), member(&b)]).unwrap();
        assert!(store.repo::<User>().retrieve(&Username(a)).unwrap().is_some());
    }
}

#[test]
fn times_stay_when_a_store_without_times_updates_the_row() {
    let Some(place) = Place::new() else { return };
    let timed = Options::default().timestamps(true);
    let store = Longevity::<Blogging, _>::open_with(place.mongo.clone(), timed).unwrap();
    store.create_schema().unwrap();
    let ann = store.repo::<Member>().create(member("ann")).unwrap();
    let untimed = place.opened::<Blogging>();
    let found = untimed.repo::<Member>().retrieve_one(&ann.username).unwrap();
    untimed.repo::<Member>().update(found.modify(|member| member.num_cats += 1)).unwrap();
    let found = store.repo::<Member>().retrieve_one(&ann.username).unwrap();
    assert_eq!((found.created_at(), found.updated_at()), (ann.created_at(), ann.updated_at()));
    assert!(found.created_at().is_some());
}

#[test]
fn a_value_is_not_mistaken_for_the_name_of_the_taken_key() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Blogging>();
    let namespace = format!("{}.user", place.scratch.name());
    let lie = format!("E11000 duplicate key error collection: {namespace} index: user.username.key dup key: ");
    let mut first = member("ann");
    first.email = Email(lie.clone());
    store.repo::<Member>().create(first.clone()).unwrap();
    first.username = Username("bob".to_owned());
    let error = store.repo::<Member>().create(first).unwrap_err().to_string();
    assert!(error.starts_with("Member with email = "), "{error}");
}

/// The read options in an address do not suit transactions.
#[test]
fn transactions_and_snapshots_accept_addresses_with_read_options() {
    let Some(place) = Place::new() else { return };
    place.store::<Blogging>();
    for options in ["readPreference=secondaryPreferred", "readConcernLevel=linearizable", "readConcernLevel=local&w=1"]
    {
        let mongo = longevity::Mongo::new(format!("{}&{options}", place.scratch.uri()));
        let store = Longevity::<Blogging, _>::open(mongo).unwrap();
        let both = store.transaction(|tx| {
            tx.repo::<Member>().create(member(options))?;
            tx.repo::<Member>().retrieve_one(&Username(options.to_owned()))
        });
        let created = both.unwrap_or_else(|error| panic!("{options}: {error}"));
        let seen = store.snapshot(|at| at.repo::<User>().retrieve(&created.username)).unwrap();
        assert_eq!(seen.map(|state| state.id()), Some(created.id()), "{options}");
    }
}
