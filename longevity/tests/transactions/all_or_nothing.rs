//! A transaction happens as a whole or not at all.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt;
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Customer, Firm, Name, Number, Person, Store, account, balance, counts, firm, person};

where_readers_do_not_wait!(a_commit_makes_every_write_durable);
where_transactions_nest!(states_of_an_undone_nested_transaction_are_refused);
on_each_back_end!(
    an_error_undoes_everything,
    a_panic_undoes_everything,
    a_dropped_future_undoes_everything,
    a_dropped_transaction_undoes_everything,
    states_of_an_undone_transaction_are_refused,
    undone_states_are_refused_even_if_the_row_has_the_same_version_by_now,
    a_failed_write_loses_the_transaction_even_if_its_error_is_ignored,
    an_error_of_the_closure_is_returned_unchanged,
);

async fn a_commit_makes_every_write_durable<B: Backend>(bank: &Store<B>) {
    bank.repo::<Person>().create(person("ann", 30)).await.unwrap();
    let made: u64 = bank
        .transaction(async |tx| {
            let (accounts, people) = (tx.repo::<Account>(), tx.repo::<Person>());
            accounts.create_many([account(1, 10), account(2, 20)]).await?;
            let ann = people.retrieve_one(&Name("ann".into())).await?;
            people.update(ann.modify(|ann| ann.age += 1)).await?;
            tx.repo::<Firm>().create(firm("bank")).await?;
            // No other reader sees any of it.
            assert_eq!(counts(bank).await, (0, 1));
            let ann = bank.repo::<Person>().retrieve_one(&Name("ann".into())).await?;
            assert_eq!((ann.age, ann.row_version()), (30, 0));
            accounts.count(Account::query().all()).await
        })
        .await
        .unwrap();
    assert_eq!(made, 2);
    assert_eq!(counts(bank).await, (2, 2));
    let ann = bank.repo::<Person>().retrieve_one(&Name("ann".into())).await.unwrap();
    assert_eq!((ann.age, ann.row_version()), (31, 1));
    // The indexes are up to date too, and states from the transaction can be used.
    let poor = Account::query().filter(Account::props().balance.lt(15));
    let poor = bank.repo::<Account>().exactly_one(poor).await.unwrap();
    bank.repo::<Account>().delete(poor).await.unwrap();
    assert!(bank.repo::<Account>().create(account(2, 0)).await.unwrap_err().is_duplicate_key());
}

/// Makes, changes and deletes something.
async fn meddle<B: Backend>(tx: &longevity::Transaction<crate::bank::Bank, B>) -> Result<(), Error> {
    let accounts = tx.repo::<Account>();
    accounts.create(account(3, 30)).await?;
    let first = accounts.retrieve_one(&Number(1)).await?;
    accounts.update(first.modify(|it| it.balance = 0)).await?;
    accounts.delete(accounts.retrieve_one(&Number(2)).await?).await?;
    tx.repo::<Customer>().create(Customer::Person(person("bob", 1))).await?;
    assert_eq!(accounts.count(Account::query().all()).await?, 2);
    Ok(())
}

async fn begin_with_two<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 10), account(2, 20)]).await.unwrap();
}

/// The rows that [`begin_with_two`] made are unchanged, and all of them can be written again.
async fn assert_untouched<B: Backend>(bank: &Store<B>) {
    assert_eq!(counts(bank).await, (2, 0));
    assert_eq!((balance(bank, 1).await, balance(bank, 2).await), (10, 20));
    let accounts = bank.repo::<Account>();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    assert_eq!(first.row_version(), 0);
    accounts.update(first).await.unwrap();
    accounts.create(account(3, 0)).await.unwrap();
    bank.transaction(async |tx| tx.repo::<Person>().create(person("bob", 2)).await).await.unwrap();
}

async fn an_error_undoes_everything<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let refused = bank
        .transaction(async |tx| {
            meddle(&tx).await?;
            tx.repo::<Account>().retrieve_one(&Number(9)).await
        })
        .await
        .unwrap_err();
    assert!(refused.is_not_found());
    assert_untouched(bank).await;
}

