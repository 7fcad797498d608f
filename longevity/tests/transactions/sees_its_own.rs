//! A transaction sees its own writes, in every kind of query.

use futures_util::TryStreamExt;
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{
    Account, Customer, Firm, Name, Number, Person, Register, Store, account, assert_same, counts, firm, person,
};

where_readers_do_not_wait!(queries_see_own_writes);
on_each_back_end!(
    look_ups_by_key_see_own_writes,
    a_key_that_a_row_gave_up_is_free,
    a_row_that_was_created_and_deleted_is_in_no_answer,
    concurrent_patches_of_one_row_are_all_made,
    aggregates_see_own_writes,
    changes_by_query_see_own_writes,
    a_morph_is_seen_by_all_repositories,
    concurrent_operations_are_done_one_after_the_other,
    a_stream_shows_what_was_there_when_it_began,
    thousands_of_concurrent_operations_are_done,
);

async fn look_ups_by_key_see_own_writes<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 10)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let first = accounts.retrieve_one(&Number(1)).await.unwrap();
    // The account is changed once with the same key, and once with another key.
    let first = accounts.update(first.modify(|it| it.balance = 11)).await.unwrap();
    assert_same(&accounts.retrieve_one(&Number(1)).await.unwrap(), &first);
    let moved = accounts.update(first.modify(|it| it.number = Number(2))).await.unwrap();
    assert_eq!(moved.row_version(), 2);
    assert!(accounts.retrieve(&Number(1)).await.unwrap().is_none());
    assert_same(&accounts.retrieve_one(&Number(2)).await.unwrap(), &moved);
    accounts.delete(moved).await.unwrap();
    assert!(accounts.retrieve(&Number(2)).await.unwrap().is_none());
    accounts.create(account(2, 3)).await.unwrap();
    assert_eq!(accounts.retrieve_one(&Number(2)).await.unwrap().balance, 3);
    tx.commit().await.unwrap();
    assert_eq!(bank.repo::<Account>().retrieve_one(&Number(2)).await.unwrap().balance, 3);
    assert_eq!(counts(bank).await, (1, 0));
}

