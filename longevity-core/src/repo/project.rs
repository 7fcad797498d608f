//! Projections, and aggregates over rows, without decoding the rest.

use serde::de::DeserializeOwned;

use super::Repo;
use crate::backend::Backend;
use crate::engine::{Group, Kind, undecoded};
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::{Aggregate, CoversRowsOf, Projection, Query, Source, Values};
use crate::row::{Row, RowId};
use crate::storable::{Prop, Storable};
use crate::value::Value;

/// Groups, each with the values that its rows share and the aggregates over them. Come from [`Repo::group`].
pub type Groups<P, J, M> = Vec<(<J as Projection<P>>::Output, <M as Aggregate<P>>::Output)>;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Some properties of all rows that the query finds, in its order. The rest of each row is not decoded, and a store on a
    /// network does not send it.
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
        let (mut rows, kind) = (Vec::new(), Kind::of::<P>());
        let mut take = |row: &Row<()>, values: Vec<Value>| {
            let read = J::read(&mut Values::new(&sources, values));
            rows.push(read.map_err(|error| undecoded(kind, row.id, error))?);
            Ok(())
        };
        self.table.values(kind, query.into_select(), &sources, &mut take).await?;
        Ok(rows)
    }

    /// The distinct values of a property in the rows that the query finds, in ascending order.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 2)]).await?;
    /// assert_eq!(members.distinct(Member::query().all(), &Member::props().num_cats).await?, [2, 3]);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn distinct<F, T>(&self, query: Query<P>, property: &Prop<F, T>) -> Result<Vec<T>, Error>
    where
        F: CoversRowsOf<P> + 'static,
        T: Storable + DeserializeOwned,
    {
        let sources = [Source::Property(property.path_into_options())];
        let kind = Kind::of::<P>();
        let groups = self.table.grouped(kind, query.into_select(), sources.to_vec(), &[]).await?;
        let typed = |(value, group): (Vec<Value>, Group)| {
            Values::new(&sources, value).read().map_err(|error| undecoded(kind, group.first, error))
        };
        groups.into_iter().map(typed).collect()
    }

    /// Aggregates over all rows that the query finds.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// use longevity::query::count;
    ///
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 2)]).await?;
    /// let cats = &Member::props().num_cats;
    /// let aggregates = (count(), cats.min(), cats.max(), cats.sum());
    /// assert_eq!(members.aggregate(Member::query().all(), aggregates).await?, (3, Some(2), Some(3), 7));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn aggregate<M: Aggregate<P>>(&self, query: Query<P>, of: M) -> Result<M::Output, Error> {
        let mut functions = Vec::new();
        of.functions(&mut functions);
        // All rows are one group. If there are no rows, there is no group.
        let kind = Kind::of::<P>();
        let groups = self.table.grouped(kind, query.into_select(), Vec::new(), &functions).await?;
        let all = groups.into_values().next();
        let Group { first, aggregates } = all.unwrap_or_else(|| Group::new(RowId::from_u128(0), &functions));
        of.finish(&mut aggregates.into_iter()).map_err(|error| undecoded(kind, first, error))
    }

    /// Aggregates over each group of the rows that the query finds. A group has the same values in one or several properties,
    /// or is [of one type](crate::query::by_type). The groups are in ascending order of these values.
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
    pub async fn group<J: Projection<P>, M: Aggregate<P>>(
        &self,
        query: Query<P>,
        by: J,
        of: M,
    ) -> Result<Groups<P, J, M>, Error> {
        let mut sources = Vec::new();
        by.sources(&mut sources);
        let mut functions = Vec::new();
        of.functions(&mut functions);
        let kind = Kind::of::<P>();
        let typed = |(key, Group { first, aggregates }): (Vec<Value>, Group)| {
            let typed = J::read(&mut Values::new(&sources, key));
            let typed = typed.and_then(|key| Ok((key, of.finish(&mut aggregates.into_iter())?)));
            typed.map_err(|error| undecoded(kind, first, error))
        };
        let groups = self.table.grouped(kind, query.into_select(), sources.clone(), &functions).await?;
        groups.into_iter().map(typed).collect()
    }
}
