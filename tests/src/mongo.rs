//! Databases for tests, each gone when its test is, on the one MongoDB server of the process.
#![expect(clippy::panic, reason = "a test without its server stops")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};

use longevity::testkit::{Fixture, with_guard};
use longevity::{BoxError, Mongo};
use longevity_mongod::Server;
use mongodb::Client;
use tokio::runtime::{Builder, Runtime};

/// A database of its own on the shared server, dropped with this.
#[derive(Debug)]
pub struct Scratch {
    server: &'static Server,
    name: String,
}

impl Scratch {
    /// An empty database. Fails where there is no server.
    pub fn new() -> Result<Self, BoxError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = Server::shared().map_err(|error| error.to_string())?;
        let name = format!("longevity_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Ok(Self { server, name })
    }

    /// Its address.
    pub fn uri(&self) -> String {
        self.server.uri_of(&self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The back end on it.
    pub fn mongo(&self) -> Mongo {
        Mongo::connect(self.uri())
    }

    /// The database seen without the framework.
    pub fn database(&self) -> mongodb::Database {
        driver(self.server, |client| async { client }).database(&self.name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let name = self.name.clone();
        let dropped = driver(self.server, move |client| async move { client.database(&name).drop().await });
        if let Err(error) = dropped {
            eprintln!("the database {} was not dropped: {error}", self.name);
        }
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("there is no runtime: {error}"),
    });

/// What the driver gives: in a runtime of its own, so that any thread may ask.
fn driver<R: Send + 'static, W: Future<Output = R> + Send>(
    server: &'static Server,
    work: impl FnOnce(Client) -> W + Send + 'static,
) -> R {
    static CLIENT: tokio::sync::OnceCell<Client> = tokio::sync::OnceCell::const_new();
    let (give, take) = mpsc::channel();
    RUNTIME.spawn(async move {
        let client = CLIENT.get_or_init(|| async {
            match Client::with_uri_str(server.uri()).await {
                Ok(client) => client,
                Err(error) => panic!("the server cannot be reached: {error}"),
            }
        });
        let client = client.await.clone();
        let _ = give.send(work(client).await);
    });
    match take.recv() {
        Ok(result) => result,
        Err(error) => panic!("the driver gave up: {error}"),
    }
}

/// A database of its own for each case.
pub fn in_a_database() -> impl Fixture<Backend = Mongo> {
    with_guard(|| {
        let scratch = Scratch::new()?;
        Ok::<_, BoxError>((scratch.mongo(), scratch))
    })
}

/// Whether the user left MongoDB out by name, which is said loudly.
pub fn left_out(what: &str) -> Option<ExitCode> {
    if longevity_mongod::left_out() {
        println!("{what}: LEFT OUT, as `LONGEVITY_WITHOUT=mongodb` asks for");
        return Some(ExitCode::SUCCESS);
    }
    None
}
