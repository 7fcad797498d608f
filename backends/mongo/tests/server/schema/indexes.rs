//! The complete indexes of a model on the server.

use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::indexes::Indexes;
use longevity_tests::models::poly::Office;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::models::primary_keys::PrimaryKeys;
use mongodb::bson::{Document, doc};

use crate::place::Place;

fn key(name: &str, keys: Document) -> Document {
    doc! { "name": name, "key": keys, "unique": true }
}

fn index(name: &str, keys: Document) -> Document {
    doc! { "name": name, "key": keys }
}

/// An index on the rows of one derived type.
fn of(mut index: Document, types: impl Into<mongodb::bson::Bson>) -> Document {
    index.insert("partialFilterExpression", doc! { "_type": types.into() });
    index
}

#[track_caller]
fn has(place: &Place, collection: &str, expected: Vec<Document>) {
    let sorted = |mut indexes: Vec<Document>| {
        indexes.sort_by_key(|index| index.get_str("name").unwrap().to_owned());
        // The order of the options is the server's. The order of the keys is ours.
        let shown = |index: &Document| {
            let mut options: Vec<_> = index.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            options.sort();
            options.join(", ")
        };
        indexes.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(sorted(place.indexes(collection)), sorted(expected), "{collection}");
}

#[test]
fn derived_types_have_partial_indexes_that_begin_with_the_discriminator() {
    let Some(place) = Place::new() else { return };
    place.store::<Blogging>();
    // Creating the schema again changes nothing.
    place.store::<Blogging>();
    has(
        &place,
        "user",
        vec![
            key("user.username.key", doc! { "username": 1 }),
            of(key("user.Member.email.key", doc! { "_type": 1, "email": 1 }), "Member"),
            of(
                index("user.Member.profile.tagline.index", doc! { "_type": 1, "profile.tagline": 1, "_id": 1 }),
                "Member",
            ),
            of(
                index(
                    "user.Member.num_cats+username.index",
                    doc! { "_type": 1, "num_cats": 1, "username": 1, "_id": 1 },
                ),
                "Member",
            ),
            index("user._type.index", doc! { "_type": 1, "_id": 1 }),
        ],
    );
    has(
        &place,
        "blog_post",
        vec![
            key("blog_post.uri.key", doc! { "uri.blog": 1, "uri.path": 1 }),
            index("blog_post.blog+published.index", doc! { "blog": 1, "published": 1, "_id": 1 }),
        ],
    );
    let mut collections = place.collections();
    collections.sort();
    assert_eq!(collections, ["blog", "blog_post", "user"]);
}

#[test]
fn a_type_with_aliases_has_them_in_the_condition_and_not_in_the_index() {
    let Some(place) = Place::new() else { return };
    place.store::<Office>();
    place.store::<Office>();
    let names = doc! { "$in": ["letter", "Post", "Mail"] };
    has(
        &place,
        "papers",
        vec![
            key("papers.id.key", doc! { "id": 1 }),
            index("papers.meta.title.index", doc! { "meta.title": 1, "_id": 1 }),
            index("papers.archived+id.index", doc! { "archived": 1, "id": 1, "_id": 1 }),
            of(
                index("papers.Letter.number.index of letter, Post, Mail", doc! { "number": 1, "_id": 1 }),
                names.clone(),
            ),
            of(index("papers.Letter.sent.index of letter, Post, Mail", doc! { "sent": 1, "_id": 1 }), names),
            of(
                key("papers.Invoice.invoice.key", doc! { "_type": 1, "invoice.year": 1, "invoice.number": 1 }),
                "Invoice",
            ),
            of(
                index("papers.Invoice.number+sent.index", doc! { "_type": 1, "number": 1, "sent": 1, "_id": 1 }),
                "Invoice",
            ),
            of(
                index(
                    "papers.Invoice.archived+meta.pages.index",
                    doc! { "_type": 1, "archived": 1, "meta.pages": 1, "_id": 1 },
                ),
                "Invoice",
            ),
            index("papers._type.index", doc! { "_type": 1, "_id": 1 }),
        ],
    );
}

#[test]
fn siblings_with_the_same_property_have_an_index_each() {
    let Some(place) = Place::new() else { return };
    place.store::<Traffic>();
    has(
        &place,
        "vehicle",
        vec![
            key("vehicle.vehicle_id.key", doc! { "vehicle_id": 1 }),
            key("vehicle.owner.key", doc! { "owner.country": 1, "owner.number": 1 }),
            of(key("vehicle.Car.plate.key", doc! { "_type": 1, "plate": 1 }), "Car"),
            of(key("vehicle.Boat.plate.key", doc! { "_type": 1, "plate": 1 }), "Boat"),
            of(key("vehicle.Boat.hull.key", doc! { "_type": 1, "hull": 1 }), "Boat"),
            of(index("vehicle.Bicycle.plate.index", doc! { "_type": 1, "plate": 1, "_id": 1 }), "Bicycle"),
            index("vehicle._type.index", doc! { "_type": 1, "_id": 1 }),
        ],
    );
}

#[test]
fn primary_keys_are_unique_and_a_hashed_one_has_a_second_index() {
    let Some(place) = Place::new() else { return };
    place.store::<PrimaryKeys>();
    place.store::<PrimaryKeys>();
    let plain = vec![key("plain.plain_id.key", doc! { "plain_id": 1 }), key("plain.email.key", doc! { "email": 1 })];
    has(&place, "plain", plain);
    has(
        &place,
        "nested",
        vec![
            key("nested.head.id.key", doc! { "head.id": 1 }),
            index("nested.head.title.index", doc! { "head.title": 1, "_id": 1 }),
        ],
    );
    has(
        &place,
        "hashed",
        vec![
            key("hashed.hashed_id.key", doc! { "hashed_id.serial": 1 }),
            index("hashed.hashed_id.hashed", doc! { "hashed_id.serial": "hashed" }),
        ],
    );
    let columns = doc! { "partitioned_id.region": 1, "partitioned_id.year": 1, "partitioned_id.number": 1 };
    has(
        &place,
        "partitioned",
        vec![
            key("partitioned.partitioned_id.key", columns),
            index("partitioned.amount.index", doc! { "amount": 1, "_id": 1 }),
        ],
    );
}

#[test]
fn nested_and_optional_columns_are_paths() {
    let Some(place) = Place::new() else { return };
    place.store::<Indexes>();
    let indexes = place.indexes("measurement");
    let keys = |name: &str| {
        let index = indexes.iter().find(|index| index.get_str("name").unwrap() == name);
        index.map(|index| index.get_document("key").unwrap().clone())
    };
    assert_eq!(indexes.len(), 9);
    assert_eq!(
        keys("measurement.second.site.height+taken.index"),
        Some(doc! { "second.site.height": 1, "taken": 1, "_id": 1 })
    );
    assert_eq!(
        keys("measurement.of+value.index"),
        Some(doc! { "of.station": 1, "of.number": 1, "value": 1, "_id": 1 })
    );
}