async fn a_panic_undoes_everything<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let kept = Mutex::new(None);
    let work = bank.transaction(async |tx| {
        meddle(&tx).await?;
        // A handle that outlives the closure does not keep the transaction open.
        *kept.lock().unwrap() = Some(tx.clone());
        panic!("on purpose");
        #[expect(unreachable_code, reason = "the value gives the closure its return type")]
        Ok::<(), Error>(())
    });
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    assert_untouched(bank).await;
    let late = kept.into_inner().unwrap().unwrap().repo::<Account>().create(account(4, 0)).await.unwrap_err();
    assert!(matches!(late, Error::TransactionEnded { how: "it was rolled back" }), "{late}");
}

async fn a_dropped_future_undoes_everything<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let kept = Mutex::new(None);
    let mut work = Box::pin(bank.transaction(async |tx| {
        meddle(&tx).await?;
        *kept.lock().unwrap() = Some(tx.repo::<Account>());
        std::future::pending::<Result<(), Error>>().await
    }));
    while kept.lock().unwrap().is_none() {
        assert!((&mut work).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(work);
    assert_untouched(bank).await;
    let late = kept.into_inner().unwrap().unwrap().find(Account::query().all()).await.unwrap_err();
    assert!(matches!(late, Error::TransactionEnded { how: "it was rolled back" }), "{late}");
}

async fn a_dropped_transaction_undoes_everything<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let tx = bank.begin().await.unwrap();
    meddle(&tx).await.unwrap();
    drop(tx);
    let tx = bank.begin().await.unwrap();
    meddle(&tx).await.unwrap();
    tx.rollback().await;
    assert_untouched(bank).await;
}

async fn states_of_an_undone_transaction_are_refused<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let new = accounts.create(account(3, 30)).await.unwrap();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    let changed = accounts.update(first.modify(|it| it.balance = 0)).await.unwrap();
    tx.rollback().await;
    let accounts = bank.repo::<Account>();
    assert!(accounts.update(new.clone()).await.unwrap_err().is_not_found());
    assert!(accounts.delete(new).await.unwrap_err().is_not_found());
    assert!(accounts.update(changed.clone()).await.unwrap_err().is_write_conflict());
    assert!(accounts.delete(changed).await.unwrap_err().is_write_conflict());
    assert_untouched(bank).await;
}

async fn undone_states_are_refused_even_if_the_row_has_the_same_version_by_now<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let change = async |accounts: &Repo<Account, B>, balance: i64| {
        let first = accounts.retrieve_one(&Number(1)).await.unwrap();
        accounts.update(first.modify(|it| it.balance = balance)).await.unwrap()
    };
    let tx = bank.begin().await.unwrap();
    let undone = change(&tx.repo(), 0).await;
    tx.rollback().await;
    let accounts = bank.repo::<Account>();
    let changed = change(&accounts, 5).await;
    assert_eq!(undone.row_version(), changed.row_version());
    let refused = accounts.update(undone.clone()).await.unwrap_err();
    assert!(refused.is_write_conflict());
    // The versions are equal, so the error must give another reason.
    assert!(refused.to_string().contains("a transaction that was not committed"), "{refused}");
    assert!(accounts.delete(undone).await.unwrap_err().is_write_conflict());
    assert_eq!(balance(bank, 1).await, 5);
}

/// States of undone nested transactions are refused, too.
async fn states_of_an_undone_nested_transaction_are_refused<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let change = async |accounts: &Repo<Account, B>, balance: i64| {
        let first = accounts.retrieve_one(&Number(1)).await.unwrap();
        accounts.update(first.modify(|it| it.balance = balance)).await.unwrap()
    };
    let accounts = bank.repo::<Account>();
    let tx = bank.begin().await.unwrap();
    let undone = std::sync::Mutex::new(None);
    let nested = tx.transaction(async |tx| {
        *undone.lock().unwrap() = Some(change(&tx.repo(), 1).await);
        Err::<(), _>(Error::InvalidCursor { problem: "none" })
    });
    assert!(nested.await.is_err());
    change(&tx.repo(), 2).await;
    let undone = undone.into_inner().unwrap().unwrap();
    assert!(tx.repo::<Account>().update(undone).await.unwrap_err().is_write_conflict());
    drop(tx);

    // A state of a nested transaction that succeeded, within one that failed.
    let tx = bank.begin().await.unwrap();
    let undone = tx.transaction(async |tx| Ok::<_, Error>(change(&tx.repo(), 1).await)).await.unwrap();
    tx.rollback().await;
    change(&accounts, 7).await;
    assert!(accounts.update(undone).await.unwrap_err().is_write_conflict());
    assert_eq!(balance(bank, 1).await, 7);

    // A state from a committed transaction can be used, even if it came from a nested one.
    let tx = bank.begin().await.unwrap();
    let kept = tx.transaction(async |tx| Ok::<_, Error>(change(&tx.repo(), 3).await)).await.unwrap();
    tx.commit().await.unwrap();
    accounts.update(kept).await.unwrap();
}

