//! The project's own chores. `cargo xtask test` is all that continuous integration runs: formatting, lints, every test, the
//! example on real data, the documentation, and a user's crate outside the workspace. `cargo xtask mutants` finds changes to
//! core's repositories and queries that no quick test notices, `cargo xtask wide` measures what a wide model costs its user, and
//! `cargo xtask soak` runs the random tests for a long time.

mod imports;
mod prose;
mod soak;
mod sources;
mod wide;

use std::env;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

/// A step: its purpose, its arguments to cargo, and variables for its environment.
struct Step {
    name: &'static str,
    arguments: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, arguments: &'static str) -> Step {
    Step { name, arguments, variables: &[] }
}

const NEW_USER: &str = "--manifest-path tests/new-user/Cargo.toml --target-dir target/new-user";

const TESTS: &str = "unit, integration, compile-fail tests and doctests";

/// The least number of tests of one binary that run at once.
const LEAST_THREADS: usize = 6;

/// Cheap checks come first, so that a mistake shows early.
const TEST: &[Step] = &[
    step("formatting", "fmt --all --check"),
    step("lints", "clippy --workspace --all-targets --all-features -- -D warnings"),
    step("lints without optional features", "clippy -p longevity --no-default-features -- -D warnings"),
    step("the build of the tests", "test --workspace --all-features --no-run"),
    // One command runs all tests. A separate command for doctests would build parts of them again.
    step(TESTS, "test --workspace --all-features"),
    Step {
        name: "documentation",
        arguments: "doc --workspace --all-features --no-deps",
        variables: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step("the example on real data", "run --release -p attack"),
];

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("test") => {}
        Some("check") => {
            let passed = check("imports", imports::mistakes) & check("prose", prose::mistakes);
            return if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Some("mutants") => return mutants(env::args().skip(2).collect()),
        Some("soak") => return soak::main(&env::args().skip(2).collect::<Vec<_>>()),
        Some("wide") => return wide::main(&env::args().skip(2).collect::<Vec<_>>()),
        _ => {
            eprintln!(
                "usage: cargo xtask test\n       cargo xtask check\n       cargo xtask soak [TEST..]\n       cargo xtask mutants [ARGUMENTS OF CARGO MUTANTS]\n       {}",
                wide::USAGE
            );
            return ExitCode::from(2);
        }
    }
    // A complete run is not built again a moment later, and incremental data would be half of what it writes.
    let kept = env::var_os("CARGO_INCREMENTAL").is_some();
    let all: &[_] = if kept { &[] } else { &[("CARGO_INCREMENTAL", "0")] };
    // Tests spend more time on waiting for servers, disks and processes than on computing.
    let threads = thread::available_parallelism().map_or(LEAST_THREADS, |cores| cores.get().max(LEAST_THREADS));
    let threads = env::var("RUST_TEST_THREADS").unwrap_or_else(|_| threads.to_string());
    if !check("imports", imports::mistakes) || !check("prose", prose::mistakes) {
        return ExitCode::FAILURE;
    }
    for step in TEST {
        let own: &[_] = if step.name == TESTS { &[("RUST_TEST_THREADS", threads.as_str())] } else { &[] };
        let variables = [all, step.variables, own].concat();
        if !run(step.name, step.arguments.split_whitespace(), &variables) {
            return ExitCode::FAILURE;
        }
    }
    let new_user = ["test"].into_iter().chain(NEW_USER.split_whitespace());
    if !run("a user's crate outside the workspace", new_user, all) || !users_pay_nothing_for_the_test_kit() {
        return ExitCode::FAILURE;
    }
    println!("\nAll steps passed.");
    ExitCode::SUCCESS
}

/// Whether the project's files pass a check, which lists their mistakes.
fn check(name: &str, mistakes: impl Fn(&Path) -> io::Result<Vec<String>>) -> bool {
    println!("\n== {name}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match mistakes(root) {
        Ok(mistakes) if mistakes.is_empty() => {
            println!("== {name}: passed");
            true
        }
        Ok(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
            eprintln!("== {name}: FAILED, {} mistakes", mistakes.len());
            false
        }
        Err(error) => {
            eprintln!("== {name}: FAILED: {error}");
            false
        }
    }
}

/// Changes core in one place after the other, and runs the quick tests on each change. This takes hours, and `--shard 0/20` does
/// a twentieth of it. `.cargo/mutants.toml` says what is changed and what is run.
fn mutants(arguments: Vec<String>) -> ExitCode {
    let has_it = cargo().args(["mutants", "--version"]).output().is_ok_and(|output| output.status.success());
    if !has_it {
        eprintln!("`cargo mutants` is not installed: `cargo install cargo-mutants --locked` brings it");
        return ExitCode::FAILURE;
    }
    let fixed = ["mutants", "--package", "longevity-core", "--output", "target"].map(str::to_owned);
    match run("mutants", fixed.iter().chain(&arguments).map(String::as_str), &[]) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn run<'a>(name: &str, arguments: impl Iterator<Item = &'a str>, variables: &[(&str, &str)]) -> bool {
    let arguments: Vec<_> = arguments.collect();
    let set: String = variables.iter().map(|(name, value)| format!("{name}='{value}' ")).collect();
    println!("\n== {name}: {set}cargo {}", arguments.join(" "));
    let start = Instant::now();
    let status = cargo().args(&arguments).envs(variables.iter().copied()).status();
    let seconds = start.elapsed().as_secs();
    match status {
        Ok(status) if status.success() => {
            println!("== {name}: passed in {seconds} s");
            true
        }
        Ok(status) => {
            eprintln!("== {name}: FAILED after {seconds} s ({status})");
            false
        }
        Err(error) => {
            eprintln!("== {name}: FAILED: cannot run cargo: {error}");
            false
        }
    }
}

/// The cargo that runs this program, without the variables that it set for this package.
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Checks that the build of a user's crate, without its tests, contains no part of the test kit.
fn users_pay_nothing_for_the_test_kit() -> bool {
    let arguments =
        ["tree", "--manifest-path", "tests/new-user/Cargo.toml", "--edges", "normal,build", "--prefix", "none"];
    println!("\n== no test kit in a user's build: cargo {}", arguments.join(" "));
    let output = match cargo().args(arguments).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => {
            eprintln!("== FAILED: {}", String::from_utf8_lossy(&output.stderr));
            return false;
        }
        Err(error) => {
            eprintln!("== FAILED: cannot run cargo: {error}");
            return false;
        }
    };
    let unwanted = ["proptest", "libtest-mimic", "longevity-testkit"];
    let found: Vec<_> = output.lines().filter(|line| unwanted.iter().any(|name| line.starts_with(name))).collect();
    if output.lines().all(|line| !line.starts_with("longevity ")) || !found.is_empty() {
        eprintln!("== FAILED: {output}");
        return false;
    }
    println!("== no test kit in a user's build: passed, {} crates", output.lines().count());
    true
}
