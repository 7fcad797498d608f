//! Nested transactions.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Number, Person, Store, account, assert_same, balance, counts, person};

where_transactions_nest!(
    writes_of_a_nested_transaction_stay_if_it_succeeds,
    writes_of_a_nested_transaction_are_undone_if_it_fails,
    an_undone_nested_transaction_leaves_no_trace,
    nested_transactions_can_be_nested,
    a_nested_transaction_that_panics_or_is_dropped_is_undone,
    a_failure_in_a_nested_transaction_loses_only_that_one,
    the_outer_transaction_is_unusable_while_a_nested_one_is_open,
    a_nested_transaction_ends_with_the_outer_one,
    the_innermost_transaction_ends_with_the_one_around_it,
);

#[test]
fn without_savepoints_nesting_is_refused_and_the_transaction_continues() {
    crate::stores::mongo(async |bank| {
        bank.transaction(async |tx| {
            tx.repo::<Account>().create(account(1, 1)).await?;
            let refused =
                tx.transaction(async |_| -> Result<(), Error> { panic!("it is not begun") }).await.unwrap_err();
            assert!(matches!(refused, Error::Unsupported { operation: "nested transactions", .. }), "{refused}");
            tx.repo::<Account>().create(account(2, 2)).await
        })
        .await
        .unwrap();
        assert_eq!(counts(&bank).await, (2, 0));
    });
}

/// The store gives up the whole transaction, not only the nested one.
#[test]
fn a_conflict_in_a_nested_transaction_loses_the_outer_one_too() {
    crate::bank::on(longevity::Mem::new(), async |_| {
        let other = crate::bank::Store::open(longevity::Mem::new()).await.unwrap();
        let tx = other.begin().await.unwrap();
        // The tables were created after the transaction began.
        other.create_schema().await.unwrap();
        let nested = tx.transaction(async |tx| tx.repo::<Account>().create(account(1, 1)).await);
        assert!(matches!(nested.await, Err(Error::TransactionConflict { .. })));
        assert!(matches!(tx.commit().await, Err(Error::TransactionConflict { .. })));
        assert_eq!(counts(&other).await, (0, 0));
    });
}

struct Stop;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        panic!("{error}")
    }
}

async fn writes_of_a_nested_transaction_stay_if_it_succeeds<B: Backend>(bank: &Store<B>) {
    bank.transaction(async |tx| {
        tx.repo::<Account>().create(account(1, 1)).await?;
        let state = tx.transaction(async |tx| tx.repo::<Account>().create(account(2, 2)).await).await?;
        // States of the nested transaction can be used outside of it.
        tx.repo::<Account>().update(state.modify(|it| it.balance = 3)).await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!((balance(bank, 1).await, balance(bank, 2).await), (1, 3));
}

async fn writes_of_a_nested_transaction_are_undone_if_it_fails<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2), account(3, 3)]).await.unwrap();
    let m = Account::props();
    bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        let first = accounts.retrieve_one(&Number(1)).await?;
        let first = accounts.update(first.modify(|it| it.balance = 10)).await?;
        accounts.create(account(4, 4)).await?;
        // Trees and rows are read before the nested transaction and within it.
        assert_eq!(accounts.find(Account::query().filter(m.balance.ge(3))).await?.len(), 3);
        let undone = tx.transaction(async |tx| {
            let accounts = tx.repo::<Account>();
            accounts.update(first.clone().modify(|it| it.number = Number(11))).await.map_err(Error::from)?;
            accounts.delete(accounts.retrieve_one(&Number(2)).await?).await.map_err(Error::from)?;
            accounts.delete(accounts.retrieve_one(&Number(4)).await?).await.map_err(Error::from)?;
            accounts.create(account(5, 5)).await?;
            tx.repo::<Person>().create(person("ann", 1)).await?;
            assert_eq!(accounts.find(Account::query().filter(m.balance.ge(3))).await?.len(), 3);
            Err::<(), _>(Stop)
        });
        assert!(undone.await.is_err());
        let numbers = |states: Vec<PState<Account>>| states.iter().map(|it| it.number.0).collect::<Vec<_>>();
        let by_balance = Account::query().filter(m.balance.ge(3)).order_by(m.balance.asc());
        assert_eq!(numbers(accounts.find(by_balance).await?), [3, 4, 1]);
        assert_eq!(numbers(accounts.find(Account::query().order_by(m.number.asc())).await?), [1, 2, 3, 4]);
        assert_same(&accounts.retrieve_one(&Number(1)).await?, &first);
        assert!(accounts.retrieve(&Number(11)).await?.is_none() && accounts.retrieve(&Number(5)).await?.is_none());
        assert_eq!(accounts.retrieve_one(&Number(2)).await?.row_version(), 0);
        assert_eq!(accounts.count(Account::query().all()).await?, 4);
        assert!(tx.repo::<Person>().find(Person::query().all()).await?.is_empty());
        accounts.update(first).await?;
        accounts.create(account(5, 50)).await
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (5, 0));
    assert_eq!((balance(bank, 1).await, balance(bank, 5).await), (10, 50));
    let first = bank.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
    assert_eq!(first.row_version(), 2);
}

