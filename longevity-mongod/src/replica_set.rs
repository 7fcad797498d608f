//! A replica set of several servers, for tests of what happens when one of them fails.

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

/// Servers that are one replica set, started by this process, and stopped when it is dropped or the process ends.
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
    /// Three members; see the methods of the builder for what else can be asked for.
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

    /// The first election would be held when the election timeout has passed: that long, all would be ready and idle.
    fn elect_the_first(&self) -> Result<(), Error> {
        let what = "all members to be ready for an election";
        self.await_states(what, self.settings.time_limit, |states| {
            let all_ready = states.iter().all(|state| *state == State::Secondary);
            (all_ready || states.iter().any(|state| matches!(state, State::Primary(_)))).then_some(0)
        })?;
        // Refused where there is authentication and no user yet, and where an election is under way: it is held then in its time.
        let _ = admin::step_up(self.members[0].port());
        Ok(())
    }

    /// The URI of the whole set, with the credentials that it was started with.
    pub fn uri(&self) -> String {
        uri::of_replica_set(&self.ports(), REPLICA_SET, self.settings.credentials.as_ref())
    }

    /// The same with a default database.
    pub fn uri_of(&self, database: &str) -> String {
        uri::with_database(&self.uri(), database)
    }

    /// The members, in the order of the indexes that the other methods speak of.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The index of the primary. Waits for one, up to the builder's time limit, if there is none at the moment.
    ///
    /// # Errors
    ///
    /// Where there is none within the time limit: in a majority that was killed or paused there will never be.
    pub fn primary(&self) -> Result<usize, Error> {
        self.wait_for_primary(self.settings.time_limit)
    }

    /// Waits until a member that is neither killed nor paused is the primary; returns its index. After the loss of a primary
    /// this takes about the election timeout.
    ///
    /// # Errors
    ///
    /// Where there is none within the limit.
    pub fn wait_for_primary(&self, limit: Duration) -> Result<usize, Error> {
        self.await_states("a primary", limit, |states| {
            // One that has been paused does not know at once that it was replaced.
            let claims = states.iter().enumerate().filter_map(|(index, state)| match state {
                State::Primary(election) => Some((election.map(|id| id.bytes()), index)),
                _ => None,
            });
            claims.max().map(|(_, index)| index)
        })
    }

    /// Waits until all members that are neither killed nor paused have caught up: one primary, the others secondaries.
    ///
    /// # Errors
    ///
    /// Where that is not so within the limit.
    pub fn wait_for_all(&self, limit: Duration) -> Result<(), Error> {
        self.await_states("one primary, and all others as its secondaries", limit, |states| {
            let primaries = states.iter().filter(|state| matches!(state, State::Primary(_))).count();
            let secondaries = states.iter().filter(|state| **state == State::Secondary).count();
            (primaries == 1 && primaries + secondaries == states.len()).then_some(0)
        })
        .map(drop)
    }

    /// Of the members that can answer; the index that `enough` gives is translated to one of all members.
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

/// What a [`ReplicaSet`] is to be like.
#[derive(Clone, Debug)]
#[must_use]
pub struct ReplicaSetBuilder {
    settings: Settings,
}

impl ReplicaSetBuilder {
    /// How many servers, 1 to 7 (all of them vote). 3 unless said otherwise.
    pub fn members(mut self, members: usize) -> Self {
        self.settings.members = members.clamp(1, 7);
        self
    }

    /// How long a primary may be silent until another is elected; members ask each other ten times as often. 2 seconds unless
    /// said otherwise: on a busy machine much less makes for elections that nobody asked for.
    pub fn election_timeout(mut self, timeout: Duration) -> Self {
        self.settings.election_timeout = timeout;
        self
    }

    /// Whether a write that a majority has acknowledged is in the journals of that majority, on disk. It is unless said otherwise.
    pub fn journaled_majority(mut self, journaled: bool) -> Self {
        self.settings.journaled_majority = journaled;
        self
    }

    /// With authentication, and one user, who may do anything. Without, unless said otherwise.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.settings.credentials = Some(Credentials { user: user.into(), password: password.into() });
        self
    }

    /// In which existing folder the temporary one is made. In `/dev/shm`, unless said otherwise, if it has more than 1 GiB free,
    /// else in the folder for temporary files.
    pub fn folder_in(mut self, place: impl Into<PathBuf>) -> Self {
        self.settings.place = Some(place.into());
        self
    }

    /// For each step of the start, and for waits without a limit of their own. 60 seconds unless said otherwise.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Starts it and waits until all members have caught up: a few seconds for three.
    ///
    /// # Errors
    ///
    /// Where there is no mongod and none can be fetched; where it does not start; at the time limit.
    pub fn start(self) -> Result<ReplicaSet, Error> {
        ReplicaSet::start(self.settings)
    }
}
