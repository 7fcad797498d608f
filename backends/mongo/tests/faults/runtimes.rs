//! A store is opened, used and dropped wherever its caller is: on a thread without a runtime, within a runtime, or in another
//! executor.

use std::thread;
use std::time::Duration;

use longevity::blocking;
use longevity::{Longevity, PersistentType};
use longevity_core::block_on;
use longevity_tests::mongo::Scratch;
use tokio::runtime::Builder;

use crate::model::{Counter, Faults, Name, counter};
use crate::place::{in_a_runtime, left_out, store};

fn use_it(store: &blocking::Longevity<Faults, longevity::Mongo>, name: &str) {
    let counters = store.repo::<Counter>();
    let state = counters.create(counter(name, "")).unwrap();
    let state = counters.update(state.modify(|counter| counter.marks.push(1))).unwrap();
    let rows = (0..20).map(|row| counter(format!("{name}-{row}"), ""));
    counters.create_many(rows).unwrap();
    let mut stream = counters.stream(Counter::query());
    stream.next().unwrap().unwrap();
    drop(stream);
    assert_eq!(counters.retrieve(&Name(name.into())).unwrap().unwrap().marks, [1]);
    let before = counters.count(Counter::query()).unwrap();
    let begun = store.begin().unwrap();
    begun.repo::<Counter>().create(counter(format!("{name}-given-up"), "")).unwrap();
    drop(begun);
    let both = store.transaction(|tx| {
        tx.repo::<Counter>().create(counter(format!("{name}-given-up"), ""))?;
        tx.repo::<Counter>().retrieve_one(&Name(name.into()))
    });
    assert_eq!(both.unwrap().id(), state.id());
    let read = store.snapshot(|at| at.repo::<Counter>().find(Counter::query())).unwrap();
    assert!(read.len() as u64 > before);
    counters.delete(state).unwrap();
}

#[test]
fn a_thread_without_a_runtime() {
    if left_out() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    let store = blocking::Longevity::<Faults, _>::open(scratch.mongo().batch_size(2)).unwrap();
    store.create_schema().unwrap();
    use_it(&store, "here");
    thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let store = store.clone();
            scope.spawn(move || use_it(&store, name));
        }
    });
    // The store is dropped on a thread that never used it.
    thread::spawn(move || drop(store)).join().unwrap();
}

#[test]
fn within_a_runtime_of_one_thread() {
    if left_out() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mongo = scratch.mongo().batch_size(2);
        let work = tokio::task::spawn_blocking(move || {
            let store = blocking::Longevity::<Faults, _>::open(mongo).unwrap();
            store.create_schema().unwrap();
            use_it(&store, "blocking");
            store
        });
        // The store is dropped within the runtime.
        drop(work.await.unwrap());
        let store = store::<Faults>(scratch.uri()).await;
        store.repo().create(counter("async", "")).await.unwrap();
        // A partly converted program may block in the only thread of its runtime.
        let store = blocking::Longevity::<Faults, _>::open(scratch.mongo()).unwrap();
        use_it(&store, "in the only thread");
    });
}

#[test]
fn opened_in_one_place_and_polled_in_another() {
    if left_out() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = runtime.block_on(store::<Faults>(scratch.uri()));
    let counters = store.repo::<Counter>();
    let other = thread::spawn(move || {
        // A plain executor, on a thread without a runtime.
        let state = block_on(counters.create(counter("ann", ""))).unwrap();
        block_on(counters.create_many([counter("bob", ""), counter("cec", "")])).unwrap();
        let mut stream = counters.stream(Counter::query());
        block_on(stream.next()).unwrap().unwrap();
        drop(stream);
        // The operation is begun, and dropped before it is done.
        let mut unfinished = Box::pin(counters.create_many([counter("dan", ""), counter("eve", "")]));
        block_on(std::future::poll_fn(|context| {
            let _ = unfinished.as_mut().poll(context);
            std::task::Poll::Ready(())
        }));
        drop(unfinished);
        block_on(counters.delete(state)).unwrap();
        let left = block_on(counters.count(Counter::query())).unwrap();
        assert!(left == 2 || left == 4, "{left}");
    });
    other.join().unwrap();
    drop(store);
    drop(runtime);
}

