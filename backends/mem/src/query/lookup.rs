//! Look-ups by a key.

use longevity_core::Error;
use longevity_core::backend::Lookup;

use crate::encode::key::{Buffer, encode};
use crate::error::failed;
use crate::table::Table;

/// The position of a key in the table's indexes. Writes the entry to look up to the buffer. It is inlined because it is most of
/// the cost of a look-up.
#[inline(always)]
pub(crate) fn key_of(table: &Table, lookup: Lookup<'_>, key: &mut Buffer) -> Result<usize, Error> {
    let schema = table.schema()?;
    let Some(index) = table.definition.indexes.get(lookup.index).filter(|index| index.is_unique()) else {
        return Err(failed(format!("index {} of table {} is not a key", lookup.index, table.definition.name)));
    };
    if index.columns.len() != lookup.values.len() {
        return Err(failed(format!("the key {} does not have {} columns", index.name, lookup.values.len())));
    }
    lookup.values.iter().for_each(|value| encode(*value, key));
    Ok(schema.slots[lookup.index])
}
