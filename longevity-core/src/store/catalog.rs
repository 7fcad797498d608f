//! The store's catalog: what is known about the stored rows, in a table of its own. It exists only where it is needed.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::backend::{Backend, WriteFailure};
use crate::engine::{CATALOG, Kind, StoreTable, Table, Tables};
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::row::Row;
use crate::select::{Predicate, Select};
use crate::shape::{FieldShape, Shape};
use crate::state::RowMetadata;
use crate::storable::{NoFields, Storable, kind};
use crate::table::{TableDefinition, Variant};
use crate::value::{Composite, Path, Step, Value, ValueRef};

const KIND: Kind = Kind { name: "Longevity", scope: None };

const TABLE_STEP: &Step = &Step::new("table");
const REFERENCE_STEP: &Step = &Step::new("reference");
const TARGET_STEP: &Step = &Step::new("target");
const KEY_STEP: &Step = &Step::new("key");

/// A row of the catalog: all rows of the table have been found to have the targets of the reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The table of the rows that refer.
    pub(crate) table: String,
    /// The reference's name.
    pub(crate) reference: String,
    /// The table that it leads to.
    pub(crate) target: String,
    /// The key that it refers to, and the discriminators that a target can have.
    pub(crate) key: String,
}

impl Storable for Entry {
    type Kind = kind::Component;
    type Inner = Self;
    type Optional = Option<Self>;
    type This = Self;
    type Fields<R: 'static> = NoFields;
    const KEYABLE: bool = false;

    fn shape() -> Shape {
        let fields = vec![
            FieldShape::new("table", TABLE_STEP, String::shape),
            FieldShape::new("reference", REFERENCE_STEP, String::shape),
            FieldShape::new("target", TARGET_STEP, String::shape),
            FieldShape::new("key", KEY_STEP, String::shape),
        ];
        Shape::Struct { name: KIND.name, key_of: None, fields }
    }

    fn fields<R: 'static>(_: &Path) -> NoFields {
        NoFields
    }

    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        match path {
            [] => ValueRef::Composite(self),
            [step] if **step == *TABLE_STEP => ValueRef::Text(&self.table),
            [step] if **step == *REFERENCE_STEP => ValueRef::Text(&self.reference),
            [step] if **step == *TARGET_STEP => ValueRef::Text(&self.target),
            [step] if **step == *KEY_STEP => ValueRef::Text(&self.key),
            _ => ValueRef::NONE,
        }
    }
}

impl Composite for Entry {
    fn to_value(&self) -> Value {
        let Self { table, reference, target, key } = self;
        let fields = [("table", table), ("reference", reference), ("target", target), ("key", key)];
        Value::Record(fields.map(|(name, text)| (name, Value::Text(text.as_str().into()))).to_vec())
    }
}

/// The catalog of a store.
pub(crate) struct Catalog<B: Backend> {
    table: Table<B>,
}

impl<B: Backend> Catalog<B> {
    /// Opens the catalog, which may not exist.
    pub(crate) async fn open(backend: &Arc<B>, options: &Arc<Options>) -> Result<Self, Error> {
        let definition = Arc::new(TableDefinition {
            name: CATALOG.into(),
            type_name: KIND.name,
            variants: vec![Variant { type_name: KIND.name, discriminators: None, shape: Entry::shape }],
            columns: Vec::new(),
            indexes: Vec::new(),
            element_indexes: Vec::new(),
            primary_key: None,
            references: Vec::new(),
            is_referenced: false,
        });
        let handle = backend.open(std::slice::from_ref(&definition)).await?.pop();
        let handle = handle.ok_or_else(|| Error::Backend {
            backend: backend.name(),
            kind: ErrorKind::Unknown,
            source: "no table was opened".into(),
        })?;
        let of_store = StoreTable {
            backend: Arc::clone(backend),
            definition,
            handle,
            options: Arc::clone(options),
            nests: vec![false],
            integrity: None,
        };
        Ok(Self { table: Table::over(Arc::new(of_store), &Arc::new(Tables::new())) })
    }

    /// Creates the catalog if it does not exist.
    pub(crate) async fn create(&self) -> Result<(), Error> {
        self.table.backend.create_schema(&[&self.table.handle]).await
    }

    /// The entries, each with its row.
    async fn rows(&self) -> Result<Vec<(Entry, RowMetadata)>, Error> {
        let table = &self.table;
        let mut entries = Vec::new();
        let mut give = |row: &Row<B::Document>| {
            let entry = table.backend.decode::<Entry>(&row.doc);
            let entry = entry.map_err(|failure| table.undecodable(KIND, row, failure))?;
            let metadata = table.metadata_of(row, &|path| entry.value_at(path));
            entries.push((entry, metadata));
            Ok(())
        };
        table.find_all(Select::of(Predicate::True), &mut give).await?;
        Ok(entries)
    }

    /// The entries.
    pub(crate) async fn entries(&self) -> Result<BTreeSet<Entry>, Error> {
        Ok(self.rows().await?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// Adds an entry.
    pub(crate) async fn add(&self, entry: &Entry) -> Result<(), Error> {
        let table = &self.table;
        let doc = table.backend.encode(entry)?;
        let content = table.content(0, &|path| entry.value_at(path), doc);
        match table.insert(KIND, content).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(table.write_error(KIND, failure, None, &|path| entry.value_at(path))),
        }
    }

    /// Removes the entries for which the function is false.
    pub(crate) async fn retain(&self, keep: impl Fn(&Entry) -> bool) -> Result<(), Error> {
        for (entry, metadata) in self.rows().await? {
            if keep(&entry) {
                continue;
            }
            match self.table.delete(KIND, &metadata).await {
                // Another program has removed it.
                Ok(_) | Err(WriteFailure::Missing) => {}
                Err(failure) => {
                    return Err(self.table.write_error(KIND, failure, Some(&metadata), &|path| entry.value_at(path)));
                }
            }
        }
        Ok(())
    }
}