/// The row is changed before its key is first looked up.
async fn a_key_that_a_row_gave_up_is_free<B: Backend>(bank: &Store<B>) {
    let firms = bank.repo::<Firm>();
    let old = firms.create(firm("old")).await.unwrap();
    bank.transaction(async |tx| {
        let firms = tx.repo::<Firm>();
        // The row's other key stays the same.
        let renamed = firms.update(old.clone().modify(|it| it.name = Name("new".into()))).await?;
        assert_same(&firms.retrieve_one(&Register("register of old".into())).await?, &renamed);
        assert!(tx.repo::<Person>().retrieve(&Name("old".into())).await?.is_none());
        tx.repo::<Person>().create(person("old", 1)).await?;
        firms.delete(renamed).await?;
        assert!(firms.retrieve(&Register("register of old".into())).await?.is_none());
        firms.create(firm("other")).await?;
        firms.create(Firm { name: Name("third".into()), register: Register("register of old".into()) }).await
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (0, 3));
    assert!(firms.update(old).await.unwrap_err().is_not_found());
}

async fn queries_see_own_writes<B: Backend>(bank: &Store<B>) {
    let m = Account::props();
    let rows = (1..=50).map(|number| account(number, i64::from(number) % 5));
    bank.repo::<Account>().create_many(rows).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    for number in [5, 10, 15] {
        let state = accounts.retrieve_one(&Number(number)).await.unwrap();
        accounts.update(state.modify(|it| it.balance = 7)).await.unwrap();
    }
    accounts.delete(accounts.retrieve_one(&Number(20)).await.unwrap()).await.unwrap();
    accounts.create(account(51, 7)).await.unwrap();

    // These read by an index, by a range of a key, and by a scan, each in its order. More is written in between.
    let numbers = |states: Vec<PState<Account>>| states.iter().map(|it| it.number.0).collect::<Vec<_>>();
    let sevens = || Account::query().filter(m.balance.eq(7)).order_by(m.number.asc());
    assert_eq!(numbers(accounts.find(sevens()).await.unwrap()), [5, 10, 15, 51]);
    let from_49 = Account::query().filter(m.number.ge(Number(49))).order_by(m.number.desc());
    assert_eq!(numbers(accounts.find(from_49).await.unwrap()), [51, 50, 49]);
    let zeros = || Account::query().filter(m.balance.lt(1) & m.notes.is_empty());
    assert_eq!(accounts.find(zeros()).await.unwrap().len(), 6);
    let last = accounts.retrieve_one(&Number(51)).await.unwrap();
    accounts.update(last.modify(|it| it.balance = 0)).await.unwrap();
    assert_eq!(accounts.find(zeros()).await.unwrap().len(), 7);
    assert_eq!(numbers(accounts.find(sevens()).await.unwrap()), [5, 10, 15]);
    let streamed: Vec<_> = accounts.stream(sevens()).try_collect().await.unwrap();
    assert_eq!(numbers(streamed), [5, 10, 15]);
    let first = accounts.page(sevens().limit(2), None).await.unwrap();
    assert_eq!(numbers(first.states), [5, 10]);
    let next = accounts.page(sevens().limit(2), first.next.as_ref()).await.unwrap();
    assert_eq!(numbers(next.states), [15]);
    assert!(accounts.exists(sevens()).await.unwrap());
    accounts.explain(sevens()).await.unwrap();

    // Readers outside of the transaction have seen none of it.
    assert!(!bank.repo::<Account>().exists(sevens()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(numbers(bank.repo::<Account>().find(sevens()).await.unwrap()), [5, 10, 15]);
}

async fn a_row_that_was_created_and_deleted_is_in_no_answer<B: Backend>(bank: &Store<B>) {
    let m = Account::props();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let sevens = || Account::query().filter(m.balance.eq(7));
    let by_number = || Account::query().filter(m.number.ge(Number(0))).order_by(m.number.asc());
    let made = accounts.create(account(1, 7)).await.unwrap();
    assert_eq!(accounts.count(sevens()).await.unwrap(), 1);
    assert_eq!(accounts.find(by_number()).await.unwrap().len(), 1);
    accounts.delete(made).await.unwrap();
    assert_eq!(accounts.count(sevens()).await.unwrap(), 0);
    assert!(!accounts.exists(sevens()).await.unwrap() && !accounts.exists(by_number()).await.unwrap());
    assert!(accounts.find(by_number()).await.unwrap().is_empty());
    assert_eq!(accounts.count(Account::query().all()).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(counts(bank).await, (0, 0));
}

async fn concurrent_patches_of_one_row_are_all_made<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let accounts = tx.repo::<Account>();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let one_more = Account::props().balance.increment(1);
                    accounts.patch_by(&Number(1), one_more).await.unwrap().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(bank.repo::<Account>().retrieve_one(&Number(1)).await.unwrap().balance, 200);
}

async fn aggregates_see_own_writes<B: Backend>(bank: &Store<B>) {
    let m = Account::props();
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1), account(3, 2)]).await.unwrap();
    bank.repo::<Person>().create(person("ann", 1)).await.unwrap();
    bank.transaction(async |tx| {
        let (accounts, customers) = (tx.repo::<Account>(), tx.repo::<Customer>());
        assert_eq!(customers.count(Customer::query().all()).await?, 1);
        accounts.create(account(4, 2)).await?;
        accounts.delete(accounts.retrieve_one(&Number(1)).await?).await?;
        tx.repo::<Firm>().create(firm("bank")).await?;
        assert_eq!(customers.count(Customer::query().all()).await?, 2);
        assert_eq!(accounts.count(Account::query().all()).await?, 3);
        assert_eq!(accounts.count(Account::query().filter(m.balance.eq(2))).await?, 2);
        assert_eq!(accounts.aggregate(Account::query().all(), m.balance.sum()).await?, 5);
        assert_eq!(accounts.distinct(Account::query().all(), &m.balance).await?, [1, 2]);
        assert_eq!(accounts.project(Account::query().order_by(m.number.asc()), m.number.clone()).await?.len(), 3);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (3, 2));
}

async fn changes_by_query_see_own_writes<B: Backend>(bank: &Store<B>) {
    let m = Account::props();
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1), account(3, 2)]).await.unwrap();
    bank.transaction(async |tx| {
        let accounts = tx.repo::<Account>();
        accounts.create(account(4, 1)).await?;
        let ones = || Account::query().filter(m.balance.eq(1));
        assert_eq!(accounts.update_where(ones(), m.balance.increment(4)).await?, 3);
        assert_eq!(accounts.delete_where(ones()).await?, 0);
        assert_eq!(accounts.patch_by(&Number(4), m.balance.increment(1)).await?.unwrap().balance, 6);
        let third = accounts.retrieve_one(&Number(3)).await?;
        accounts.patch(third, m.notes.push("patched")).await?;
        assert_eq!(accounts.delete_where(Account::query().filter(m.balance.eq(5))).await?, 2);
        accounts.count(Account::query().all()).await
    })
    .await
    .unwrap();
    let accounts = bank.repo::<Account>();
    let left = accounts.find(Account::query().order_by(m.number.asc())).await.unwrap();
    assert_eq!(left.iter().map(|it| (it.number.0, it.balance)).collect::<Vec<_>>(), [(3, 2), (4, 6)]);
    assert_eq!(left[0].notes, ["patched"]);
}

