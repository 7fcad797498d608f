//! Databases for tests, each its own, on the one MongoDB server of the process.
#![expect(clippy::panic, reason = "a test without its server stops")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};

use longevity::{BoxError, Mongo};
use longevity_mongod::Server;
use mongodb::Client;
use tokio::runtime::{Builder, Runtime};

/// How many cases run at once: each waits for the server most of its time.
pub const AT_ONCE: usize = 6;

/// A database of its own on the shared server, dropped some time after this.
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

    /// The server that it is on.
    pub(crate) fn server(&self) -> &'static Server {
        self.server
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The back end on it.
    pub fn mongo(&self) -> Mongo {
        Mongo::new(self.uri())
    }

    /// The database seen without the framework.
    pub fn database(&self) -> mongodb::Database {
        driver(self.server, |client| async { client }).database(&self.name)
    }
}

impl Drop for Scratch {
    // Nobody waits for it: the next case has a database of its own.
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

/// What the driver gives: in a runtime of its own, so that any thread may ask.
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

/// Has the driver do something, some time.
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

/// Whether the user left MongoDB out by name, which is said loudly.
pub fn left_out(what: &str) -> Option<ExitCode> {
    if longevity_mongod::left_out() {
        println!("{what}: LEFT OUT, as `LONGEVITY_WITHOUT=mongodb` asks for");
        return Some(ExitCode::SUCCESS);
    }
    None
}
