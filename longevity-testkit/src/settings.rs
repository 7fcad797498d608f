//! What a user can configure of the suites: of `RepoCrudSpec` and of `QuerySpec`.

use crate::facade::Facade;
use crate::pool::Pools;
use crate::strategies::Generators;

/// What a user can configure.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) generators: Generators,
    pub(crate) samples: usize,
    pub(crate) seed: u64,
    pub(crate) facades: Vec<Facade>,
    pub(crate) store: Option<String>,
    /// What the generators make from the seed, for `RepoCrudSpec`, which takes new ones with each change of either.
    pub(crate) pools: Pools,
}
