//! Random numbers that can be repeated. Every case draws from a generator of its own, seeded by the run's seed and the case's
//! name, and so does each row that cases share. Neither filters nor the order of the cases change what a case draws.

use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of a run if none is given. It is fixed, so that a build that passed passes again.
const DEFAULT_SEED: u64 = 0x1077_6e5e_ed00;

/// The environment variable with the seed: a number, or `random`.
const VARIABLE: &str = "LONGEVITY_SEED";

/// The seed from the environment, or else the default. Panics if the variable is neither a number nor `random`.
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

/// The generator of a case. Its algorithm is a simple one that costs little in a debug build, because strategies make another
/// generator from it for each of their parts.
pub(crate) fn runner(seed: u64, case: &str) -> TestRunner {
    let mut bytes = [0; 16];
    let name = longevity_core::hash_name(case);
    bytes[..8].copy_from_slice(&mixed(seed ^ name.rotate_left(32)).to_le_bytes());
    bytes[8..].copy_from_slice(&mixed(name).to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &bytes))
}

/// The number with its bits spread, as `SplitMix64` does (<https://doi.org/10.1145/2714064.2660195>). Without this, generators
/// whose seeds differ in few bits would begin alike.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(seed: u64, case: &str) -> Vec<u64> {
        let mut runner = runner(seed, case);
        (0..8).map(|_| runner.rng().next_u64()).collect()
    }

    #[test]
    fn a_case_draws_the_same_again_and_neighbours_draw_something_else() {
        assert_eq!(drawn(0, ""), drawn(0, ""));
        let all = [drawn(0, ""), drawn(1, ""), drawn(2, ""), drawn(0, "a"), drawn(0, "b"), drawn(1, "a")];
        let first: std::collections::BTreeSet<u64> = all.iter().map(|drawn| drawn[0]).collect();
        assert_eq!(first.len(), all.len());
        // About half of all bits differ between any two.
        for (position, one) in all.iter().enumerate() {
            for other in &all[..position] {
                let bits: u32 = one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum();
                assert!((192..=320).contains(&bits), "{bits} of 512");
            }
        }
    }
}
