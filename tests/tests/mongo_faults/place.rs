//! Where these tests run: a server for each kind of harm, and a runtime of the test's own.

use std::cell::Cell;
use std::future::Future;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longevity::{DomainModel, Error, Longevity, Mongo, MongoError};
use longevity_mongod::{ReplicaSet, Server};
use mongodb::bson::{Bson, Document, doc};
use tokio::runtime::Builder;

/// Whether the user left MongoDB out by name, which is said aloud.
pub(crate) fn left_out() -> bool {
    longevity_tests::mongo::left_out("a fault of MongoDB").is_some()
}

/// Three servers that get killed. One test has them at a time, and gets them whole.
pub(crate) fn three() -> MutexGuard<'static, ReplicaSet> {
    static THREE: LazyLock<Mutex<ReplicaSet>> = LazyLock::new(|| Mutex::new(ReplicaSet::builder().start().unwrap()));
    let set = THREE.lock().unwrap_or_else(PoisonError::into_inner);
    heal(&set);
    set
}

/// All members run, and have caught up.
pub(crate) fn heal(set: &ReplicaSet) {
    for member in set.members() {
        member.resume().unwrap();
        member.start_again().unwrap();
    }
    set.wait_for_all(Duration::from_secs(60)).unwrap();
}

/// A server of one node with fail points, which are the whole server's: one test has it at a time.
pub(crate) struct Failing {
    server: &'static Server,
    client: mongodb::Client,
    /// The harm that was done before, for the server counts on.
    before: Cell<i64>,
    _alone: MutexGuard<'static, ()>,
}

impl Failing {
    pub(crate) async fn new() -> Self {
        static SERVER: LazyLock<Server> = LazyLock::new(|| Server::builder().of_its_own().start().unwrap());
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let client = mongodb::Client::with_uri_str(SERVER.uri()).await.unwrap();
        let failing = Self { server: &SERVER, client, before: Cell::new(0), _alone: alone };
        // A test that failed leaves them as they are.
        for point in
            ["failCommand", "onPrimaryTransactionalWrite", "hangAfterStartingIndexBuild", "waitInFindBeforeMakingBatch"]
        {
            failing.switch_off(point).await;
        }
        failing.lifetime_of_transactions(60).await;
        // And what it left open.
        failing.client.database("admin").run_command(doc! { "killAllSessions": [] }).await.unwrap();
        failing
    }

    /// How many seconds the server lets a transaction live.
    pub(crate) async fn lifetime_of_transactions(&self, seconds: i32) {
        let command = doc! { "setParameter": 1, "transactionLifetimeLimitSeconds": seconds };
        self.client.database("admin").run_command(command).await.unwrap();
    }

    /// With few heartbeats, the driver would wait for the next of them after each failure that looks like another primary.
    pub(crate) fn uri_of(&self, database: &str) -> String {
        format!("{}&heartbeatFrequencyMS=500", self.server.uri_of(database))
    }

    /// The next commands of these names fail, so many times.
    pub(crate) async fn commands(&self, names: &[&str], times: i32, how: Document) {
        self.before.set(self.switch_off("failCommand").await);
        // Not those of whoever says so.
        let mut data = doc! { "failCommands": names.to_vec(), "appName": "longevity" };
        data.extend(how);
        self.point("failCommand", doc! { "times": times }, data).await;
    }

    /// Waits until so many commands were harmed.
    pub(crate) async fn wait_for_failure(&self, times: i64) {
        let command = doc! {
            "waitForFailPoint": "failCommand", "timesEntered": self.before.get() + times, "maxTimeMS": 60_000,
        };
        self.client.database("admin").run_command(command).await.unwrap();
    }

    /// How many transactions are open on the server.
    pub(crate) async fn open_transactions(&self) -> i64 {
        let status = self.client.database("admin").run_command(doc! { "serverStatus": 1 }).await.unwrap();
        status.get_document("transactions").unwrap().get_i64("currentOpen").unwrap()
    }

    /// How many operations on a collection are under way.
    pub(crate) async fn running(&self, namespace: &str) -> usize {
        let stages = [doc! { "$currentOp": { "allUsers": true } }, doc! { "$match": { "ns": namespace } }];
        let mut found = self.client.database("admin").aggregate(stages).await.unwrap();
        let mut running = 0;
        while found.advance().await.unwrap() {
            running += 1;
        }
        running
    }

    pub(crate) async fn point(&self, name: &str, mode: impl Into<Bson>, data: Document) {
        let command = doc! { "configureFailPoint": name, "mode": mode.into(), "data": data };
        self.client.database("admin").run_command(command).await.unwrap();
    }

    /// Lets all commands be; how many of them failed since it was said that they should.
    pub(crate) async fn harm_done(&self) -> i64 {
        self.switch_off("failCommand").await - self.before.get()
    }

    /// How often it did harm since the server started.
    pub(crate) async fn switch_off(&self, name: &str) -> i64 {
        let command = doc! { "configureFailPoint": name, "mode": "off" };
        let reply = self.client.database("admin").run_command(command).await.unwrap();
        reply.get("count").and_then(|count| count.as_i64().or(count.as_i32().map(i64::from))).unwrap()
    }
}

/// A runtime like that of a server program.
pub(crate) fn in_a_runtime<F: Future>(work: impl FnOnce() -> F) {
    if left_out() {
        return;
    }
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work());
}

/// A store with its schema, in a database that does not exist yet on a server that outlives the test.
pub(crate) async fn store<M: DomainModel>(uri: impl Into<String>) -> Longevity<M, Mongo> {
    let store = Longevity::open(Mongo::new(uri)).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

pub(crate) fn is_retryable(error: &Error) -> bool {
    MongoError::of(error).is_some_and(MongoError::is_retryable)
}

/// Gives the store's error if the caller may repeat the operation; anything else is the end of the test.
#[track_caller]
pub(crate) fn assert_retryable(error: &Error) {
    assert!(is_retryable(error), "not retryable: {error:?}");
}

/// A read that was cut off, or a batch that was undone: nobody has to look what became of it.
#[track_caller]
pub(crate) fn assert_nothing_was_written(error: &Error) {
    assert!(matches!(MongoError::of(error), Some(MongoError::Interrupted { .. })), "{error:?}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
}

/// A write of which nobody knows whether it is done.
#[track_caller]
pub(crate) fn assert_in_doubt(error: &Error) {
    assert!(matches!(MongoError::of(error), Some(MongoError::InDoubt { .. })), "{error:?}");
    assert!(error.to_string().contains("may or may not be done"), "{error}");
}