#[test]
fn opened_without_a_runtime_and_used_in_one() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let mongo = scratch.mongo();
        let store = thread::spawn(move || block_on(Longevity::<Faults, _>::open(mongo)).unwrap()).join().unwrap();
        store.create_schema().await.unwrap();
        let counters = store.repo::<Counter>();
        let state = counters.create(counter("ann", "")).await.unwrap();
        tokio::spawn(async move { counters.delete(state).await.map(drop).unwrap() }).await.unwrap();
        drop(store);
    });
}

/// As in the tests of a web service: all share one store, and each has its own runtime, which ends or is idle while the next one
/// runs.
#[test]
fn a_store_that_one_runtime_opened_works_in_another_while_the_first_is_idle_and_when_it_is_gone() {
    if left_out() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    let one_thread = || Builder::new_current_thread().enable_all().build().unwrap();
    let two_threads = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (first, second) = (one_thread(), one_thread());
    let store = first.block_on(store::<Faults>(scratch.uri()));
    let counters = store.repo::<Counter>();
    let use_it = async |name: &str| {
        let all = async {
            let state = counters.create(counter(name, "")).await.unwrap();
            let state = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap();
            counters.create_many((0..20).map(|row| counter(format!("{name}-{row}"), name))).await.unwrap();
            let mut stream = counters.stream(Counter::query());
            stream.next().await.unwrap().unwrap();
            drop(stream);
            let of_batch = Counter::query().filter(Counter::props().batch.eq(name));
            assert_eq!(counters.find(of_batch.clone()).await.unwrap().len(), 20);
            let deleted = counters.delete_where(of_batch).await.unwrap();
            counters.delete(state).await.unwrap();
            store.create_schema().await.unwrap();
            deleted
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(60), all).await.expect("it hangs"), 20);
    };
    first.block_on(use_it("in the first"));
    second.block_on(use_it("in the second, while the first is idle"));
    first.block_on(use_it("in the first again"));
    drop(first);
    second.block_on(use_it("in the second, when the first is gone"));
    two_threads().block_on(use_it("in a third, of two threads"));
    // The runtime before this one is gone.
    two_threads().block_on(use_it("in a fourth"));
    for _ in 0..3 {
        // A new runtime may get the id of one that is gone.
        one_thread().block_on(use_it("in one of many"));
    }
    block_on(counters.count(Counter::query())).unwrap();
    drop(second);
    block_on(counters.count(Counter::query())).unwrap();
}

/// The task that should undo the transaction ends with its runtime. The rows would be locked for a minute.
#[test]
fn a_transaction_whose_runtime_ends_is_undone_by_another() {
    if left_out() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    let ann = Name("ann".into());
    for runtime_first in [false, true] {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (store, tx) = runtime.block_on(async {
            let store = store::<Faults>(scratch.uri()).await;
            store.repo::<Counter>().delete_where(Counter::query()).await.unwrap();
            store.repo::<Counter>().create(counter("ann", "")).await.unwrap();
            let tx = store.begin().await.unwrap();
            tx.repo::<Counter>().patch_by(&ann, Counter::props().marks.push(1)).await.unwrap().unwrap();
            (store, tx)
        });
        if runtime_first {
            drop(runtime);
            drop(tx);
        } else {
            drop(tx);
            drop(runtime);
        }
        let another = Builder::new_current_thread().enable_all().build().unwrap();
        another.block_on(async {
            let counters = store.repo::<Counter>();
            let patched = counters.patch_by(&ann, Counter::props().marks.push(2));
            let patched = tokio::time::timeout(Duration::from_secs(30), patched).await.unwrap();
            assert_eq!(patched.unwrap().unwrap().marks, [2]);
        });
    }
}
