//! The settings of a server or a replica set, and the configuration file for mongod.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::uri::Credentials;

/// The name of every replica set that this crate starts.
pub(crate) const REPLICA_SET: &str = "longevity";
/// How long snapshots and the files of dropped collections last. The server's own value is 300.
const SNAPSHOT_SECONDS: u32 = 30;

/// The settings that the builders collect.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) members: usize,
    pub(crate) election_timeout: Duration,
    pub(crate) journaled_majority: bool,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) place: Option<PathBuf>,
    pub(crate) time_limit: Duration,
}

impl Settings {
    pub(crate) fn of(members: usize, journaled_majority: bool) -> Settings {
        Settings {
            members,
            election_timeout: Duration::from_secs(2),
            journaled_majority,
            credentials: None,
            place: None,
            time_limit: Duration::from_secs(60),
        }
    }

    /// Writes the secret that the members of a set with authentication share.
    pub(crate) fn write_key(&self, folder: &Path) -> io::Result<()> {
        if self.credentials.is_none() {
            return Ok(());
        }
        let random = || format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let key: String = (0..4).map(|_| random()).collect();
        OpenOptions::new().write(true).create_new(true).mode(0o400).open(key_file(folder))?.write_all(key.as_bytes())
    }

    /// Writes the configuration of the member with the folder `at`, in the `folder` of the set.
    pub(crate) fn write_configuration(&self, folder: &Path, at: &Path, port: u16) -> io::Result<()> {
        let data = at.join("data");
        fs::create_dir_all(&data)?;
        let log = at.join("log");
        let mut text = String::new();
        // By default, the files of the journal are 100 MB each and made in advance. The cache is large enough for a transaction
        // with tens of thousands of rows. Diagnostics, which help only with servers that run for months, are off. Test commands
        // are on for real fail points.
        let _ = writeln!(
            text,
            "net: {{ port: {port}, bindIp: 127.0.0.1, unixDomainSocket: {{ enabled: false }} }}\
             \nreplication: {{ replSetName: {REPLICA_SET}, oplogSizeMB: 64 }}\
             \nsystemLog: {{ destination: file, logAppend: true, path: {log:?} }}\
             \nstorage:\
             \n  dbPath: {data:?}\
             \n  wiredTiger:\
             \n    engineConfig: {{ cacheSizeGB: 1, configString: 'log=(file_max=10MB,prealloc=false),file_manager=(close_idle_time=2,close_scan_interval=1)' }}\
             \nsetParameter: {{ diagnosticDataCollectionEnabled: false, enableTestCommands: true, minSnapshotHistoryWindowInSeconds: {SNAPSHOT_SECONDS} }}"
        );
        if self.credentials.is_some() {
            let key = key_file(folder);
            let _ = writeln!(text, "security: {{ authorization: enabled, keyFile: {key:?} }}");
        }
        fs::write(at.join("mongod.conf"), text)
    }
}

fn key_file(folder: &Path) -> PathBuf {
    folder.join("key")
}
