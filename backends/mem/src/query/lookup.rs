//! Look-ups by a key.

use longevity_core::Error;
use longevity_core::backend::Lookup;

use crate::encode::key::{Buffer, encode};
use crate::error::failed;
use crate::table::Table;

/// The position of a key among the table's indexes; the entry that is looked up in it goes into the buffer. Inline, for it is most of
/// what a look-up costs.
#[inline(always)]
pub(crate) fn key_of(table: &Table, lookup: Lookup<'_>, key: &mut Buffer) -> Result<usize, Error> {
    let schema = table.schema()?;
    let Some(index) = table.definition.indexes.get(lookup.index).filter(|index| index.is_unique()) else {
        return Err(failed(format!("index {} of table {} is not a key", lookup.index, table.definition.name)));
    };
    if index.columns.len() != lookup.values.len() {
        return Err(failed(format!("the key {} has not {} columns", index.name, lookup.values.len())));
    }
    lookup.values.iter().for_each(|value| encode(*value, key));
    Ok(schema.slots[lookup.index])
}
