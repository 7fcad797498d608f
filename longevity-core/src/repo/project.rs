//! Some values of the rows, and figures over them, without decoding the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::strict::ensure_served;
use super::{Repo, scoped_select};
use crate::backend::{Backend, DecodeError};
use crate::encoding;
use crate::error::Error;
use crate::path::Path;
use crate::persistent::PersistentType;
use crate::query::{Accumulator, Measure, OfEveryRowOf, Part, Projection, Prop, Query, Source};
use crate::row::{Row, RowId};
use crate::storable::Storable;
use crate::store::Table;
use crate::table::TableDefinition;
use crate::value::Value;

/// Groups, each with what its rows have in common and the figures over them. Come from [`Repo::group`].
pub type Groups<P, J, M> = Vec<(<J as Projection<P>>::Output, <M as Measure<P>>::Output)>;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Some properties of all that the query finds, in its order. What else the rows hold is not decoded, and on a store
    /// behind a network not sent.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// struct Owner { name: Username, cats: i64 }
    ///
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let (u, m) = (User::props(), Member::props());
    /// let query = Member::query().order_by(u.username.asc());
    /// let rows = members.project(query, (&u.username, &m.num_cats)).await?;
    /// let owners: Vec<_> = rows.into_iter().map(|(name, cats)| Owner { name, cats }).collect();
    /// assert_eq!((&*owners[1].name.0, owners[1].cats), ("bob", 3));
    ///
    /// let taglines = members.project(Member::query().all(), m.profile.some().tagline.optional()).await?;
    /// assert_eq!(taglines, [Some("hi".to_owned()), Some("hi".to_owned())]);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn project<J: Projection<P>>(&self, query: Query<P>, of: J) -> Result<Vec<J::Output>, Error> {
        let mut sources = Vec::new();
        of.sources(&mut sources);
        let mut rows = Vec::new();
        self.values(query, &sources, |id, values| {
            rows.push((id, values));
            Ok(())
        })
        .await?;
        let read = |(id, values): (RowId, Vec<Value>)| of.read(&mut values.into_iter()).map_err(undecoded::<P>(id));
        rows.into_iter().map(read).collect()
    }

    /// The different values that a property has in what the query finds, in ascending order.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 2)]).await?;
    /// assert_eq!(members.distinct(Member::query().all(), &Member::props().num_cats).await?, [2, 3]);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn distinct<F, T>(&self, query: Query<P>, property: &Prop<F, T>) -> Result<Vec<T>, Error>
    where
        F: OfEveryRowOf<P> + 'static,
        T: Storable + DeserializeOwned,
    {
        let mut found = BTreeSet::new();
        self.values(query, &[Source::Property(property.path().clone())], |_, values| {
            found.extend(values);
            Ok(())
        })
        .await?;
        let typed = |value| property.read(&mut std::iter::once(value));
        found.into_iter().map(|value| typed(value).map_err(undecoded::<P>(RowId::from_u128(0)))).collect()
    }

    /// Figures over all that the query finds.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// use longevity::query::count;
    ///
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 2)]).await?;
    /// let cats = &Member::props().num_cats;
    /// let figures = (count(), cats.min(), cats.max(), cats.sum());
    /// assert_eq!(members.aggregate(Member::query().all(), figures).await?, (3, Some(2), Some(3), 7));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn aggregate<M: Measure<P>>(&self, query: Query<P>, measures: M) -> Result<M::Output, Error> {
        let mut parts = Vec::new();
        measures.parts(&mut parts);
        let sources: Vec<_> = parts.iter().map(source).collect();
        let mut figures: Vec<_> = parts.iter().map(Part::start).collect();
        self.values(query, &sources, |_, values| {
            figures.iter_mut().zip(values).for_each(|(figure, value)| figure.add(value));
            Ok(())
        })
        .await?;
        measures.finish(&mut figures.into_iter()).map_err(undecoded::<P>(RowId::from_u128(0)))
    }

    /// Figures over each group of what the query finds: of the rows that have the same values in a property, in several, or
    /// that are [of one type](crate::query::by_type). In ascending order of the values.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// use longevity::query::{by_type, count};
    ///
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 2)]).await?;
    /// commenters.create(commenter("dan")).await?;
    /// let cats = &Member::props().num_cats;
    /// assert_eq!(members.group(Member::query().all(), cats, count()).await?, [(2, 2), (3, 1)]);
    ///
    /// let by_type = users.group(User::query().all(), by_type(), count()).await?;
    /// assert_eq!(by_type, [("Commenter".to_owned(), 1), ("Member".to_owned(), 3)]);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn group<J: Projection<P>, M: Measure<P>>(
        &self,
        query: Query<P>,
        by: J,
        measures: M,
    ) -> Result<Groups<P, J, M>, Error> {
        let mut sources = Vec::new();
        by.sources(&mut sources);
        let keys = sources.len();
        let mut parts = Vec::new();
        measures.parts(&mut parts);
        sources.extend(parts.iter().map(source));
        let mut groups: BTreeMap<Vec<Value>, Vec<Accumulator>> = BTreeMap::new();
        self.values(query, &sources, |_, mut key| {
            let values = key.split_off(keys);
            let figures = groups.entry(key).or_insert_with(|| parts.iter().map(Part::start).collect());
            figures.iter_mut().zip(values).for_each(|(figure, value)| figure.add(value));
            Ok(())
        })
        .await?;
        let typed = |(key, figures): (Vec<Value>, Vec<Accumulator>)| {
            let key = by.read(&mut key.into_iter())?;
            Ok((key, measures.finish(&mut figures.into_iter())?))
        };
        groups.into_iter().map(|group| typed(group).map_err(undecoded::<P>(RowId::from_u128(0)))).collect()
    }

    /// Gives the values of each row, in the order of the sources.
    async fn values(
        &self,
        query: Query<P>,
        sources: &[Source],
        mut take: impl FnMut(RowId, Vec<Value>) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let table = self.table()?;
        let property = |source: &Source| match source {
            Source::Property(path) => Some(path.clone()),
            Source::Type => None,
        };
        let paths: Vec<Path> = sources.iter().filter_map(property).collect();
        let mut select = scoped_select::<P>(query.into_select());
        ensure_served(table, P::NAME, &select).await?;
        select.only = Some(paths.clone());
        let projection = encoding::Projection::new(&table.definition, &paths);
        let mut give = |row: &Row<B::Doc>| {
            let values = values_of(table, &projection, sources, row);
            take(row.id, values.map_err(undecoded::<P>(row.id))?)
        };
        let span = tracing::debug_span!("project", "type" = P::NAME, backend = B::NAME);
        table.backend.find_each(&table.handle, select, &mut give).instrument(span).await
    }
}