async fn a_morph_is_seen_by_all_repositories<B: Backend>(bank: &Store<B>) {
    bank.repo::<Person>().create(person("ann", 30)).await.unwrap();
    bank.transaction(async |tx| {
        let (people, firms, customers) = (tx.repo::<Person>(), tx.repo::<Firm>(), tx.repo::<Customer>());
        let ann = people.retrieve_one(&Name("ann".into())).await?.widen();
        customers.update(ann.set(Customer::Firm(firm("ann")))).await?;
        assert!(people.retrieve(&Name("ann".into())).await?.is_none());
        assert_eq!(people.count(Person::query().filter(Person::props().age.gt(1))).await?, 0);
        firms.retrieve_one(&Register("register of ann".into())).await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(bank.repo::<Firm>().count(Firm::query().all()).await.unwrap(), 1);
    assert_eq!(bank.repo::<Person>().count(Person::query().all()).await.unwrap(), 0);
}

async fn concurrent_operations_are_done_one_after_the_other<B: Backend>(bank: &Store<B>) {
    let tx = bank.begin().await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let accounts = tx.repo::<Account>();
            tokio::spawn(async move {
                accounts.create(account(number, 0)).await.unwrap();
                accounts.count(Account::query().all()).await.unwrap()
            })
        })
        .collect();
    let mut counts_seen = Vec::new();
    for task in tasks {
        counts_seen.push(task.await.unwrap());
    }
    counts_seen.sort_unstable();
    assert!(counts_seen.iter().zip(1..).all(|(seen, at_least)| *seen >= at_least), "{counts_seen:?}");
    tx.commit().await.unwrap();
    assert_eq!(counts(bank).await, (16, 0));
}

/// There are more rows than a server sends in one batch, and each is moved to the end while they arrive.
async fn a_stream_shows_what_was_there_when_it_began<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((0..100).map(|number| account(number, i64::from(number)))).await.unwrap();
    let m = Account::props();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let mut stream = accounts.stream(Account::query().filter(m.balance.ge(0)).order_by(m.balance.asc()));
    for balance in 0..100 {
        assert_eq!(stream.next().await.unwrap().unwrap().balance, balance);
        accounts.patch_by(&Number(balance as u32), m.balance.increment(1_000)).await.unwrap().unwrap();
    }
    assert!(stream.next().await.is_none());
    tx.commit().await.unwrap();
    assert_eq!(bank.repo::<Account>().count(Account::query().filter(m.balance.ge(1_000))).await.unwrap(), 100);
}

async fn thousands_of_concurrent_operations_are_done<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 7)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let accounts = tx.repo::<Account>();
    let reads = (0..3_000).map(|_| accounts.retrieve_one(&Number(1)));
    let found = futures_util::future::join_all(reads).await;
    assert!(found.into_iter().all(|found| found.unwrap().balance == 7));
    tx.commit().await.unwrap();
}
