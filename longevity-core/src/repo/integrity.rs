//! References with integrity: who refers to a persistent, and keys that get another meaning.

use std::any::TypeId;

use super::write::{content_of, ensure_stable};
use super::{Repo, WriteError, state_of};
use crate::backend::{Backend, Write, WriteFailure, Writes, Written};
use crate::encoding::PropertyReader;
use crate::engine::{Kind, Renamed, Table};
use crate::error::Error;
use crate::persistent::{KeyFor, PersistentType, Reference};
use crate::row::Row;
use crate::state::{PState, RowMetadata};
use crate::value::Value;

/// How many rows refer to a persistent by one property. Comes from [`Repo::referrers`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Referrers {
    /// The type that declares the reference.
    pub type_name: &'static str,
    /// The property, by its stored names.
    pub property: String,
    /// The number of rows.
    pub count: u64,
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Whether a reference with integrity leads to the persistent.
    ///
    /// Costs one question to the store for each declared reference, until one of them is answered with yes.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let bob = persons.retrieve_one(&name("bob")).await?;
    /// assert!(persons.is_referenced(&bob).await?);
    /// books.delete_where(Book::query().all()).await?;
    /// assert!(!persons.is_referenced(&bob).await?);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn is_referenced(&self, state: &PState<P>) -> Result<bool, Error> {
        let table = &self.table;
        for (link, key) in table.links_to(state.value.variant(), &|path| state.value.value_at(path)) {
            if table.has_referrer(&link, &key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// By which properties rows refer to the persistent with integrity, and how many do. A property by which no row refers is
    /// not in the list. [`find_referring`](Self::find_referring) finds the rows.
    ///
    /// Costs one question to the store for each declared reference.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let ann = persons.retrieve_one(&name("ann")).await?;
    /// let referrers = persons.referrers(&ann).await?;
    /// assert_eq!((referrers[0].type_name, &*referrers[0].property, referrers[0].count), ("Book", "author", 1));
    /// assert_eq!((referrers[1].type_name, &*referrers[1].property, referrers[1].count), ("Book", "editors[]", 2));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn referrers(&self, state: &PState<P>) -> Result<Vec<Referrers>, Error> {
        let table = &self.table;
        let mut referrers = Vec::new();
        for (link, key) in table.links_to(state.value.variant(), &|path| state.value.value_at(path)) {
            let count = table.number_of_referrers(&link, &key).await?;
            if count > 0 {
                let (type_name, property) = (link.reference.declared_by, link.reference.to_string());
                referrers.push(Referrers { type_name, property, count });
            }
        }
        Ok(referrers)
    }

    /// The persistents that refer to this key value by a reference with integrity, each once.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let by_ann_or_edited_by_ann = books.find_referring(&name("ann")).await?;
    /// assert_eq!(by_ann_or_edited_by_ann.len(), 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn find_referring<K: Reference>(&self, key: &K) -> Result<Vec<PState<P>>, Error> {
        self.find_referring_untyped(TypeId::of::<K>(), &key.value_at(&[]).to_value()).await
    }

    /// The same for a key value whose type is not named; for the test kit.
    #[doc(hidden)]
    pub async fn find_referring_untyped(&self, key_val: TypeId, key: &Value) -> Result<Vec<PState<P>>, Error> {
        let table = &self.table;
        let rows = table.rows_referring(Kind::of::<P>(), key_val, key).await?;
        rows.iter().map(|row| state_of(table, row)).collect()
    }

    /// Gives the persistent another key value, and changes all references with integrity that lead to it: the persistent is the
    /// right one, and its key value was wrong. All of it is done in one transaction, and raises the row version of each row
    /// that refers.
    ///
    /// On failure nothing is changed, and the error holds the state that was passed in. Fails as [`update`](Self::update) does.
    /// A primary key never changes, nor does that of a row that refers. If the key value is a part of a key of a row that refers,
    /// and others refer to that key in turn, the error is [`Error::Referenced`].
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let ann = persons.retrieve_one(&name("ann")).await?;
    /// persons.rename_key(ann, name("anna")).await?;
    /// let book = books.retrieve_one(&Code(1)).await?;
    /// assert_eq!((&book.author, book.editors.contains(&name("anna"))), (&name("anna"), true));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn rename_key<K: KeyFor<P>>(&self, state: PState<P>, key: K) -> Result<PState<P>, WriteError<P>> {
        let renamed = self.table.in_transaction(|table| renamed(table, &state, &key)).await;
        self.with_origin(renamed, state)
    }

    /// Gives the persistent the key value of another one, which gets this one's key value in exchange. References stay as they
    /// are: the key value is the right one, and it had the wrong persistent. From then on, each reference to it leads to
    /// `state`. Both rows are written in one transaction. If no persistent has the key value, only `state` is written.
    ///
    /// On failure nothing is changed, and the error holds the state that was passed in. Fails as [`update`](Self::update) does,
    /// and with [`Error::Referenced`] if a reference does not allow the type of its new target. A primary key never changes.
    /// Through the repository of a derived type, the key value of another type is taken: [`Error::DuplicateKey`].
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let cec = persons.create(Person { name: name("cec") }).await?;
    /// let id = cec.id();
    /// persons.repoint(&name("ann"), cec).await?;
    /// // The book refers to the same key value, which another row has now.
    /// let book = books.retrieve_one(&Code(1)).await?;
    /// assert_eq!(store.fetch(&book.author).await?.unwrap().id(), id);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn repoint<K: KeyFor<P>>(&self, key: &K, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        let repointed = self.table.in_transaction(|table| repointed(table, key, &state)).await;
        self.with_origin(repointed, state)
    }

    /// The written state, as one of this repository's transaction.
    fn with_origin(&self, written: Result<PState<P>, Error>, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        match written {
            Ok(PState { value, metadata }) => {
                Ok(PState { value, metadata: RowMetadata { origin: self.table.origin(), ..metadata } })
            }
            Err(error) => Err(WriteError::new(error, state)),
        }
    }
}

