//! Comparisons of the number of elements that a property has.

use std::fmt;
use std::marker::PhantomData;

use super::Filter;
use crate::select::Predicate;
use crate::value::{Comparison, Path};

/// The number of elements or entries that a list, a set or a map has. Comes from [`Prop::len`](super::Prop::len).
pub struct Length<R: 'static> {
    path: Path,
    of: PhantomData<fn() -> R>,
}

impl<R: 'static> Length<R> {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.clone(), of: PhantomData }
    }

    fn compare(&self, comparison: Comparison, length: u64) -> Filter<R> {
        Filter::new(Predicate::Length { path: self.path.clone(), comparison, length })
    }

    /// Exactly this number.
    pub fn eq(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Eq, length)
    }

    /// Not this number; true where the list, set or map is absent.
    pub fn ne(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Ne, length)
    }

    /// Fewer than this number.
    pub fn lt(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Lt, length)
    }

    /// This number or fewer.
    pub fn le(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Le, length)
    }

    /// More than this number.
    pub fn gt(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Gt, length)
    }

    /// This number or more.
    pub fn ge(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Ge, length)
    }

    /// From the lower to the higher number, both included.
    pub fn between(&self, low: u64, high: u64) -> Filter<R> {
        self.ge(low).and(self.le(high))
    }
}

impl<R: 'static> fmt::Debug for Length<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Length({})", self.path)
    }
}
