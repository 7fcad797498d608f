//! The commands that a cluster would receive. These tests have no cluster to send them to.

use longevity::RootType;
use longevity::prelude::*;
use longevity_core::table::TableDefinition;
use mongodb::bson::{Document, doc};

use super::{enforceable_on_a_cluster, sharding};
use crate::error::MongoError;
use crate::schema::layout;

macro_rules! table {
    ($name:ident: $persistent:meta) => {
        mod $name {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Row)]
            pub(super) struct RowId {
                region: String,
                year: i16,
                number: u64,
            }

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Row)]
            pub(super) struct Email(String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[$persistent]
            pub(super) struct Row {
                id: RowId,
                email: Email,
            }
        }
    };
}

table!(plain: persistent(key(id: RowId), key(email)));
table!(ranged: persistent(primary_key(id: RowId), key(email)));
table!(hashed: persistent(primary_key(id: RowId, hashed)));
table!(partitioned: persistent(primary_key(id: RowId, partition(region, year)), index(email)));

fn definition<R: RootType>() -> TableDefinition {
    R::definition().table().unwrap()
}

#[test]
fn rows_are_spread_by_the_primary_key() {
    let of = |definition: &TableDefinition| sharding("blog", definition);
    let command = |key: Document| Some(doc! { "shardCollection": "blog.row", "key": key });
    assert_eq!(of(&definition::<plain::Row>()), None);
    assert_eq!(of(&definition::<ranged::Row>()), command(doc! { "id.region": 1, "id.year": 1, "id.number": 1 }));
    assert_eq!(of(&definition::<hashed::Row>()), command(doc! { "id.region": "hashed", "id.year": 1, "id.number": 1 }));
    assert_eq!(of(&definition::<partitioned::Row>()), command(doc! { "id.region": 1, "id.year": 1 }));
}

/// The names of the unique indexes, or of the refused keys.
fn unique(definition: &TableDefinition, accepted: &[&str]) -> Result<Vec<String>, (String, String)> {
    match enforceable_on_a_cluster(definition, layout::wanted(definition), |name| accepted.contains(&name)) {
        Ok(wanted) => Ok(wanted.into_iter().filter(|wanted| wanted.unique).map(|wanted| wanted.name).collect()),
        Err(MongoError::Unenforceable { keys, by }) => Err((keys, by)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn keys_that_do_not_begin_with_the_primary_key_are_refused_or_accepted() {
    let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
    // Without a primary key the collection is on one shard.
    assert_eq!(unique(&definition::<plain::Row>(), &[]), names(&["row.id.key", "row.email.key"]));
    let refused = Err(("Row.email".to_owned(), "id.region, id.year, id.number".to_owned()));
    assert_eq!(unique(&definition::<ranged::Row>(), &[]), refused);
    assert_eq!(unique(&definition::<ranged::Row>(), &["User.email", "Row.id"]), refused);
    assert_eq!(unique(&definition::<ranged::Row>(), &["Row.email"]), names(&["row.id.key"]));
    assert_eq!(unique(&definition::<hashed::Row>(), &[]), names(&["row.id.key"]));
    assert_eq!(unique(&definition::<partitioned::Row>(), &[]), names(&["row.id.key"]));
}
