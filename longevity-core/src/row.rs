//! Rows: what a back end stores for each persistent.

use std::borrow::Cow;
use std::fmt;

use crate::value::{Timestamp, Value};

/// The identity of a row within its table. The back end chooses it when the row is inserted, up to 16 bytes. If a query gives
/// no other order, its rows are ordered by id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    // Two halves, the higher first, because a `u128` would align every error that holds an id to 16 bytes.
    high: u64,
    low: u64,
}

impl RowId {
    /// The id with this number.
    pub const fn from_u128(id: u128) -> Self {
        Self { high: (id >> 64) as u64, low: id as u64 }
    }

    /// The id's number.
    pub const fn as_u128(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

/// Shows the id as the store's own shell takes it, after a `#`. A number of at most 64 bits is in decimal and signed, as in
/// SQLite; a greater number has 24 hexadecimal digits, as an object id of MongoDB.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            0 => write!(f, "#{}", self.low.cast_signed()),
            _ => write!(f, "#{:024x}", self.as_u128()),
        }
    }
}

/// Shows the same number as `Display`.
impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowId({self})")
    }
}

/// A row that a back end returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<D> {
    /// The row's identity.
    pub id: RowId,
    /// How often the row was written after its creation.
    pub version: u64,
    /// The variant's discriminator; `None` in a table of a plain type.
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

/// The content to be written to a row.
#[derive(Clone, Debug)]
pub struct RowContent<D> {
    /// The variant's discriminator; `None` in a table of a plain type.
    pub discriminator: Option<Cow<'static, str>>,
    /// The encoded persistent.
    pub doc: D,
    /// The values of the table's columns, in their order; [`Value::None`] for a column of another variant. Empty unless
    /// the back end [wants them](crate::backend::Profile::columns).
    pub columns: Vec<Value>,
    /// The time of the write, if the store keeps timestamps.
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
        let shown = |id: u128| RowId::from_u128(id).to_string();
        assert_eq!(shown(26), "#26");
        assert_eq!(shown(u128::from((-7_i64).cast_unsigned())), "#-7");
        assert_eq!(shown(0x0123_4567_89ab_cdef_0123_4567), "#0123456789abcdef01234567");
    }
}
