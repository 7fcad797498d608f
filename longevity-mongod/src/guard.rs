//! The guard: a shell that starts every mongod. When this process ends, however it ends, the guard kills every mongod and removes
//! the folder.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A running guard and the folder that it removes.
#[derive(Debug)]
pub(crate) struct Guard {
    folder: PathBuf,
    shell: Child,
    // `None` after the drop. There is one lock, because a line and its answer belong together.
    talk: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Guard {
    /// Makes a folder inside `place`, for members run by `mongod`.
    pub(crate) fn start(mongod: &Path, place: &Path) -> io::Result<Guard> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", include_str!("guard.sh"), "longevity-mongod-guard"])
            .arg(mongod)
            .arg(place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal has to reach the tests, but not the guard, which cleans up after them.
            .process_group(0)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(io::Error::other("the guard has no pipes"));
        };
        let mut stdout = BufReader::new(stdout);
        let folder = answer(&mut stdout).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot make a folder in {}: {error}", place.display()))
        })?;
        Ok(Guard { folder: folder.into(), shell, talk: Mutex::new(Some((stdin, stdout))) })
    }

    /// The folder that contains the members' folders.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a member whose folder holds its configuration; returns its pid.
    pub(crate) fn start_member(&self, member: &str) -> io::Result<u32> {
        self.tell("start", member)?.parse().map_err(io::Error::other)
    }

    /// Sends a signal such as `KILL` to a member. Does nothing if the member has ended.
    pub(crate) fn signal(&self, signal: &str, member: &str) -> io::Result<()> {
        self.tell(signal, member).map(drop)
    }

    fn tell(&self, verb: &str, member: &str) -> io::Result<String> {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdin, stdout) = talk.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{verb} {member}\n").as_bytes())?;
        answer(stdout)
    }
}

fn answer(stdout: &mut BufReader<ChildStdout>) -> io::Result<String> {
    let mut line = String::new();
    match stdout.read_line(&mut line)? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the guard shell has ended")),
        _ => Ok(line.trim_end().to_owned()),
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.talk.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // The guard ends when the servers and the folder are gone. An error cannot be handled here.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The started programs end at once and the machine is busy, which is when a pid is most easily missed.
    #[test]
    fn each_start_is_answered_with_a_pid() {
        let starts = || {
            let place = tempfile::tempdir().unwrap();
            let guard = Guard::start(Path::new("/bin/sh"), place.path()).unwrap();
            std::fs::create_dir(guard.folder().join("member")).unwrap();
            for _ in 0..25 {
                guard.start_member("member").unwrap();
            }
            drop(guard);
            assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(starts))));
    }
}
