//! Through which facade a suite works: the blocking one, or the asynchronous one on a runtime.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, TransactionMode,
    WriteFailure, Writes,
};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::query::{InPlace, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Document, Error, Explanation, Row, Timestamp, Value};
use tokio::runtime::{Builder, Runtime};

use crate::outcome::{Outcome, Stop};

/// Through which facade a suite works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facade {
    /// The blocking one: each future runs as [`Backend::block_on`] has it.
    Blocking,
    /// The asynchronous one: each future is polled within a multi-threaded tokio runtime and woken by its wakers,
    /// whatever the back end's own way to wait.
    Async,
}

impl Facade {
    /// Each of them.
    pub const BOTH: [Self; 2] = [Self::Blocking, Self::Async];

    /// What the names of cases say behind the back end's.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Blocking => "",
            Self::Async => ", async",
        }
    }
}

/// The runtime of all cases: started once, by the first that asks for it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| match Builder::new_multi_thread().enable_all().build() {
    Ok(runtime) => runtime,
    Err(error) => panic!("there is no runtime: {error}"),
});

/// What the futures give, each run as a task by the threads of the runtime.
pub(crate) fn in_tasks<R: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = R> + Send + 'static>,
) -> Outcome<Vec<R>> {
    let tasks: Vec<_> = futures.map(|future| RUNTIME.spawn(future)).collect();
    let results = tasks.into_iter().map(|task| RUNTIME.block_on(task));
    results.map(|result| result.map_err(|error| Stop::failed(format!("a task ended early: {error}")))).collect()
}

/// A back end whose futures run through a facade that is chosen when it is set up.
///
/// The choice is no type parameter: a suite is compiled once for both.
#[derive(Clone, Debug)]
pub struct Through<B> {
    inner: B,
    facade: Facade,
}

impl<B: Backend> Through<B> {
    /// The back end, through this facade.
    pub fn new(facade: Facade, inner: B) -> Self {
        Self { inner, facade }
    }

    /// Which facade it is.
    pub fn facade(&self) -> Facade {
        self.facade
    }
}

/// Without the future's type, as the runtime's own way to wait is not compiled for each.
fn run(future: Pin<&mut dyn Future<Output = ()>>) {
    RUNTIME.block_on(future);
}

impl<B: Backend> Session for Through<B> {
    type Doc = B::Doc;
    type Table = B::Table;
    type Rows = B::Rows;

    fn write(
        &self,
        table: &B::Table,
        writes: Writes<'_, B::Doc>,
    ) -> impl Future<Output = Result<AllWritten<Self::Doc>, (usize, WriteFailure)>> + Send {
        self.inner.write(table, writes)
    }

    fn patch(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<B::Doc>>, Error>> + Send {
        self.inner.patch(table, lookup, changes, written_at)
    }

    fn get(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<B::Doc>>, Error>> + Send {
        self.inner.get(table, lookup)
    }

    fn find_each(
        &self,
        table: &B::Table,
        select: Select,
        give: &mut dyn Give<B::Doc>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.find_each(table, select, give)
    }

    fn find_values(
        &self,
        table: &B::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.find_values(table, select, projection, give)
    }

    fn count(&self, table: &B::Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send {
        self.inner.count(table, predicate)
    }

    fn exists(&self, table: &B::Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send {
        self.inner.exists(table, predicate)
    }

    fn stream(&self, table: &B::Table, select: Select) -> B::Rows {
        self.inner.stream(table, select)
    }

    fn explain(&self, table: &B::Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send {
        self.inner.explain(table, select)
    }
}

impl<B: Backend> Backend for Through<B> {
    type Transaction = B::Transaction;

    const NAME: &'static str = B::NAME;

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }

    fn begin(&self, mode: TransactionMode) -> impl Future<Output = Result<Self::Transaction, Error>> + Send {
        self.inner.begin(mode)
    }

    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send {
        self.inner.back_off(tries)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        if self.facade == Facade::Blocking {
            return self.inner.block_on(future);
        }
        let mut output = None;
        run(pin!(async { output = Some(future.await) }));
        match output {
            Some(output) => output,
            None => panic!("the runtime gave up a future"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn encode<T: Document>(&self, value: &T) -> Result<B::Doc, Error> {
        self.inner.encode(value)
    }

    fn decode<T: Document>(&self, doc: &B::Doc) -> Result<T, DecodeError> {
        self.inner.decode(doc)
    }

    fn read(&self, doc: &B::Doc, property: &PropertyReader) -> Result<Value, DecodeError> {
        self.inner.read(doc, property)
    }

    fn open(&self, definitions: &[Arc<TableDefinition>]) -> impl Future<Output = Result<Vec<B::Table>, Error>> + Send {
        self.inner.open(definitions)
    }

    fn create_schema(&self, tables: &[&B::Table]) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.create_schema(tables)
    }

    fn undeclared_keys(&self, table: &B::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.inner.undeclared_keys(table)
    }

    fn drop_undeclared_keys(&self, table: &B::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.inner.drop_undeclared_keys(table)
    }
}
