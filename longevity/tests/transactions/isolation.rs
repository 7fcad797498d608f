//! What can happen between transactions side by side: a test for each anomaly, on each back end.
//!
//! Each test brings two sides into the order in which the anomaly would show. The last one lets threads choose the order.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Customer, Firm, Name, Number, Person, Store, account, balance, firm, is_same, person};

on_each_back_end!(
    no_dirty_read,
    no_non_repeatable_read,
    no_phantom,
    no_read_skew,
    no_lost_update,
    no_lost_update_of_a_state_that_was_read_before,
    no_write_skew_on_rows,
    no_write_skew_on_a_query,
    no_write_skew_on_an_absent_key,
    no_write_skew_on_a_whole_table,
    no_write_skew_on_what_a_nested_one_saw,
    no_write_skew_across_tables,
    unrelated_writes_do_not_conflict,
    write_skew_does_not_happen_among_threads,
);

/// The outcome of a transaction whose last write, or whose commit, may be refused.
async fn commits<B: Backend>(written: Result<(), Error>, tx: longevity::OpenTransaction<crate::bank::Bank, B>) -> bool {
    match written {
        Ok(()) => match tx.commit().await {
            Ok(()) => true,
            Err(Error::TransactionConflict { .. }) => false,
            Err(error) => panic!("{error}"),
        },
        Err(Error::TransactionConflict { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn set<B: Backend>(accounts: &Repo<Account, B>, state: PState<Account>, balance: i64) -> Result<(), Error> {
    accounts.update(state.modify(|it| it.balance = balance)).await?;
    Ok(())
}

async fn no_dirty_read<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    let writer = bank.begin().await.unwrap();
    let accounts = writer.repo::<Account>();
    set(&accounts, accounts.retrieve_one(&Number(1)).await.unwrap(), 9).await.unwrap();
    accounts.create(account(2, 9)).await.unwrap();
    let m = Account::props();
    let nines = || Account::query().filter(m.balance.eq(9));
    assert_eq!(balance(bank, 1).await, 1);
    assert!(!bank.repo::<Account>().exists(nines()).await.unwrap());
    bank.snapshot(async |at| {
        assert_eq!(at.repo::<Account>().count(nines()).await?, 0);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    writer.rollback().await;
    assert!(!bank.repo::<Account>().exists(nines()).await.unwrap());
}

async fn no_non_repeatable_read<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    let reader = bank.begin().await.unwrap();
    let accounts = reader.repo::<Account>();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    let wrote = tokio::spawn({
        let bank = bank.clone();
        async move {
            bank.transaction(async |tx| {
                let accounts = tx.repo::<Account>();
                set(&accounts, accounts.retrieve_one(&Number(1)).await?, 9).await?;
                accounts.delete(accounts.retrieve_one(&Number(2)).await?).await.map_err(Error::from)
            })
            .await
        }
    });
    wrote.await.unwrap().unwrap();
    is_same(&accounts.retrieve_one(&Number(1)).await.unwrap(), &first);
    assert_eq!(accounts.retrieve_one(&Number(2)).await.unwrap().balance, 2);
    reader.commit().await.unwrap();
}

async fn no_phantom<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 5), account(2, 1)]).await.unwrap();
    let m = Account::props();
    let fives = || Account::query().filter(m.balance.eq(5));
    let reader = bank.begin().await.unwrap();
    let accounts = reader.repo::<Account>();
    assert_eq!(accounts.count(fives()).await.unwrap(), 1);
    bank.repo::<Account>().create(account(3, 5)).await.unwrap();
    bank.repo::<Account>().patch_by(&Number(2), m.balance.set(5)).await.unwrap();
    assert_eq!(accounts.count(fives()).await.unwrap(), 1);
    assert_eq!(accounts.find(fives()).await.unwrap().len(), 1);
    assert!(accounts.retrieve(&Number(3)).await.unwrap().is_none());
    reader.commit().await.unwrap();
}

/// Two rows that belong together, one read before somebody changes both, one after.
async fn no_read_skew<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 50)).await.unwrap();
    bank.repo::<Person>().create(person("ann", 50)).await.unwrap();
    let reader = bank.begin().await.unwrap();
    let first = reader.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
    bank.transaction(async |tx| {
        let (accounts, people) = (tx.repo::<Account>(), tx.repo::<Person>());
        set(&accounts, accounts.retrieve_one(&Number(1)).await?, 20).await?;
        let ann = people.retrieve_one(&Name("ann".into())).await?;
        people.update(ann.modify(|ann| ann.age = 80)).await.map_err(Error::from)
    })
    .await
    .unwrap();
    let ann = reader.repo::<Person>().retrieve_one(&Name("ann".into())).await.unwrap();
    assert_eq!(first.balance + ann.age, 100);
    reader.commit().await.unwrap();
}

