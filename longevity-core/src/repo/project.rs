//! Some values of the rows, and figures over them, without decoding the rest.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::bounds::ensure_paths_within;
use super::strict::ensure_served;
use super::{Repo, selected, unknown_discriminator};
use crate::backend::{Backend, DecodeError};
use crate::encoding;
use crate::error::Error;
use crate::path::Path;
use crate::persistent::PersistentType;
use crate::query::{Accumulator, Measure, OfEveryRowOf, Part, Projection, Prop, Query, Source, Values};
use crate::row::{Row, RowId};
use crate::storable::Storable;
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
        self.values(query, &sources, |row, values| {
            rows.push(J::read(&mut Values::new(&sources, values)).map_err(undecoded::<P>(row.id))?);
            Ok(())
        })
        .await?;
        Ok(rows)
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
        let sources = [Source::Property(property.path_into_options())];
        let groups = self.grouped(query, sources.to_vec(), &[]).await?;
        let typed = |(value, group): (Vec<Value>, Group)| {
            Values::new(&sources, value).read().map_err(undecoded::<P>(group.first))
        };
        groups.into_iter().map(typed).collect()
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
        // All rows are one group; of no rows there is none.
        let all = self.grouped(query, Vec::new(), &parts).await?.into_values().next();
        let Group { first, figures } = all.unwrap_or_else(|| Group::new(RowId::from_u128(0), &parts));
        measures.finish(&mut figures.into_iter()).map_err(undecoded::<P>(first))
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
        let mut parts = Vec::new();
        measures.parts(&mut parts);
        let typed = |(key, Group { first, figures }): (Vec<Value>, Group)| {
            let typed = J::read(&mut Values::new(&sources, key));
            let typed = typed.and_then(|key| Ok((key, measures.finish(&mut figures.into_iter())?)));
            typed.map_err(undecoded::<P>(first))
        };
        self.grouped(query, sources.clone(), &parts).await?.into_iter().map(typed).collect()
    }

    /// The figures over the rows that have the same values in the sources.
    async fn grouped(
        &self,
        query: Query<P>,
        by: Vec<Source>,
        parts: &[Part],
    ) -> Result<BTreeMap<Vec<Value>, Group>, Error> {
        let keys = by.len();
        let mut sources = by;
        // Each property is read once, whatever is computed of it.
        let mut position = |path: &Path| {
            let source = Source::Property(path.clone());
            sources.iter().position(|known| *known == source).unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            })
        };
        let positions: Vec<_> = parts.iter().map(|part| part.path().map(&mut position)).collect();
        let mut groups = BTreeMap::new();
        self.values(query, &sources, |row, values| {
            let key = values.get(..keys).unwrap_or_default().to_vec();
            let group = groups.entry(key).or_insert_with(|| Group::new(row.id, parts));
            for (figure, position) in group.figures.iter_mut().zip(&positions) {
                figure.add(position.and_then(|position| values.get(position)));
            }
            Ok(())
        })
        .await?;
        Ok(groups)
    }

    /// Gives each row with its values in the order of the sources.
    pub(super) async fn values(
        &self,
        query: Query<P>,
        sources: &[Source],
        mut take: impl FnMut(&Row<()>, Vec<Value>) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let table = self.table()?;
        let property = |source: &Source| match source {
            Source::Property(path) => Some(path.clone()),
            Source::Type => None,
        };
        let paths: Vec<Path> = sources.iter().filter_map(property).collect();
        ensure_paths_within::<B>(&paths)?;
        let mut select = selected::<P, B>(query)?;
        ensure_served(table, P::NAME, &select).await?;
        select.only = Some(paths.clone());
        let projection = encoding::Projection::new(&table.definition, &paths);
        let mut give = |row: &Row<()>, values: Result<Vec<Value>, DecodeError>| {
            // Nobody knows what such a row has: figures would count it and leave its values out.
            if table.definition.variant(row.discriminator.as_deref()).is_none() {
                return Err(unknown_discriminator::<P, _>(&table.definition, row));
            }
            let values = values.map_err(undecoded::<P>(row.id))?;
            take(row, in_order(&table.definition, sources, row, values))
        };
        let span = tracing::debug_span!("project", "type" = P::NAME, backend = B::NAME);
        table.backend.find_values(&table.handle, select, &projection, &mut give).instrument(span).await
    }
}

/// The figures over rows that belong together.
struct Group {
    /// The first of them, by which an error says where it is.
    first: RowId,
    figures: Vec<Accumulator>,
}

impl Group {
    fn new(first: RowId, parts: &[Part]) -> Self {
        Self { first, figures: parts.iter().map(Part::start).collect() }
    }
}

/// The values of a row in the order of their sources, of those of its properties.
fn in_order(definition: &TableDefinition, sources: &[Source], row: &Row<()>, values: Vec<Value>) -> Vec<Value> {
    if values.len() == sources.len() {
        return values;
    }
    let mut values = values.into_iter();
    let value = |source: &Source| match source {
        Source::Property(_) => values.next().unwrap_or(Value::None(0)),
        Source::Type => Value::Text(type_of(definition, row.discriminator.as_deref()).into()),
    };
    sources.iter().map(value).collect()
}

/// The name of the type with this discriminator.
fn type_of(definition: &TableDefinition, discriminator: Option<&str>) -> &'static str {
    definition.variant(discriminator).map_or("", |variant| variant.type_name)
}

/// The error for a value that is not of its property's type.
fn undecoded<P: PersistentType>(id: RowId) -> impl Fn(DecodeError) -> Error {
    move |DecodeError { path, source }| Error::Decode { type_name: P::NAME, id, path, source }
}
