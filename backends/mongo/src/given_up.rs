//! What is given up: how long it may still take, and how the server is told to end it.

use std::sync::Arc;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::connection::Connection;
use crate::failure::MongoError;
use crate::runtime;

/// How long a command that nobody waits for may take before it is ended. Most are on their way back.
pub(crate) const SOON: Duration = Duration::from_millis(100);
/// How long one tries to end what was given up. Then its connection is given up, which ends it too, and frees its place for others.
/// A transaction the server ends by itself, after a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Ends all that the server does in a session.
pub(crate) async fn kill(client: &Client, session: &Document) {
    let killed = client.database("admin").run_command(doc! { "killSessions": [session] }).await;
    if let Err(error) = killed {
        tracing::debug!(error = %MongoError::of_read(error), "what was given up ends by itself");
    }
}

/// A session that a task is to end. If its runtime ends before the task has done so, another one does it.
pub(crate) struct GivenUp {
    connection: Arc<Connection>,
    session: Document,
    is_done: bool,
}

impl GivenUp {
    pub(crate) fn new(connection: &Arc<Connection>, session: &Document) -> Self {
        Self { connection: Arc::clone(connection), session: session.clone(), is_done: false }
    }

    pub(crate) async fn kill(&self) {
        kill(&self.connection.client, &self.session).await;
    }

    /// It is ended, or left to the server.
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let Ok(own) = runtime::own() else { return };
        let Connection { settings, endings, .. } = &*self.connection;
        let (settings, endings, session) = (settings.clone(), Arc::clone(endings), self.session.clone());
        let ending = endings.begin();
        let runtime = own.clone();
        own.spawn(async move {
            // Its client's sockets are those of the runtime that is gone.
            let killed = async {
                match Connection::open(&settings, runtime, endings).await {
                    Ok(connection) => kill(&connection.client, &session).await,
                    Err(error) => {
                        tracing::debug!(%error, "a transaction is left to the server, which ends it by itself")
                    }
                }
            };
            let _ = tokio::time::timeout(PATIENCE, killed).await;
            drop(ending);
        });
    }
}
