//! A test's database, seen through the back end and through the driver.

use longevity::DomainModel;
use longevity::backend::Backend as _;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::mongo::Scratch;
use mongodb::bson::{Bson, Document, doc};

/// A database that is dropped with this value.
pub(crate) struct Place {
    pub(crate) mongo: Mongo,
    pub(crate) database: mongodb::Database,
    pub(crate) scratch: Scratch,
}

impl Place {
    /// `None` if the user left MongoDB out.
    pub(crate) fn new() -> Option<Self> {
        if longevity_mongod::left_out() {
            println!("LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
            return None;
        }
        let scratch = Scratch::new().unwrap();
        Some(Self { mongo: scratch.mongo(), database: scratch.database(), scratch })
    }

    /// A store with its schema.
    pub(crate) fn store<M: DomainModel>(&self) -> Longevity<M, Mongo> {
        let store = self.opened();
        store.create_schema().unwrap();
        store
    }

    /// A store without its schema.
    pub(crate) fn opened<M: DomainModel>(&self) -> Longevity<M, Mongo> {
        Longevity::open(self.mongo.clone()).unwrap()
    }

    /// The server's answer to a command.
    pub(crate) fn asked(&self, command: Document) -> Result<Document, mongodb::error::Error> {
        self.mongo.block_on(async { self.database.run_command(command).await })
    }

    /// The answer to a command that succeeds.
    #[track_caller]
    pub(crate) fn run(&self, command: Document) -> Document {
        self.asked(command).unwrap()
    }

    /// The documents of a collection, in the order of their ids.
    pub(crate) fn documents(&self, collection: &str) -> Vec<Document> {
        first_batch(&self.run(doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": 10_000 }))
    }

    /// Inserts documents, as another program would.
    pub(crate) fn insert(&self, collection: &str, documents: Vec<Document>) {
        let reply = self.run(doc! { "insert": collection, "documents": documents });
        assert!(!reply.contains_key("writeErrors"), "{reply}");
    }

    /// The indexes of a collection, without `_id_` and without the version of their format.
    pub(crate) fn indexes(&self, collection: &str) -> Vec<Document> {
        let mut found = first_batch(&self.run(doc! { "listIndexes": collection, "cursor": { "batchSize": 100 } }));
        found.retain(|index| index.get_str("name").is_ok_and(|name| name != "_id_"));
        for index in &mut found {
            index.remove("v");
        }
        found
    }

    /// The names of the collections.
    pub(crate) fn collections(&self) -> Vec<String> {
        let found = first_batch(&self.run(doc! { "listCollections": 1, "nameOnly": true }));
        found.iter().map(|collection| collection.get_str("name").unwrap().to_owned()).collect()
    }
}

/// The documents in a reply.
pub(crate) fn first_batch(reply: &Document) -> Vec<Document> {
    let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    batch.iter().filter_map(Bson::as_document).cloned().collect()
}

/// The error of the MongoDB back end.
#[track_caller]
pub(crate) fn own<T: std::fmt::Debug>(result: Result<T, longevity::Error>) -> longevity::MongoError {
    let error = result.unwrap_err();
    match longevity::MongoError::of(&error) {
        Some(own) => own.clone(),
        None => panic!("{error}"),
    }
}
