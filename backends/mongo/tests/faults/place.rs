//! The servers of these tests, one for each kind of harm, and a runtime for each test.

use std::cell::Cell;
use std::future::Future;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longevity::{DomainModel, Error, Longevity, Mongo, MongoError};
use longevity_mongod::{ReplicaSet, Server};
use mongodb::bson::{Bson, Document, doc};
use tokio::runtime::Builder;

/// Whether the user left MongoDB out. If so, this prints it.
pub(crate) fn left_out() -> bool {
    longevity_tests::mongo::left_out("a fault of MongoDB").is_some()
}

/// Three servers that tests kill. One test at a time uses them, and gets all of them running.
pub(crate) fn three() -> MutexGuard<'static, ReplicaSet> {
    static THREE: LazyLock<Mutex<ReplicaSet>> = LazyLock::new(|| Mutex::new(ReplicaSet::builder().start().unwrap()));
    let set = THREE.lock().unwrap_or_else(PoisonError::into_inner);
    heal(&set);
    set
}

/// Waits until all members run and have caught up.
pub(crate) fn heal(set: &ReplicaSet) {
    for member in set.members() {
        member.resume().unwrap();
        member.start_again().unwrap();
    }
    set.wait_for_all(Duration::from_secs(60)).unwrap();
}

/// A server of one node with fail points. They affect the whole server, so one test at a time uses it.
pub(crate) struct Failing {
    server: &'static Server,
    client: mongodb::Client,
    /// The number of commands that failed before, because the server's counter continues.
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
        // A test that failed leaves its fail points switched on.
        for point in
            ["failCommand", "onPrimaryTransactionalWrite", "hangAfterStartingIndexBuild", "waitInFindBeforeMakingBatch"]
        {
            failing.switch_off(point).await;
        }
        failing.lifetime_of_transactions(60).await;
        // It also leaves transactions open.
        failing.client.database("admin").run_command(doc! { "killAllSessions": [] }).await.unwrap();
        failing
    }

    /// Sets how many seconds a transaction may live on the server.
    pub(crate) async fn lifetime_of_transactions(&self, seconds: i32) {
        let command = doc! { "setParameter": 1, "transactionLifetimeLimitSeconds": seconds };
        self.client.database("admin").run_command(command).await.unwrap();
    }

    /// With rare heartbeats, the driver would wait for the next one after each failure that looks like a new primary.
    pub(crate) fn uri_of(&self, database: &str) -> String {
        format!("{}&heartbeatFrequencyMS=500", self.server.uri_of(database))
    }

    /// Makes the next commands with these names fail, this number of times.
    pub(crate) async fn commands(&self, names: &[&str], times: i32, how: Document) {
        self.before.set(self.switch_off("failCommand").await);
        // The commands of the test's own client do not fail.
        let mut data = doc! { "failCommands": names.to_vec(), "appName": "longevity" };
        data.extend(how);
        self.point("failCommand", doc! { "times": times }, data).await;
    }

    /// Waits until this many commands failed.
    pub(crate) async fn wait_for_failure(&self, times: i64) {
        let command = doc! {
            "waitForFailPoint": "failCommand", "timesEntered": self.before.get() + times, "maxTimeMS": 60_000,
        };
        self.client.database("admin").run_command(command).await.unwrap();
    }

    /// The number of open transactions on the server.
    pub(crate) async fn open_transactions(&self) -> i64 {
        let status = self.client.database("admin").run_command(doc! { "serverStatus": 1 }).await.unwrap();
        status.get_document("transactions").unwrap().get_i64("currentOpen").unwrap()
    }

    /// The number of operations that run on a collection.
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

    /// Lets all commands succeed again, and returns how many failed.
    pub(crate) async fn harm_done(&self) -> i64 {
        self.switch_off("failCommand").await - self.before.get()
    }

    /// The number of failures since the server started.
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

/// A store with its schema, in a new database on a server that outlives the test.
pub(crate) async fn store<M: DomainModel>(uri: impl Into<String>) -> Longevity<M, Mongo> {
    let store = Longevity::open(Mongo::new(uri)).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

pub(crate) fn is_retryable(error: &Error) -> bool {
    MongoError::of(error).is_some_and(MongoError::is_retryable)
}

/// Returns the store's error if the caller may repeat the operation. Any other error fails the test.
#[track_caller]
pub(crate) fn assert_retryable(error: &Error) {
    assert!(is_retryable(error), "not retryable: {error:?}");
}

/// The error of an interrupted read or of an undone batch. The caller need not find out what happened.
#[track_caller]
pub(crate) fn assert_nothing_was_written(error: &Error) {
    assert!(matches!(MongoError::of(error), Some(MongoError::Interrupted { .. })), "{error:?}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
}

/// The error of a write with an unknown outcome.
#[track_caller]
pub(crate) fn assert_in_doubt(error: &Error) {
    assert!(matches!(MongoError::of(error), Some(MongoError::InDoubt { .. })), "{error:?}");
    assert!(error.to_string().contains("may or may not have happened"), "{error}");
}
