//! Concurrent writes, which share commits. Each gets its own answer, and no write waits for one that is never polled again.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use longevity::backend::Backend;
use longevity::{Error, Longevity, PState, PersistentType, Repo, Sqlite};
use longevity_tests::models::keys::{Library, Ticket, TicketId};

use crate::place::{Place, assert_intact};

type Creation<'a> = Pin<Box<dyn Future<Output = Result<PState<Ticket>, Error>> + Send + 'a>>;

fn ticket(id: u32) -> Ticket {
    Ticket { ticket_id: TicketId { id } }
}

fn both() -> impl Iterator<Item = (Place, Repo<Ticket, Sqlite>)> {
    [false, true].into_iter().map(|in_memory| {
        let place = Place::new();
        let sqlite = if in_memory { Sqlite::in_memory() } else { place.sqlite() };
        let store = sqlite.block_on(Longevity::<Library, _>::open(sqlite.clone())).unwrap();
        sqlite.block_on(store.create_schema()).unwrap();
        let tickets = store.repo();
        (place, tickets)
    })
}

fn stored(tickets: &Repo<Ticket, Sqlite>) -> Vec<u32> {
    let found = longevity::blocking::block_on(tickets.find(Ticket::query())).unwrap();
    found.iter().map(|state| state.ticket_id.id).collect()
}

fn poll(future: &mut Creation<'_>, waker: &Waker) -> Poll<Result<PState<Ticket>, Error>> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

fn pending<'a>(tickets: &'a Repo<Ticket, Sqlite>, id: u32) -> Creation<'a> {
    let mut future: Creation<'a> = Box::pin(tickets.create(ticket(id)));
    assert!(poll(&mut future, Waker::noop()).is_pending(), "a write gives others the time to join");
    future
}

fn done(future: &mut Creation<'_>) -> Result<PState<Ticket>, Error> {
    match poll(future, Waker::noop()) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("no thread is at work, and yet the write waits"),
    }
}

#[test]
fn each_of_many_tasks_gets_its_own_answer() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(many_tasks());
}