async fn no_lost_update<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    let (one, two) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    let (ones, twos) = (one.repo::<Account>(), two.repo::<Account>());
    let (mine, yours) = (ones.retrieve_one(&Number(1)).await.unwrap(), twos.retrieve_one(&Number(1)).await.unwrap());
    let written = set(&ones, mine, 1).await;
    assert!(commits(written, one).await);
    let written = set(&twos, yours, 2).await;
    assert!(!commits(written, two).await);
    assert_eq!(balance(bank, 1).await, 1);
}

/// The transaction itself reads nothing: its state is from before it began.
async fn no_lost_update_of_a_state_that_was_read_before<B: Backend>(bank: &Store<B>) {
    let state = bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    for delete in [false, true] {
        let state = bank.repo::<Account>().retrieve_one(&Number(1)).await.unwrap_or_else(|_| state.clone());
        let tx = bank.begin().await.unwrap();
        bank.repo::<Account>().patch_by(&Number(1), Account::props().balance.increment(5)).await.unwrap();
        let written = match delete {
            true => tx.repo::<Account>().delete(state).await.map(drop).map_err(Error::from),
            false => set(&tx.repo::<Account>(), state, 1).await,
        };
        assert!(!commits(written, tx).await);
    }
    assert_eq!(balance(bank, 1).await, 10);
}

async fn no_write_skew_on_rows<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1)]).await.unwrap();
    // Each takes one away if there are two.
    let (one, two) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    let (ones, twos) = (one.repo::<Account>(), two.repo::<Account>());
    let (first, second) = (ones.retrieve_one(&Number(1)).await.unwrap(), ones.retrieve_one(&Number(2)).await.unwrap());
    assert_eq!(first.balance + second.balance, 2);
    let written = set(&ones, first, 0).await;
    let (first, second) = (twos.retrieve_one(&Number(1)).await.unwrap(), twos.retrieve_one(&Number(2)).await.unwrap());
    assert_eq!(first.balance + second.balance, 2);
    let also = set(&twos, second, 0).await;
    let both = [commits(written, one).await, commits(also, two).await];
    assert_eq!(both, [true, false]);
    assert_eq!(balance(bank, 1).await + balance(bank, 2).await, 1);
}

async fn no_write_skew_on_a_query<B: Backend>(bank: &Store<B>) {
    let m = Account::props();
    let ones = || Account::query().filter(m.balance.eq(1));
    // Each opens an account if there is none with this balance.
    let (mine, yours) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    assert!(!mine.repo::<Account>().exists(ones()).await.unwrap());
    assert!(yours.repo::<Account>().find(ones()).await.unwrap().is_empty());
    let written = mine.repo::<Account>().create(account(1, 1)).await.map(drop);
    let also = yours.repo::<Account>().create(account(2, 1)).await.map(drop);
    let both = [commits(written, mine).await, commits(also, yours).await];
    assert_eq!(both, [true, false]);
    assert_eq!(bank.repo::<Account>().count(ones()).await.unwrap(), 1);
}

async fn no_write_skew_on_an_absent_key<B: Backend>(bank: &Store<B>) {
    let (mine, yours) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    assert!(mine.repo::<Account>().retrieve(&Number(2)).await.unwrap().is_none());
    assert!(yours.repo::<Account>().retrieve(&Number(1)).await.unwrap().is_none());
    let written = mine.repo::<Account>().create(account(1, 1)).await.map(drop);
    let also = yours.repo::<Account>().create(account(2, 1)).await.map(drop);
    let both = [commits(written, mine).await, commits(also, yours).await];
    assert_eq!(both, [true, false]);
    assert!(bank.repo::<Account>().retrieve(&Number(2)).await.unwrap().is_none());
}

