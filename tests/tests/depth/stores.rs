//! A store on each back end, on a thread with as little stack as callers may have.

use std::thread;

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::{Error, Mem, Mongo, PersistentType, Query, Sqlite};
use longevity_tests::mongo::Scratch;

use crate::model::{Deep, Thing};

pub(crate) type Store<B> = Longevity<Deep, B>;

// Three quarters of a caller's stack. A user's debug build is not optimized at all, but here some dependencies are: the rest is
// reserved for the stack that they would need in addition.
/// The smallest stack of a caller of memory and SQLite: 512 KiB.
const SMALL: usize = (512 << 10) / 4 * 3;
/// The stack of a worker of tokio: 2 MiB.
const WORKER: usize = (2 << 20) / 4 * 3;

/// Tests one case on each back end: the function of that name.
macro_rules! on_each_back_end {
    ($($case:ident)*) => {$(
        mod $case {
            #[test]
            fn in_memory() {
                crate::stores::in_memory(super::$case);
            }

            #[test]
            fn on_sqlite() {
                crate::stores::on_sqlite(super::$case);
            }

            #[test]
            fn on_mongo() {
                crate::stores::on_mongo(super::$case);
            }
        }
    )*};
}

pub(crate) use on_each_back_end;

fn on_a_stack(bytes: usize, run: impl FnOnce() + Send + 'static) {
    let name = thread::current().name().unwrap_or_default().to_owned();
    thread::Builder::new().name(name).stack_size(bytes).spawn(run).unwrap().join().unwrap();
}

fn opened<B: Backend>(backend: B) -> Store<B> {
    let store = Longevity::open(backend).unwrap();
    store.create_schema().unwrap();
    store
}

pub(crate) fn in_memory(case: fn(&Store<Mem>)) {
    on_a_stack(SMALL, move || case(&opened(Mem::new())));
}

pub(crate) fn on_sqlite(case: fn(&Store<Sqlite>)) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::file(folder.path().join("deep.db"));
    on_a_stack(SMALL, move || case(&opened(sqlite)));
}

pub(crate) fn on_mongo(case: fn(&Store<Mongo>)) {
    let scratch = Scratch::new().unwrap();
    let mongo = scratch.mongo();
    on_a_stack(WORKER, move || case(&opened(mongo)));
}

/// What each operation returns for a query: the number of rows that it finds, or its error. An update marks the rows.
pub(crate) fn ask_everything<B: Backend>(
    store: &Store<B>,
    query: &dyn Fn() -> Query<Thing>,
) -> Vec<(&'static str, Result<u64, Error>)> {
    use longevity::query::count;

    let (things, p) = (store.repo::<Thing>(), Thing::props());
    let number = |rows: usize| rows as u64;
    let mut results = vec![
        ("find", things.find(query()).map(|states| number(states.len()))),
        ("stream", things.stream(query()).collect::<Result<Vec<_>, _>>().map(|states| number(states.len()))),
        ("count", things.count(query())),
        ("page", things.page(query(), None).map(|page| number(page.states.len()))),
        ("project", things.project(query(), &p.number).map(|rows| number(rows.len()))),
        ("distinct", things.distinct(query(), &p.number).map(|rows| number(rows.len()))),
        ("aggregate", things.aggregate(query(), count())),
        ("group", things.group(query(), &p.number, count()).map(|groups| number(groups.len()))),
        ("update_where", things.update_where(query(), p.mark.increment(1))),
    ];
    // The other operations return no number. They count as correct if they agree with the count.
    let counted = results[2].1.as_ref().copied().unwrap_or(0);
    let agrees = |is: bool| if is { counted } else { u64::MAX };
    results.push(("exists", things.exists(query()).map(|found| agrees(found == (counted > 0)))));
    results.push(("first", things.first(query()).map(|found| agrees(found.is_some() == (counted > 0)))));
    let one = match things.exactly_one(query()) {
        Ok(_) => Ok(agrees(counted == 1)),
        Err(Error::NotUnique { .. }) => Ok(agrees(counted > 1)),
        Err(Error::NotFound { .. }) => Ok(agrees(counted == 0)),
        Err(error) => Err(error),
    };
    results.push(("exactly_one", one));
    results.push(("explain", things.explain(query()).map(|_| counted)));
    results
}

/// All operations find this number of rows, and `find` those of these names.
#[track_caller]
pub(crate) fn assert_finds<B: Backend>(store: &Store<B>, query: &dyn Fn() -> Query<Thing>, names: &[String]) {
    for (operation, result) in ask_everything(store, query) {
        match result {
            Ok(rows) => assert_eq!(rows, names.len() as u64, "{operation}"),
            Err(error) => panic!("{operation}: {error}"),
        }
    }
    let found = store.repo::<Thing>().find(query()).unwrap();
    let mut found: Vec<_> = found.iter().map(|thing| thing.name().to_owned()).collect();
    found.sort();
    assert_eq!(found, names);
}

/// All operations report that the query is too large, and name the limit.
#[track_caller]
pub(crate) fn assert_refused<B: Backend>(store: &Store<B>, query: &dyn Fn() -> Query<Thing>, limit: &str) {
    let mut results = ask_everything(store, query);
    results.push(("delete_where", store.repo::<Thing>().delete_where(query())));
    for (operation, result) in results {
        assert_too_large(result, limit, operation);
    }
}

#[track_caller]
pub(crate) fn assert_too_large<T: std::fmt::Debug>(result: Result<T, Error>, names: &str, operation: &str) {
    match result {
        Err(Error::QueryTooLarge { limit, .. } | Error::TooLarge { limit, .. }) => {
            assert!(limit.contains(names), "{operation}: {limit}");
        }
        other => panic!("{operation}: {other:?}"),
    }
}
