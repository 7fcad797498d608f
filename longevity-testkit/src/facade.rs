//! Through which facade a suite works: the blocking one, the asynchronous one on a runtime, or transactions.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, Transaction,
    TransactionMode, WriteFailure, Writes,
};
use longevity_core::backend::{InPlace, Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, Explanation, Row, Timestamp, Value};
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
    /// The blocking one, with a few operations after each other in a transaction: each sees what those before it wrote, and all of
    /// them become what the next ones see. For back ends with
    /// [transactions](longevity_core::backend::Capabilities::transactions). Where these cannot be nested, a write that is refused may
    /// end the one that it is in: there each has one write.
    Transactions,
}

impl Facade {
    /// The two of each back end.
    pub const BOTH: [Self; 2] = [Self::Blocking, Self::Async];
    /// Those of a back end with transactions.
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Async, Self::Transactions];

    /// What the names of cases say behind the back end's.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Blocking => "",
            Self::Async => ", async",
            Self::Transactions => ", in transactions",
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
/// The choice is no type parameter: a suite is compiled once for all.
pub struct Through<B: Backend> {
    inner: B,
    facade: Facade,
    turns: Arc<Turns<B>>,
}

impl<B: Backend> Through<B> {
    /// The back end, through this facade.
    pub fn new(facade: Facade, inner: B) -> Self {
        Self { inner, facade, turns: Arc::default() }
    }

    /// Which facade it is.
    pub fn facade(&self) -> Facade {
        self.facade
    }

    /// The transaction that the next operation is in, if they are in any; it has to have its turn first.
    async fn transaction(&self) -> Result<Arc<B::Transaction>, Error> {
        if let Some(open) = self.turns.open() {
            return Ok(open);
        }
        let begun = Arc::new(self.inner.begin(TransactionMode::ReadWrite).await?);
        *self.turns.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&begun));
        Ok(begun)
    }

    /// Commits what is open.
    async fn end(&self, turn: &mut Turn) -> Result<(), Error> {
        *turn = Turn { operations: 0, transactions: turn.transactions + 1, has_written: false };
        match self.turns.take() {
            Some(open) => open.commit().await,
            None => Ok(()),
        }
    }

    /// Before a write: commits what others have written, if it would be lost with this one.
    async fn before_write(&self, turn: &mut Turn) -> Result<(), Error> {
        let is_lost_with_it = turn.has_written && !self.inner.capabilities().savepoints;
        turn.has_written = true;
        if is_lost_with_it {
            self.end(turn).await?;
            turn.has_written = true;
        }
        Ok(())
    }

    /// After a write that failed: nobody uses what may have been lost by it.
    fn after_failure(&self, turn: &mut Turn) {
        if !self.inner.capabilities().savepoints {
            turn.has_written = false;
            drop(self.turns.take());
        }
    }

    /// Commits what is open, before something that is about the whole store.
    async fn end_all(&self) -> Result<(), Error> {
        self.end(&mut *self.turns.turn.lock().await).await
    }
}

impl<B: Backend + Clone> Clone for Through<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), facade: self.facade, turns: Arc::clone(&self.turns) }
    }
}

impl<B: Backend + fmt::Debug> fmt::Debug for Through<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("inner", &self.inner).field("facade", &self.facade).finish_non_exhaustive()
    }
}

/// How many operations are in a transaction, and in the next ones: so that short cases commit, too.
const OPERATIONS: [usize; 4] = [1, 2, 3, 5];

/// How many operations were in the transaction so far, and how many transactions were before it.
#[derive(Default)]
struct Turn {
    operations: usize,
    transactions: usize,
    has_written: bool,
}

impl Turn {
    /// Counts an operation; says whether it was the last one of its transaction.
    fn is_last(&mut self) -> bool {
        self.operations += 1;
        self.operations == OPERATIONS[self.transactions % OPERATIONS.len()]
    }
}

/// The transaction of those who take turns in it. A stream takes none: it is in the transaction that is open when it begins, if there
/// is one, so a case with several threads may not have one of them stream.
struct Turns<B: Backend> {
    turn: tokio::sync::Mutex<Turn>,
    open: Mutex<Option<Arc<B::Transaction>>>,
}

impl<B: Backend> Default for Turns<B> {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), open: Mutex::default() }
    }
}

