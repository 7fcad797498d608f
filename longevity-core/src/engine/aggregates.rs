//! Values of single properties, and aggregates over groups of rows.

use std::collections::BTreeMap;

use tracing::Instrument;

use super::bounds::ensure_paths_within;
use super::{Kind, Table};
use crate::backend::{Backend, DecodeError, Session};
use crate::encoding::Projection;
use crate::error::Error;
use crate::query::{Accumulator, AggregateFunction, Source};
use crate::row::{Row, RowId};
use crate::select::Select;
use crate::table::TableDefinition;
use crate::value::{Path, Value};

/// The aggregates over one group of rows.
pub(crate) struct Group {
    /// The first row of the group, whose id an error names.
    pub(crate) first: RowId,
    pub(crate) aggregates: Vec<Accumulator>,
}

impl Group {
    pub(crate) fn new(first: RowId, functions: &[AggregateFunction]) -> Self {
        Self { first, aggregates: functions.iter().map(AggregateFunction::start).collect() }
    }
}

/// Takes a row without its document, and its values in the order of the sources.
type Take<'a> = dyn FnMut(&Row<()>, Vec<Value>) -> Result<(), Error> + Send + 'a;

impl<B: Backend> Table<B> {
    /// Passes each row that a selection finds to `take`, with its values. The selection is not yet scoped.
    pub(crate) async fn values(
        &self,
        kind: Kind,
        select: Select,
        sources: &[Source],
        take: &mut Take<'_>,
    ) -> Result<(), Error> {
        let property = |source: &Source| match source {
            Source::Property(path) => Some(path.clone()),
            Source::Type => None,
        };
        let paths: Vec<Path> = sources.iter().filter_map(property).collect();
        ensure_paths_within(self.backend.name(), &paths)?;
        let mut select = self.selected(kind, select)?;
        self.ensure_served(kind, &select).await?;
        select.only = Some(paths.clone());
        let projection = Projection::new(&self.definition, &paths);
        let mut give = |row: &Row<()>, values: Result<Vec<Value>, DecodeError>| {
            // The properties of such a row are not known: aggregates would count it but ignore its values.
            if self.definition.variant(row.discriminator.as_deref()).is_none() {
                return Err(self.unknown_discriminator(kind, row));
            }
            let values = values.map_err(|error| undecoded(kind, row.id, error))?;
            take(row, in_order(&self.definition, sources, row, values))
        };
        let span = tracing::debug_span!("project", "type" = kind.name, backend = self.backend.name());
        over!(self, rows => rows.find_values(&self.handle, select, &projection, &mut give).instrument(span))
    }

    /// The aggregates over each group of rows with the same values in the sources.
    pub(crate) async fn grouped(
        &self,
        kind: Kind,
        select: Select,
        by: Vec<Source>,
        functions: &[AggregateFunction],
    ) -> Result<BTreeMap<Vec<Value>, Group>, Error> {
        let keys = by.len();
        let mut sources = by;
        // Each property is read once, whatever is computed from it.
        let mut position = |path: &Path| {
            let source = Source::Property(path.clone());
            sources.iter().position(|known| *known == source).unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            })
        };
        let positions: Vec<_> = functions.iter().map(|part| part.path().map(&mut position)).collect();
        let mut groups = BTreeMap::new();
        let mut take = |row: &Row<()>, values: Vec<Value>| {
            let key = values.get(..keys).unwrap_or_default().to_vec();
            let group = groups.entry(key).or_insert_with(|| Group::new(row.id, functions));
            for (aggregate, position) in group.aggregates.iter_mut().zip(&positions) {
                aggregate.add(position.and_then(|position| values.get(position)));
            }
            Ok(())
        };
        self.values(kind, select, &sources, &mut take).await?;
        Ok(groups)
    }
}

/// The values of a row in the order of its sources, given the values of its properties.
fn in_order(definition: &TableDefinition, sources: &[Source], row: &Row<()>, values: Vec<Value>) -> Vec<Value> {
    if values.len() == sources.len() {
        return values;
    }
    let mut values = values.into_iter();
    let type_name = || definition.variant(row.discriminator.as_deref()).map_or("", |variant| variant.type_name);
    let value = |source: &Source| match source {
        Source::Property(_) => values.next().unwrap_or(Value::NONE),
        Source::Type => Value::Text(type_name().into()),
    };
    sources.iter().map(value).collect()
}

/// The error for a value that is not of its property's type.
#[cold]
pub(crate) fn undecoded(kind: Kind, id: RowId, DecodeError { path, source }: DecodeError) -> Error {
    Error::Decode { type_name: kind.name, id, path, source }
}
