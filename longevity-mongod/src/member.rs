//! One mongod of a replica set, which a test can kill, pause and start again.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::guard::Guard;
use crate::settings::Settings;
use crate::uri;
use crate::wait;

/// mongod's exit code if it cannot listen on its port.
const PORT_IS_TAKEN: &str = "48";
/// The number of times that another port is tried.
const ATTEMPTS: usize = 10;

/// One server of a [`ReplicaSet`](crate::ReplicaSet).
#[derive(Debug)]
pub struct Member {
    guard: Arc<Guard>,
    name: String,
    port: u16,
    process: Mutex<Process>,
    settings: Arc<Settings>,
}

#[derive(Clone, Copy, Debug)]
enum Process {
    Runs(u32),
    Paused(u32),
    Ended,
}

impl Member {
    /// Starts several members at once and waits until they listen. A port that was taken in the meantime is replaced.
    pub(crate) fn start_all(guard: &Arc<Guard>, settings: &Arc<Settings>) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        for (index, port) in free_ports(settings.members)?.into_iter().enumerate() {
            let (guard, settings) = (guard.clone(), settings.clone());
            let process = Mutex::new(Process::Ended);
            let member = Member { guard, name: format!("member-{index}"), port, process, settings };
            member.spawn()?;
            members.push(member);
        }
        for member in &mut members {
            let mut attempts = 1;
            loop {
                match member.await_listening() {
                    Err(Error::Ended { code, .. }) if code == PORT_IS_TAKEN && attempts < ATTEMPTS => {
                        attempts += 1;
                        member.port = free_ports(1)?[0];
                        member.spawn()?;
                    }
                    result => break result?,
                }
            }
        }
        Ok(members)
    }

    /// The port on 127.0.0.1, which stays the same.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of its mongod; `None` after [`kill`](Self::kill).
    pub fn pid(&self) -> Option<u32> {
        match *self.process() {
            Process::Runs(pid) | Process::Paused(pid) => Some(pid),
            Process::Ended => None,
        }
    }

    /// A URI for a direct connection to this member, whatever its state.
    pub fn uri(&self) -> String {
        uri::direct(self.port, self.settings.credentials.as_ref())
    }

    /// The folder with its `log`, its `mongod.conf` and its `data`.
    pub fn folder(&self) -> PathBuf {
        self.guard.folder().join(&self.name)
    }

    /// Whether the member can answer.
    pub(crate) fn runs(&self) -> bool {
        matches!(*self.process(), Process::Runs(_))
    }

    /// Kills the member (SIGKILL), as a power cut would, and waits until it is gone, which takes milliseconds. Its folder stays.
    /// Nothing happens if it has been killed already.
    ///
    /// # Errors
    ///
    /// Fails if the member does not end within the builder's time limit.
    pub fn kill(&self) -> Result<(), Error> {
        let mut process = self.process();
        self.signal("KILL")?;
        let folder = self.folder();
        wait::until("its end", self.settings.time_limit, &folder, || Ok(folder.join("exit").exists().then_some(())))?;
        *process = Process::Ended;
        Ok(())
    }

    /// Stops the member (SIGSTOP): its connections stay open, but it answers nothing on them. Nothing happens if it is not
    /// running.
    ///
    /// # Errors
    ///
    /// Fails if the guard shell has been killed.
    pub fn pause(&self) -> Result<(), Error> {
        let mut process = self.process();
        if let Process::Runs(pid) = *process {
            self.signal("STOP")?;
            *process = Process::Paused(pid);
        }
        Ok(())
    }

    /// Lets the member continue (SIGCONT) after [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// Fails if the guard shell has been killed.
    pub fn resume(&self) -> Result<(), Error> {
        let mut process = self.process();
        if let Process::Paused(pid) = *process {
            self.signal("CONT")?;
            *process = Process::Runs(pid);
        }
        Ok(())
    }

    /// Starts the member again after [`kill`](Self::kill), with the data in its folder and on the same port, and waits until it
    /// listens, which takes some tenths of a second. It still has to rejoin its set, for which
    /// [`wait_for_all`](crate::ReplicaSet::wait_for_all) waits. Nothing happens if it was not killed.
    ///
    /// # Errors
    ///
    /// Fails if mongod ends while it starts, for example because another process has its port now, and at the builder's time
    /// limit.
    pub fn start_again(&self) -> Result<(), Error> {
        if self.pid().is_some() {
            return Ok(());
        }
        // A closed connection keeps its port for a moment, and the port may by chance be the local end of another connection.
        let folder = self.folder();
        wait::until("its port", self.settings.time_limit, &folder, || {
            self.spawn()?;
            match self.await_listening() {
                Err(Error::Ended { code, .. }) if code == PORT_IS_TAKEN => Ok(None),
                result => result.map(Some),
            }
        })
    }

    fn spawn(&self) -> Result<(), Error> {
        let folder = self.folder();
        let written = fs::create_dir_all(&folder)
            .and_then(|()| self.settings.write_configuration(self.guard.folder(), &folder, self.port))
            // The old log is moved away, because callers wait for what the new process logs.
            .and_then(|()| {
                if folder.join("log").exists() {
                    fs::rename(folder.join("log"), folder.join("log.old"))
                } else {
                    Ok(())
                }
            });
        written.map_err(Error::io(format!("write the configuration in {}", folder.display())))?;
        let pid = self.guard.start_member(&self.name).map_err(Error::io("start mongod"))?;
        *self.process() = Process::Runs(pid);
        Ok(())
    }

    /// Another process could answer on the port, so this looks at the member's own log.
    fn await_listening(&self) -> Result<(), Error> {
        let folder = self.folder();
        let listening = wait::until("mongod to listen", self.settings.time_limit, &folder, || {
            let log = fs::read(folder.join("log")).unwrap_or_default();
            if String::from_utf8_lossy(&log).to_ascii_lowercase().contains("waiting for connections") {
                return Ok(Some(()));
            }
            match fs::read_to_string(folder.join("exit")) {
                Ok(code) => Err(Error::Ended { code: code.trim().to_owned(), log: wait::ends(&folder) }),
                Err(_) => Ok(None),
            }
        });
        if matches!(listening, Err(Error::Ended { .. })) {
            *self.process() = Process::Ended;
        }
        listening
    }

    fn signal(&self, signal: &'static str) -> Result<(), Error> {
        self.guard.signal(signal, &self.name).map_err(Error::io(format!("send the signal {signal}")))
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ports that are free at this moment. They are held at the same time, so that they differ.
fn free_ports(count: usize) -> Result<Vec<u16>, Error> {
    let listeners = (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<Vec<_>, _>>();
    let ports = listeners.and_then(|all| all.iter().map(|one| Ok(one.local_addr()?.port())).collect());
    ports.map_err(Error::io("find a free port"))
}
