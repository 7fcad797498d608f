//! A transaction that conflicts with others is tried again, within its limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity::{ErrorKind, Mem};

use crate::bank::{Account, Number, Store, account, any, balance, counts, on_with};
use crate::stores::mongo_with;

on_each_back_end!(a_stale_state_is_not_tried_again, a_counter_under_contention_loses_nothing);
where_writers_do_not_wait!(
    the_work_is_done_again_after_a_conflict,
    a_swallowed_conflict_does_not_commit_half_of_the_work,
    the_last_run_gives_the_result,
    a_transaction_from_begin_is_not_tried_again,
);

/// Another caller changes the account, by an operation outside of the transaction.
async fn disturb<B: Backend>(bank: &Store<B>, number: u32) {
    let m = Account::props();
    bank.repo::<Account>().patch_by(&Number(number), m.balance.increment(100)).await.unwrap().unwrap();
}

async fn the_work_is_done_again_after_a_conflict<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    let runs = AtomicUsize::new(0);
    bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        let first = accounts.retrieve_one(&Number(1)).await?;
        if runs.fetch_add(1, Ordering::Relaxed) < 3 {
            disturb(bank, 1).await;
        }
        accounts.update(first.modify(|it| it.balance += 1)).await?;
        accounts.create(account(3, 3)).await
    })
    .await
    .unwrap();
    assert_eq!((runs.into_inner(), balance(bank, 1).await), (4, 302));
    assert_eq!(counts(bank).await, (3, 0));
}

async fn a_swallowed_conflict_does_not_commit_half_of_the_work<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    let runs = AtomicUsize::new(0);
    bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        let second = accounts.retrieve_one(&Number(2)).await?;
        _ = accounts.update(second.modify(|it| it.balance += 1)).await;
        let first = accounts.retrieve_one(&Number(1)).await?;
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            disturb(bank, 1).await;
        }
        _ = accounts.update(first.modify(|it| it.balance += 1)).await;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(runs.into_inner(), 2);
    assert_eq!((balance(bank, 1).await, balance(bank, 2).await), (102, 3));
}

/// The conflict appears at an operation, not at the commit: the tables were created after the transaction had begun.
#[test]
fn an_error_of_work_after_a_conflict_is_ignored() {
    crate::bank::on(Mem::new(), async |_| {
        let bank = Store::open(Mem::new()).await.unwrap();
        let runs = AtomicUsize::new(0);
        let done = bank.transaction(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            bank.create_schema().await?;
            match tx.repo::<Account>().create(account(1, 1)).await {
                Ok(_) => Ok(()),
                Err(_) => Err(Error::InvalidCursor { problem: "the work replaces the error" }),
            }
        });
        done.await.unwrap();
        assert_eq!((runs.into_inner(), counts(&bank).await), (2, (1, 0)));
    });
}

async fn the_last_run_gives_the_result<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    let runs = AtomicUsize::new(0);
    let work = bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        let first = accounts.retrieve_one(&Number(1)).await?;
        let run = runs.fetch_add(1, Ordering::Relaxed);
        if run == 0 {
            disturb(bank, 1).await;
        }
        accounts.update(first.modify(|it| it.balance += 1)).await?;
        Ok::<_, Error>(run)
    });
    assert_eq!(work.await.unwrap(), 1);
    assert_eq!(balance(bank, 1).await, 102);
}

async fn a_transaction_from_begin_is_not_tried_again<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    accounts.create(account(3, 3)).await.unwrap();
    disturb(bank, 1).await;
    let written = accounts.update(first.modify(|it| it.balance += 1)).await.map_err(Error::from);
    let error = match written {
        Ok(_) => tx.commit().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, Error::TransactionConflict { tries: 1, .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert_eq!(counts(bank).await, (2, 0));
    assert_eq!(balance(bank, 1).await, 101);
}

async fn a_stale_state_is_not_tried_again<B: Backend>(bank: &Store<B>) {
    let stale = bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    disturb(bank, 1).await;
    let runs = AtomicUsize::new(0);
    let refused = bank
        .transaction(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.repo::<Account>().update(stale.clone()).await.map_err(Error::from)
        })
        .await
        .unwrap_err();
    assert!(refused.is_write_conflict(), "{refused}");
    assert_eq!((runs.into_inner(), balance(bank, 1).await), (1, 101));
}

async fn a_counter_under_contention_loses_nothing<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 0), account(2, 0)]).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let bank = bank.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let counted = bank.transaction(async |tx| {
                        let accounts = tx.repo::<Account>();
                        let (first, second) =
                            (accounts.retrieve_one(&Number(1)).await?, accounts.retrieve_one(&Number(2)).await?);
                        assert_eq!(first.balance, -second.balance);
                        accounts.update(first.modify(|it| it.balance += 1)).await?;
                        tokio::task::yield_now().await;
                        accounts.update(second.modify(|it| it.balance -= 1)).await.map_err(Error::from)
                    });
                    counted.await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((balance(bank, 1).await, balance(bank, 2).await), (400, -400));
}

/// Another caller conflicts with every try.
async fn always_disturbed<B: Backend>(bank: &Store<B>) -> (usize, Error) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    let runs = AtomicUsize::new(0);
    let work = bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        let first = accounts.retrieve_one(&Number(1)).await?;
        runs.fetch_add(1, Ordering::Relaxed);
        disturb(bank, 1).await;
        accounts.update(first.modify(|it| it.balance += 1)).await.map_err(Error::from)
    });
    let error = work.await.unwrap_err();
    let runs = runs.into_inner();
    assert_eq!(balance(bank, 1).await, 100 * i64::try_from(runs).unwrap());
    (runs, error)
}

async fn five_tries<B: Backend>(bank: Store<B>) {
    let (runs, error) = always_disturbed(&bank).await;
    assert!(matches!(error, Error::TransactionConflict { tries: 5, .. }), "{error}");
    assert_eq!((runs, error.kind()), (5, ErrorKind::Transient));
    assert!(error.to_string().contains("every try (5)"), "{error}");
}

async fn no_time<B: Backend>(bank: Store<B>) {
    let (runs, error) = always_disturbed(&bank).await;
    assert!(matches!(error, Error::TransactionConflict { tries: 1, .. }), "{error}");
    assert_eq!(runs, 1);
}

#[test]
fn a_transaction_gives_up_after_the_tries_of_the_options() {
    let options = || Options::default().transaction_tries(5);
    on_with(options(), Mem::new(), five_tries);
    on_with(options(), any(), five_tries);
    mongo_with(options(), five_tries);
}

#[test]
fn a_transaction_gives_up_after_the_time_of_the_options() {
    let options = || Options::default().transaction_time(Duration::ZERO);
    on_with(options(), Mem::new(), no_time);
    on_with(options(), any(), no_time);
    mongo_with(options(), no_time);
}
