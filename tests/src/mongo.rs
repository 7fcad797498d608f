//! Databases for tests, each separate, on the one MongoDB server of the process.
#![expect(clippy::panic, reason = "a test panics without its server")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};

use longevity::{BoxError, Mongo};
use longevity_mongod::Server;
use mongodb::Client;
use tokio::runtime::{Builder, Runtime};

/// The number of cases that run at once: each spends most of its time waiting for the server.
pub const AT_ONCE: usize = 6;

/// A separate database on the shared server. It is dropped in the background.
#[derive(Debug)]
pub struct Scratch {
    server: &'static Server,
    name: String,
}

impl Scratch {
    /// An empty database. Fails without a server.
    pub fn new() -> Result<Self, BoxError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = Server::shared().map_err(|error| error.to_string())?;
        let name = format!("longevity_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Ok(Self { server, name })
    }

    /// The address of the database.
    pub fn uri(&self) -> String {
        self.server.uri_of(&self.name)
    }

    /// The server that has the database.
    pub(crate) fn server(&self) -> &'static Server {
        self.server
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The back end on the database.
    pub fn mongo(&self) -> Mongo {
        Mongo::new(self.uri())
    }

    /// The database, as seen without the framework.
    pub fn database(&self) -> mongodb::Database {
        driver(self.server, |client| async { client }).database(&self.name)
    }
}

impl Drop for Scratch {
    // No test waits for this: the next case has a different database.
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        send(self.server, move |client| async move {
            if let Err(error) = client.database(&name).drop().await {
                eprintln!("the database {name} was not dropped: {error}");
            }
        });
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("there is no runtime: {error}"),
    });

/// Runs the driver in a separate runtime, so that any thread can call it, and returns its result.
pub(crate) fn driver<R: Send + 'static, W: Future<Output = R> + Send>(
    server: &'static Server,
    work: impl FnOnce(Client) -> W + Send + 'static,
) -> R {
    let (give, take) = mpsc::channel();
    send(server, move |client| async move {
        let _ = give.send(work(client).await);
    });
    match take.recv() {
        Ok(result) => result,
        Err(error) => panic!("the driver gave up: {error}"),
    }
}

/// Runs work of the driver in the background.
pub(crate) fn send<W: Future<Output = ()> + Send>(
    server: &'static Server,
    work: impl FnOnce(Client) -> W + Send + 'static,
) {
    static CLIENT: tokio::sync::OnceCell<Client> = tokio::sync::OnceCell::const_new();
    RUNTIME.spawn(async move {
        let client = CLIENT.get_or_init(|| async {
            match Client::with_uri_str(server.uri()).await {
                Ok(client) => client,
                Err(error) => panic!("the server cannot be reached: {error}"),
            }
        });
        let client = client.await.clone();
        work(client).await;
    });
}

/// If the environment leaves MongoDB out by name, prints a note and returns the exit code of a binary that has nothing to do.
pub fn left_out(what: &str) -> Option<ExitCode> {
    if longevity_mongod::left_out() {
        println!("{what}: LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return Some(ExitCode::SUCCESS);
    }
    None
}