/// On SQLite and MongoDB, writers of a row that an open transaction has written wait for that transaction.
#[test]
fn in_memory_states_of_an_open_transaction_are_refused() {
    crate::stores::mem(async |bank| states_of_an_open_transaction_are_refused(&bank).await);
    crate::stores::any(async |bank| states_of_an_open_transaction_are_refused(&bank).await);
}

/// The states are refused both outside of transactions and in another transaction.
async fn states_of_an_open_transaction_are_refused<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let change = async |accounts: &Repo<Account, B>, balance: i64| {
        let first = accounts.retrieve_one(&Number(1)).await.unwrap();
        accounts.update(first.modify(|it| it.balance = balance)).await.unwrap()
    };
    let accounts = bank.repo::<Account>();
    let tx = bank.begin().await.unwrap();
    let open = change(&tx.repo(), 8).await;
    change(&accounts, 9).await;
    assert!(accounts.update(open.clone()).await.unwrap_err().is_write_conflict());
    let other = bank.begin().await.unwrap();
    assert!(other.repo::<Account>().update(open).await.unwrap_err().is_write_conflict());
    drop((tx, other));
}

async fn a_failed_write_loses_the_transaction_even_if_its_error_is_ignored<B: Backend>(bank: &Store<B>) {
    begin_with_two(bank).await;
    let stale = bank.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
    let gone = bank.repo::<Account>().create(account(9, 0)).await.unwrap();
    bank.repo::<Account>().delete(gone.clone()).await.unwrap();
    let mut because = Vec::new();
    for number in 0..6 {
        let runs = Mutex::new(0);
        let lost = bank
            .transaction(async |tx| {
                *runs.lock().unwrap() += 1;
                meddle(&tx).await?;
                let accounts = tx.repo::<Account>();
                let m = Account::props();
                let swallowed = match number {
                    0 => accounts.create(account(1, 0)).await.unwrap_err(),
                    1 => accounts.create_many([account(7, 0), account(1, 0)]).await.unwrap_err(),
                    2 => accounts.update(stale.clone()).await.unwrap_err().into(),
                    3 => accounts.delete(gone.clone()).await.unwrap_err().into(),
                    4 => accounts.update_where(Account::query().all(), m.number.set(Number(5))).await.unwrap_err(),
                    _ => accounts.patch_by(&Number(1), m.number.set(Number(3))).await.unwrap_err(),
                };
                assert_eq!(swallowed.kind(), longevity::ErrorKind::Permanent, "{swallowed}");
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(runs.into_inner().unwrap(), 1);
        let Error::TransactionLost { because: why } = lost else { panic!("{number}: {lost}") };
        because.push(why);
    }
    assert!(because[0].contains("already exists") && because[2].contains("was changed by another"), "{because:?}");
    assert!(because[3].contains("it is gone"), "{because:?}");
    assert_untouched(bank).await;
}

async fn an_error_of_the_closure_is_returned_unchanged<B: Backend>(bank: &Store<B>) {
    #[derive(Debug)]
    enum Refused {
        TooPoor(i64),
        Store(Error),
    }
    impl From<Error> for Refused {
        fn from(error: Error) -> Self {
            Self::Store(error)
        }
    }
    begin_with_two(bank).await;
    let withdraw = async |amount: i64| {
        bank.transaction(async |tx| {
            let accounts = tx.repo::<Account>();
            let first = accounts.retrieve_one(&Number(1)).await?;
            let left = first.balance - amount;
            accounts.update(first.modify(|it| it.balance = left)).await.map_err(Error::from)?;
            if left < 0 { Err(Refused::TooPoor(left)) } else { Ok(left) }
        })
        .await
    };
    assert!(matches!(withdraw(4).await, Ok(6)));
    assert!(matches!(withdraw(7).await, Err(Refused::TooPoor(-1))));
    assert_eq!(balance(bank, 1).await, 6);
    bank.repo::<Account>().delete_where(Account::query().all()).await.unwrap();
    assert!(matches!(withdraw(1).await, Err(Refused::Store(Error::NotFound { .. }))));
}
