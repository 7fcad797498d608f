//! The strict mode: queries that no index serves are errors.

use crate::backend::Backend;
use crate::error::Error;
use crate::query::Select;
use crate::store::Table;

/// Fails if the store is strict and no index serves the query, which is scoped already.
pub(super) async fn ensure_served<B: Backend>(
    table: &Table<B>,
    type_name: &'static str,
    select: &Select,
) -> Result<(), Error> {
    if !table.options.strict {
        return Ok(());
    }
    if !table.backend.capabilities().explain {
        return Err(Error::Unsupported { backend: B::NAME, operation: "the strict mode, which needs explain" });
    }
    let explanation = table.backend.explain(&table.handle, select.clone()).await?.warned(&table.definition, select);
    match explanation.warning {
        Some(warning) => Err(Error::NotIndexed { type_name, warning }),
        None => Ok(()),
    }
}
