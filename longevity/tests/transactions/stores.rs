//! The stores that the tests run on, each with a bank in it.

use std::sync::atomic::{AtomicU32, Ordering};

use longevity::prelude::*;
use longevity::{Mongo, Sqlite};

use crate::bank::{self, RUNTIME, Store, on, on_with};

/// The check of a test that passes unless it panics.
pub(crate) fn passes((): ()) {}

pub(crate) fn happens(has_happened: bool) {
    assert!(has_happened);
}

pub(crate) fn does_not_happen(has_happened: bool) {
    assert!(!has_happened);
}

pub(crate) fn mem<F: Future<Output = ()>>(test: impl Fn(Store<Mem>) -> F) {
    on(Mem::new(), test);
}

/// Also in memory, but chosen by an address.
pub(crate) fn any<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    on(bank::any(), test);
}

/// In a file of its own.
pub(crate) fn sqlite_file<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    on(AnyBackend::Sqlite(Sqlite::file(folder.path().join("bank.db"))), test);
}

/// In a MongoDB database of its own, unless MongoDB is left out.
pub(crate) fn mongo<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    mongo_with(Options::default(), test);
}

pub(crate) fn mongo_with<F: Future<Output = ()>>(options: Options, test: impl Fn(Store<AnyBackend>) -> F) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return;
    }
    let server = longevity_mongod::Server::shared().unwrap();
    let name = format!("bank_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    on_with(options, AnyBackend::Mongo(Mongo::new(server.uri_of(&name)).batch_size(20)), test);
    RUNTIME.block_on(async {
        let client = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
        client.database(&name).drop().await.unwrap();
    });
}

pub(crate) fn sqlite_in_memory<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    on(AnyBackend::Sqlite(Sqlite::in_memory()), test);
}
