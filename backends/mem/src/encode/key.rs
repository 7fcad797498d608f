//! Keys of the indexes: core's [sortable](longevity_core::value::sortable) form of values, finished.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) use longevity_core::value::sortable::{ABOVE, Buffer, PRESENT, encode, length_of};

/// A finished key. Short ones, which most are, are held in place: comparing them chases no pointer, and copying a tree
/// node for a snapshot's sake allocates nothing for them.
#[derive(Clone)]
pub(crate) enum Key {
    Short { length: u8, bytes: [u8; Key::SHORT] },
    Long(Arc<[u8]>),
}

impl Key {
    /// As much as fits beside the length in 40 bytes: an integer, a name of 19 letters and an id, as in many an index. Were it
    /// less, such entries would be pointers, and with what these point to take more room than they do here.
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

// As a slice hashes, so that a slice finds it.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// The length alone: values do not belong in logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes)", self.as_bytes().len())
    }
}

#[cfg(test)]
mod tests;
