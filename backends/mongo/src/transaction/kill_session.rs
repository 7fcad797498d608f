//! Ends work on the server for a caller that is gone.

use std::sync::Arc;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::connection::client::Connection;
use crate::connection::runtime;
use crate::connection::unfinished::UNDO_TIMEOUT;
use crate::error::MongoError;

/// How long a command may continue after its caller is gone. Most replies have been sent by then.
pub(crate) const REPLY_GRACE: Duration = Duration::from_millis(100);
/// Ends all work of a session on the server.
pub(crate) async fn kill(client: &Client, session: &Document) {
    let killed = client.database("admin").run_command(doc! { "killSessions": [session] }).await;
    if let Err(error) = killed {
        tracing::debug!(error = %MongoError::of_read(error), "the abandoned work is left to the server, which ends it");
    }
}

/// A session whose work a task has to end. If the task's runtime stops first, our own runtime does it.
pub(crate) struct KillOnDrop {
    connection: Arc<Connection>,
    session: Document,
    is_done: bool,
}

impl KillOnDrop {
    pub(crate) fn new(connection: &Arc<Connection>, session: &Document) -> Self {
        Self { connection: Arc::clone(connection), session: session.clone(), is_done: false }
    }

    pub(crate) async fn kill(&self) {
        kill(&self.connection.client, &self.session).await;
    }

    /// Notes that there is nothing left to end.
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let Ok(own) = runtime::own() else { return };
        let Connection { settings, unfinished, .. } = &*self.connection;
        let (settings, unfinished, session) = (settings.clone(), Arc::clone(unfinished), self.session.clone());
        let ending = unfinished.begin();
        let runtime = own.clone();
        own.spawn(async move {
            // The old client's sockets are gone with their runtime.
            let killed = async {
                match Connection::open(&settings, runtime, unfinished).await {
                    Ok(connection) => kill(&connection.client, &session).await,
                    Err(error) => {
                        tracing::debug!(%error, "a transaction is left to the server, which ends it")
                    }
                }
            };
            let _ = tokio::time::timeout(UNDO_TIMEOUT, killed).await;
            drop(ending);
        });
    }
}
