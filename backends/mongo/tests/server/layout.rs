//! Documents as other programs see them.

use longevity::blocking::Longevity;
use longevity::{Options, Timestamp};
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use longevity_tests::models::poly::{Document as Paper, DocumentId, Invoice, InvoiceNumber, Meta, Office};
use longevity_tests::models::renames::{Customer, CustomerId, CustomerState, Payment, PostalAddress, Renames};
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::place::Place;

fn member() -> Member {
    Member {
        username: Username("ann".into()),
        email: Email("ann@x".into()),
        profile: Profile { tagline: "$hi".into(), image_uri: String::new() },
        num_cats: 3,
    }
}

/// The documents of a collection without their object ids, which come first.
fn documents(place: &Place, collection: &str) -> Vec<Document> {
    let mut documents = place.documents(collection);
    for document in &mut documents {
        assert_eq!(document.keys().next().unwrap(), "_id");
        assert!(matches!(document.remove("_id"), Some(Bson::ObjectId(_))));
    }
    documents
}

/// Compared as the driver does it: with the order of the fields and the type of every number.
#[track_caller]
fn are(found: Vec<Document>, expected: Vec<Document>) {
    let shown = |documents: &[Document]| documents.iter().map(|document| format!("{document:?}")).collect::<Vec<_>>();
    assert_eq!(shown(&found), shown(&expected));
}

#[test]
fn the_fields_of_each_variant_follow_longevitys_own() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Blogging>();
    let users = store.repo::<User>();
    let ann = store.repo::<Member>().create(member()).unwrap();
    let bob = users.create(User::Commenter(Commenter { username: Username("bob".into()) })).unwrap();
    let profile = doc! { "tagline": "$hi", "image_uri": "" };
    let of_ann = |version: i64, cats: i64| doc! { "_type": "Member", "_version": version, "username": "ann", "email": "ann@x", "profile": profile.clone(), "num_cats": cats };
    let of_bob = doc! { "_type": "Commenter", "_version": 0_i64, "username": "bob" };
    are(documents(&place, "user"), vec![of_ann(0, 3), of_bob]);
    // A replaced row has its fields in the same order, and no fields of its old variant.
    store.repo::<Member>().update(ann.modify(|ann| ann.num_cats = 4)).unwrap();
    users
        .update(bob.set(User::Member(Member {
            username: Username("bob".into()),
            email: Email("b".into()),
            ..member()
        })))
        .unwrap();
    let mut bob = of_ann(1, 3);
    bob.insert("username", "bob");
    bob.insert("email", "b");
    are(documents(&place, "user"), vec![of_ann(1, 4), bob.clone()]);
    let state = users.retrieve_one(&Username("bob".into())).unwrap();
    users.update(state.set(User::Commenter(Commenter { username: Username("bob".into()) }))).unwrap();
    are(
        documents(&place, "user"),
        vec![of_ann(1, 4), doc! { "_type": "Commenter", "_version": 2_i64, "username": "bob" }],
    );
}

#[test]
fn values_have_the_types_that_they_have_in_mongodb() {
    let Some(place) = Place::new() else { return };
    let papers = place.store::<Office>().repo::<Paper>();
    let invoice = Invoice {
        id: DocumentId("1".into()),
        meta: Meta { title: "t".into(), pages: None },
        archived: true,
        invoice: InvoiceNumber { year: -5, number: u32::MAX },
        number: 1,
        sent: Some(Timestamp::from_unix(-1, -1).unwrap()),
        lines: vec!["a".into()],
    };
    papers.create(Paper::Invoice(Box::new(invoice))).unwrap();
    let meta = doc! { "title": "t", "pages": Bson::Null };
    let expected = doc! {
        "_type": "Invoice", "_version": 0_i64, "id": "1", "meta": meta, "archived": true,
        "invoice": { "year": -5, "number": i64::from(u32::MAX) }, "number": 1_i64,
        "sent": { "at": DateTime::from_millis(-1001), "ns": 999_999 }, "lines": ["a"],
    };
    are(documents(&place, "papers"), vec![expected]);
}

#[test]
fn fields_are_under_their_stored_names() {
    let Some(place) = Place::new() else { return };
    let address = PostalAddress { street_name: "s".into(), post_code: None, city_name: "c".into() };
    let customer = Customer {
        customer_id: CustomerId { home_country: "CH".into(), serial_number: 1 },
        full_name: "ann".into(),
        postal_address: address.clone(),
        customer_state: CustomerState::Regular,
        payment: Payment::ByInvoice(address),
    };
    place.store::<Renames>().repo().create(customer).unwrap();
    let address = doc! { "STREET-NAME": "s", "zip code": Bson::Null, "town": "c" };
    let id = doc! { "homeCountry": "CH", "no": 1_i64 };
    let expected = doc! {
        "_version": 0_i64, "customerId": id, "called": "ann", "postalAddress": address.clone(),
        "customerState": "the best", "pays": { "by_invoice": address },
    };
    are(documents(&place, "clients"), vec![expected]);
}

#[test]
fn the_times_of_writing_are_longevitys_own_fields() {
    let Some(place) = Place::new() else { return };
    let store = Longevity::<Blogging, _>::open_with(place.mongo.clone(), Options::default().timestamps(true)).unwrap();
    store.create_schema().unwrap();
    let state = store.repo::<Member>().create(member()).unwrap();
    let names = ["_type", "_version", "_created_at", "_updated_at", "username", "email", "profile", "num_cats"];
    assert_eq!(documents(&place, "user").remove(0).keys().collect::<Vec<_>>(), names);
    let state = store.repo::<Member>().update(state.modify(|ann| ann.num_cats = 0)).unwrap();
    let document = documents(&place, "user").remove(0);
    assert_eq!(document.keys().collect::<Vec<_>>(), names);
    let time = |at: Timestamp| {
        let nanoseconds = i128::from(at.unix_seconds()) * 1_000_000_000 + i128::from(at.subsec_nanoseconds());
        let milliseconds = DateTime::from_millis((nanoseconds / 1_000_000) as i64);
        doc! { "at": milliseconds, "ns": (nanoseconds % 1_000_000) as i32 }
    };
    assert_eq!(document.get_document("_created_at").unwrap(), &time(state.created_at().unwrap()));
    assert_eq!(document.get_document("_updated_at").unwrap(), &time(state.updated_at().unwrap()));
    // A store without the option keeps the times of creation, and its own rows have no times.
    let store = place.opened::<Blogging>();
    let state = store.repo::<Member>().retrieve_one(&Email("ann@x".into())).unwrap();
    store.repo::<Member>().update(state.modify(|ann| ann.num_cats = 1)).unwrap();
    assert_eq!(store.repo::<Member>().retrieve_one(&Email("ann@x".into())).unwrap().num_cats, 1);
}
