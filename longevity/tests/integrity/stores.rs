//! The stores that the tests run on, each with a library in it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use longevity::backend::Backend;
use longevity::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::library::{Library, Store, stocked};

pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap());

fn on<B: Backend, F: Future<Output = ()>>(backend: B, test: impl Fn(Store<B>) -> F) {
    RUNTIME.block_on(async {
        let store = Longevity::<Library, _>::open(backend).await.unwrap();
        store.create_schema().await.unwrap();
        stocked(&store).await;
        test(store).await;
    });
}

pub(crate) fn mem<F: Future<Output = ()>>(test: impl Fn(Store<Mem>) -> F) {
    on(Mem::new(), test);
}

/// In a file of its own, chosen by an address.
pub(crate) fn sqlite<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    on(AnyBackend::Sqlite(Sqlite::file(folder.path().join("library.db"))), test);
}

/// In a MongoDB database of its own, unless MongoDB is left out.
pub(crate) fn mongo<F: Future<Output = ()>>(test: impl Fn(Store<AnyBackend>) -> F) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return;
    }
    let server = longevity_mongod::Server::shared().unwrap();
    let name = format!("library_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    on(AnyBackend::Mongo(Mongo::new(server.uri_of(&name)).batch_size(20)), test);
    RUNTIME.block_on(async {
        let client = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
        client.database(&name).drop().await.unwrap();
    });
}

/// A function that opens the same store again.
pub(crate) fn mem_again() -> impl Fn() -> Mem {
    let mem = Mem::new();
    move || mem.clone()
}

/// The same for a file.
pub(crate) fn sqlite_again() -> impl Fn() -> Sqlite {
    let folder = tempfile::tempdir().unwrap();
    move || Sqlite::file(folder.path().join("cats.db"))
}

/// The same for a MongoDB database, unless MongoDB is left out.
pub(crate) fn mongo_again() -> Option<impl Fn() -> Mongo> {
    let (server, name) = mongo_database()?;
    Some(move || Mongo::new(server.uri_of(&name)))
}

/// A MongoDB server and the name of a database that no other test uses, unless MongoDB is left out.
pub(crate) fn mongo_database() -> Option<(&'static longevity_mongod::Server, String)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return None;
    }
    let server = longevity_mongod::Server::shared().unwrap();
    let name = format!("cats_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    Some((server, name))
}
