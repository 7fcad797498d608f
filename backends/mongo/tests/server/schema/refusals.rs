//! Refusals that change nothing: an index that someone changed, rows that violate a new key, a table that was not created.

use longevity::MongoError;
use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Commenter, Email, User, Username};
use longevity_tests::models::poly_keys::Traffic;
use mongodb::bson::{Bson, Document, doc};

use crate::place::{Place, own};

fn create(place: &Place, indexes: Vec<Document>) {
    place.run(doc! { "createIndexes": "user", "indexes": indexes });
}

/// Checks that creating the schema fails over this index, reports both definitions, and changes nothing.
#[track_caller]
fn conflicts(place: &Place, index: &str, found: &str, wanted: &str) {
    let before = (place.indexes("user"), place.documents("user"));
    let store = place.opened::<Blogging>();
    let error = own(store.create_schema());
    let MongoError::ConflictingIndex { table, name, found: is, wanted: should } = &error else { panic!("{error}") };
    assert_eq!((table.as_str(), name.as_str()), ("user", index));
    assert!(is.contains(found), "{is} does not show {found}");
    assert!(should.contains(wanted), "{should} does not show {wanted}");
    assert_eq!(before, (place.indexes("user"), place.documents("user")));
}

#[test]
fn an_index_of_the_model_that_someone_changed_is_a_conflict() {
    let Some(place) = Place::new() else { return };
    let name = "user.Member.email.key";
    let partial = doc! { "_type": "Member" };
    let keys = doc! { "_type": 1, "email": 1 };
    for (changed, found) in [
        (
            doc! { "key": { "email": 1 }, "unique": true, "partialFilterExpression": partial.clone() },
            r#""key": { "email": 1 }"#,
        ),
        (
            doc! { "key": { "email": 1, "_type": 1 }, "unique": true, "partialFilterExpression": partial.clone() },
            r#"{ "email": 1, "_type": 1 }"#,
        ),
        (
            doc! { "key": { "_type": 1, "email": -1 }, "unique": true, "partialFilterExpression": partial.clone() },
            r#""email": -1"#,
        ),
        (doc! { "key": keys.clone(), "partialFilterExpression": partial.clone() }, r#""key""#),
        (doc! { "key": keys.clone(), "unique": true }, r#""unique": true"#),
        (
            doc! { "key": keys.clone(), "unique": true, "partialFilterExpression": { "_type": "Commenter" } },
            "Commenter",
        ),
        (doc! { "key": keys.clone(), "unique": true, "sparse": true }, "sparse"),
        (
            doc! { "key": keys.clone(), "unique": true, "partialFilterExpression": partial.clone(), "collation": { "locale": "de" } },
            "collation",
        ),
        (
            doc! { "key": keys.clone(), "unique": true, "partialFilterExpression": partial.clone(), "hidden": true },
            "hidden",
        ),
        (
            doc! { "key": keys.clone(), "unique": true, "partialFilterExpression": partial.clone(), "expireAfterSeconds": 1 },
            "expireAfterSeconds",
        ),
    ] {
        place.asked(doc! { "drop": "user" }).ok();
        let mut changed = changed;
        changed.insert("name", name);
        if place.asked(doc! { "createIndexes": "user", "indexes": [changed.clone()] }).is_err() {
            assert!(changed.contains_key("expireAfterSeconds"), "{changed}");
            continue;
        }
        conflicts(&place, name, found, r#""partialFilterExpression": { "_type": "Member" }"#);
        // The table cannot be used without the index that the model needs either.
        let store = place.opened::<Blogging>();
        let error = own(store.repo::<Commenter>().create(Commenter { username: Username("ann".into()) }));
        assert!(matches!(error, MongoError::ConflictingIndex { .. } | MongoError::NoSchema { .. }), "{error}");
        assert_eq!(place.documents("user"), Vec::<Document>::new());
    }
}

/// A sparse index cannot be partial, so this uses a key of all types.
#[test]
fn a_sparse_key_is_a_conflict() {
    let Some(place) = Place::new() else { return };
    let name = "user.username.key";
    create(&place, vec![doc! { "name": name, "key": { "username": 1 }, "unique": true, "sparse": true }]);
    conflicts(&place, name, "sparse", r#""username": 1"#);
}

#[test]
fn the_same_index_under_another_name_is_a_conflict() {
    let Some(place) = Place::new() else { return };
    create(&place, vec![doc! { "name": "mine", "key": { "username": 1 }, "unique": true }]);
    conflicts(&place, "mine", r#""unique": true"#, r#""username": 1"#);
}

#[test]
fn indexes_of_other_programs_stay() {
    let Some(place) = Place::new() else { return };
    create(
        &place,
        vec![
            doc! { "name": "mine", "key": { "username": 1, "num_cats": -1 } },
            doc! { "name": "text", "key": { "username": "text" } },
        ],
    );
    place.store::<Blogging>();
    let names: Vec<_> = place.indexes("user").iter().map(|index| index.get_str("name").unwrap().to_owned()).collect();
    assert_eq!(names[..2], ["mine", "text"]);
    assert_eq!(names.len(), 7);
}

/// Its indexes and all comparisons would use that collation.
#[test]
fn a_collection_with_a_collation_is_refused() {
    let Some(place) = Place::new() else { return };
    place.run(doc! { "create": "user", "collation": { "locale": "en", "strength": 2 } });
    let store = place.opened::<Blogging>();
    let error = MongoError::ForeignCollection { table: "user".into() };
    assert_eq!(own(store.create_schema()), error);
    assert_eq!(own(store.repo::<User>().count(User::query())), error);
    assert_eq!(place.indexes("user"), Vec::<Document>::new());
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Coin)]
struct Face(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Medal)]
struct Motto(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Metal {
    #[persistent(alias = "Old")]
    Coin(Coin),
    #[persistent(alias = "Old, Older")]
    Medal(Medal),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Metal), key(face))]
struct Coin {
    face: Face,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Metal), key(motto))]
