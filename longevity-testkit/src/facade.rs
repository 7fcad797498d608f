//! The facades that a suite can work through: the blocking one, the asynchronous one on a runtime, or transactions.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use longevity_core::backend::{
    AllWritten, Backend, BrokenIndex, Capabilities, DecodeError, Give, GiveValues, Inspection, Lookup, Profile,
    Session, Transaction, TransactionMode, WriteFailure, Writes,
};
use longevity_core::backend::{InPlace, Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{Encodable, Error, Explanation, Row, RowId, Timestamp, Value};
use tokio::runtime::{Builder, Runtime};

use crate::outcome::{Outcome, Stop};

/// A facade that a suite works through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facade {
    /// The blocking facade: [`Backend::block_on`] runs each future.
    Blocking,
    /// The asynchronous facade: each future is polled in a multi-threaded tokio runtime and woken by its wakers, however the back
    /// end itself waits.
    Async,
    /// The blocking facade, with a few consecutive operations per transaction. Each operation sees the writes of those before it,
    /// and the operations of the next transaction see all of them. For back ends with
    /// [transactions](longevity_core::backend::Capabilities::transactions). Without savepoints, a write that is refused may end
    /// its transaction, so each transaction has one write.
    Transactions,
}

impl Facade {
    /// The facades that work on each back end.
    pub const BOTH: [Self; 2] = [Self::Blocking, Self::Async];
    /// The facades that work on a back end with transactions.
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Async, Self::Transactions];

    /// What the name of a case appends to the back end's name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Blocking => "",
            Self::Async => ", async",
            Self::Transactions => ", in transactions",
        }
    }
}

/// The runtime of all cases, started by the first case that needs it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| match Builder::new_multi_thread().enable_all().build() {
    Ok(runtime) => runtime,
    Err(error) => panic!("cannot start the tokio runtime: {error}"),
});

/// The results of the futures, each run as a task on the threads of the runtime.
pub(crate) fn in_tasks<R: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = R> + Send + 'static>,
) -> Outcome<Vec<R>> {
    let tasks: Vec<_> = futures.map(|future| RUNTIME.spawn(future)).collect();
    let results = tasks.into_iter().map(|task| RUNTIME.block_on(task));
    results.map(|result| result.map_err(|error| Stop::failed(format!("a task ended early: {error}")))).collect()
}

/// A back end whose futures run through a facade that is chosen at set-up.
///
/// The choice is not a type parameter, so that a suite is compiled once for all facades.
pub struct Through<B: Backend> {
    inner: B,
    facade: Facade,
    turns: Arc<Turns<B>>,
    /// Rows that are not read outside of transactions.
    hidden: Arc<Mutex<Vec<RowId>>>,
}

impl<B: Backend> Through<B> {
    /// The back end, through this facade.
    pub fn new(facade: Facade, inner: B) -> Self {
        Self { inner, facade, turns: Arc::default(), hidden: Arc::default() }
    }

    /// Leaves rows with these ids out of what is read outside of transactions, whatever their table: rows that have to be in a
    /// table so that others can refer to them, and that a case does not want to see. Transactions see them, so references to them
    /// are checked.
    pub(crate) fn hide(&self, rows: &[RowId]) {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
    }

    /// The predicate, false of hidden rows.
    fn of_seen(&self, predicate: Predicate) -> Predicate {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.iter().fold(predicate, |seen, id| seen.and(Predicate::Id { comparison: Comparison::Ne, id: *id }))
    }

    fn select_seen(&self, select: Select) -> Select {
        Select { predicate: self.of_seen(select.predicate), ..select }
    }

    /// The facade.
    pub fn facade(&self) -> Facade {
        self.facade
    }

