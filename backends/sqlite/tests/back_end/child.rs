//! A test that runs again in a child process. `role` says whether this process is the child.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};

const PATH: &str = "LONGEVITY_TEST_PATH";

/// In a child, the file that the parent named.
pub(crate) fn role() -> Option<PathBuf> {
    env::var_os(PATH).map(PathBuf::from)
}

/// The arguments that run one test of this program.
pub(crate) fn arguments(test: &str) -> [&str; 3] {
    [test, "--exact", "--nocapture"]
}

/// The command that runs one test of this program as a child with this file.
pub(crate) fn command(test: &str, path: PathBuf) -> Command {
    as_child(Command::new(env::current_exe().unwrap()), test, path)
}

pub(crate) fn as_child(mut command: Command, test: &str, path: PathBuf) -> Command {
    command.args(arguments(test)).env(PATH, path);
    command
}

/// The output of a child, whose one test must have run and passed.
pub(crate) fn passed(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("test result: ok. 1 passed"), "{text}\n{errors}");
    text
}
