//! Retrieval and queries.

use std::any::TypeId;

use tracing::Instrument;

use super::{PStates, Repo, key_columns, scoped, scoped_select, state_of};
use crate::backend::{Backend, Lookup};
use crate::error::Error;
use crate::explain::Explanation;
use crate::persistent::{KeyFor, PersistentType};
use crate::query::Query;
use crate::state::PState;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// The persistent with this key value, if there is one. Takes the keys of the type and those of its poly type; a
    /// derived repository finds none of its siblings.
    ///
    /// Costs one look-up in the key's index.
    pub async fn retrieve<K: KeyFor<P>>(&self, key: &K) -> Result<Option<PState<P>>, Error> {
        let table = self.table()?;
        let definition = &*table.definition;
        let index = definition.key(TypeId::of::<K>()).ok_or_else(|| Error::InvalidModel {
            type_name: P::NAME,
            problem: format!("declares no key of type {}", std::any::type_name::<K>()),
        })?;
        let values = key_columns(definition, &definition.indexes[index], key);
        let lookup = Lookup { index, values: &values, scope: P::DISCRIMINATORS };
        let span = tracing::debug_span!("retrieve", "type" = P::NAME, backend = B::NAME);
        let row = table.backend.get(&table.handle, lookup).instrument(span).await?;
        row.map(|row| state_of(table, row)).transpose()
    }

    /// The persistent with this key value; [`Error::NotFound`] if there is none.
    pub async fn retrieve_one<K: KeyFor<P>>(&self, key: &K) -> Result<PState<P>, Error> {
        self.retrieve(key).await?.ok_or_else(|| {
            let property = self.table.as_deref().and_then(|table| {
                let definition = &*table.definition;
                definition.key(TypeId::of::<K>()).map(|index| definition.indexes[index].property.as_str())
            });
            let value = key.value_at(&[]).to_value();
            Error::NotFound { type_name: P::NAME, what: format!("has {} = {value}", property.unwrap_or("the key")) }
        })
    }

    /// All that the query finds, in its order.
    ///
    /// Fails if any row among them does not decode; [`stream`](Self::stream) goes on behind such a row.
    pub async fn find(&self, query: Query<P>) -> Result<Vec<PState<P>>, Error> {
        let table = self.table()?;
        let select = scoped_select::<P>(query.into_select());
        let span = tracing::debug_span!("find", "type" = P::NAME, backend = B::NAME);
        let rows = table.backend.find(&table.handle, select).instrument(span).await?;
        rows.into_iter().map(|row| state_of(table, row)).collect()
    }

    /// How many the query finds, its offset and limit included. Decodes nothing.
    pub async fn count(&self, query: Query<P>) -> Result<u64, Error> {
        let table = self.table()?;
        let select = query.into_select();
        let span = tracing::debug_span!("count", "type" = P::NAME, backend = B::NAME);
        let rows = table.backend.count(&table.handle, scoped::<P>(select.predicate)).instrument(span).await?;
        let rows = rows.saturating_sub(select.offset);
        Ok(select.limit.map_or(rows, |limit| rows.min(limit)))
    }

    /// Whether the query finds any. Decodes nothing.
    pub async fn exists(&self, query: Query<P>) -> Result<bool, Error> {
        if query.select().offset > 0 || query.select().limit == Some(0) {
            return Ok(self.count(query).await? > 0);
        }
        let table = self.table()?;
        let span = tracing::debug_span!("exists", "type" = P::NAME, backend = B::NAME);
        let predicate = scoped::<P>(query.into_select().predicate);
        table.backend.exists(&table.handle, predicate).instrument(span).await
    }

    /// What the query finds, one by one, in its order. A row that does not decode is an error in its place; the stream
    /// goes on behind it.
    pub fn stream(&self, query: Query<P>) -> PStates<P, B> {
        PStates::new(self.table().cloned(), query)
    }

    /// How the back end would answer the query.
    pub async fn explain(&self, query: Query<P>) -> Result<Explanation, Error> {
        let table = self.table()?;
        if !table.backend.capabilities().explain {
            return Err(Error::Unsupported { backend: B::NAME, operation: "explain" });
        }
        let select = scoped_select::<P>(query.into_select());
        let span = tracing::debug_span!("explain", "type" = P::NAME, backend = B::NAME);
        table.backend.explain(&table.handle, select).instrument(span).await
    }
}
