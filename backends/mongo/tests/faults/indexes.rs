//! Indexes that are still being built.

use std::time::Duration;

use longevity::{Longevity, Mongo, MongoError, PersistentType as _};
use longevity_tests::models::keys::{Flag, FlagId, Library};
use mongodb::bson::doc;

use crate::place::{Failing, in_a_runtime};

/// The server stops here, with the index in its list.
const POINT: &str = "hangAfterStartingIndexBuild";

/// The server lists the index, and accepts rows that it will refuse later.
#[test]
fn an_index_that_is_being_built_does_not_count() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let uri = failing.uri_of("being_built");
        let database = mongodb::Client::with_uri_str(&uri).await.unwrap().database("being_built");
        // The index of an empty collection is finished immediately.
        let flag = doc! { "_version": 0_i64, "flag_id": true, "text": "" };
        database.collection("flag").insert_one(flag).await.unwrap();
        failing.point(POINT, "alwaysOn", doc! {}).await;
        let building = {
            let store = Longevity::<Library, _>::open(Mongo::new(uri.as_str())).await.unwrap();
            tokio::spawn(async move { store.create_schema().await })
        };
        let listed = async || {
            let reply = database.run_command(doc! { "listIndexes": "flag" }).await.unwrap();
            reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().len()
        };
        let mut waited = 0;
        while listed().await < 2 {
            assert!(waited < 600 && !building.is_finished(), "no index build has begun");
            waited += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let store = Longevity::<Library, _>::open(Mongo::new(uri.as_str())).await.unwrap();
        let error = store.repo::<Flag>().count(Flag::query()).await.unwrap_err();
        failing.switch_off(POINT).await;
        assert!(matches!(MongoError::of(&error), Some(MongoError::NoSchema { .. })), "{error}");
        building.await.unwrap().unwrap();
        let flags = store.repo::<Flag>();
        assert_eq!(flags.count(Flag::query()).await.unwrap(), 1);
        let taken = Flag { flag_id: FlagId(true), text: "new".into() };
        assert!(flags.create(taken).await.unwrap_err().is_duplicate_key());
        database.drop().await.unwrap();
    });
}