    /// The transaction of the next operation. The operation must have its turn first.
    async fn transaction(&self) -> Result<Arc<B::Transaction>, Error> {
        if let Some(open) = self.turns.open() {
            return Ok(open);
        }
        let begun = Arc::new(self.inner.begin(TransactionMode::ReadWrite).await?);
        *self.turns.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&begun));
        Ok(begun)
    }

    /// Commits the open transaction.
    async fn end(&self, turn: &mut Turn) -> Result<(), Error> {
        *turn = Turn { operations: 0, transactions: turn.transactions + 1, has_written: false };
        match self.turns.take() {
            Some(open) => open.commit().await,
            None => Ok(()),
        }
    }

    /// Before a write: commits earlier writes, if a failure of this write would lose them.
    async fn before_write(&self, turn: &mut Turn) -> Result<(), Error> {
        let is_lost_with_it = turn.has_written && !self.inner.capabilities().savepoints;
        turn.has_written = true;
        if is_lost_with_it {
            self.end(turn).await?;
            turn.has_written = true;
        }
        Ok(())
    }

    /// After a write that failed: drops the transaction, if the failure may have ended it.
    fn after_failure(&self, turn: &mut Turn) {
        if !self.inner.capabilities().savepoints {
            turn.has_written = false;
            drop(self.turns.take());
        }
    }

    /// Commits the open transaction, before an operation on the whole store.
    async fn end_all(&self) -> Result<(), Error> {
        self.end(&mut *self.turns.turn.lock().await).await
    }
}

impl<B: Backend + Clone> Clone for Through<B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            facade: self.facade,
            turns: Arc::clone(&self.turns),
            hidden: Arc::clone(&self.hidden),
        }
    }
}

impl<B: Backend + fmt::Debug> fmt::Debug for Through<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("inner", &self.inner).field("facade", &self.facade).finish_non_exhaustive()
    }
}

/// The numbers of operations in consecutive transactions. The first ones are small, so that short cases commit too.
const OPERATIONS: [usize; 4] = [1, 2, 3, 5];

/// The number of operations in the transaction so far, and of the transactions before it.
#[derive(Default)]
struct Turn {
    operations: usize,
    transactions: usize,
    has_written: bool,
}

impl Turn {
    /// Counts an operation. Returns whether it was the last one of its transaction.
    fn is_last(&mut self) -> bool {
        self.operations += 1;
        self.operations == OPERATIONS[self.transactions % OPERATIONS.len()]
    }
}

/// The transaction in which operations take turns. A stream takes no turn: it is in the transaction that is open when it begins,
/// if any. So a case with several threads must not stream on one of them.
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

/// Does an operation on the store or, in its turn, in the transaction.
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

/// Runs a future without its type, so that the runtime's `block_on` is not compiled for each.
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
        let select = self.select_seen(select);
        through!(self, rows => rows.find_each(table, select, give))
    }

    async fn find_values(
        &self,
        table: &B::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        let select = self.select_seen(select);
        through!(self, rows => rows.find_values(table, select, projection, give))
    }

    async fn count(&self, table: &B::Table, predicate: Predicate) -> Result<u64, Error> {
        let predicate = self.of_seen(predicate);
        through!(self, rows => rows.count(table, predicate))
    }

    async fn exists(&self, table: &B::Table, predicate: Predicate) -> Result<bool, Error> {
        let predicate = self.of_seen(predicate);
        through!(self, rows => rows.exists(table, predicate))
    }

    fn stream(&self, table: &B::Table, select: Select) -> B::Rows {
        let select = self.select_seen(select);
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
            None => panic!("the runtime did not complete a future"),
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

    async fn enforce_references(&self, tables: &[&B::Table]) -> Result<(), Error> {
        self.end_all().await?;
        self.inner.enforce_references(tables).await
    }

    async fn inspect(&self, table: &B::Table, after: Option<RowId>, limit: usize) -> Result<Inspection, Error> {
        self.end_all().await?;
        self.inner.inspect(table, after, limit).await
    }

    async fn inspect_indexes(&self, table: &B::Table) -> Result<Vec<BrokenIndex>, Error> {
        self.end_all().await?;
        self.inner.inspect_indexes(table).await
    }

    async fn rebuild(&self, table: &B::Table, rows: &[RowId]) -> Result<(), Error> {
        self.end_all().await?;
        self.inner.rebuild(table, rows).await
    }

    async fn rebuild_indexes(&self, table: &B::Table) -> Result<(), Error> {
        self.end_all().await?;
        self.inner.rebuild_indexes(table).await
    }
}
