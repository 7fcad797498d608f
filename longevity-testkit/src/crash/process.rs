//! The child that writes, and how its parent kills it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use longevity_core::Error;
use proptest::test_runner::TestRunner;

use super::ledger::Ledger;
use super::line::{Said, parse};
use super::tables::AnyTable;
use super::writing::{AnyTransactions, step};
use crate::random::runner;
use crate::strategies::combine::below;

/// Tells a child whose it is.
const NAME: &str = "LONGEVITY_CRASH_NAME";
/// Tells a child where its store is.
const PLACE: &str = "LONGEVITY_CRASH_PLACE";
/// Tells a child which of the kills it is for.
const KILL: &str = "LONGEVITY_CRASH_KILL";
/// Tells a child the seed of its parent.
const SEED: &str = "LONGEVITY_SEED";

/// Which binary is started again, and as what.
pub(super) struct Role {
    pub(super) name: String,
    /// The test that starts the writers, if there is a test harness in between.
    pub(super) test: Option<String>,
    pub(super) seed: u64,
}

/// What a child was told.
pub(super) struct Told {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) kill: usize,
}

/// Whether this process is a child, and what it was told.
pub(super) fn told() -> Option<Told> {
    let kill = std::env::var(KILL).ok().and_then(|kill| kill.parse().ok()).unwrap_or_default();
    Some(Told { name: std::env::var(NAME).ok()?, place: std::env::var(PLACE).ok()?, kill })
}

/// Writes on so many threads until this process is killed, or nobody listens any more.
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
            step(thread, &mut writers, transactions, &mut chance, &mut |event| say(&Said::Event(event)))?;
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
    say(&Said::Failed(error.to_owned()));
    exit(1)
}

/// One line, written in one piece: the parent reads all of it or none.
fn say(said: &Said) {
    let mut out = std::io::stdout().lock();
    if out.write_all(format!("{said}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        // The parent is gone.
        exit(2)
    }
}

/// Starts writers, kills them after a random number of acknowledgements, and takes down what they said.
pub(super) fn kill_one(
    role: &Role,
    place: &str,
    kill: usize,
    acknowledgements: usize,
    ledger: &mut Ledger,
) -> Result<(), String> {
    let mut chance = runner(role.seed, &format!("crash::{kill}"));
    let enough = ledger.acknowledged() + 1 + below(acknowledgements, &mut chance);
    let mut child = start(role, place, kill).map_err(|error| format!("cannot start the writers: {error}"))?;
    let Some(out) = child.stdout.take() else { return Err("the writers say nothing".to_owned()) };
    let listened = listen(out, &mut child, enough, &mut chance, ledger);
    // Whatever it was, the child does not outlive this.
    let ended = child.kill().and_then(|()| child.wait()).map_err(|error| format!("cannot kill the writers: {error}"));
    listened?;
    ended.map(drop)
}

fn start(role: &Role, place: &str, kill: usize) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(test) = &role.test {
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    }
    let variables = [(NAME, role.name.clone()), (PLACE, place.to_owned()), (KILL, kill.to_string())];
    command.envs(variables).env(SEED, role.seed.to_string()).stdout(Stdio::piped()).spawn()
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
        let read = lines.read_until(b'\n', &mut line).map_err(|error| format!("cannot hear the writers: {error}"))?;
        if read == 0 {
            return if killed { Ok(()) } else { Err("the writers ended before they were killed".to_owned()) };
        }
        match parse(&String::from_utf8_lossy(&line)) {
            Some(Said::Event(event)) => ledger.take(event)?,
            Some(Said::Failed(error)) => return Err(format!("the writers failed: {error}")),
            None => {}
        }
        if !killed && ledger.acknowledged() >= enough {
            // Not only between two writes: a moment later the next one is half done.
            std::thread::sleep(Duration::from_micros(below(1_500, chance) as u64));
            child.kill().map_err(|error| format!("cannot kill the writers: {error}"))?;
            killed = true;
        }
    }
}
