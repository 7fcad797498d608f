//! The child process that writes, and the parent that kills it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use longevity_core::Error;
use proptest::test_runner::TestRunner;

use super::ledger::Ledger;
use super::message::{Message, parse};
use super::tables::AnyTable;
use super::writing::{AnyTransactions, step};
use crate::random::runner;
use crate::strategies::combine::below;

/// The variable that names the child's spec.
const NAME: &str = "LONGEVITY_CRASH_NAME";
/// The variable with the place of the child's store.
const PLACE: &str = "LONGEVITY_CRASH_PLACE";
/// The variable with the number of the kill that the child is for.
const KILL: &str = "LONGEVITY_CRASH_KILL";
/// The variable with the parent's seed.
const SEED: &str = "LONGEVITY_SEED";

/// How to start a child.
pub(super) struct ChildCommand {
    pub(super) name: String,
    /// The test that runs the spec, if there is a test harness.
    pub(super) test: Option<String>,
    pub(super) seed: u64,
}

/// The task of a child, from its environment.
pub(super) struct ChildTask {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) kill: usize,
}

/// The task of this process; `None` if it is not a child.
pub(super) fn child_task() -> Option<ChildTask> {
    let kill = std::env::var(KILL).ok().and_then(|kill| kill.parse().ok()).unwrap_or_default();
    Some(ChildTask { name: std::env::var(NAME).ok()?, place: std::env::var(PLACE).ok()?, kill })
}

/// Writes on `threads` threads until this process is killed, or its parent is gone.
pub(super) fn write_until_killed(
    tables: &[Box<dyn AnyTable>],
    transactions: Option<&dyn AnyTransactions>,
    threads: usize,
    seed: u64,
    kill: usize,
) -> ! {
    let run = |thread| -> Result<(), Error> {
        let mut chance = runner(seed, &format!("crash::{kill}::{thread}"));
        let mut writers = tables.iter().map(|table| table.writer(thread, threads)).collect::<Result<Vec<_>, _>>()?;
        loop {
            step(thread, &mut writers, transactions, &mut chance, &mut |event| send(&Message::Event(event)))?;
        }
    };
    std::thread::scope(|scope| {
        let start = |thread| {
            scope.spawn(move || {
                if let Err(error) = run(thread) {
                    fail(&error.to_string());
                }
            })
        };
        (0..threads).map(start).for_each(drop);
    });
    exit(0)
}

/// Ends a child that cannot write.
pub(super) fn fail(error: &str) -> ! {
    send(&Message::Failed(error.to_owned()));
    exit(1)
}

/// Prints the message as one line, in one piece: the parent reads all of it or nothing.
fn send(message: &Message) {
    let mut out = std::io::stdout().lock();
    if out.write_all(format!("{message}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        // The parent is gone.
        exit(2)
    }
}

/// Starts writers, kills them after a random number of acknowledgements, and records their events.
pub(super) fn kill_one(
    child_command: &ChildCommand,
    place: &str,
    kill: usize,
    acknowledgements: usize,
    ledger: &mut Ledger,
) -> Result<(), String> {
    let mut chance = runner(child_command.seed, &format!("crash::{kill}"));
    let enough = ledger.acknowledged() + 1 + below(acknowledgements, &mut chance);
    let mut child = start(child_command, place, kill).map_err(|error| format!("cannot start the writers: {error}"))?;
    let Some(out) = child.stdout.take() else { return Err("the writers have no standard output".to_owned()) };
    let listened = listen(out, &mut child, enough, &mut chance, ledger);
    // The child must not outlive this function, whatever happened.
    let ended = child.kill().and_then(|()| child.wait()).map_err(|error| format!("cannot kill the writers: {error}"));
    listened?;
    ended.map(drop)
}

fn start(child_command: &ChildCommand, place: &str, kill: usize) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(test) = &child_command.test {
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    }
    let variables = [(NAME, child_command.name.clone()), (PLACE, place.to_owned()), (KILL, kill.to_string())];
    command.envs(variables).env(SEED, child_command.seed.to_string()).stdout(Stdio::piped()).spawn()
}

fn listen(
    out: impl std::io::Read,
    child: &mut Child,
    enough: usize,
    chance: &mut TestRunner,
    ledger: &mut Ledger,
) -> Result<(), String> {
    let mut lines = BufReader::new(out);
    let (mut line, mut killed) = (Vec::new(), false);
    loop {
        line.clear();
        let read = lines
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("cannot read the output of the writers: {error}"))?;
        if read == 0 {
            return if killed { Ok(()) } else { Err("the writers ended before they were killed".to_owned()) };
        }
        match parse(&String::from_utf8_lossy(&line)) {
            Some(Message::Event(event)) => ledger.take(event)?,
            Some(Message::Failed(error)) => return Err(format!("the writers failed: {error}")),
            None => {}
        }
        if !killed && ledger.acknowledged() >= enough {
            // Wait a moment, so that the next write is often half done.
            std::thread::sleep(Duration::from_micros(below(1_500, chance) as u64));
            child.kill().map_err(|error| format!("cannot kill the writers: {error}"))?;
            killed = true;
        }
    }
}
