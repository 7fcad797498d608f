//! A transaction whose future is dropped at any point has done everything or nothing, and blocks no one.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Number, Person, Store, account, balance, counts, person};
use crate::side_by_side::is_far;

on_each_back_end!(
    a_closure_that_is_dropped_anywhere_has_done_everything_or_nothing,
    an_open_transaction_that_is_dropped_anywhere_has_done_everything_or_nothing,
    a_rollback_within_an_operation_undoes_it,
    a_read_that_is_put_aside_blocks_no_one,
);

/// Yields to the runtime once: a point at which the future may be dropped.
async fn pause() {
    tokio::task::yield_now().await;
}

async fn script<B: Backend>(tx: &longevity::Transaction<crate::bank::Bank, B>) -> Result<(), Error> {
    let accounts = tx.repo::<Account>();
    pause().await;
    let first = accounts.retrieve_one(&Number(1)).await?;
    pause().await;
    accounts.update(first.modify(|it| it.balance += 1)).await?;
    pause().await;
    accounts.create(account(2, 0)).await?;
    pause().await;
    // A back end without nested transactions refuses this and changes nothing.
    let nested = tx.transaction(async |tx| {
        tx.repo::<Account>().create(account(3, 0)).await?;
        pause().await;
        Err::<(), _>(Error::InvalidCursor { problem: "none" })
    });
    assert!(nested.await.is_err());
    tx.repo::<Person>().create(person("ann", 1)).await?;
    pause().await;
    accounts.update_where(Account::query().all(), Account::props().notes.push("seen")).await?;
    pause().await;
    Ok(())
}

/// Polls a future this many times and drops it; returns its output if it completed. A future that waits for a server is polled
/// only when it is woken: otherwise it would be polled thousands of times.
async fn polled<T>(is_far: bool, times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                if !is_far {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    })
    .await
}

/// Everything or nothing was written, and the store can be used at once.
async fn assert_whole<B: Backend>(bank: &Store<B>, committed: bool) {
    let accounts = bank.repo::<Account>();
    let (expected, customers) = if committed { (2, 1) } else { (1, 0) };
    assert_eq!(counts(bank).await, (expected, customers));
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    assert_eq!((first.balance, first.notes.len()), (i64::from(committed), usize::from(committed)));
    // No lock is left: neither a write nor a transaction waits for the dropped one.
    accounts.patch_by(&Number(1), Account::props().balance.set(9)).await.unwrap();
    bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        accounts.delete_where(Account::query().all()).await?;
        tx.repo::<Person>().delete_where(Person::query().all()).await?;
        accounts.create(account(1, 0)).await
    })
    .await
    .unwrap();
    assert_eq!(balance(bank, 1).await, 0);
}

async fn a_closure_that_is_dropped_anywhere_has_done_everything_or_nothing<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    for times in 0.. {
        let ended = polled(is_far(bank), times, bank.transaction(async |tx| script(&tx).await)).await;
        let committed = counts(bank).await.1 == 1;
        assert!(committed || ended.is_none());
        assert_whole(bank, committed).await;
        if let Some(result) = ended {
            result.unwrap();
            assert!(times > 7, "it was never dropped midway");
            return;
        }
    }
}

async fn an_open_transaction_that_is_dropped_anywhere_has_done_everything_or_nothing<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    for times in 0.. {
        let work = async {
            let tx = bank.begin().await?;
            script(&tx).await?;
            tx.commit().await
        };
        let ended = polled(is_far(bank), times, work).await;
        let committed = counts(bank).await.1 == 1;
        assert!(committed || ended.is_none());
        assert_whole(bank, committed).await;
        if let Some(result) = ended {
            result.unwrap();
            assert!(times > 7, "it was never dropped midway");
            return;
        }
    }
}

/// After the rollback, the rest of the operation does nothing.
async fn a_rollback_within_an_operation_undoes_it<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((1..=3).map(|number| account(number, 0))).await.unwrap();
    let m = Account::props();
    for times in 0.. {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let mut work = pin!(async {
            pause().await;
            accounts.update_where(Account::query().all(), m.balance.increment(1)).await?;
            pause().await;
            accounts.create_many([account(4, 0), account(5, 0)]).await.map(drop)
        });
        let ended = polled(is_far(bank), times, work.as_mut()).await;
        match times % 2 {
            0 => tx.rollback().await,
            _ => drop(tx),
        }
        if ended.is_none() {
            // The result does not matter: the operation may have completed before the rollback.
            _ = work.await;
        }
        let left = bank.repo::<Account>().find(Account::query().all()).await.unwrap();
        assert!(left.len() == 3 && left.iter().all(|state| state.balance == 0), "after {times}: {left:?}");
        if let Some(result) = ended {
            result.unwrap();
            assert!(times > 2, "it was never rolled back midway");
            return;
        }
    }
}

/// A future may be kept without being polled, as in `select!`. It must not hold up other operations.
async fn a_read_that_is_put_aside_blocks_no_one<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((0..100).map(|number| account(number, 0))).await.unwrap();
    let all = || Account::query().all();
    for committed in [true, false] {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let mut found = pin!(accounts.find(all()));
        let mut stream = accounts.stream(all());
        // Both reads begin.
        let first = std::future::poll_fn(|context| {
            Poll::Ready((found.as_mut().poll(context).is_ready(), stream.poll_next_unpin(context).is_ready()))
        });
        let (is_found, _) = first.await;
        let work = async {
            accounts.create(account(100, 0)).await.unwrap();
            assert_eq!(accounts.count(all()).await.unwrap(), 101);
            match committed {
                true => tx.commit().await.unwrap(),
                false => tx.rollback().await,
            }
        };
        tokio::time::timeout(Duration::from_secs(30), work).await.unwrap();
        if !is_found {
            // The read ran before the end, or it is refused after the end.
            assert!(found.await.map_or(true, |found| found.len() == 100));
        }
        assert_eq!(counts(bank).await.0, if committed { 101 } else { 100 });
        bank.repo::<Account>()
            .delete_where(Account::query().filter(Account::props().number.ge(Number(100))))
            .await
            .unwrap();
    }
}
