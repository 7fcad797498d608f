//! Rows: what a back end stores for one persistent.

use std::borrow::Cow;
use std::fmt;

use crate::value::{Timestamp, Value};

/// The identity of a row within its table, given by the back end when the row is inserted: up to 16 bytes of its
/// choosing. Ids order rows for which a query gives no other order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    // In halves, the higher first, as a `u128` would align every error that holds an id to 16 bytes.
    high: u64,
    low: u64,
}

impl RowId {
    /// An id from a number.
    pub const fn from_u128(id: u128) -> Self {
        Self { high: (id >> 64) as u64, low: id as u64 }
    }

    /// The number.
    pub const fn as_u128(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

/// As the store's own shell takes it, after a `#`: a number of at most 64 bits in decimal, signed, as SQLite has it; a greater
/// one in 24 hexadecimal digits, as MongoDB has its object ids.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            0 => write!(f, "#{}", self.low.cast_signed()),
            _ => write!(f, "#{:024x}", self.as_u128()),
        }
    }
}

/// The same.
impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowId({self})")
    }
}

/// A row as a back end gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<D> {
    /// The row's identity.
    pub id: RowId,
    /// How often the row was written before; 0 after its creation.
    pub version: u64,
    /// Which variant it is; `None` in a table of a plain type.
    pub discriminator: Option<Cow<'static, str>>,
    /// The encoded persistent.
    pub doc: D,
    /// When it was created, if the store keeps timestamps.
    pub created_at: Option<Timestamp>,
    /// When it was last written, if the store keeps timestamps.
    pub updated_at: Option<Timestamp>,
}

impl<D> Row<D> {
    /// The row without its document.
    #[must_use]
    pub fn without_doc(&self) -> Row<()> {
        let Self { id, version, discriminator, doc: _, created_at, updated_at } = self;
        Row {
            id: *id,
            version: *version,
            discriminator: discriminator.clone(),
            doc: (),
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

/// What is to be written in a row.
#[derive(Clone, Debug)]
pub struct RowContent<D> {
    /// Which variant it is; `None` in a table of a plain type.
    pub discriminator: Option<Cow<'static, str>>,
    /// The encoded persistent.
    pub doc: D,
    /// The values of the table's columns, in their order; [`Value::None`] for a column of another variant. Empty unless
    /// the back end [wants them](crate::backend::Profile::columns).
    pub columns: Vec<Value>,
    /// When this is written, if the store keeps timestamps.
    pub written_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_bits_and_their_order() {
        let numbers = [0, 1, u128::from(u64::MAX), 1 << 64, u128::MAX];
        let ids = numbers.map(RowId::from_u128);
        assert!(ids.is_sorted());
        assert_eq!(ids.map(RowId::as_u128), numbers);
    }

    #[test]
    fn ids_are_said_as_the_shells_of_the_stores_take_them() {
        let said = |id: u128| RowId::from_u128(id).to_string();
        assert_eq!(said(26), "#26");
        assert_eq!(said(u128::from((-7_i64).cast_unsigned())), "#-7");
        assert_eq!(said(0x0123_4567_89ab_cdef_0123_4567), "#0123456789abcdef01234567");
    }
}
