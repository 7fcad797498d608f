//! Descriptions and diagrams of models.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use longevity::DomainModel as _;
use longevity::backend::definition::PrimaryKeyKind;
use longevity::description::KeyDescription;
use longevity_tests::models::basics::Basics;
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::keys::Library;
use longevity_tests::models::poly::Office;
use longevity_tests::models::primary_keys::PrimaryKeys;
use longevity_tests::models::renames::Renames;

fn key(property: &str, key_val: &str, primary: Option<PrimaryKeyKind>) -> KeyDescription {
    KeyDescription { property: property.into(), key_val: key_val.into(), primary }
}

#[test]
fn a_poly_type_is_described_with_its_derived_types() {
    let description = Blogging::description();
    assert_eq!(description.name, "Blogging");
    let names: Vec<_> = description.types.iter().map(|described| (described.name, described.table)).collect();
    assert_eq!(names, [("User", "user"), ("Blog", "blog"), ("BlogPost", "blog_post")]);
    let user = description.type_named("User").unwrap();
    assert!(user.poly);
    assert_eq!(user.keys, [key("username", "Username", None)]);
    let derived: Vec<_> = user.derived.iter().map(|derived| (derived.name, derived.discriminator)).collect();
    assert_eq!(derived, [("Member", "Member"), ("Commenter", "Commenter")]);
    assert_eq!(user.derived[0].keys, [key("email", "Email", None)]);
    assert_eq!(user.derived[0].indexes, [vec!["profile.tagline"], vec!["num_cats", "username"]]);
    let components: Vec<_> = description.components.iter().map(longevity::storable::Shape::type_name).collect();
    assert_eq!(components, ["BlogUri", "Email", "PostUri", "Profile", "Username"]);
}

#[test]
fn chosen_discriminators_aliases_and_tables_are_described() {
    let description = Office::description();
    let document = description.type_named("Document").unwrap();
    assert_eq!(document.table, "papers");
    let derived: Vec<_> =
        document.derived.iter().map(|derived| (derived.discriminator, derived.aliases.as_slice())).collect();
    assert_eq!(derived, [("letter", &["Post", "Mail"] as &[_]), ("Invoice", &[]), ("memo of 2024", &[])]);
}

#[test]
fn keys_are_described_by_their_paths() {
    let description = Library::description();
    let reader = description.type_named("Reader").unwrap();
    let expected = [key("membership.login.email", "ReaderEmail", None), key("membership.card", "CardNumber", None)];
    assert_eq!(reader.keys, expected);
    assert!(description.type_named("Note").unwrap().keys.is_empty());

    let description = PrimaryKeys::description();
    let primary = |name| description.type_named(name).unwrap().keys[0].primary.clone();
    assert_eq!(primary("Plain"), Some(PrimaryKeyKind::Ranged));
    assert_eq!(primary("Nested"), Some(PrimaryKeyKind::Ranged));
    assert_eq!(primary("Hashed"), Some(PrimaryKeyKind::Hashed));
    let Some(PrimaryKeyKind::Partitioned(partition)) = primary("Partitioned") else { panic!("it has a partition") };
    let partition: Vec<_> = partition.iter().map(ToString::to_string).collect();
    assert_eq!(partition, ["partitioned_id.region", "partitioned_id.year"]);
}

#[test]
fn stored_names_are_distinguished_from_rust_names() {
    let description = Renames::description();
    let customer = description.type_named("Customer").unwrap();
    assert_eq!(customer.table, "clients");
    let names: Vec<_> =
        customer.properties.iter().map(|property| (property.name.as_str(), property.stored_name.as_str())).collect();
    let expected = [
        ("customer_id", "customerId"),
        ("full_name", "called"),
        ("postal_address", "postalAddress"),
        ("customer_state", "customerState"),
        ("payment", "pays"),
    ];
    assert_eq!(names, expected);
    let indexes = ["postalAddress.zip code", "customerState, called", "postalAddress.town"];
    assert_eq!(customer.indexes.iter().map(|index| index.join(", ")).collect::<Vec<_>>(), indexes);
}

#[test]
fn types_are_named_as_rust_writes_them() {
    let description = Basics::description();
    let optionals = description.type_named("Optionals").unwrap();
    let type_of = |name: &str| {
        let property = optionals.properties.iter().find(|property| property.name == name);
        property.map(|property| property.type_name.as_str())
    };
    assert_eq!(type_of("thrice"), Some("Option<Option<Option<String>>>"));
    assert_eq!(type_of("boxed"), Some("Option<i32>"));
    assert_eq!(type_of("optionals_id"), Some("OptionalsId"));
}

#[test]
fn a_diagram_shows_types_derivation_and_references() {
    assert_eq!(Blogging::description().to_mermaid(), BLOGGING);
}

/// The expected class diagram. Paste it to <https://mermaid.live> to see it rendered.
const BLOGGING: &str = include_str!("blogging.mmd");
