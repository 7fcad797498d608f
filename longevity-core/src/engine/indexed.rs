//! Required indexes: queries that no index serves are errors.

use super::{Kind, Table};
use crate::backend::{Backend, Session};
use crate::error::Error;
use crate::select::Select;

impl<B: Backend> Table<B> {
    /// Fails if the store requires indexes and no index serves the query. The query is already scoped.
    pub(crate) async fn ensure_served(&self, kind: Kind, select: &Select) -> Result<(), Error> {
        if !self.options.require_indexes {
            return Ok(());
        }
        if !self.backend.capabilities().explain {
            return Err(Error::Unsupported {
                backend: self.backend.name(),
                operation: "required indexes, which need `explain`",
            });
        }
        let explanation =
            over!(self, rows => rows.explain(&self.handle, select.clone()))?.warned(&self.definition, select);
        match explanation.warning {
            Some(warning) => Err(Error::NotIndexed { type_name: kind.name, warning }),
            None => Ok(()),
        }
    }
}
