//! A task manager for the command line: tasks that are done once, recurring tasks, and tasks that wait for others.
//!
//! The exit status is 0 if the command was done, 1 if it was refused or found something wrong, and 2 if the store cannot be used
//! or the arguments are wrong.

#![expect(unreachable_pub, reason = "in a program, `pub` marks what its other modules use")]

mod commands;
mod interval;
mod model;
mod moment;
mod problem;
mod table;
mod view;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use console::style;
use longevity::{AnyBackend, Error};

use commands::*;
use problem::Problem;

/// A task manager: tasks that are done once, recurring tasks, and tasks that wait for others.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the tasks are kept
    ///
    /// A file, such as `sqlite:tasks.db`, which is in the current folder. If the program was built with `--features mongo`, also
    /// a database, such as `mongodb://localhost/tasks`. `mem:` forgets everything at once.
    // The address may contain a password, so the help does not show it.
    #[arg(long, global = true, value_name = "ADDRESS", env = "TASKS_STORE", hide_env_values = true)]
    #[arg(default_value = "sqlite:tasks.db")]
    store: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a task.
    Add(Add),
    /// Show the tasks that are left to do, those that wait for others, and when recurring tasks start again.
    List(List),
    /// Say that a task is done. Tasks that waited for it are ready.
    Done(Done),
    /// Have a recurring task start again by itself, or no longer.
    Coordinate(Coordinate),
    /// Start the recurring tasks whose time has come, or one of them now.
    KickOff(KickOff),
    /// Give a task another name. Everything that refers to it follows.
    Rename(Rename),
    /// Remove tasks, with their coordinators.
    Rm(Remove),
    /// Look for damage in the store, and mend it.
    Verify(Verify),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(said) => {
            // A reader that has read enough, such as `head`, is not a problem.
            let _ = writeln!(io::stdout(), "{said}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{} {problem}", style("error:").for_stderr().red().bold());
            ExitCode::from(if matches!(problem, Problem::Store(_)) { 2 } else { 1 })
        }
    }
}

fn run(arguments: &Arguments) -> Outcome {
    let store = open(&arguments.store, matches!(arguments.command, Command::Verify(_)))?;
    match &arguments.command {
        Command::Add(add) => add.run(&store),
        Command::List(list) => list.run(&store),
        Command::Done(done) => done.run(&store),
        Command::Coordinate(coordinate) => coordinate.run(&store),
        Command::KickOff(kick_off) => kick_off.run(&store),
        Command::Rename(rename) => rename.run(&store),
        Command::Rm(remove) => remove.run(&store),
        Command::Verify(verify) => verify.run(&store),
    }
}

/// Opens the store, and creates its tables if they are not there yet. To verify it, what is in it need not be right.
fn open(address: &str, to_verify: bool) -> Result<Store, Error> {
    let store = Store::open(address.parse::<AnyBackend>()?)?;
    match store.create_schema() {
        Err(Error::DanglingReferences { .. }) if to_verify => Ok(store),
        created => created.map(|()| store),
    }
}
