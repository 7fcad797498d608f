//! Validators accept every value of the model, and refuse what the model could not read.

use longevity::testkit::{Case, Facade, Verdict};
use longevity::{Bytes, Mongo, MongoError};
use longevity_tests::matrix::operations_with;
use longevity_tests::models::collections;
use longevity_tests::models::poly::{Document as Paper, Office};
use longevity_tests::stores::Store;
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::place::{Place, first_batch, own};

#[test]
fn values_of_the_models_pass() {
    if Place::new().is_none() {
        return;
    }
    let cases = operations_with(Store::MongoValidated, &[Facade::Blocking], 40);
    let wanted =
        |case: &&Case| ["::create on ", "::update on "].iter().any(|operation| case.name().contains(operation));
    let mut checked = 0;
    for case in cases.iter().filter(wanted) {
        assert_eq!(case.run(), Verdict::Passed, "{}", case.name());
        checked += 1;
    }
    assert!(checked > 60, "{checked} cases");
}

fn validated() -> Option<Place> {
    let mut place = Place::new()?;
    place.mongo = place.mongo.clone().validation(true);
    Some(place)
}

#[test]
fn long_byte_strings_pass() {
    let Some(place) = validated() else { return };
    let store = place.store::<collections::Collections>();
    let lists = collections::Lists {
        booleans: vec![],
        characters: vec!['\0'],
        signed_8: vec![],
        unsigned_8: vec![],
        signed_64: vec![],
        unsigned_64: vec![u64::MAX],
        float_32: vec![f32::NAN],
        float_64: vec![],
        texts: vec![],
        bytes: vec![Bytes::from(vec![0xab; 3_000_000])],
        uuids: vec![],
        instants: vec![],
        options: vec![None],
        lists: vec![],
        optional: None,
    };
    store.repo().create(lists).unwrap();
}

fn invoice(changes: Document) -> Document {
    let mut document = doc! {
        "_type": "Invoice", "_version": 0_i64, "id": "1", "meta": { "title": "t", "pages": 1 }, "archived": true,
        "invoice": { "year": 1, "number": 1 }, "number": 1, "sent": { "at": DateTime::from_millis(0), "ns": 0 }, "lines": [],
    };
    for (name, value) in changes {
        match value {
            Bson::Undefined => document.remove(&name),
            value => document.insert(name, value),
        };
    }
    document
}

#[test]
fn documents_that_the_model_cannot_read_are_refused() {
    let Some(place) = validated() else { return };
    let papers = place.store::<Office>().repo::<Paper>();
    let insert = |document: Document| {
        let reply = place.run(doc! { "insert": "papers", "documents": [document] });
        let code = first_error(&reply);
        place.run(doc! { "delete": "papers", "deletes": [{ "q": {}, "limit": 0 }] });
        code
    };
    for right in [
        doc! {},
        doc! { "sent": Bson::Undefined },
        doc! { "sent": Bson::Null },
        doc! { "meta": { "title": "t" } },
        doc! { "more": 1 },
        doc! { "_version": 1.0 },
        // This document belongs to another version.
        doc! { "_type": "Note", "id": 5, "meta": Bson::Undefined },
    ] {
        assert_eq!(insert(invoice(right.clone())), None, "{right}");
    }
    for wrong in [
        doc! { "_type": Bson::Undefined },
        doc! { "_type": 1 },
        doc! { "_version": Bson::Undefined },
        doc! { "_version": "0" },
        doc! { "_version": -1 },
        doc! { "id": Bson::Undefined },
        doc! { "id": Bson::Null },
        doc! { "id": 1 },
        doc! { "archived": "true" },
        doc! { "meta": Bson::Null },
        doc! { "meta": { "pages": 1 } },
        doc! { "meta": { "title": "t", "pages": -1 } },
        doc! { "meta": { "title": "t", "pages": 1_i64 << 32 } },
        doc! { "invoice": { "year": 1 } },
        doc! { "invoice": { "year": 40_000, "number": 1 } },
        doc! { "number": "1" },
        doc! { "number": 1.0 },
        doc! { "sent": DateTime::from_millis(0).try_to_rfc3339_string().unwrap() },
        doc! { "sent": { "at": DateTime::from_millis(0) } },
        doc! { "sent": { "at": DateTime::from_millis(0), "ns": 1_000_000 } },
        doc! { "sent": { "at": DateTime::from_millis(0), "ns": -1 } },
        doc! { "lines": "a" },
        doc! { "lines": [1] },
    ] {
        assert_eq!(insert(invoice(wrong.clone())), Some(121), "{wrong}");
    }
    assert_eq!(papers.count(<Paper as longevity::PersistentType>::query()).unwrap(), 0);
}

fn first_error(reply: &Document) -> Option<i32> {
    let errors = reply.get_array("writeErrors").ok()?;
    errors.first()?.as_document()?.get_i32("code").ok()
}

fn validator(place: &Place, collection: &str) -> Option<Document> {
    let found = first_batch(&place.run(doc! { "listCollections": 1, "filter": { "name": collection } }));
    found[0].get_document("options").unwrap().get_document("validator").ok().cloned()
}

#[test]
fn a_foreign_validator_stays() {
    let Some(place) = validated() else { return };
    let foreign = doc! { "$jsonSchema": { "title": "mine", "required": ["x"] } };
    place.run(doc! { "create": "papers", "validator": foreign.clone() });
    let error = own(place.opened::<Office>().create_schema());
    assert_eq!(error, MongoError::ForeignValidator { table: "papers".into() });
    assert_eq!(validator(&place, "papers"), Some(foreign));
}

#[test]
fn a_validator_is_created_once_and_follows_the_model() {
    let Some(place) = validated() else { return };
    place.run(doc! { "profile": 2 });
    place.store::<Office>();
    let ours = validator(&place, "papers").unwrap();
    place.store::<Office>();
    // An older version of the model created this validator.
    let older =
        doc! { "$jsonSchema": { "title": ours.get_document("$jsonSchema").unwrap().get_str("title").unwrap() } };
    place.run(doc! { "collMod": "papers", "validator": older });
    place.store::<Office>();
    assert_eq!(validator(&place, "papers"), Some(ours.clone()));
    // A store without validation leaves the validator in place.
    let without: Mongo = place.mongo.clone().validation(false);
    longevity::blocking::Longevity::<Office, _>::open(without).unwrap().create_schema().unwrap();
    assert_eq!(validator(&place, "papers"), Some(ours));
    place.run(doc! { "profile": 0 });
    let seen = place.run(doc! { "find": "system.profile", "filter": { "command.collMod": "papers" } });
    assert_eq!(first_batch(&seen).len(), 3, "{seen}");
}
