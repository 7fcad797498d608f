//! A back end that checks the encoding of whatever it is given, and keeps it in memory.

use std::future::Future;
use std::sync::Arc;

use longevity::backend::{Backend, Capabilities, DecodeError, Lookup, Target, Write, WriteFailure};
use longevity::encoding::{PropertyReader, from_value};
use longevity::query::{Predicate, Select};
use longevity::table::TableDefinition;
use longevity::{Document, Error, Explanation, Mem, Row, RowContent, RowId, Value};

use crate::json::{decode, encode};
use crate::{hostile, readers};

type Doc = <Mem as Backend>::Doc;
type Table = <Mem as Backend>::Table;

pub(crate) struct Checks(pub(crate) Mem);

impl Backend for Checks {
    type Doc = Doc;
    type Table = Table;
    type Rows = <Mem as Backend>::Rows;

    const NAME: &'static str = "checks";

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn encode<T: Document>(&self, value: &T) -> Result<Doc, Error> {
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

    fn decode<T: Document>(&self, doc: &Doc) -> Result<T, DecodeError> {
        self.0.decode(doc)
    }

    fn read(&self, doc: &Doc, property: &PropertyReader) -> Result<Value, DecodeError> {
        self.0.read(doc, property)
    }

    fn open(&self, definitions: &[Arc<TableDefinition>]) -> impl Future<Output = Result<Vec<Table>, Error>> + Send {
        self.0.open(definitions)
    }

    fn create_schema(&self, table: &Table) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.create_schema(table)
    }

    fn undeclared_keys(&self, table: &Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.0.undeclared_keys(table)
    }

    fn drop_undeclared_keys(&self, table: &Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.0.drop_undeclared_keys(table)
    }

    fn insert(
        &self,
        table: &Table,
        content: RowContent<Doc>,
    ) -> impl Future<Output = Result<RowId, WriteFailure>> + Send {
        self.0.insert(table, content)
    }

    fn insert_many(
        &self,
        table: &Table,
        contents: Vec<RowContent<Doc>>,
    ) -> impl Future<Output = Result<Vec<RowId>, (usize, WriteFailure)>> + Send {
        self.0.insert_many(table, contents)
    }

    fn replace(
        &self,
        table: &Table,
        target: Target<'_>,
        content: RowContent<Doc>,
    ) -> impl Future<Output = Result<u64, WriteFailure>> + Send {
        self.0.replace(table, target, content)
    }

    fn delete(&self, table: &Table, target: Target<'_>) -> impl Future<Output = Result<(), WriteFailure>> + Send {
        self.0.delete(table, target)
    }

    fn write_many(
        &self,
        table: &Table,
        writes: Vec<Write<'_, Doc>>,
    ) -> impl Future<Output = Result<(), (usize, WriteFailure)>> + Send {
        self.0.write_many(table, writes)
    }

    fn get(&self, table: &Table, lookup: Lookup<'_>) -> impl Future<Output = Result<Option<Row<Doc>>, Error>> + Send {
        self.0.get(table, lookup)
    }

    fn find(&self, table: &Table, select: Select) -> impl Future<Output = Result<Vec<Row<Doc>>, Error>> + Send {
        self.0.find(table, select)
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
