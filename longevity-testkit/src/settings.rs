//! The settings that `RepoCrudSpec` and `QuerySpec` share.

use crate::facade::Facade;
use crate::pool::Pools;
use crate::strategies::Generators;

/// The settings of a suite.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) generators: Generators,
    pub(crate) samples: usize,
    pub(crate) seed: u64,
    pub(crate) facades: Vec<Facade>,
    pub(crate) store: Option<String>,
    /// The rows that the generators make from the seed. `RepoCrudSpec` takes new pools when either changes.
    pub(crate) pools: Pools,
}
