//! The entries of a row in an index.

use std::sync::Arc;

use crate::encode::key::Key;

/// The entries of a row in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The row is not in the index.
    None,
    One(Key),
    /// One for each value that the row has in a collection, in order.
    Several(Arc<[Key]>),
}

impl Entry {
    #[inline]
    pub(crate) fn keys(&self) -> &[Key] {
        match self {
            Self::None => &[],
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }

    /// The only entry in an index whose rows have at most one.
    #[inline]
    pub(crate) fn key(&self) -> Option<&Key> {
        match self {
            Self::One(key) => Some(key),
            Self::None | Self::Several(_) => None,
        }
    }
}
