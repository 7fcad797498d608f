//! The settings of a database.

use std::collections::BTreeSet;

/// How a database is reached and used.
#[derive(Clone)]
pub(crate) struct Settings {
    /// May hold credentials.
    pub(crate) uri: String,
    pub(crate) database: Option<String>,
    pub(crate) acknowledgement: Option<Acknowledgement>,
    pub(crate) read_concern: Option<ReadConcern>,
    pub(crate) validation: bool,
    pub(crate) unenforced: BTreeSet<String>,
    pub(crate) batch_size: u32,
    pub(crate) rewriting: bool,
}

/// The number of members of the replica set that must have a write before it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acknowledgement {
    /// More than half of them, on disk. The write survives the loss of any member (`w: "majority"`).
    #[default]
    Majority,
    /// This number of members. With 1 (`w: 1`), a write that the primary acknowledged is undone if the primary fails before
    /// another member has the write.
    Nodes(u32),
}

/// Which writes a read sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadConcern {
    /// Writes that more than half of the members have, and that are therefore permanent. A read may miss the write before it if
    /// fewer members acknowledged that write, or if the primary changed in between and the new one does not know yet what the
    /// others have.
    #[default]
    Majority,
    /// Writes that the member has.
    Local,
    /// The same as `Majority`. In addition, a query for one row sees every write that was acknowledged before the query began,
    /// whatever happened to the primary. A read waits for the other members, and waits forever if too few of them are reachable.
    Linearizable,
}
