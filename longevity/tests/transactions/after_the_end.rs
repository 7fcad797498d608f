//! Repositories, handles and streams after their transaction has ended.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Number, Store, account, counts};

on_each_back_end!(
    every_operation_after_the_end_is_an_error_and_does_nothing,
    a_stream_ends_with_its_transaction,
    a_handle_that_outlives_its_closure_is_refused,
);

fn assert_ended(error: &Error, expected: &str) {
    assert!(matches!(error, Error::TransactionEnded { how } if *how == expected), "{error}");
}

async fn every_operation_after_the_end_is_an_error_and_does_nothing<B: Backend>(bank: &Store<B>) {
    for how in ["it was committed", "it was rolled back"] {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let state = accounts.create(account(1, 0)).await.unwrap();
        let handle = (*tx).clone();
        match how {
            "it was committed" => tx.commit().await.unwrap(),
            _ => tx.rollback().await,
        }
        let before = counts(bank).await;
        let all = || Account::query().all();
        let m = Account::props();
        assert_ended(&accounts.create(account(2, 0)).await.unwrap_err(), how);
        assert_ended(&accounts.create_many([account(2, 0), account(3, 0)]).await.unwrap_err(), how);
        assert_ended(accounts.update(state.clone()).await.unwrap_err().error(), how);
        assert_ended(accounts.delete(state.clone()).await.unwrap_err().error(), how);
        assert_ended(accounts.patch(state.clone(), m.balance.increment(1)).await.unwrap_err().error(), how);
        assert_ended(&accounts.patch_by(&Number(1), m.balance.increment(1)).await.unwrap_err(), how);
        assert_ended(&accounts.update_where(all(), m.balance.increment(1)).await.unwrap_err(), how);
        assert_ended(&accounts.delete_where(all()).await.unwrap_err(), how);
        assert_ended(&accounts.retrieve(&Number(1)).await.unwrap_err(), how);
        assert_ended(&accounts.find(all()).await.unwrap_err(), how);
        assert_ended(&accounts.count(all()).await.unwrap_err(), how);
        assert_ended(&accounts.exists(all()).await.unwrap_err(), how);
        assert_ended(&accounts.explain(all()).await.unwrap_err(), how);
        assert_ended(&accounts.aggregate(all(), m.balance.sum()).await.unwrap_err(), how);
        assert_ended(&accounts.stream(all()).next().await.unwrap().unwrap_err(), how);
        assert_ended(&handle.repo::<Account>().count(all()).await.unwrap_err(), how);
        assert_ended(&handle.transaction(async |_| Ok::<_, Error>(())).await.unwrap_err(), how);
        assert_eq!(counts(bank).await, before);
        bank.repo::<Account>().delete_where(all()).await.unwrap();
    }
}

async fn a_stream_ends_with_its_transaction<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((0..200).map(|number| account(number, 0))).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let mut stream = tx.repo::<Account>().stream(Account::query().all());
    stream.next().await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_ended(&stream.next().await.unwrap().unwrap_err(), "it was committed");
    assert!(stream.next().await.is_none());
}

async fn a_handle_that_outlives_its_closure_is_refused<B: Backend>(bank: &Store<B>) {
    let (handle, accounts) = bank
        .transaction(async |tx| {
            let accounts = tx.repo::<Account>();
            accounts.create(account(1, 0)).await?;
            Ok::<_, Error>((tx.clone(), accounts))
        })
        .await
        .unwrap();
    assert_ended(&accounts.create(account(2, 0)).await.unwrap_err(), "it was committed");
    assert_ended(&handle.repo::<Account>().count(Account::query().all()).await.unwrap_err(), "it was committed");
    assert_eq!(counts(bank).await, (1, 0));
}