struct Medal {
    motto: Motto,
}

#[derive(DomainModel)]
#[domain_model(Metal)]
struct Mint;

#[test]
fn the_error_for_rows_that_break_a_new_key_names_the_key() {
    let Some(place) = Place::new() else { return };
    let boat = |id: i64, plate: &str| doc! { "_type": "Boat", "_version": 0_i64, "vehicle_id": id, "owner": { "country": "CH", "number": id as i32 }, "plate": plate, "hull": id };
    // The value looks like the name of another key.
    let named = "collection: x index: vehicle.Boat.hull.key dup key: vehicle.owner.key vehicle.vehicle_id.key";
    place.insert("vehicle", vec![boat(1, named), boat(2, named)]);
    let error = own(place.opened::<Traffic>().create_schema());
    let MongoError::DuplicateRows { table, index, .. } = &error else { panic!("{error}") };
    assert_eq!((table.as_str(), index.as_str()), ("vehicle", "vehicle.Boat.plate.key"));
    assert_eq!(place.documents("vehicle").len(), 2);
    assert_eq!(place.indexes("vehicle"), Vec::<Document>::new());
    // A key of one type, or also of its older names, is the same key.
    let coin = |name: &str| doc! { "_type": name, "_version": 0_i64, "face": "x" };
    place.insert("metal", vec![coin("Coin"), coin("Old")]);
    let error = own(place.opened::<Mint>().create_schema());
    let MongoError::DuplicateRows { index, .. } = &error else { panic!("{error}") };
    assert_eq!(index, "metal.Coin.face.key of Coin, Old");
    place.run(doc! { "delete": "metal", "deletes": [{ "q": { "_type": "Old" }, "limit": 1 }] });
    place.store::<Mint>();
}

#[test]
fn nothing_works_before_the_schema_is_created() {
    let Some(place) = Place::new() else { return };
    let store = place.opened::<Blogging>();
    let (users, commenters) = (store.repo::<User>(), store.repo::<Commenter>());
    let ann = || Commenter { username: Username("ann".into()) };
    let told = |error: MongoError, what: &str| {
        assert_eq!(error, MongoError::NoSchema { what: what.to_owned() });
        assert_eq!(error.to_string(), format!("{what} does not exist: call `create_schema` first"));
    };
    let missing = "the collection user";
    told(own(commenters.create(ann())), missing);
    told(own(commenters.create_many([ann(), ann()])), missing);
    told(own(users.retrieve(&Username("ann".into()))), missing);
    told(own(users.find(User::query())), missing);
    told(own(users.count(User::query())), missing);
    told(own(users.exists(User::query())), missing);
    told(own(users.explain(User::query())), missing);
    told(own(users.stream(User::query()).collect::<Result<Vec<_>, _>>()), missing);
    assert_eq!(place.collections(), Vec::<String>::new());
    // A collection that lacks a key would accept rows that the key forbids.
    place.store::<Blogging>();
    place.run(doc! { "dropIndexes": "user", "index": "user.Member.email.key" });
    let store = place.opened::<Blogging>();
    told(own(store.repo::<Commenter>().create(ann())), "the index user.Member.email.key");
    store.create_schema().unwrap();
    store.repo::<Commenter>().create(ann()).unwrap();
    let member = store.repo::<longevity_tests::models::blogging::Member>();
    assert!(member.retrieve(&Email("ann".into())).unwrap().is_none());
    assert_eq!(place.documents("user")[0].get("_type"), Some(&Bson::from("Commenter")));
}
