//! Names that MongoDB forbids are refused before anything is sent: there is nobody at the address.

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
fn a_database_that_cannot_be_named_so() {
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
    // Those that the server keeps for itself have no transactions, or are not copied to other members.
    for name in ["admin", "local", "config"] {
        refused::<Faults>(Mongo::new(NOBODY).database(name));
    }
    // In an address it is not shown: what is no address may be a secret.
    let error = blocking::Longevity::<Faults, _>::open(Mongo::new(format!("{NOBODY}a%20b"))).unwrap_err();
    let Some(MongoError::InvalidAddress { reason }) = MongoError::of(&error) else { panic!("{error:?}") };
    assert!(reason.contains("no database") && !reason.contains("\"a b\""), "{reason}");
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
// Behind the longest name of a database it is too long by one byte.
named!(
    Longs,
    Long,
    "rows_of_a_type_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_with_a_very_long_name_w"
);

#[test]
fn a_collection_that_cannot_be_named_so() {
    if left_out() {
        return;
    }
    assert!(refused::<Systems>(Mongo::new(NOBODY).database("blog")).contains("\"system\""));
    refused::<Dollars>(Mongo::new(NOBODY).database("blog"));
    refused::<Longs>(Mongo::new(NOBODY).database("d".repeat(63)));
}
