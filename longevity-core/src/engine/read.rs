//! Look-ups, queries, counts and plans.

use tracing::Instrument;

use super::bounds::ensure_within;
use super::{Kind, Table};
use crate::backend::{Backend, Give, Lookup, Session};
use crate::error::Error;
use crate::explain::Explanation;
use crate::row::Row;
use crate::select::{Predicate, Select};
use crate::value::ValueRef;

impl<B: Backend> Table<B> {
    /// The selection restricted to the rows that the repository sees, if it is within the limits.
    pub(crate) fn selected(&self, kind: Kind, select: Select) -> Result<Select, Error> {
        ensure_within(self.backend.name(), &select)?;
        Ok(kind.scoped_select(select))
    }

    /// The row with these values in the key at this position.
    pub(crate) async fn get(
        &self,
        kind: Kind,
        index: usize,
        values: &[ValueRef<'_>],
    ) -> Result<Option<Row<B::Document>>, Error> {
        let lookup = Lookup { index, values, scope: kind.scope };
        let span = tracing::debug_span!("retrieve", "type" = kind.name, backend = self.backend.name());
        over!(self, rows => rows.get(&self.handle, lookup).instrument(span))
    }

    /// Passes on the rows that a selection finds. The selection is already scoped.
    pub(crate) async fn find(&self, kind: Kind, select: Select, give: &mut dyn Give<B::Document>) -> Result<(), Error> {
        self.ensure_served(kind, &select).await?;
        let span = tracing::debug_span!("find", "type" = kind.name, backend = self.backend.name());
        over!(self, rows => rows.find_each(&self.handle, select, give).instrument(span))
    }

    /// The number of rows that a selection finds, within its offset and limit.
    pub(crate) async fn count(&self, kind: Kind, select: Select) -> Result<u64, Error> {
        ensure_within(self.backend.name(), &select)?;
        let all = Select::of(kind.scoped(select.predicate));
        self.ensure_served(kind, &all).await?;
        let span = tracing::debug_span!("count", "type" = kind.name, backend = self.backend.name());
        let rows = over!(self, rows => rows.count(&self.handle, all.predicate).instrument(span))?;
        let rows = rows.saturating_sub(select.offset);
        Ok(select.limit.map_or(rows, |limit| rows.min(limit)))
    }

    /// Whether a selection finds any row, within its offset and limit.
    pub(crate) async fn exists(&self, kind: Kind, select: Select) -> Result<bool, Error> {
        if select.offset > 0 || select.limit == Some(0) {
            return Ok(self.count(kind, select).await? > 0);
        }
        let all = Select::of(self.selected(kind, select)?.predicate);
        self.ensure_served(kind, &all).await?;
        let span = tracing::debug_span!("exists", "type" = kind.name, backend = self.backend.name());
        over!(self, rows => rows.exists(&self.handle, all.predicate).instrument(span))
    }

    /// The rows that a selection finds. The selection is already scoped.
    pub(crate) fn stream(&self, select: Select) -> Result<B::Rows, Error> {
        match &self.level {
            None => Ok(self.backend.stream(&self.handle, select)),
            Some(level) => Ok(level.rows()?.stream(&self.handle, select)),
        }
    }

    /// Whether a row satisfies a predicate, which is already scoped. Has no span.
    pub(crate) async fn any(&self, predicate: Predicate) -> Result<bool, Error> {
        over!(self, rows => rows.exists(&self.handle, predicate))
    }

    /// How the back end would answer a selection.
    pub(crate) async fn explain(&self, kind: Kind, select: Select) -> Result<Explanation, Error> {
        if !self.backend.capabilities().explain {
            return Err(Error::Unsupported { backend: self.backend.name(), operation: "explain" });
        }
        let select = self.selected(kind, select)?;
        let span = tracing::debug_span!("explain", "type" = kind.name, backend = self.backend.name());
        let explanation = over!(self, rows => rows.explain(&self.handle, select.clone()).instrument(span))?;
        Ok(explanation.warned(&self.definition, &select))
    }
}
