//! `CrashSpec`: its configuration, and its run.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::damage::{DamageKind, Verified};
use longevity_core::{BoxError, Error};

use super::ledger::Ledger;
use super::process::{ChildCommand, child_task, fail, kill_one, write_until_killed};
use super::report::CrashReport;
use super::table::Values;
use super::tables::{AnyTable, tables};
use super::targets::{create_targets, targets_of};
use super::writing::{AnyTransactions, write_here};
use crate::contract::SpecModel;
use crate::random::seed_from_environment;
use crate::strategies::{Generators, StrategySource};

/// The environment variable with the number of kills.
const KILLS: &str = "LONGEVITY_KILLS";

type Check = Box<dyn Fn(&str) -> Result<(), BoxError>>;

/// Repeatedly kills writers of the domain model `M` on the back end `B`.
///
/// If types declare references with integrity, the rows of writers refer to rows that are created before. Writers do not change
/// those.
///
/// In an ordinary test, the child has to run that same test: [`in_test`](Self::in_test) sets the test's name, and
/// [`crash_spec!`](crate::crash_spec) calls it for you. In a `main` of your own, run the spec first:
///
/// ```text
/// fn main() {
///     CrashSpec::<Blogging, _>::new(|place| Sqlite::file(place))
///         .integrity(|place| integrity_check(place))
///         .run(|| tempfile::tempdir().map(|folder| (folder.path().join("crash.db").display().to_string(), folder)))
///         .assert_survived();
/// }
/// ```
pub struct CrashSpec<M, B> {
    open: Box<dyn Fn(&str) -> Result<B, BoxError>>,
    integrity: Check,
    values: Values,
    kills: usize,
    threads: usize,
    acknowledgements: usize,
    test: Option<String>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel, B: Backend> CrashSpec<M, B> {
    /// A spec for the back end that this closure opens at a place, which is a path or an address. It kills five times, or as
    /// often as the environment variable `LONGEVITY_KILLS` says. The seed comes from `LONGEVITY_SEED`.
    pub fn new<E: Into<BoxError>>(open: impl Fn(&str) -> Result<B, E> + 'static) -> Self {
        let kills = match std::env::var(KILLS).map(|kills| kills.parse()) {
            Err(_) => 5,
            Ok(Ok(kills)) => kills,
            Ok(Err(error)) => panic!("{KILLS} is not a number: {error}"),
        };
        Self {
            open: Box::new(move |place| open(place).map_err(Into::into)),
            integrity: Box::new(|_| Ok(())),
            values: Values { generators: Generators::new(), samples: 96, seed: seed_from_environment() },
            kills,
            threads: 4,
            acknowledgements: 400,
            test: None,
            of: PhantomData,
        }
    }

    /// The back end's own check of the store at a place, such as `PRAGMA integrity_check`. It runs after each kill, while the
    /// store is not open.
    pub fn integrity<E: Into<BoxError>>(mut self, check: impl Fn(&str) -> Result<(), E> + 'static) -> Self {
        self.integrity = Box::new(move |place| check(place).map_err(Into::into));
        self
    }

    /// The number of kills. It overrides the environment variable.
    pub fn kills(mut self, kills: usize) -> Self {
        self.kills = kills;
        self
    }

    /// The number of threads on which a child writes.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// The number of values for each table, which is the greatest number of its rows.
    pub fn samples(mut self, samples: usize) -> Self {
        self.values.samples = samples;
        self
    }

    /// The greatest number of acknowledgements before a child is killed.
    pub fn acknowledgements(mut self, acknowledgements: usize) -> Self {
        self.acknowledgements = acknowledgements.max(1);
        self
    }

    /// The seed. It overrides the environment variable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.values.seed = seed;
        self
    }

