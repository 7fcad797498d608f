//! Chance that can be repeated: every case draws from its own generator, seeded by the run's seed and the case's name,
//! so that neither filters nor the order of the cases change what a case sees.

use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of a run for which none is given. Fixed, so that a build that passed passes again.
const DEFAULT_SEED: u64 = 0x1077_6e5e_ed00;

/// The environment variable with the seed: a number, or `random`.
const VARIABLE: &str = "LONGEVITY_SEED";

/// The seed from the environment, else the default. Panics if there is one that is not a number.
pub(crate) fn seed_from_environment() -> u64 {
    match std::env::var(VARIABLE) {
        Err(_) => DEFAULT_SEED,
        Ok(text) if text == "random" => RandomState::new().hash_one(std::process::id()),
        Ok(text) => match text.parse() {
            Ok(seed) => seed,
            Err(_) => panic!("{VARIABLE} is neither a number nor `random`: {text:?}"),
        },
    }
}

/// The generator of a case.
pub(crate) fn runner(seed: u64, case: &str) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&longevity_core::hash_name(case).to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
