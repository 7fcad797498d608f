//! Random inputs: rows of the store, cursors and addresses with random changes, and filters of any form. Each input gives an
//! answer or an error; none causes a panic, an abort or an endless loop.
//!
//! There are a few thousand inputs by default. `LONGEVITY_FUZZ_INPUTS` sets the total, a quarter of each kind, and
//! `LONGEVITY_SEED` repeats another run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod addresses;
mod chance;
mod cursors;
mod filters;
mod rows;

use std::time::Instant;

use chance::Chance;

/// The default total of inputs.
const INPUTS: u64 = 4_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text:?}")))
}

/// Prints the input if the thread panics.
struct Running(&'static str, u64, u64);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(kind, seed, number) = self;
            eprintln!("the {kind} number {number} panicked: repeat it with LONGEVITY_SEED={seed}");
        }
    }
}

/// Tries a quarter of all inputs, each drawn from a separate random source, and prints how many were accepted. Some, but not all,
/// must be accepted.
fn run(kind: &'static str, mut is_taken: impl FnMut(&mut Chance) -> bool) {
    let inputs = variable("LONGEVITY_FUZZ_INPUTS").unwrap_or(INPUTS).div_ceil(4);
    let seed = variable("LONGEVITY_SEED").unwrap_or_else(chance::seed);
    let (begun, mut taken) = (Instant::now(), 0_u64);
    for number in 0..inputs {
        let running = Running(kind, seed, number);
        taken += u64::from(is_taken(&mut Chance::new(seed, number)));
        drop(running);
    }
    println!("{inputs} {kind} in {:?}, {taken} of them accepted; LONGEVITY_SEED={seed}", begun.elapsed());
    assert!(taken > 0 && taken < inputs, "of {inputs} {kind}, {taken} were accepted: they try too little");
}
