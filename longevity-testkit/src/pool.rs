//! Generated rows that cases share. Making a row of a wide type takes milliseconds in a debug build, and a suite has thousands of
//! cases.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use proptest::prelude::Rng;
use proptest::test_runner::TestRunner;

use crate::outcome::Outcome;
use crate::random::runner;

/// The number of shared rows of a type, a power of two.
const ROWS: usize = 256;

/// The shared rows of each type, made when a case first asks for them. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Pools(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Pools {
    /// The rows of this type.
    pub(crate) fn of<T: Send + Sync + 'static>(&self) -> Arc<Pool<T>> {
        // A panic under the lock leaves the map with one pool more or less, which is fine.
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(Pool::<T>::new()));
        // The entry of a type's id has that type.
        Arc::clone(pool).downcast().unwrap_or_else(|_| Arc::new(Pool::new()))
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

/// The shared rows of a type.
pub(crate) struct Pool<T>(Vec<OnceLock<T>>);

impl<T> Pool<T> {
    fn new() -> Self {
        Self((0..ROWS).map(|_| OnceLock::new()).collect())
    }

    /// The row at a position. It depends on the seed, the type's name and the position, not on which case asks first.
    pub(crate) fn row(
        &self,
        position: usize,
        seed: u64,
        name: &str,
        make: impl FnOnce(&mut TestRunner) -> Outcome<T>,
    ) -> Outcome<T>
    where
        T: Clone,
    {
        let row = &self.0[position % ROWS];
        if let Some(row) = row.get() {
            return Ok(row.clone());
        }
        let made = make(&mut runner(seed, &format!("{name}::row {position}")))?;
        Ok(row.get_or_init(|| made).clone())
    }
}

/// All positions of rows, each once, in a random order.
pub(crate) fn positions(chance: &mut TestRunner) -> impl Iterator<Item = usize> + use<> {
    let number = usize::try_from(chance.rng().next_u64() >> 8).unwrap_or_default();
    // An odd stride visits each position once, because their number is a power of two.
    let (first, stride) = (number % ROWS, ((number / ROWS) % ROWS) | 1);
    (0..ROWS).map(move |step| (first + step * stride) % ROWS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_case_has_an_order_of_its_own_and_visits_every_row_once() {
        let mut firsts = BTreeSet::new();
        for case in 0..40 {
            let positions: Vec<_> = positions(&mut runner(1, &format!("case {case}"))).collect();
            assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), ROWS);
            firsts.insert(positions[..3].to_vec());
        }
        assert!(firsts.len() > 30, "{firsts:?}");
    }

    #[test]
    fn a_row_is_made_once_and_is_the_same_for_every_run() {
        let make = |chance: &mut TestRunner| Ok(chance.rng().next_u64());
        let (pools, others) = (Pools::default(), Pools::default());
        let row = pools.of::<u64>().row(7, 1, "Row", make).unwrap();
        assert_eq!(pools.of::<u64>().row(7, 1, "Row", |_| panic!("the row exists already")).unwrap(), row);
        assert_ne!(pools.of::<u64>().row(8, 1, "Row", make).unwrap(), row);
        let other = others.of::<u64>();
        assert_ne!(other.row(8, 1, "Row", make).unwrap(), row);
        assert_eq!(other.row(7, 1, "Row", make).unwrap(), row);
        assert_ne!(Pools::default().of::<u64>().row(7, 2, "Row", make).unwrap(), row);
        assert_ne!(Pools::default().of::<u64>().row(7, 1, "Other", make).unwrap(), row);
    }
}
