//! The child that writes, and how its parent kills it.

use std::any::Any;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, Error};
use proptest::test_runner::TestRunner;

use super::ledger::{Event, Ledger};
use super::line::{Said, parse};
use super::table::AnyTable;
use super::writer::AnyWriter;
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

/// The transactions of a store, without its type.
pub(super) trait AnyTransactions: Sync {
    /// Does work in a transaction, and commits it if the work says so.
    fn run(&self, work: &mut dyn FnMut(&dyn Any) -> Result<bool, Error>) -> Result<(), Error>;
}

impl<M: DomainModel, B: Backend> AnyTransactions for Longevity<M, B> {
    fn run(&self, work: &mut dyn FnMut(&dyn Any) -> Result<bool, Error>) -> Result<(), Error> {
        let transaction = self.begin()?;
        let is_kept = work(&*transaction)?;
        if is_kept {
            return transaction.commit();
        }
        transaction.rollback();
        Ok(())
    }
}

/// Writes once, or in some tables at once in a transaction, and says so before and after; says nothing if there is nothing to write.
fn step(
    thread: usize,
    writers: &mut [Box<dyn AnyWriter>],
    transactions: Option<&dyn AnyTransactions>,
    chance: &mut TestRunner,
    say: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let transactions = transactions.filter(|_| below(2, chance) == 0);
    let first = below(writers.len().max(1), chance);
    // The first one, or that and those after it.
    let wanted = if transactions.is_some() { 1 + below(writers.len().max(1), chance) } else { 1 };
    let mut chosen: Vec<&mut Box<dyn AnyWriter>> = writers.iter_mut().skip(first).take(wanted).collect();
    let mut ops = Vec::new();
    chosen.retain_mut(|writer| match writer.plan(chance) {
        Some(op) => {
            ops.push((writer.table(), op));
            true
        }
        None => false,
    });
    if chosen.is_empty() {
        return Ok(());
    }
    let is_kept = transactions.is_none() || below(4, chance) > 0;
    say(if is_kept { Event::Begin(thread, ops) } else { Event::Try(thread, ops) });
    let Some(transactions) = transactions else {
        let written = chosen.iter_mut().map(|writer| writer.write(None, chance)).collect::<Result<_, _>>()?;
        say(Event::Done(thread, written));
        chosen.iter_mut().for_each(|writer| writer.keep());
        return Ok(());
    };
    let mut written = Vec::new();
    transactions.run(&mut |transaction| {
        for writer in &mut chosen {
            written.push(writer.write(Some(transaction), chance)?);
        }
        Ok(is_kept)
    })?;
    say(if is_kept { Event::Done(thread, written) } else { Event::Undone(thread) });
    chosen.iter_mut().for_each(|writer| if is_kept { writer.keep() } else { writer.undo() });
    Ok(())
}

/// Writes so often in this process, the threads' writers in turn.
pub(super) fn write_here(
    tables: &[Box<dyn AnyTable>],
    transactions: Option<&dyn AnyTransactions>,
    threads: usize,
    seed: u64,
    writes: usize,
) -> Result<Ledger, Error> {
    let mut chance = runner(seed, "crash::here");
    let mut ledger = Ledger::default();
    let of_thread = |thread| tables.iter().map(|table| table.writer(thread, threads)).collect::<Result<Vec<_>, _>>();
    let mut writers = (0..threads).map(of_thread).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..writes {
        let thread = below(threads, &mut chance);
        let mut take = |event: Event| {
            if let Err(problem) = ledger.take(event) {
                panic!("{problem}");
            }
        };
        step(thread, &mut writers[thread], transactions, &mut chance, &mut take)?;
    }
    Ok(ledger)
}
