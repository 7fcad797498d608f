//! A connection that waits for other processes.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use rusqlite::Connection;

/// While this exists, its connection waits for other processes.
pub(crate) struct PatientConnection<C: Deref<Target = Connection>>(C);

impl<C: Deref<Target = Connection>> PatientConnection<C> {
    pub(crate) fn new(connection: C, timeout: Duration) -> rusqlite::Result<Self> {
        connection.busy_timeout(timeout)?;
        Ok(Self(connection))
    }
}

impl<C: Deref<Target = Connection>> Drop for PatientConnection<C> {
    fn drop(&mut self) {
        if let Err(error) = self.0.busy_timeout(Duration::ZERO) {
            tracing::warn!(%error, "cannot set the busy timeout");
        }
    }
}

impl<C: Deref<Target = Connection>> Deref for PatientConnection<C> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl<C: DerefMut<Target = Connection>> DerefMut for PatientConnection<C> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
