//! A back end that is chosen at run time by an address: an enum over the other back ends.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use longevity_core::backend::{
    AllWritten, Backend, Before, BrokenIndex, Capabilities, DecodeError, Give, GiveValues, Inspection, Lookup, Profile,
    Session, Transaction, TransactionMode, Write, WriteFailure, Writes, Written,
};
use longevity_core::backend::{InPlace, Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, ErrorKind, Explanation, Row, RowContent, RowId, Timestamp, Value};

/// Defines the enums, and forwards each operation to the back end that was chosen.
macro_rules! any {
    // The rows of the chosen back end, or of a transaction of it.
    (@session $session:ident, $own:ident; $($(#[$feature:meta])* $variant:ident, $backend:ty;)*) => {
        #[allow(unreachable_patterns, reason = "with one back end there is no other")]
        impl Session for $session {
            type Document = AnyDocument;
            type Table = AnyTable;
            type Rows = AnyRows;

            async fn write(
                &self,
                table: &AnyTable,
                writes: Writes<'_, AnyDocument>,
            ) -> Result<AllWritten<AnyDocument>, (usize, WriteFailure)> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        let own = |content| match content {
                            RowContent { doc: AnyDocument(OneOf::$variant(doc)), discriminator, columns, written_at } => {
                                Ok(RowContent { doc, discriminator, columns, written_at })
                            }
                            _ => Err(self.another()),
                        };
                        let own = |(position, write)| {
                            let write = match write {
                                Write::Insert(content) => own(content).map(Write::Insert),
                                Write::Replace(target, content) => own(content).map(|own| Write::Replace(target, own)),
                                Write::Delete(target) => Ok(Write::Delete(target)),
                            };
                            write.map_err(|error| (position, error.into()))
                        };
                        let writes = writes.into_iter().enumerate().map(own).collect::<Result<_, _>>()?;
                        let before = |before: Before<_>| before.map(|row| Box::new(with_doc(*row, |doc| AnyDocument(OneOf::$variant(doc)))));
                        let any = |written| match written {
                            Written::Inserted(id) => Written::Inserted(id),
                            Written::Replaced(version, row) => Written::Replaced(version, before(row)),
                            Written::Deleted(row) => Written::Deleted(before(row)),
                        };
                        Ok(rows.write(table, writes).await?.into_iter().map(any).collect())
                    })*
                    _ => Err((0, self.another().into())),
                }
            }

            async fn patch(
                &self,
                table: &AnyTable,
                lookup: Lookup<'_>,
                changes: &[InPlace],
                written_at: Option<Timestamp>,
            ) -> Result<Option<Row<AnyDocument>>, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        let row = rows.patch(table, lookup, changes, written_at).await?;
                        Ok(row.map(|row| with_doc(row, |doc| AnyDocument(OneOf::$variant(doc)))))
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn get(&self, table: &AnyTable, lookup: Lookup<'_>) -> Result<Option<Row<AnyDocument>>, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        let row = rows.get(table, lookup).await?;
                        Ok(row.map(|row| with_doc(row, |doc| AnyDocument(OneOf::$variant(doc)))))
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn find_each(
                &self,
                table: &AnyTable,
                select: Select,
                give: &mut dyn Give<AnyDocument>,
            ) -> Result<(), Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        // All rows share one wrapped row: its document keeps its allocations.
                        let mut lent = None;
                        let wrapped = |give: &mut dyn Give<AnyDocument>, row: &Row<<$backend as Session>::Document>| {
                            let wrap = || with_doc(row.clone(), |doc| AnyDocument(OneOf::$variant(doc)));
                            let lent = lent.get_or_insert_with(wrap);
                            let Row { id, version, discriminator, doc, created_at, updated_at } = lent;
                            (*id, *version) = (row.id, row.version);
                            (*created_at, *updated_at) = (row.created_at, row.updated_at);
                            discriminator.clone_from(&row.discriminator);
                            match &mut doc.0 {
                                OneOf::$variant(doc) => doc.clone_from(&row.doc),
                                _ => return Err(self.another()),
                            }
                            give.give(lent)
                        };
                        rows.find_each(table, select, &mut Wrapped { give, wrapped }).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn find_values(
                &self,
                table: &AnyTable,
                select: Select,
                projection: &Projection<'_>,
                give: &mut GiveValues<'_>,
            ) -> Result<(), Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        rows.find_values(table, select, projection, give).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn count(&self, table: &AnyTable, predicate: Predicate) -> Result<u64, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        rows.count(table, predicate).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn exists(&self, table: &AnyTable, predicate: Predicate) -> Result<bool, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        rows.exists(table, predicate).await
                    })*
                    _ => Err(self.another()),
                }
            }

            fn stream(&self, table: &AnyTable, select: Select) -> AnyRows {
                AnyRows(match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        Rows::$variant(Box::new(rows.stream(table, select)))
                    })*
                    _ => Rows::Failed(Some(self.another())),
                })
            }

            async fn explain(&self, table: &AnyTable, select: Select) -> Result<Explanation, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* ($own::$variant(rows), Table::$variant(table)) => {
                        rows.explain(table, select).await
                    })*
                    _ => Err(self.another()),
                }
            }
        }
    };
    ($($(#[$feature:meta])* $variant:ident, $backend:ty, [$uri:literal $(, $other:literal)*], |$text:ident| $open:expr;)*) => {
        /// A back end that is chosen at run time.
        ///
        /// | address | back end | feature |
        /// | --- | --- | --- |
        /// | `mem:` | `Mem`, empty at first | `mem` |
        /// | `mongodb://host/blog`, `mongodb+srv://host/blog` | `Mongo` | `mongo` |
        /// | `sqlite:blog.db`, `sqlite:/var/lib/blog.db`, `sqlite::memory:` | `Sqlite` | `sqlite` |
        ///
        /// ```
        /// use longevity::prelude::*;
        /// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        /// # struct Note { text: String }
        /// # #[derive(DomainModel)]
        /// # #[domain_model(Note)]
        /// # struct Notes;
        ///
        /// # async fn program() -> Result<(), Error> {
        /// let text = std::env::var("STORE").unwrap_or("mem:".to_owned());
        /// let store = Longevity::<Notes, _>::open(text.parse::<AnyBackend>()?).await?;
        /// store.create_schema().await?;
        /// store.repo::<Note>().create(Note { text: "hello".to_owned() }).await?;
        /// # Ok(())
        /// # }
        /// # longevity::blocking::block_on(program())?;
        ///
        /// let error = "oracle:blog".parse::<AnyBackend>().unwrap_err();
        /// assert!(error.to_string().contains("`mem:`"), "{error}");
        /// # Ok::<(), Error>(())
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each is the back end of its name")]
        pub enum AnyBackend {
            $($(#[$feature])* $variant($backend),)*
        }

        /// A document of the chosen back end.
        #[derive(Clone, Debug)]
        pub struct AnyDocument(OneOf);

        #[derive(Clone, Debug)]
        enum OneOf {
            $($(#[$feature])* $variant(<$backend as Session>::Document),)*
        }

        /// A table of the chosen back end.
        pub struct AnyTable(Table);

        enum Table {
            $($(#[$feature])* $variant(<$backend as Session>::Table),)*
        }

        /// A transaction of the chosen back end.
        pub struct AnyTransaction {
            own: Transactions,
            name: &'static str,
        }

        enum Transactions {
            $($(#[$feature])* $variant(<$backend as Backend>::Transaction),)*
        }

        /// The rows of a stream of the chosen back end.
        pub struct AnyRows(Rows);

        enum Rows {
            $($(#[$feature])* $variant(Box<<$backend as Session>::Rows>),)*
            Failed(Option<Error>),
        }

        impl FromStr for AnyBackend {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let known: &[&str] = &[$($(#[$feature])* concat!("`", $uri, "`"),)*];
                $($(#[$feature])* if [$uri $(, $other)*].iter().any(|uri| text.starts_with(uri)) {
                    let $text = text;
                    return Ok(Self::$variant($open));
                })*
                Err(unknown(text, &known.join(", ")))
            }
        }

        any! { @session AnyBackend, AnyBackend; $($(#[$feature])* $variant, $backend;)* }
        any! { @session AnyTransaction, Transactions; $($(#[$feature])* $variant, $backend;)* }

        #[allow(unreachable_patterns, reason = "with one back end there is no other")]
        impl Backend for AnyBackend {
            type Transaction = AnyTransaction;

            const NAME: &'static str = "any";

            fn name(&self) -> &'static str {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => backend.name(),)*
                }
            }

            fn profile(&self) -> Profile {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => backend.profile(),)*
                }
            }

            fn capabilities(&self) -> Capabilities {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => backend.capabilities(),)*
                }
            }

            fn encode<T: Encodable>(&self, value: &T) -> Result<AnyDocument, Error> {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => Ok(AnyDocument(OneOf::$variant(backend.encode(value)?))),)*
                }
            }

            fn decode<T: Encodable>(&self, doc: &AnyDocument) -> Result<T, DecodeError> {
                match (self, &doc.0) {
                    $($(#[$feature])* (Self::$variant(backend), OneOf::$variant(doc)) => backend.decode(doc),)*
                    _ => Err(DecodeError { path: String::new(), source: ANOTHER.into() }),
                }
            }

            fn read(&self, doc: &AnyDocument, property: &PropertyReader) -> Result<Value, DecodeError> {
                match (self, &doc.0) {
                    $($(#[$feature])* (Self::$variant(backend), OneOf::$variant(doc)) => backend.read(doc, property),)*
                    _ => Err(DecodeError { path: String::new(), source: ANOTHER.into() }),
                }
            }

            async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<AnyTable>, Error> {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => {
                        let tables = backend.open(definitions).await?;
                        Ok(tables.into_iter().map(|table| AnyTable(Table::$variant(table))).collect())
                    })*
                }
            }

            async fn create_schema(&self, tables: &[&AnyTable]) -> Result<(), Error> {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => {
                        let own = self.own_tables(tables, |table| match table {
                            Table::$variant(table) => Some(table),
                            _ => None,
                        })?;
                        backend.create_schema(&own).await
                    })*
                }
            }

            async fn insert_with_targets(
                &self,
                table: &AnyTable,
                content: RowContent<AnyDocument>,
                targets: &[(&AnyTable, Lookup<'_>)],
            ) -> Result<Option<RowId>, WriteFailure> {
                let RowContent { discriminator, doc, columns, written_at } = content;
                match (self, &table.0, doc.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table), OneOf::$variant(doc)) => {
                        let content = RowContent { discriminator, doc, columns, written_at };
                        let mut own = Vec::with_capacity(targets.len());
                        for (table, lookup) in targets {
                            match &table.0 {
                                Table::$variant(table) => own.push((table, *lookup)),
                                _ => return Err(self.another().into()),
                            }
                        }
                        backend.insert_with_targets(table, content, &own).await
                    })*
                    _ => Err(self.another().into()),
                }
            }

            async fn enforce_references(&self, tables: &[&AnyTable]) -> Result<(), Error> {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => {
                        let own = self.own_tables(tables, |table| match table {
                            Table::$variant(table) => Some(table),
                            _ => None,
                        })?;
                        backend.enforce_references(&own).await
                    })*
                }
            }

            async fn undeclared_keys(&self, table: &AnyTable) -> Result<Vec<String>, Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.undeclared_keys(table).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn drop_undeclared_keys(&self, table: &AnyTable) -> Result<Vec<String>, Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.drop_undeclared_keys(table).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn inspect(
                &self,
                table: &AnyTable,
                after: Option<RowId>,
                limit: usize,
            ) -> Result<Inspection, Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.inspect(table, after, limit).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn inspect_indexes(&self, table: &AnyTable) -> Result<Vec<BrokenIndex>, Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.inspect_indexes(table).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn rebuild(&self, table: &AnyTable, rows: &[RowId]) -> Result<(), Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.rebuild(table, rows).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn rebuild_indexes(&self, table: &AnyTable) -> Result<(), Error> {
                match (self, &table.0) {
                    $($(#[$feature])* (Self::$variant(backend), Table::$variant(table)) => {
                        backend.rebuild_indexes(table).await
                    })*
                    _ => Err(self.another()),
                }
            }

            async fn begin(&self, mode: TransactionMode) -> Result<AnyTransaction, Error> {
                let own = match self {
                    $($(#[$feature])* Self::$variant(backend) => Transactions::$variant(backend.begin(mode).await?),)*
                };
                Ok(AnyTransaction { own, name: self.name() })
            }

            async fn back_off(&self, tries: usize) {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => backend.back_off(tries).await,)*
                }
            }

            fn block_on<F: Future>(&self, future: F) -> F::Output {
                match self {
                    $($(#[$feature])* Self::$variant(backend) => backend.block_on(future),)*
                }
            }
        }

        #[allow(unreachable_patterns, reason = "with one back end there is no other")]
        impl Transaction for AnyTransaction {
            async fn commit(&self) -> Result<(), Error> {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.commit().await,)*
                }
            }

            async fn rollback(&self) -> Result<(), Error> {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.rollback().await,)*
                }
            }

            fn abandon(&self) {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.abandon(),)*
                }
            }

            async fn hold(&self, table: &AnyTable, keys: &[Lookup<'_>]) -> Result<bool, Error> {
                match (self.own(), &table.0) {
                    $($(#[$feature])* (Transactions::$variant(rows), Table::$variant(table)) => {
                        rows.hold(table, keys).await
                    })*
                    _ => Err(self.another()),
                }
            }

            fn savepoint(&self) -> Result<(), Error> {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.savepoint(),)*
                }
            }

            fn release(&self, depth: usize) -> Result<(), Error> {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.release(depth),)*
                }
            }

            fn undo(&self, depth: usize) {
                match self.own() {
                    $($(#[$feature])* Transactions::$variant(transaction) => transaction.undo(depth),)*
                }
            }
        }

        impl Stream for AnyRows {
            type Item = Result<Row<AnyDocument>, Error>;

            fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                match &mut self.0 {
                    $($(#[$feature])* Rows::$variant(rows) => Pin::new(&mut **rows).poll_next(context).map(|row| {
                        row.map(|row| row.map(|row| with_doc(row, |doc| AnyDocument(OneOf::$variant(doc)))))
                    }),)*
                    Rows::Failed(error) => Poll::Ready(error.take().map(Err)),
                }
            }
        }
    };
}

any! {
    #[cfg(feature = "mem")] Mem, crate::Mem, ["mem:"], |_text| crate::Mem::new();
    #[cfg(feature = "mongo")] Mongo, crate::Mongo, ["mongodb://", "mongodb+srv://"], |text| crate::Mongo::from_uri(text)?;
    #[cfg(feature = "sqlite")] Sqlite, crate::Sqlite, ["sqlite:"], |text| crate::Sqlite::from_uri(text)?;
}

/// How the addresses of each back end begin, and the feature that includes the back end.
const FEATURES: [(&str, &str); 4] =
    [("mem:", "mem"), ("mongodb://", "mongo"), ("mongodb+srv://", "mongo"), ("sqlite:", "sqlite")];

/// The error for an address of a back end that this program does not know. It quotes no part of the address: text that is not an
/// address may be a secret from its first letter.
fn unknown(text: &str, known: &str) -> Error {
    let problem = match FEATURES.iter().find(|(scheme, _)| text.starts_with(scheme)) {
        Some((scheme, feature)) => {
            format!("this program knows {known}; for `{scheme}`, build it with longevity's feature `{feature}`")
        }
        None => format!("this program knows {known}, and the address begins with none of them"),
    };
    Error::Connection { kind: ErrorKind::Permanent, source: problem.into() }
}

const ANOTHER: &str = "it received a document or a table of another back end";

impl AnyBackend {
    fn own(&self) -> &Self {
        self
    }

    /// The chosen back end's own tables.
    fn own_tables<'a, T>(
        &self,
        tables: &[&'a AnyTable],
        own: impl Fn(&'a Table) -> Option<&'a T>,
    ) -> Result<Vec<&'a T>, Error> {
        tables.iter().map(|table| own(&table.0).ok_or_else(|| self.another())).collect()
    }

    fn another(&self) -> Error {
        Error::Backend { backend: self.name(), kind: ErrorKind::Permanent, source: ANOTHER.into() }
    }
}

impl AnyTransaction {
    fn own(&self) -> &Transactions {
        &self.own
    }

    fn another(&self) -> Error {
        Error::Backend { backend: self.name, kind: ErrorKind::Permanent, source: ANOTHER.into() }
    }
}

/// Takes the rows of the chosen back end, and passes each on as a row of any back end.
struct Wrapped<'a, F> {
    give: &'a mut dyn Give<AnyDocument>,
    wrapped: F,
}

impl<D, F: FnMut(&mut dyn Give<AnyDocument>, &Row<D>) -> Result<(), Error> + Send> Give<D> for Wrapped<'_, F> {
    fn give(&mut self, row: &Row<D>) -> Result<(), Error> {
        (self.wrapped)(self.give, row)
    }

    fn expect(&mut self, rows: usize) {
        self.give.expect(rows);
    }
}

fn with_doc<D, E>(row: Row<D>, change: impl FnOnce(D) -> E) -> Row<E> {
    let Row { id, version, discriminator, doc, created_at, updated_at } = row;
    Row { id, version, discriminator, doc: change(doc), created_at, updated_at }
}

impl fmt::Debug for AnyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyTable").finish_non_exhaustive()
    }
}

impl fmt::Debug for AnyTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyTransaction").field("backend", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for AnyRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyRows").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn an_address_whose_feature_is_off_names_the_feature_and_nothing_of_the_address() {
        let error = unknown("mongodb://ann:s3cret@host/blog", "`mem:`").to_string();
        assert!(error.ends_with("for `mongodb://`, build it with longevity's feature `mongo`"), "{error}");
        assert!(!unknown("s3cret", "`mem:`").to_string().contains("s3cret"));
    }
}