async fn no_write_skew_on_a_whole_table<B: Backend>(bank: &Store<B>) {
    // Each opens an account if there is none at all.
    let (mine, yours) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    assert_eq!(mine.repo::<Account>().count(Account::query().all()).await.unwrap(), 0);
    assert!(
        yours
            .repo::<Account>()
            .find(Account::query().order_by(Account::props().number.asc()))
            .await
            .unwrap()
            .is_empty()
    );
    let written = mine.repo::<Account>().create(account(1, 1)).await.map(drop);
    let also = yours.repo::<Account>().create(account(2, 1)).await.map(drop);
    let both = [commits(written, mine).await, commits(also, yours).await];
    assert_eq!(both, [true, false]);
}

/// What was undone was seen all the same.
async fn no_write_skew_on_what_a_nested_one_saw<B: Backend>(bank: &Store<B>) {
    let first = bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let nested = tx.transaction(async |tx| tx.repo::<Account>().create(account(1, 2)).await);
    assert!(nested.await.unwrap_err().is_duplicate_key());
    bank.repo::<Account>().delete(first).await.unwrap();
    let written = tx.repo::<Person>().create(person("somebody else has the account 1", 1)).await.map(drop);
    assert!(!commits(written, tx).await);

    let second = bank.repo::<Account>().create(account(2, 1)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let nested = tx.transaction(async |tx| {
        tx.repo::<Account>().update(second.clone()).await.map_err(Error::from)?;
        Err::<(), _>(Error::InvalidCursor { problem: "none" })
    });
    assert!(nested.await.is_err());
    bank.repo::<Account>().patch_by(&Number(2), Account::props().balance.increment(1)).await.unwrap();
    let written = tx.repo::<Person>().create(person("the account 2 is as it was", 1)).await.map(drop);
    assert!(!commits(written, tx).await);
}

async fn no_write_skew_across_tables<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    bank.repo::<Person>().create(person("ann", 1)).await.unwrap();
    // Each changes what the other one reads.
    let (mine, yours) = (bank.begin().await.unwrap(), bank.begin().await.unwrap());
    let ann = mine.repo::<Person>().retrieve_one(&Name("ann".into())).await.unwrap();
    let first = yours.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
    assert_eq!((ann.age, first.balance), (1, 1));
    let accounts = mine.repo::<Account>();
    let written = match accounts.retrieve_one(&Number(1)).await {
        Ok(state) => set(&accounts, state, 0).await,
        Err(error) => Err(error),
    };
    let people = yours.repo::<Person>();
    let also = match people.retrieve_one(&Name("ann".into())).await {
        Ok(ann) => people.update(ann.modify(|ann| ann.age = 0)).await.map(drop).map_err(Error::from),
        Err(error) => Err(error),
    };
    let both = [commits(written, mine).await, commits(also, yours).await];
    assert_eq!(both, [true, false]);
}

/// Whoever reads and writes other rows, by keys or by filters, is in nobody's way.
async fn unrelated_writes_do_not_conflict<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    let m = Account::props();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    assert_eq!(accounts.count(Account::query().filter(m.balance.lt(2))).await.unwrap(), 1);
    assert!(accounts.retrieve(&Number(7)).await.unwrap().is_none());
    assert_eq!(tx.repo::<Customer>().count(Customer::query().filter(Customer::is::<Person>())).await.unwrap(), 0);
    bank.repo::<Account>().patch_by(&Number(2), m.balance.set(3)).await.unwrap();
    bank.repo::<Account>().create(account(8, 8)).await.unwrap();
    bank.repo::<Firm>().create(firm("bank")).await.unwrap();
    set(&accounts, first, 0).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(balance(bank, 1).await, 0);
}

/// Doctors on call: one of two may leave if the other one stays. Threads try it again and again, in whatever order they get.
async fn write_skew_does_not_happen_among_threads<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1)]).await.unwrap();
    for _ in 0..200 {
        let leave = |own: u32, other: u32| {
            let bank = bank.clone();
            tokio::spawn(async move {
                bank.transaction(async |tx| {
                    let accounts = tx.repo::<Account>();
                    if accounts.retrieve_one(&Number(other)).await?.balance == 1 {
                        tokio::task::yield_now().await;
                        set(&accounts, accounts.retrieve_one(&Number(own)).await?, 0).await?;
                    }
                    Ok::<_, Error>(())
                })
                .await
            })
        };
        let (one, two) = (leave(1, 2), leave(2, 1));
        one.await.unwrap().unwrap();
        two.await.unwrap().unwrap();
        assert_eq!(balance(bank, 1).await + balance(bank, 2).await, 1);
        let all = Account::query().all();
        bank.repo::<Account>().update_where(all, Account::props().balance.set(1)).await.unwrap();
    }
}