impl<B: Backend> Turns<B> {
    fn take(&self) -> Option<Arc<B::Transaction>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn open(&self) -> Option<Arc<B::Transaction>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does an operation on the store's rows, or in its turn on those of the transaction.
macro_rules! through {
    ($self:expr, $rows:ident => $operation:expr) => {{
        if $self.facade != Facade::Transactions {
            let $rows = &$self.inner;
            return $operation.await;
        }
        let mut turn = $self.turns.turn.lock().await;
        let $rows = &*$self.transaction().await?;
        let done = $operation.await?;
        if turn.is_last() {
            $self.end(&mut turn).await?;
        }
        Ok(done)
    }};
}

/// Without the future's type, as the runtime's own way to wait is not compiled for each.
fn run(future: Pin<&mut dyn Future<Output = ()>>) {
    RUNTIME.block_on(future);
}

impl<B: Backend> Session for Through<B> {
    type Document = B::Document;
    type Table = B::Table;
    type Rows = B::Rows;

    async fn write(
        &self,
        table: &B::Table,
        writes: Writes<'_, B::Document>,
    ) -> Result<AllWritten<Self::Document>, (usize, WriteFailure)> {
        if self.facade != Facade::Transactions {
            return self.inner.write(table, writes).await;
        }
        let failed = |error: Error| (0, error.into());
        let mut turn = self.turns.turn.lock().await;
        self.before_write(&mut turn).await.map_err(failed)?;
        let written = self.transaction().await.map_err(failed)?.write(table, writes).await;
        if let Err((_, WriteFailure::Duplicate(_) | WriteFailure::Other(_))) = &written {
            self.after_failure(&mut turn);
        }
        let written = written?;
        if turn.is_last() {
            self.end(&mut turn).await.map_err(failed)?;
        }
        Ok(written)
    }

    async fn patch(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<B::Document>>, Error> {
        if self.facade != Facade::Transactions {
            return self.inner.patch(table, lookup, changes, written_at).await;
        }
        let mut turn = self.turns.turn.lock().await;
        self.before_write(&mut turn).await?;
        let patched = self.transaction().await?.patch(table, lookup, changes, written_at).await;
        if patched.is_err() {
            self.after_failure(&mut turn);
        }
        let patched = patched?;
        if turn.is_last() {
            self.end(&mut turn).await?;
        }
        Ok(patched)
    }

    async fn get(&self, table: &B::Table, lookup: Lookup<'_>) -> Result<Option<Row<B::Document>>, Error> {
        through!(self, rows => rows.get(table, lookup))
    }

    async fn find_each(&self, table: &B::Table, select: Select, give: &mut dyn Give<B::Document>) -> Result<(), Error> {
        through!(self, rows => rows.find_each(table, select, give))
    }

    async fn find_values(
        &self,
        table: &B::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        through!(self, rows => rows.find_values(table, select, projection, give))
    }

    async fn count(&self, table: &B::Table, predicate: Predicate) -> Result<u64, Error> {
        through!(self, rows => rows.count(table, predicate))
    }

    async fn exists(&self, table: &B::Table, predicate: Predicate) -> Result<bool, Error> {
        through!(self, rows => rows.exists(table, predicate))
    }

    fn stream(&self, table: &B::Table, select: Select) -> B::Rows {
        match self.turns.open() {
            Some(open) => open.stream(table, select),
            None => self.inner.stream(table, select),
        }
    }

    async fn explain(&self, table: &B::Table, select: Select) -> Result<Explanation, Error> {
        through!(self, rows => rows.explain(table, select))
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

    async fn begin(&self, mode: TransactionMode) -> Result<Self::Transaction, Error> {
        self.end_all().await?;
        self.inner.begin(mode).await
    }

    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send {
        self.inner.back_off(tries)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        if self.facade != Facade::Async {
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

    fn encode<T: Encodable>(&self, value: &T) -> Result<B::Document, Error> {
        self.inner.encode(value)
    }

    fn decode<T: Encodable>(&self, doc: &B::Document) -> Result<T, DecodeError> {
        self.inner.decode(doc)
    }

    fn read(&self, doc: &B::Document, property: &PropertyReader) -> Result<Value, DecodeError> {
        self.inner.read(doc, property)
    }

    fn open(&self, definitions: &[Arc<TableDefinition>]) -> impl Future<Output = Result<Vec<B::Table>, Error>> + Send {
        self.inner.open(definitions)
    }

    async fn create_schema(&self, tables: &[&B::Table]) -> Result<(), Error> {
        self.end_all().await?;
        self.inner.create_schema(tables).await
    }

    async fn undeclared_keys(&self, table: &B::Table) -> Result<Vec<String>, Error> {
        self.end_all().await?;
        self.inner.undeclared_keys(table).await
    }

    async fn drop_undeclared_keys(&self, table: &B::Table) -> Result<Vec<String>, Error> {
        self.end_all().await?;
        self.inner.drop_undeclared_keys(table).await
    }
}
