//! The key values of a type that can be read alone, as `find_with` reads them. A user's program need not be able to read its key
//! values, so the compiler selects what applies.

use serde::de::DeserializeOwned;

use longevity_core::{KeyFor, Reference};

use crate::contract::KeyValVisitor;
use crate::strategies::Field;

/// The key value can be read. Method resolution finds this first, because it is implemented for the type itself.
pub trait ReadableKeyVal<P> {
    /// Shows the key value.
    fn show_key_val<V: KeyValVisitor<P>>(&self, visitor: &mut V);
}

impl<P, K: KeyFor<P> + Reference + DeserializeOwned> ReadableKeyVal<P> for Field<K> {
    fn show_key_val<V: KeyValVisitor<P>>(&self, visitor: &mut V) {
        visitor.key_val::<K>();
    }
}

/// The key value cannot be read. Method resolution finds this second, because it is implemented for a reference to the type.
pub trait UnreadableKeyVal {
    /// Shows nothing.
    fn show_key_val<V>(&self, _: &mut V) {}
}

impl<K> UnreadableKeyVal for &Field<K> {}