    /// Generates every `T`, wherever it occurs, with this strategy.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.values.generators = self.values.generators.with(source);
        self
    }

    /// The mean number of values (numbers, strings and the like) that a generated row of a large type holds, approximately. 100
    /// by default. See [`Generators`].
    pub fn budget(mut self, values: usize) -> Self {
        self.values.generators = self.values.generators.budget(values);
        self
    }

    /// The `#[test]` that runs this spec, by its module path, as `module_path!()` has it, and its name. The child runs that test
    /// alone.
    pub fn in_test(mut self, module_path: &str, name: &str) -> Self {
        // The harness names tests without their crate.
        let module = module_path.split_once("::").map(|(_, module)| format!("{module}::")).unwrap_or_default();
        self.test = Some(format!("{module}{name}"));
        self
    }

    /// Kills writers of a store at a new place. The closure returns the place, and a value that must outlive it. In a child,
    /// which has its place already, this writes and never returns.
    pub fn run<G, E: Into<BoxError>>(&self, place: impl FnOnce() -> Result<(String, G), E>) -> CrashReport {
        let mut report =
            CrashReport { model: M::NAME, kills: 0, acknowledged: 0, seed: self.values.seed, problems: Vec::new() };
        let child_command = ChildCommand { name: self.name(), test: self.test.clone(), seed: self.values.seed };
        match child_task() {
            Some(child_task) if child_task.name == child_command.name => {
                self.be_child(&child_task.place, child_task.kill)
            }
            // This is the child of another spec in the same `main`.
            Some(_) => return report,
            None => {}
        }
        let (place, _guard) = match place() {
            Ok(place) => place,
            Err(error) => {
                report.problems.push(format!("cannot create a place for the store: {}", error.into()));
                return report;
            }
        };
        let mut ledger = Ledger::default();
        while report.kills < self.kills && report.problems.is_empty() {
            report.kills += 1;
            report.problems = self.survive(&child_command, &place, report.kills, &mut ledger);
            report.acknowledged = ledger.acknowledged();
        }
        report
    }

    fn survive(&self, child_command: &ChildCommand, place: &str, kill: usize, ledger: &mut Ledger) -> Vec<String> {
        if let Err(problem) = kill_one(child_command, place, kill, self.acknowledgements, ledger) {
            return vec![problem];
        }
        let mut problems = match (self.open)(place) {
            Ok(backend) => self.examine(backend, ledger),
            Err(error) => vec![format!("the store does not open after a kill: {error}")],
        };
        problems.extend((self.integrity)(place).err().map(|error| format!("integrity: {error}")));
        problems
    }

    /// Does this number of writes in this process, and returns the acknowledged ones. For tests of [`examine`](Self::examine).
    pub fn write(&self, backend: B, writes: usize) -> Result<Ledger, Error> {
        let store = self.opened(backend)?;
        let tables = self.prepared(&store)?;
        write_here(&tables, transactions(&store), self.threads, self.values.seed, writes)
    }

    /// The problems of a store: rows that were lost, torn or resurrected; keys, indexes and counts that do not match the rows; and
    /// what [`verify`](longevity_core::Longevity::verify) finds, such as references with integrity that dangle.
    pub fn examine(&self, backend: B, ledger: &mut Ledger) -> Vec<String> {
        let examined = || -> Result<Vec<String>, Error> {
            let store = self.opened(backend)?;
            let (mut all_rows, mut problems) = (Vec::new(), Vec::new());
            let targets = targets_of(&self.values)?;
            let tables = tables(&store, &self.values, targets.as_ref())?;
            for table in &tables {
                let (rows, torn) = table.rows()?;
                all_rows.push(rows);
                problems.extend(torn);
            }
            problems.extend(ledger.settle(all_rows));
            for table in &tables {
                problems.extend(table.inconsistencies()?);
            }
            problems.extend(damages(&store)?);
            Ok(problems)
        };
        examined().unwrap_or_else(|error| vec![format!("the store cannot be examined: {error}")])
    }

    fn opened(&self, backend: B) -> Result<Longevity<M, B>, Error> {
        let store = Longevity::open(backend)?;
        store.create_schema()?;
        Ok(store)
    }

    /// The tables, with the rows to which rows of writers refer.
    fn prepared(&self, store: &Longevity<M, B>) -> Result<Vec<Box<dyn AnyTable>>, Error> {
        let targets = targets_of(&self.values)?;
        if let Some(targets) = &targets {
            create_targets(targets, store)?;
        }
        tables(store, &self.values, targets.as_ref())
    }

    fn be_child(&self, place: &str, kill: usize) -> ! {
        let backend = match (self.open)(place) {
            Ok(backend) => backend,
            Err(error) => fail(&format!("the store does not open: {error}")),
        };
        let opened = self.opened(backend).and_then(|store| Ok((self.prepared(&store)?, store)));
        match opened {
            Ok((tables, store)) => {
                write_until_killed(&tables, transactions(&store), self.threads, self.values.seed, kill)
            }
            Err(error) => fail(&error.to_string()),
        }
    }

    fn name(&self) -> String {
        format!("{} on {} in {}", M::NAME, B::NAME, self.test.as_deref().unwrap_or("main"))
    }
}

impl<M: SpecModel, B: Backend> Debug for CrashSpec<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashSpec")
            .field("name", &self.name())
            .field("kills", &self.kills)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

/// What is wrong in the store. Key values that are not declared as references may dangle.
fn damages<M: SpecModel, B: Backend>(store: &Longevity<M, B>) -> Result<Vec<String>, Error> {
    let mut damages = Vec::new();
    for verified in store.verify() {
        match verified? {
            Verified::Damage(damage) if damage.kind != DamageKind::DanglingUndeclared => {
                damages.push(format!("damage: {damage}"));
            }
            _ => {}
        }
    }
    Ok(damages)
}

/// The transactions of the store, if the back end has transactions.
fn transactions<M: SpecModel, B: Backend>(store: &Longevity<M, B>) -> Option<&dyn AnyTransactions> {
    let has_some = store.asynchronous().backend().capabilities().transactions;
    has_some.then_some(store as &dyn AnyTransactions)
}

/// The spec as a closure configures it. This function gives the closure its parameter type, which a macro cannot.
#[doc(hidden)]
pub fn configured<M, B>(
    spec: CrashSpec<M, B>,
    configure: impl FnOnce(CrashSpec<M, B>) -> CrashSpec<M, B>,
) -> CrashSpec<M, B> {
    configure(spec)
}