async fn renamed<P: PersistentType, K: KeyFor<P>, B: Backend>(
    table: Table<B>,
    state: &PState<P>,
    key: &K,
) -> Result<PState<P>, Error> {
    let within = async {
        let stored = stored(&table, state).await?;
        let old = stored_key::<K, B>(&table, &stored)?;
        let renamed = Renamed { key_val: TypeId::of::<K>(), old, new: key.value_at(&[]).to_value() };
        let mut value = state.value.clone();
        key.clone().put(&mut value);
        let position = value.variant();
        let mut whole = value.value_at(&[]).to_value();
        table.rename_own(position, &renamed, &mut whole);
        let value = P::of_value::<B>(position, whole);
        let value = value.map_err(|failure| table.undecodable(Kind::of::<P>(), &stored, failure))?;
        ensure_stable(&table, &state.metadata, &value)?;
        let content = content_of(&table, &value)?;
        let updated_at = content.written_at.or(state.metadata.updated_at);
        let target = table.target(Kind::of::<P>(), &state.metadata, table.options.optimistic_locking);
        let writes = Writes::from_iter([Write::Replace(target, content)]);
        let version = written(&table, "rename_key", writes, Some(&renamed), &[(&state.metadata, &value)]).await?;
        Ok(PState { metadata: RowMetadata { version, updated_at, ..state.metadata.clone() }, value })
    };
    within.await.map_err(|error| table.refused(error))
}

async fn repointed<P: PersistentType, K: KeyFor<P>, B: Backend>(
    table: Table<B>,
    key: &K,
    state: &PState<P>,
) -> Result<PState<P>, Error> {
    let within = async {
        let kind = Kind::of::<P>();
        let repo = Repo::<P, B>::new(table.clone());
        let mut value = state.value.clone();
        key.clone().put(&mut value);
        let stored = state_of::<P, B>(&table, &stored(&table, state).await?)?;
        let other = repo.retrieve_key(key).await?.filter(|other| other.id() != state.id());
        let other = other.map(|other| {
            let former = K::of(&stored.value).clone();
            other.modify(|other| former.put(other))
        });
        let mut rows = vec![(&state.metadata, &value)];
        rows.extend(other.as_ref().map(|other| (&other.metadata, &other.value)));
        let mut writes = Writes::with_capacity(2);
        for (position, (metadata, value)) in rows.iter().enumerate() {
            ensure_stable(&table, metadata, *value)?;
            // The other row was just read.
            let locking = position > 0 || table.options.optimistic_locking;
            writes.push(Write::Replace(table.target(kind, metadata, locking), content_of(&table, *value)?));
        }
        let written_at = writes.first().and_then(|write| write.content()?.written_at);
        let version = written(&table, "repoint", writes, None, &rows).await?;
        let updated_at = written_at.or(state.metadata.updated_at);
        Ok(PState { metadata: RowMetadata { version, updated_at, ..state.metadata.clone() }, value })
    };
    within.await.map_err(|error| table.refused(error))
}

/// Does the writes, and returns the new version of the first row.
async fn written<P: PersistentType, B: Backend>(
    table: &Table<B>,
    operation: &'static str,
    writes: Writes<'_, B::Document>,
    renamed: Option<&Renamed>,
    rows: &[(&RowMetadata, &P)],
) -> Result<u64, Error> {
    let kind = Kind::of::<P>();
    let span = tracing::debug_span!("update", operation, "type" = kind.name, backend = table.backend.name());
    match table.write_and_settle(kind, span, writes, renamed).await {
        Ok(kept) => match kept.written.first() {
            Some(Written::Replaced(version, _)) => Ok(*version),
            _ => Err(table.confused("a replacement has no version".to_owned())),
        },
        Err((position, failure)) => Err(match rows.get(position) {
            Some((metadata, value)) => table.write_error(kind, failure, Some(metadata), &|path| value.value_at(path)),
            None => table.confused(format!("write {position} failed: {failure:?}")),
        }),
    }
}

/// The row of a state, as it is stored.
async fn stored<P: PersistentType, B: Backend>(table: &Table<B>, state: &PState<P>) -> Result<Row<B::Document>, Error> {
    let kind = Kind::of::<P>();
    table.ensure_writable(kind)?;
    let gone = || {
        let value_at = |path: &[_]| state.value.value_at(path);
        table.write_error(kind, WriteFailure::Missing, Some(&state.metadata), &value_at)
    };
    table.row(kind, state.id()).await?.ok_or_else(gone)
}

/// The key value of a row.
fn stored_key<K: 'static, B: Backend>(table: &Table<B>, row: &Row<B::Document>) -> Result<Value, Error> {
    let definition = &*table.definition;
    let unreadable = || table.confused(format!("the key value of the row {} cannot be read", row.id));
    let key = definition.key(TypeId::of::<K>()).and_then(|key| definition.indexes[key].properties.first());
    let variant = definition.variant(row.discriminator.as_deref());
    let reader = variant.zip(key).and_then(|(variant, path)| PropertyReader::new(variant.shape, path));
    table.backend.read(&row.doc, &reader.ok_or_else(unreadable)?).map_err(|_| unreadable())
}
