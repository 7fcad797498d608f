//! Retrieval and queries.

use std::any::TypeId;
use std::pin::Pin;

use super::{KeyColumns, PStates, Repo, key_columns, state_of};
use crate::backend::{Backend, Give};
use crate::engine::{Kind, Table};
use crate::error::Error;
use crate::explain::Explanation;
use crate::persistent::{KeyFor, PersistentType};
use crate::query::Query;
use crate::row::Row;
use crate::select::Select;
use crate::state::PState;

/// The future of a retrieval. It does not name the key's type, so that a key of the wrong type causes one error, at the key,
/// and not one more for each use of the future.
pub type Retrieval<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The states of the rows that are found.
struct CollectStates<'a, P, B: Backend> {
    table: &'a Table<B>,
    states: Vec<PState<P>>,
}

impl<P: PersistentType, B: Backend> Give<B::Document> for CollectStates<'_, P, B> {
    fn give(&mut self, row: &Row<B::Document>) -> Result<(), Error> {
        self.states.push(state_of(self.table, row)?);
        Ok(())
    }

    fn expect(&mut self, rows: usize) {
        // If the memory cannot be reserved, the vector grows as the rows come.
        _ = self.states.try_reserve(rows);
    }
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// The persistent with this key value, if there is one. The key may be one of the type or of its poly type. The repository
    /// of a derived type does not find rows of its siblings.
    ///
    /// Costs one look-up in the key's index.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// assert!(members.retrieve(&Email("ann@example.com".into())).await?.is_some()); // its own key
    /// assert!(members.retrieve(&Username("ann".into())).await?.is_some()); // its poly type's
    /// assert!(commenters.retrieve(&Username("ann".into())).await?.is_none()); // a sibling's row
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn retrieve<'a, K: KeyFor<P>>(&'a self, key: &'a K) -> Retrieval<'a, Option<PState<P>>> {
        Box::pin(self.retrieve_key(key))
    }

    pub(crate) async fn retrieve_key<K: KeyFor<P>>(&self, key: &K) -> Result<Option<PState<P>>, Error> {
        let table = &self.table;
        let (index, values) = self.key_of(key)?;
        let row = table.get(Kind::of::<P>(), index, &values).await?;
        row.map(|row| state_of(table, &row)).transpose()
    }

    /// The position of the key, and the values of the key value in its columns.
    pub(super) fn key_of<'a, K: KeyFor<P>>(&self, key: &'a K) -> Result<(usize, KeyColumns<'a>), Error> {
        let (definition, index) = (&*self.table.definition, self.position_of::<K>()?);
        Ok((index, key_columns(definition, &definition.indexes[index], key)))
    }

    /// The position of the key of this type among the indexes.
    pub(super) fn position_of<K: KeyFor<P>>(&self) -> Result<usize, Error> {
        self.table.definition.key(TypeId::of::<K>()).ok_or_else(Self::no_key::<K>)
    }

    #[cold]
    pub(super) fn no_key<K>() -> Error {
        let problem = format!("declares no key of type {}", std::any::type_name::<K>());
        Error::InvalidModel { type_name: P::NAME, problem }
    }

    /// The persistent with this key value; [`Error::NotFound`] if there is none.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let error = members.retrieve_one(&Email("ann@example.com".into())).await.unwrap_err();
    /// assert_eq!(error.to_string(), r#"no Member has email = "ann@example.com""#);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn retrieve_one<'a, K: KeyFor<P>>(&'a self, key: &'a K) -> Retrieval<'a, PState<P>> {
        Box::pin(self.retrieve_key_of_one(key))
    }

    pub(crate) async fn retrieve_key_of_one<K: KeyFor<P>>(&self, key: &K) -> Result<PState<P>, Error> {
        self.retrieve_key(key).await?.ok_or_else(|| {
            let definition = &*self.table.definition;
            let property = definition.key(TypeId::of::<K>()).map(|index| definition.indexes[index].property());
            let value = key.value_at(&[]).to_value();
            Error::NotFound {
                type_name: P::NAME,
                what: format!("has {} = {value}", property.as_deref().unwrap_or("the key")),
            }
        })
    }

    /// All rows that the query finds, in its order.
    ///
    /// Fails if any of these rows does not decode; a [`stream`](Self::stream) continues after such a row.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 4)]).await?;
    /// let m = Member::props();
    /// let two = members.find(Member::query().filter(m.num_cats.ge(2)).order_by(m.username.desc()).limit(2)).await?;
    /// assert_eq!(two[0].username, Username("cec".into()));
    /// assert_eq!(two.len(), 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn find(&self, query: Query<P>) -> Result<Vec<PState<P>>, Error> {
        let select = self.table.selected(Kind::of::<P>(), query.into_select())?;
        self.select(select).await
    }

    /// The states that a selection finds. The selection is already scoped.
    pub(super) async fn select(&self, select: Select) -> Result<Vec<PState<P>>, Error> {
        let table = &self.table;
        // A page is allocated at once. A limit may be any number, so it does not decide how much is allocated.
        let states = Vec::with_capacity(select.limit.map_or(0, |rows| rows.min(64) as usize));
        let mut found = CollectStates { table, states };
        table.find(Kind::of::<P>(), select, &mut found).await?;
        Ok(found.states)
    }

    /// The first row that the query finds, if any.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let most_cats = members.first(Member::query().order_by(Member::props().num_cats.desc())).await?;
    /// assert_eq!(most_cats.unwrap().num_cats, 3);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn first(&self, query: Query<P>) -> Result<Option<PState<P>>, Error> {
        let query = if query.select().limit == Some(0) { query } else { query.limit(1) };
        Ok(self.find(query).await?.pop())
    }

    /// The only row that the query finds. Fails with [`Error::NotFound`] if it finds none, and with [`Error::NotUnique`] if it
    /// finds several.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let m = Member::props();
    /// assert_eq!(members.exactly_one(Member::query().filter(m.num_cats.gt(2))).await?.num_cats, 3);
    /// assert!(matches!(members.exactly_one(Member::query().all()).await, Err(Error::NotUnique { .. })));
    /// assert!(members.exactly_one(Member::query().filter(m.num_cats.gt(3))).await.unwrap_err().is_not_found());
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn exactly_one(&self, query: Query<P>) -> Result<PState<P>, Error> {
        let at_most = query.select().limit.map_or(2, |limit| limit.min(2));
        let mut states = self.find(query.limit(at_most)).await?.into_iter();
        match (states.next(), states.next()) {
            (Some(state), None) => Ok(state),
            (None, _) => Err(Error::NotFound { type_name: P::NAME, what: "satisfies the query".to_owned() }),
            (Some(_), Some(_)) => Err(Error::NotUnique { type_name: P::NAME }),
        }
    }

    /// The number of rows that the query finds, within its offset and limit. Decodes nothing.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// commenters.create(commenter("cec")).await?;
    /// assert_eq!(users.count(User::query().all()).await?, 3);
    /// assert_eq!(members.count(Member::query().all()).await?, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn count(&self, query: Query<P>) -> Result<u64, Error> {
        self.table.count(Kind::of::<P>(), query.into_select()).await
    }

    /// Whether the query finds any row. Decodes nothing.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// assert!(members.exists(Member::query().filter(Member::props().num_cats.eq(2))).await?);
    /// assert!(!commenters.exists(Commenter::query().all()).await?);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn exists(&self, query: Query<P>) -> Result<bool, Error> {
        self.table.exists(Kind::of::<P>(), query.into_select()).await
    }

    /// The rows that the query finds, one by one, in its order. A row that does not decode yields an error, and the stream
    /// continues after it.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let mut all = users.stream(User::query().all());
    /// while let Some(user) = all.next().await {
    ///     println!("{:?}", user?.get());
    /// }
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn stream(&self, query: Query<P>) -> PStates<P, B> {
        PStates::new(self.table.clone(), query)
    }

    /// How the back end would run the query, with a [warning](Explanation::warning) if no index serves it.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let m = Member::props();
    /// let plan = members.explain(Member::query().filter(m.num_cats.eq(2)).order_by(m.username.asc())).await?;
    /// assert_eq!(plan.index(), Some("user.Member.num_cats+username.index"));
    /// assert!(plan.ordered_by_access);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn explain(&self, query: Query<P>) -> Result<Explanation, Error> {
        self.table.explain(Kind::of::<P>(), query.into_select()).await
    }
}
