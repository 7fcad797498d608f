//! Fetching what references lead to, in a bounded number of round trips.

use std::any::TypeId;

use super::references::{Found, References, WithTargets, distinct, read};
use super::{Repo, Retrieval};
use crate::backend::Backend;
use crate::engine::{Kind, Table, undecoded};
use crate::error::Error;
use crate::persistent::{PersistentType, Reference};
use crate::query::Query;
use crate::select::{Predicate, Select};
use crate::state::PState;

/// How many keys one query asks for.
const KEYS_AT_ONCE: usize = 1000;

/// Fetches targets from the store of a table, in the table's transaction.
#[doc(hidden)]
pub struct Fetcher<'a, B: Backend> {
    table: &'a Table<B>,
}

impl<B: Backend> Clone for Fetcher<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Fetcher<'_, B> {}

impl<B: Backend> std::fmt::Debug for Fetcher<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl<B: Backend> Fetcher<'_, B> {
    /// The states that have these keys. The keys must be distinct.
    pub(super) async fn states<K: Reference>(self, keys: Vec<K>) -> Result<Found<K>, Error> {
        let table = self.table.of_root(TypeId::of::<<K::Target as PersistentType>::Root>());
        let Some(table) = table else {
            let problem = "a reference leads to it, but it is not in the domain model: add it to `#[domain_model(..)]`"
                .to_owned();
            return Err(Error::InvalidModel { type_name: <K::Target as PersistentType>::Root::NAME, problem });
        };
        Repo::<K::Target, B>::new(table).by_keys(keys).await
    }
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// The state that has this key, if there is one.
    pub(crate) fn into_fetch<K: Reference<Target = P>>(self, key: &K) -> Retrieval<'_, Option<PState<P>>> {
        Box::pin(async move { self.retrieve_key(key).await })
    }

    /// The states that have these keys, by key.
    pub(crate) fn fetch_all<'a, K: Reference<Target = P>>(
        self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> impl Future<Output = Result<Found<K>, Error>> + Send {
        let keys = distinct(keys);
        async move { self.by_keys(keys).await }
    }

    /// The states that have these keys. The keys must be distinct.
    async fn by_keys<K: Reference<Target = P>>(&self, keys: Vec<K>) -> Result<Found<K>, Error> {
        let mut found = Found::<K>::with_capacity(keys.len());
        if let [key] = &*keys {
            found.extend(self.retrieve_key(key).await?.map(|state| (key.clone(), state)));
            return Ok(found);
        }
        let key = &self.table.definition.indexes[self.position_of::<K>()?];
        let path = key.properties.first().ok_or_else(Self::no_key::<K>)?;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let operands = keys.iter().map(|key| key.value_at(&[]).to_value()).collect();
            let select = Select::of(Predicate::In { path: path.clone(), operands, negated: false });
            let states = self.select(self.table.selected(Kind::of::<P>(), select)?).await?;
            found.extend(states.into_iter().map(|state| (K::of(&state.value).clone(), state)));
        }
        Ok(found)
    }

    /// All rows that the query finds, in its order, each with what the references lead to: a state, `None` or a list; see
    /// [`Refers::Targets`](crate::Refers::Targets). Pass several references as a tuple.
    ///
    /// Costs the query and, for each reference, one more query for up to 1,000 distinct keys, never one for each row. Another
    /// task may change a target between these queries. In a [snapshot](crate::Longevity::snapshot), all of them see the same
    /// moment.
    ///
    /// Fails with [`Error::InvalidModel`] if a target's type is not in the domain model.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_references.txt")]
    /// let b = Book::props();
    /// let query = Book::query().order_by(b.code.asc());
    /// for (book, author) in books.find_with(query.clone(), &b.author).await? {
    ///     assert_eq!(author.unwrap().name, book.author);
    /// }
    ///
    /// let found = books.find_with(query, (&b.author, &b.editors)).await?;
    /// let (book, (author, editors)) = &found[0];
    /// assert_eq!((book.code.0, author.is_some(), editors.len()), (1, true, 2));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn find_with<R: References<P>>(
        &self,
        query: Query<P>,
        references: R,
    ) -> Result<WithTargets<P, R>, Error> {
        self.with_targets(self.find(query).await?, references).await
    }

    /// The states, each with what the references lead to, as [`find_with`](Self::find_with) does for the rows of a query. Use it
    /// for states that you already have, such as those of a page or a stream.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_references.txt")]
    /// let b = Book::props();
    /// let page = books.page(Book::query().order_by(b.code.desc()).limit(1), None).await?;
    /// let with_editors = books.with_targets(page.states, b.editors).await?;
    /// let (book, editors) = &with_editors[0];
    /// assert_eq!((book.code.0, editors.len()), (2, 1));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn with_targets<R: References<P>>(
        &self,
        states: impl IntoIterator<Item = PState<P>>,
        references: R,
    ) -> Result<WithTargets<P, R>, Error> {
        let states: Vec<_> = states.into_iter().collect();
        let mut sources = Vec::new();
        references.sources(&mut sources);
        drop(references);
        let kind = Kind::of::<P>();
        let of = states
            .iter()
            .map(|state| read::<P, R>(&sources, state).map_err(|error| undecoded(kind, state.id(), error)));
        let of = of.collect::<Result<Vec<_>, _>>()?;
        let targets = R::targets(of, Fetcher { table: &self.table }).await?;
        Ok(states.into_iter().zip(targets).collect())
    }
}
