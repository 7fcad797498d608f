//! Commands to servers through the driver: making a replica set of them, asking for their state, and creating a user.

use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, ServerAddress};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::error::Error;
use crate::settings::{REPLICA_SET, Settings};
use crate::uri::Credentials;

/// The time between two questions to a server.
const PAUSE: Duration = Duration::from_millis(5);
/// The time limit for an answer, because a server that is stopped gives none.
const PATIENCE: Duration = Duration::from_millis(500);

/// A member's own report of its state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// It accepts writes. The later of two elections has the greater id.
    Primary(Option<ObjectId>),
    Secondary,
    /// It starts, catches up, or does not answer.
    Neither,
}

/// Makes a replica set of all `ports`, with a command to the first.
pub(crate) fn initiate(ports: &[u16], settings: &Settings) -> Result<(), Error> {
    let hosts = ports.iter().zip(0_i32..).map(|(port, id)| doc! { "_id": id, "host": format!("127.0.0.1:{port}") });
    let milliseconds = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1);
    let command = doc! { "replSetInitiate": {
        "_id": REPLICA_SET,
        "members": hosts.collect::<Vec<_>>(),
        "writeConcernMajorityJournalDefault": settings.journaled_majority,
        "settings": {
            "electionTimeoutMillis": milliseconds(settings.election_timeout),
            "heartbeatIntervalMillis": milliseconds(settings.election_timeout / 10),
        },
    } };
    run(ports[0], "replSetInitiate", command)
}

/// Asks a secondary to stand for election.
pub(crate) fn step_up(port: u16) -> Result<(), Error> {
    run(port, "replSetStepUp", doc! { "replSetStepUp": 1 })
}

/// Creates a user with all rights. The port is that of a primary without users, which allows this from the same machine.
pub(crate) fn create_user(port: u16, Credentials { user, password }: &Credentials) -> Result<(), Error> {
    run(port, "createUser", doc! { "createUser": user, "pwd": password, "roles": ["root"] })
}

/// Asks for the states of all until `enough` returns something; `Ok(None)` if it does not within the limit.
pub(crate) fn await_states<T: Send>(
    ports: &[u16],
    limit: Duration,
    enough: impl Fn(&[State]) -> Option<T> + Send + Sync,
) -> Result<Option<T>, Error> {
    on_a_thread_of_its_own(async || {
        let start = Instant::now();
        let clients = ports.iter().map(|port| client(*port)).collect::<Result<Vec<_>, _>>()?;
        loop {
            let found = enough(&states(&clients).await);
            if found.is_some() || start.elapsed() > limit {
                return Ok(found);
            }
            sleep(PAUSE).await;
        }
    })
}

async fn states(clients: &[Client]) -> Vec<State> {
    let mut questions = JoinSet::new();
    for (index, client) in clients.iter().enumerate() {
        let admin = client.database("admin");
        questions.spawn(async move { (index, timeout(PATIENCE, admin.run_command(doc! { "hello": 1 })).await) });
    }
    let mut states = vec![State::Neither; clients.len()];
    while let Some(answer) = questions.join_next().await {
        if let Ok((index, Ok(Ok(hello)))) = answer {
            states[index] = state(&hello);
        }
    }
    states
}

fn state(hello: &Document) -> State {
    if hello.get_bool("isWritablePrimary").unwrap_or(false) {
        State::Primary(hello.get_object_id("electionId").ok())
    } else if hello.get_bool("secondary").unwrap_or(false) {
        State::Secondary
    } else {
        State::Neither
    }
}

fn run(port: u16, name: &'static str, command: Document) -> Result<(), Error> {
    on_a_thread_of_its_own(async || {
        client(port)?.database("admin").run_command(command).await.map(drop).map_err(Error::command(name))
    })
}

/// A client of this one server, whatever the state of its replica set.
fn client(port: u16) -> Result<Client, Error> {
    let address = ServerAddress::Tcp { host: "127.0.0.1".to_owned(), port: Some(port) };
    let options = ClientOptions::builder()
        .hosts(vec![address])
        .direct_connection(true)
        .connect_timeout(PATIENCE * 10)
        .server_selection_timeout(PATIENCE * 10)
        .build();
    Client::with_options(options).map_err(Error::command("a connection"))
}

/// Runs the work on its own thread. Callers may be in any runtime or in none, and this works for all and blocks no runtime.
fn on_a_thread_of_its_own<T: Send>(work: impl AsyncFnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Error::io("start a runtime"))?.block_on(work())
    };
    std::thread::scope(|scope| scope.spawn(thread).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