/// The values of a row. A count needs none: it has the type.
fn source(part: &Part) -> Source {
    part.path().map_or(Source::Type, |path| Source::Property(path.clone()))
}

fn values_of<B: Backend>(
    table: &Table<B>,
    projection: &encoding::Projection<'_>,
    sources: &[Source],
    row: &Row<B::Doc>,
) -> Result<Vec<Value>, DecodeError> {
    let discriminator = row.discriminator.as_deref();
    let values = projection.read(discriminator, |property| table.backend.read(&row.doc, property))?;
    let mut values = values.into_iter();
    let value = |source: &Source| match source {
        Source::Property(_) => values.next().unwrap_or(Value::None(0)),
        Source::Type => Value::Text(type_of(&table.definition, discriminator).into()),
    };
    Ok(sources.iter().map(value).collect())
}

/// The name of the type with this discriminator, or the discriminator if nobody knows it.
fn type_of<'a>(definition: &TableDefinition, discriminator: Option<&'a str>) -> &'a str {
    definition.variant(discriminator).map_or(discriminator.unwrap_or_default(), |variant| variant.type_name)
}

/// The error for a value that is not of its property's type.
fn undecoded<P: PersistentType>(id: RowId) -> impl Fn(DecodeError) -> Error {
    move |DecodeError { path, source }| Error::Decode { type_name: P::NAME, id, path, source }
}
