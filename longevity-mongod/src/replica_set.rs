//! A replica set of several servers, for tests in which some of them fail.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::{self, State};
use crate::error::Error;
use crate::find;
use crate::guard::Guard;
use crate::member::Member;
use crate::place;
use crate::settings::{REPLICA_SET, Settings};
use crate::uri::{self, Credentials};
use crate::wait;

/// A replica set of servers that this process starts. They are stopped when it is dropped or the process ends.
///
/// ```no_run
/// use std::time::Duration;
///
/// let set = longevity_mongod::ReplicaSet::builder().members(3).start()?;
/// let primary = set.primary()?;
/// set.members()[primary].kill()?;
/// let other = set.wait_for_primary(Duration::from_secs(20))?;
/// assert_ne!(other, primary);
/// set.members()[primary].start_again()?;
/// set.wait_for_all(Duration::from_secs(20))?;
/// # Ok::<(), longevity_mongod::Error>(())
/// ```
#[derive(Debug)]
pub struct ReplicaSet {
    members: Vec<Member>,
    settings: Arc<Settings>,
}

impl ReplicaSet {
    /// A builder for three members. Its methods change the settings.
    pub fn builder() -> ReplicaSetBuilder {
        ReplicaSetBuilder { settings: Settings::of(3, true) }
    }

    pub(crate) fn start(settings: Settings) -> Result<ReplicaSet, Error> {
        let mongod = find::mongod()?;
        let place = settings.place.clone().unwrap_or_else(place::for_data);
        let guard = Guard::start(&mongod, &place).map_err(Error::io("start a shell as the guard of mongod"))?;
        settings.write_key(guard.folder()).map_err(Error::io("write the key file"))?;
        let settings = Arc::new(settings);
        let members = Member::start_all(&Arc::new(guard), &settings)?;
        let set = ReplicaSet { members, settings };
        admin::initiate(&set.ports(), &set.settings)?;
        if set.members.len() > 1 {
            set.elect_the_first()?;
        }
        set.wait_for_all(set.settings.time_limit)?;
        if let Some(credentials) = &set.settings.credentials {
            admin::create_user(set.members[set.primary()?].port(), credentials)?;
        }
        Ok(set)
    }

    /// Holds the first election. Without this, all members would be idle until the election timeout has passed.
    fn elect_the_first(&self) -> Result<(), Error> {
        let what = "all members to be ready for an election";
        self.await_states(what, self.settings.time_limit, |states| {
            let all_ready = states.iter().all(|state| *state == State::Secondary);
            (all_ready || states.iter().any(|state| matches!(state, State::Primary(_)))).then_some(0)
        })?;
        // This is refused with authentication and no user yet, and during an election. Then the election takes its usual time.
        let _ = admin::step_up(self.members[0].port());
        Ok(())
    }

    /// The URI of the whole set, with the credentials that it was started with.
    pub fn uri(&self) -> String {
        uri::of_replica_set(&self.ports(), REPLICA_SET, self.settings.credentials.as_ref())
    }

    /// The same URI with a default database.
    pub fn uri_of(&self, database: &str) -> String {
        uri::with_database(&self.uri(), database)
    }

    /// The members, in the order of the indexes that the other methods use.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The index of the primary. Waits for one, up to the builder's time limit, if there is none at the moment.
    ///
    /// # Errors
    ///
    /// Fails if there is no primary within the time limit. There cannot be one if a majority was killed or paused.
    pub fn primary(&self) -> Result<usize, Error> {
        self.wait_for_primary(self.settings.time_limit)
    }

    /// Waits until a member that is neither killed nor paused is the primary; returns its index. After the loss of a primary
    /// this takes about the election timeout.
    ///
    /// # Errors
    ///
    /// Fails if there is no primary within the limit.
    pub fn wait_for_primary(&self, limit: Duration) -> Result<usize, Error> {
        self.await_states("a primary", limit, |states| {
            // A member that was paused does not know at once that it was replaced.
            let claims = states.iter().enumerate().filter_map(|(index, state)| match state {
                State::Primary(election) => Some((election.map(|id| id.bytes()), index)),
                _ => None,
            });
            claims.max().map(|(_, index)| index)
        })
    }

    /// Waits until all members that are neither killed nor paused have caught up: one is the primary, and the others are
    /// secondaries.
    ///
    /// # Errors
    ///
    /// Fails if they have not caught up within the limit.
    pub fn wait_for_all(&self, limit: Duration) -> Result<(), Error> {
        self.await_states("one primary, and all others as its secondaries", limit, |states| {
            let primaries = states.iter().filter(|state| matches!(state, State::Primary(_))).count();
            let secondaries = states.iter().filter(|state| **state == State::Secondary).count();
            (primaries == 1 && primaries + secondaries == states.len()).then_some(0)
        })
        .map(drop)
    }

    /// Asks the members that can answer. The index that `enough` returns is translated to an index of all members.
    fn await_states(
        &self,
        what: &str,
        limit: Duration,
        enough: impl Fn(&[State]) -> Option<usize> + Send + Sync,
    ) -> Result<usize, Error> {
        let running: Vec<_> = (0..self.members.len()).filter(|index| self.members[*index].runs()).collect();
        let ports: Vec<_> = running.iter().map(|index| self.members[*index].port()).collect();
        match admin::await_states(&ports, limit, enough)? {
            Some(index) => Ok(running[index]),
            None => {
                let log = self.members.iter().map(|member| wait::ends(&member.folder())).collect::<Vec<_>>().join("\n");
                Err(Error::TimeLimit { what: what.to_owned(), limit, log })
            }
        }
    }

    fn ports(&self) -> Vec<u16> {
        self.members.iter().map(Member::port).collect()
    }
}

/// The settings of a [`ReplicaSet`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReplicaSetBuilder {
    settings: Settings,
}

impl ReplicaSetBuilder {
    /// The number of servers, 1 to 7 (all of them vote). The default is 3.
    pub fn members(mut self, members: usize) -> Self {
        self.settings.members = members.clamp(1, 7);
        self
    }

    /// How long a primary may be silent until another is elected. Members ask each other ten times as often. The default is 2
    /// seconds; with much less, a busy machine has unwanted elections.
    pub fn election_timeout(mut self, timeout: Duration) -> Self {
        self.settings.election_timeout = timeout;
        self
    }

    /// Whether a write that a majority has acknowledged is in the journals of that majority, on disk. The default is `true`.
    pub fn journaled_majority(mut self, journaled: bool) -> Self {
        self.settings.journaled_majority = journaled;
        self
    }

    /// Turns on authentication, with one user who has all rights. The default is no authentication.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.settings.credentials = Some(Credentials { user: user.into(), password: password.into() });
        self
    }

    /// The existing folder in which the temporary folder is made. The default is `/dev/shm` if it has more than 1 GiB free, or
    /// else the folder for temporary files.
    pub fn folder_in(mut self, place: impl Into<PathBuf>) -> Self {
        self.settings.place = Some(place.into());
        self
    }

    /// The time limit for each step of the start, and for waits without a limit of their own. The default is 60 seconds.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Starts the set and waits until all members have caught up, which takes a few seconds for three.
    ///
    /// # Errors
    ///
    /// Fails if there is no mongod and none can be fetched, if it does not start, and at the time limit.
    pub fn start(self) -> Result<ReplicaSet, Error> {
        ReplicaSet::start(self.settings)
    }
}
