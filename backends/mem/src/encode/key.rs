//! Keys of the indexes: values in core's [sortable](longevity_core::value::sortable) form, complete.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) use longevity_core::value::sortable::{ABOVE, Buffer, PRESENT, encode, length_of};

/// A complete key. Short keys, which are the most common, are held in place: comparing them follows no pointer, and copying a
/// tree node for a snapshot allocates nothing for them.
#[derive(Clone)]
pub(crate) enum Key {
    Short { length: u8, bytes: [u8; Key::SHORT] },
    Long(Arc<[u8]>),
}

impl Key {
    /// As much as fits next to the length in 40 bytes: an integer, a name of 19 letters and an id, as in many an index. With
    /// less, such entries would be pointers, and would take more room in total.
    const SHORT: usize = 38;

    pub(crate) fn new(key: &[u8]) -> Self {
        match u8::try_from(key.len()) {
            Ok(length) if key.len() <= Self::SHORT => {
                let mut bytes = [0; Self::SHORT];
                bytes[..key.len()].copy_from_slice(key);
                Self::Short { length, bytes }
            }
            _ => Self::Long(key.into()),
        }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

// Hashes as a slice does, so that a slice finds the key.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Shows the length only, because values do not belong in logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes)", self.as_bytes().len())
    }
}

#[cfg(test)]
mod tests;
