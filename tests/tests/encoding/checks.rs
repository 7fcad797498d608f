//! A back end that keeps rows in memory and checks the encoding of everything that it is given.

use std::future::Future;
use std::sync::Arc;

use longevity::backend::document::from_value;
use longevity::backend::encoding::{Projection, PropertyReader};
use longevity::backend::table::TableDefinition;
use longevity::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, TransactionMode,
    WriteFailure, Writes,
};
use longevity::backend::{Encodable, Row, Value};
use longevity::backend::{InPlace, Predicate, Select};
use longevity::{Error, Explanation, Mem, Timestamp};

use crate::json::{decode, encode};
use crate::{hostile, readers};

type Document = <Mem as Session>::Document;
type Table = <Mem as Session>::Table;

pub(crate) struct Checks(pub(crate) Mem);

impl Session for Checks {
    type Document = Document;
    type Table = Table;
    type Rows = <Mem as Session>::Rows;

    fn write(
        &self,
        table: &Table,
        writes: Writes<'_, Document>,
    ) -> impl Future<Output = Result<AllWritten<Self::Document>, (usize, WriteFailure)>> + Send {
        self.0.write(table, writes)
    }

    fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<Document>>, Error>> + Send {
        self.0.patch(table, lookup, changes, written_at)
    }

    fn get(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<Document>>, Error>> + Send {
        self.0.get(table, lookup)
    }

    fn find_each(
        &self,
        table: &Table,
        select: Select,
        give: &mut dyn Give<Document>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.find_each(table, select, give)
    }

    fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.find_values(table, select, projection, give)
    }

    fn count(&self, table: &Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send {
        self.0.count(table, predicate)
    }

    fn exists(&self, table: &Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send {
        self.0.exists(table, predicate)
    }

    fn stream(&self, table: &Table, select: Select) -> Self::Rows {
        self.0.stream(table, select)
    }

    fn explain(&self, table: &Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send {
        self.0.explain(table, select)
    }
}

impl Backend for Checks {
    type Transaction = <Mem as Backend>::Transaction;

    const NAME: &'static str = "checks";

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<Document, Error> {
        let text = encode(value);
        let back: T = decode(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let (whole, expected) = (back.value_at(&[]).to_value(), value.value_at(&[]).to_value());
        assert!(whole.is_identical(&expected), "{whole:?} is not {expected:?}");
        let typed: T = from_value(expected.clone()).unwrap_or_else(|error| panic!("{error:?}: {expected:?}"));
        let typed = typed.value_at(&[]).to_value();
        assert!(typed.is_identical(&expected), "{typed:?} is not {expected:?}");
        readers::every_path(&text, &back);
        hostile::mutated::<T>(&text);
        self.0.encode(&back)
    }

    fn decode<T: Encodable>(&self, doc: &Document) -> Result<T, DecodeError> {
        self.0.decode(doc)
    }

    fn read(&self, doc: &Document, property: &PropertyReader) -> Result<Value, DecodeError> {
        self.0.read(doc, property)
    }

    fn open(&self, definitions: &[Arc<TableDefinition>]) -> impl Future<Output = Result<Vec<Table>, Error>> + Send {
        self.0.open(definitions)
    }

    fn create_schema(&self, tables: &[&Table]) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.create_schema(tables)
    }

    fn undeclared_keys(&self, table: &Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.0.undeclared_keys(table)
    }

    fn drop_undeclared_keys(&self, table: &Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.0.drop_undeclared_keys(table)
    }

    fn begin(&self, mode: TransactionMode) -> impl Future<Output = Result<Self::Transaction, Error>> + Send {
        self.0.begin(mode)
    }

    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send {
        self.0.back_off(tries)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}