async fn many_tasks() {
    let place = Place::new();
    let store = Longevity::<Library, _>::open(place.sqlite()).await.unwrap();
    store.create_schema().await.unwrap();
    let tickets = store.repo::<Ticket>();
    for round in 0..5 {
        // Every fourth of the 64 writes has the number of the previous one.
        let number = move |task: u32| 100 * round + if task % 4 == 3 { task - 1 } else { task };
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let tickets = tickets.clone();
                (number(task), tokio::spawn(async move { tickets.create(ticket(number(task))).await }))
            })
            .collect();
        let (mut created, mut refused) = (BTreeSet::new(), 0);
        for (number, task) in tasks {
            match task.await.unwrap() {
                Ok(state) => {
                    assert_eq!(state.ticket_id.id, number);
                    assert!(created.insert((number, state.id())), "{number} twice");
                }
                Err(Error::DuplicateKey { type_name: "Ticket", key, value }) => {
                    assert_eq!((key.as_str(), value), ("ticket_id", format!("{number}")));
                    refused += 1;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((created.len(), refused), (48, 16));
        for (number, id) in created {
            assert_eq!(tickets.retrieve(&TicketId { id: number }).await.unwrap().unwrap().id(), id);
        }
    }
    assert_eq!(tickets.count(Ticket::query()).await.unwrap(), 240);
}

#[test]
fn a_write_that_is_dropped_before_its_turn_is_not_done() {
    for (_place, tickets) in both() {
        drop(tickets.create(ticket(1)));
        let dropped = pending(&tickets, 2);
        let mut kept = pending(&tickets, 3);
        drop(dropped);
        done(&mut kept).unwrap();
        assert_eq!(stored(&tickets), [3]);
    }
}

#[test]
fn a_write_that_shared_a_commit_is_done_even_if_it_is_dropped() {
    for (_place, tickets) in both() {
        let first = pending(&tickets, 1);
        let mut leader = pending(&tickets, 2);
        done(&mut leader).unwrap();
        drop(first);
        assert_eq!(stored(&tickets), [1, 2]);
    }
}

#[test]
fn a_write_that_is_never_polled_again_delays_no_other() {
    for (_place, tickets) in both() {
        let idle: Vec<_> = (0..50).map(|id| pending(&tickets, id)).collect();
        for id in 100..110 {
            longevity::blocking::block_on(tickets.create(ticket(id))).unwrap();
        }
        assert_eq!(stored(&tickets).len(), 60);
        drop(idle);
    }
}

#[test]
fn a_batch_that_fails_among_others_leaves_none_of_its_rows() {
    for (_place, tickets) in both() {
        let mut batch = Box::pin(tickets.create_many([1, 2, 1].map(ticket)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(batch.as_mut().poll(&mut context).is_pending());
        let mut single = pending(&tickets, 2);
        let Poll::Ready(answer) = batch.as_mut().poll(&mut context) else {
            panic!("no thread is at work, and yet the write waits")
        };
        assert!(answer.unwrap_err().is_duplicate_key());
        done(&mut single).unwrap();
        assert_eq!(stored(&tickets), [2]);
    }
}

#[test]
fn changes_that_fail_among_others_change_nothing() {
    for (_place, tickets) in both() {
        longevity::blocking::block_on(tickets.create_many([1, 5, 6].map(ticket))).unwrap();
        let id = &Ticket::props().ticket_id.id;
        // The first change succeeds, and the second conflicts with a row that stays.
        let query = Ticket::query().filter(id.lt(6_u32)).order_by(id.asc());
        let mut changes = Box::pin(tickets.update_where(query, id.increment(1_u32)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(changes.as_mut().poll(&mut context).is_pending());
        let mut single = pending(&tickets, 2);
        let Poll::Ready(answer) = changes.as_mut().poll(&mut context) else {
            panic!("no thread is at work, and yet the write waits")
        };
        assert!(answer.unwrap_err().is_duplicate_key());
        done(&mut single).unwrap();
        assert_eq!(stored(&tickets), [1, 5, 6, 2]);
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_task_that_waits_for_an_answer_is_woken_when_it_is_there() {
    for (_place, tickets) in both() {
        let (first, last) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut waiting: Creation<'_> = Box::pin(tickets.create(ticket(1)));
        assert!(poll(&mut waiting, &Waker::from(Arc::clone(&first))).is_pending());
        assert_eq!(first.0.load(Ordering::SeqCst), 1, "it asks to be polled again");
        let mut leader = pending(&tickets, 2);
        done(&mut leader).unwrap();
        assert!(first.0.load(Ordering::SeqCst) >= 2);
        let answer = poll(&mut waiting, &Waker::from(last));
        assert!(matches!(answer, Poll::Ready(Ok(state)) if state.ticket_id.id == 1));
    }
}

/// There are more writes than one transaction takes. The first task does one batch, and the tasks of the rest are woken.
#[test]
fn more_writes_than_one_transaction_takes_are_all_done() {
    for (_place, tickets) in both() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut all: Vec<Creation<'_>> = Vec::new();
        for id in 0..1500 {
            let mut future: Creation<'_> = Box::pin(tickets.create(ticket(id)));
            assert!(poll(&mut future, &waker).is_pending());
            all.push(future);
        }
        count.0.store(0, Ordering::SeqCst);
        // The last write is not in the first batch.
        let mut last = all.pop().unwrap();
        assert!(poll(&mut last, &waker).is_pending());
        assert!(count.0.load(Ordering::SeqCst) >= 1499, "{}", count.0.load(Ordering::SeqCst));
        done(&mut last).unwrap();
        assert!(all.iter_mut().all(|future| done(future).is_ok()));
        assert_eq!(stored(&tickets).len(), 1500);
    }
}

#[test]
fn threads_without_a_runtime_write_at_once() {
    for (place, tickets) in both() {
        std::thread::scope(|threads| {
            for thread in 0..8 {
                let tickets = &tickets;
                threads.spawn(move || {
                    for id in 0..100 {
                        let state = longevity::blocking::block_on(tickets.create(ticket(1000 * thread + id))).unwrap();
                        if id % 2 == 0 {
                            longevity::blocking::block_on(tickets.delete(state)).unwrap();
                        }
                    }
                });
            }
        });
        let found: BTreeSet<_> = stored(&tickets).into_iter().collect();
        assert_eq!(found, (0..8).flat_map(|thread| (0..50).map(move |id| 1000 * thread + 2 * id + 1)).collect());
        if place.path().exists() {
            assert_intact(&place.raw());
        }
    }
}
