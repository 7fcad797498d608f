//! Inputs that nobody means: rows of the store, cursors and addresses that were changed at random, and filters of any form. Each
//! gives an answer or an error; none a panic, an abort or an endless loop.
//!
//! A few thousand by default; `LONGEVITY_FUZZ_INPUTS` asks for that many, a quarter of each kind, and `LONGEVITY_SEED` for those of
//! another run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

mod addresses;
mod chance;
mod cursors;
mod filters;
mod rows;

use std::time::Instant;

use chance::Chance;

/// All inputs together where nobody asks for more.
const INPUTS: u64 = 4_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

/// Says which input it was, if the thread panics.
struct Running(&'static str, u64, u64);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(kind, seed, number) = self;
            eprintln!("the {kind} number {number} panicked: repeat it with LONGEVITY_SEED={seed}");
        }
    }
}

/// Tries a quarter of all inputs, each drawn from its own chance. Says how many were taken, which have to be some, and not all.
fn run(kind: &'static str, mut is_taken: impl FnMut(&mut Chance) -> bool) {
    let inputs = variable("LONGEVITY_FUZZ_INPUTS").unwrap_or(INPUTS).div_ceil(4);
    let seed = variable("LONGEVITY_SEED").unwrap_or_else(chance::seed);
    let (begun, mut taken) = (Instant::now(), 0_u64);
    for number in 0..inputs {
        let running = Running(kind, seed, number);
        taken += u64::from(is_taken(&mut Chance::new(seed, number)));
        drop(running);
    }
    println!("{inputs} {kind} in {:?}, {taken} of them taken; LONGEVITY_SEED={seed}", begun.elapsed());
    assert!(taken > 0 && taken < inputs, "of {inputs} {kind} {taken} were taken: they try too little");
}
