//! How many elements a property has, to be compared.

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

    /// So many.
    pub fn eq(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Eq, length)
    }

    /// Not so many; true where the list, set or map is absent.
    pub fn ne(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Ne, length)
    }

    /// Fewer.
    pub fn lt(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Lt, length)
    }

    /// So many or fewer.
    pub fn le(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Le, length)
    }

    /// More.
    pub fn gt(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Gt, length)
    }

    /// So many or more.
    pub fn ge(&self, length: u64) -> Filter<R> {
        self.compare(Comparison::Ge, length)
    }

    /// From the one number to the other, both among them.
    pub fn between(&self, low: u64, high: u64) -> Filter<R> {
        self.ge(low).and(self.le(high))
    }
}

impl<R: 'static> fmt::Debug for Length<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Length({})", self.path)
    }
}
