//! The rows that a delete by query removes. They are found without decoding them, so that unreadable rows are deleted too.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream as _;

use super::Repo;
use crate::backend::{Backend, Target};
use crate::engine::Kind;
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::{Query, Source};
use crate::row::{Row, RowId};
use crate::select::Predicate;
use crate::table::TableDefinition;
use crate::value::{Comparison, Value};

/// A row that is to be deleted.
pub(super) struct Doomed {
    id: RowId,
    /// `None` if it is unreadable. The row is then deleted whatever its version.
    version: Option<u64>,
    primary_key: Option<Box<[Value]>>,
}

impl Doomed {
    /// Identifies the row by the version that was read, even without optimistic locking.
    pub(super) fn target<P: PersistentType>(&self) -> Target<'_> {
        let Self { id, version, primary_key } = self;
        Target { id: *id, version: *version, scope: P::SCOPE, primary_key: primary_key.as_deref(), before: false }
    }
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// The rows that the query finds. A row of a type that the model does not know is an error.
    pub(super) async fn doomed(&self, query: Query<P>) -> Result<Vec<Doomed>, Error> {
        let table = &self.table;
        let definition = &*table.definition;
        let primary_key = definition.primary_key.as_ref().map(|key| &definition.indexes[key.index].columns);
        let source = |column: &usize| Source::Property(definition.columns[*column].path.clone());
        let sources: Vec<_> = primary_key.into_iter().flatten().map(source).collect();
        let mut doomed = Vec::new();
        let mut take = |row: &Row<()>, values: Vec<Value>| {
            let primary_key = primary_key.map(|_| values.into());
            doomed.push(Doomed { id: row.id, version: Some(row.version), primary_key });
            Ok(())
        };
        match table.values(Kind::of::<P>(), query.clone().into_select(), &sources, &mut take).await {
            Ok(()) => Ok(doomed),
            Err(Error::Decode { .. }) => self.doomed_one_by_one(query).await,
            Err(error) => Err(error),
        }
    }

    /// The same for rows that cannot be read, or whose metadata cannot: a stream continues after them.
    async fn doomed_one_by_one(&self, query: Query<P>) -> Result<Vec<Doomed>, Error> {
        let table = &self.table;
        let mut rows = table.stream(Kind::of::<P>().scoped_select(query.into_select()))?;
        let (mut doomed, mut unreadable) = (Vec::new(), Vec::new());
        while let Some(row) = poll_fn(|context| Pin::new(&mut rows).poll_next(context)).await {
            match row {
                Ok(row) if table.definition.variant(row.discriminator.as_deref()).is_none() => {
                    return Err(table.unknown_discriminator(Kind::of::<P>(), &row));
                }
                Ok(row) => doomed.push(Doomed { id: row.id, version: Some(row.version), primary_key: None }),
                Err(error) => match error {
                    Error::Decode { id, .. } => unreadable.push((id, error)),
                    error => return Err(error),
                },
            }
        }
        for (id, error) in unreadable {
            // If the type of a row cannot be read, it is not known whether the row may be deleted.
            if !table.any(of_known_type(&table.definition, id)).await? {
                return Err(error);
            }
            doomed.push(Doomed { id, version: None, primary_key: None });
        }
        Ok(doomed)
    }
}

/// A predicate that holds for the row with this id, if it is of a type of the model.
fn of_known_type(definition: &TableDefinition, id: RowId) -> Predicate {
    let types = definition.scopes().map(Predicate::Scope);
    let of_type = types.reduce(Predicate::or).unwrap_or(Predicate::True);
    Predicate::Id { comparison: Comparison::Eq, id }.and(of_type)
}