async fn an_undone_nested_transaction_leaves_no_trace<B: Backend>(bank: &Store<B>) {
    bank.transaction(async |tx| {
        let undone = tx.transaction(async |tx| {
            tx.repo::<Account>().create_many((0..100).map(|number| account(number, 0))).await?;
            Err::<(), _>(Stop)
        });
        assert!(undone.await.is_err());
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (0, 0));
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
}

async fn nested_transactions_can_be_nested<B: Backend>(bank: &Store<B>) {
    bank.transaction(async |tx| {
        tx.repo::<Account>().create(account(1, 1)).await?;
        let undone = tx.transaction(async |tx| {
            tx.repo::<Account>().create(account(2, 2)).await?;
            tx.transaction(async |tx| tx.repo::<Account>().create(account(3, 3)).await).await?;
            let undone = tx.transaction(async |tx| {
                tx.repo::<Account>().create(account(4, 4)).await?;
                Err::<(), _>(Stop)
            });
            assert!(undone.await.is_err());
            assert_eq!(tx.repo::<Account>().count(Account::query().all()).await?, 3);
            Err::<(), _>(Stop)
        });
        assert!(undone.await.is_err());
        tx.transaction(async |tx| tx.repo::<Account>().create(account(3, 30)).await).await
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (2, 0));
    assert_eq!(balance(bank, 3).await, 30);
}

async fn a_nested_transaction_that_panics_or_is_dropped_is_undone<B: Backend>(bank: &Store<B>) {
    let tx = bank.begin().await.unwrap();
    tx.repo::<Account>().create(account(1, 1)).await.unwrap();
    let panics = tx.transaction(async |tx| {
        tx.repo::<Account>().create(account(2, 2)).await?;
        panic!("on purpose");
        #[expect(unreachable_code, reason = "the value gives the closure its return type")]
        Ok::<(), Error>(())
    });
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    let written = std::sync::atomic::AtomicBool::new(false);
    let mut dropped = Box::pin(tx.transaction(async |tx| {
        tx.repo::<Account>().create(account(3, 3)).await?;
        written.store(true, std::sync::atomic::Ordering::Relaxed);
        std::future::pending::<Result<(), Error>>().await
    }));
    while !written.load(std::sync::atomic::Ordering::Relaxed) {
        assert!((&mut dropped).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(dropped);
    tx.repo::<Account>().create(account(4, 4)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts(bank).await, (2, 0));
    assert_eq!((balance(bank, 1).await, balance(bank, 4).await), (1, 4));
}

async fn a_failure_in_a_nested_transaction_loses_only_that_one<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    bank.transaction(async |tx| {
        tx.repo::<Account>().create(account(2, 2)).await?;
        let swallowed = tx.transaction(async |tx| {
            tx.repo::<Account>().create(account(3, 3)).await?;
            assert!(tx.repo::<Account>().create(account(1, 0)).await.unwrap_err().is_duplicate_key());
            Ok::<_, Error>(())
        });
        let lost = swallowed.await.unwrap_err();
        assert!(matches!(&lost, Error::TransactionLost { because } if because.contains("already exists")), "{lost}");
        tx.repo::<Account>().create(account(4, 4)).await
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (3, 0));
    assert!(bank.repo::<Account>().retrieve(&Number(3)).await.unwrap().is_none());
}

async fn the_outer_transaction_is_unusable_while_a_nested_one_is_open<B: Backend>(bank: &Store<B>) {
    let tx = bank.begin().await.unwrap();
    let outer = tx.repo::<Account>();
    tx.transaction(async |nested| {
        let refused = outer.count(Account::query().all()).await.unwrap_err();
        assert!(matches!(refused, Error::TransactionNested), "{refused}");
        let second = tx.transaction(async |_| Ok::<_, Error>(())).await.unwrap_err();
        assert!(matches!(second, Error::TransactionNested), "{second}");
        nested.repo::<Account>().create(account(1, 1)).await
    })
    .await
    .unwrap();
    assert_eq!(outer.count(Account::query().all()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(counts(bank).await, (1, 0));
}

/// The transaction between the outer and the innermost one is dropped while the innermost one is open.
async fn the_innermost_transaction_ends_with_the_one_around_it<B: Backend>(bank: &Store<B>) {
    let tx = bank.begin().await.unwrap();
    tx.repo::<Account>().create(account(1, 1)).await.unwrap();
    let innermost = std::sync::Mutex::new(None);
    let between = tx.transaction(async |between| {
        between.repo::<Account>().create(account(2, 2)).await?;
        let inner = between.clone();
        let mut work = Box::pin(async move {
            inner
                .transaction(async |innermost| {
                    innermost.repo::<Account>().create(account(3, 3)).await?;
                    tokio::task::yield_now().await;
                    innermost.repo::<Account>().create(account(4, 4)).await
                })
                .await
        });
        assert!((&mut work).now_or_never().is_none());
        *innermost.lock().unwrap() = Some(work);
        Err::<(), _>(Error::InvalidCursor { problem: "none" })
    });
    assert!(between.await.is_err());
    let left = Account::query().all();
    assert_eq!(tx.repo::<Account>().count(left).await.unwrap(), 1);
    tx.repo::<Account>().create(account(5, 5)).await.unwrap();
    // Another transaction at the same depth does not belong to the ended handles.
    tx.transaction(async |tx| {
        tx.repo::<Account>().create(account(6, 6)).await?;
        let work = innermost.lock().unwrap().take().unwrap();
        let late = work.await.unwrap_err();
        assert!(matches!(late, Error::TransactionEnded { .. }), "{late}");
        tx.repo::<Account>().create(account(7, 7)).await
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts(bank).await, (4, 0));
    assert!(bank.repo::<Account>().retrieve(&Number(2)).await.unwrap().is_none());
}

async fn a_nested_transaction_ends_with_the_outer_one<B: Backend>(bank: &Store<B>) {
    let tx = bank.begin().await.unwrap();
    let handle = (*tx).clone();
    handle
        .transaction(async move |nested| {
            nested.repo::<Account>().create(account(1, 1)).await?;
            // The outer transaction cannot be committed while the nested one is open: it is rolled back.
            let refused = tx.commit().await.unwrap_err();
            assert!(matches!(refused, Error::TransactionNested), "{refused}");
            let late = nested.repo::<Account>().create(account(2, 2)).await.unwrap_err();
            assert!(matches!(late, Error::TransactionEnded { .. }), "{late}");
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    assert_eq!(counts(bank).await, (0, 0));
}
