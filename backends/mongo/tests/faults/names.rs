//! Names that MongoDB forbids are refused before anything is sent. No server is at the address.

use longevity::prelude::*;
use longevity::{DomainModel, MongoError, blocking};

use crate::model::Faults;
use crate::place::left_out;

const NOBODY: &str = "mongodb://127.0.0.1:1/";

fn refused<M: DomainModel>(mongo: Mongo) -> String {
    let error = blocking::Longevity::<M, _>::open(mongo).unwrap_err();
    match MongoError::of(&error) {
        Some(MongoError::ForbiddenName { what, .. }) => println!("{what}: {error}"),
        other => panic!("{other:?}"),
    }
    error.to_string()
}

#[test]
fn forbidden_names_of_databases() {
    if left_out() {
        return;
    }
    let long = "d".repeat(64);
    for name in
        ["a/b", "a\\b", "a.b", "a b", "a\"b", "a$b", "a*b", "a<b", "a>b", "a:b", "a|b", "a?b", "a\0b", "", &long]
    {
        let text = refused::<Faults>(Mongo::new(NOBODY).database(name));
        assert!(text.contains("database") && (name.is_empty() || text.contains(&format!("{name:?}"))), "{text}");
    }
    // Databases that the server reserves have no transactions, or are not copied to other members.
    for name in ["admin", "local", "config"] {
        refused::<Faults>(Mongo::new(NOBODY).database(name));
    }
    // In an address the name is not shown, because any part of an invalid address may be a secret.
    let error = blocking::Longevity::<Faults, _>::open(Mongo::new(format!("{NOBODY}a%20b"))).unwrap_err();
    let Some(MongoError::InvalidAddress { reason }) = MongoError::of(&error) else { panic!("{error:?}") };
    assert!(reason.contains("name of a database") && !reason.contains("\"a b\""), "{reason}");
}

macro_rules! named {
    ($model:ident, $row:ident, $table:literal) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent(table = $table)]
        struct $row {
            x: i64,
        }

        #[derive(DomainModel)]
        #[domain_model($row)]
        struct $model;
    };
}

named!(Systems, System, "system");
named!(Dollars, Dollar, "a$b");
// Together with the longest name of a database, this name is one byte too long.
named!(
    Longs,
    Long,
    "rows_of_a_type_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_w"
);

#[test]
fn forbidden_names_of_collections() {
    if left_out() {
        return;
    }
    assert!(refused::<Systems>(Mongo::new(NOBODY).database("blog")).contains("\"system\""));
    refused::<Dollars>(Mongo::new(NOBODY).database("blog"));
    refused::<Longs>(Mongo::new(NOBODY).database("d".repeat(63)));
}
