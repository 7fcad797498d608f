//! Explains how a query would be answered, without running it.

use longevity_core::backend::Select;
use longevity_core::{Error, Explanation};

use crate::query::plan::Plan;
use crate::table::Table;

/// The plan of a query, as core's explanation.
pub(crate) fn explain(table: &Table, select: &Select) -> Result<Explanation, Error> {
    table.schema()?;
    Ok(Plan::new(&table.definition, select).explain(&table.definition))
}
