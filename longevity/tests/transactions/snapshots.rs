//! Snapshots: all reads see the same moment.

use futures_util::{StreamExt, TryStreamExt};
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Customer, Number, Person, Store, account, assert_same, counts, person};

on_each_back_end!(
    a_snapshot_shows_one_moment_over_all_types,
    a_snapshot_refuses_writes,
    a_state_of_a_snapshot_may_be_written_elsewhere,
    writers_and_a_snapshot_do_not_wait_for_each_other,
    a_key_is_looked_up_as_it_was,
    a_long_stream_shows_what_was_there_and_ends_with_the_snapshot,
);

async fn a_snapshot_shows_one_moment_over_all_types<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((0..10).map(|number| account(number, 1))).await.unwrap();
    let m = Account::props();
    bank.snapshot(async |at| {
        let accounts = at.repo::<Account>();
        // The other table is first read after it was changed.
        bank.repo::<Person>().create(person("ann", 1)).await?;
        bank.repo::<Account>().update_where(Account::query().all(), m.balance.increment(1)).await?;
        bank.repo::<Account>().delete_where(Account::query().filter(m.number.lt(Number(5)))).await?;
        assert!(at.repo::<Person>().retrieve(&crate::bank::Name("ann".into())).await?.is_none());
        assert_eq!(at.repo::<Customer>().count(Customer::query().all()).await?, 0);
        assert_eq!(accounts.aggregate(Account::query().all(), m.balance.sum()).await?, 10);
        assert_eq!(accounts.count(Account::query().filter(m.balance.eq(1))).await?, 10);
        assert_eq!(accounts.find(Account::query().filter(m.number.ge(Number(2)))).await?.len(), 8);
        let streamed: Vec<_> = accounts.stream(Account::query().all()).try_collect().await?;
        assert!(streamed.len() == 10 && streamed.iter().all(|it| it.row_version() == 0));
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (5, 1));
}

/// What a snapshot sees is committed, whatever becomes of the snapshot.
async fn a_state_of_a_snapshot_may_be_written_elsewhere<B: Backend>(bank: &Store<B>) {
    let accounts = bank.repo::<Account>();
    accounts.create_many((0..3).map(|number| account(number, 1))).await.unwrap();
    let mut states = Vec::new();
    for is_to_fail in [false, true] {
        let seen = std::sync::Mutex::new(Vec::new());
        let read = bank.snapshot(async |at| {
            let mut found = at.repo::<Account>().find(Account::query().order_by(Account::props().number.asc())).await?;
            let written = accounts.update(found.remove(0).modify(|it| it.balance += 1)).await?;
            assert_eq!(written.balance, if is_to_fail { 3 } else { 2 });
            *seen.lock().unwrap() = found;
            if is_to_fail { Err(Error::InvalidCursor { problem: "none" }) } else { Ok(()) }
        });
        assert_eq!(read.await.is_err(), is_to_fail);
        states.push(seen.into_inner().unwrap().remove(usize::from(is_to_fail)));
    }
    for state in states {
        accounts.update(state.modify(|it| it.balance = 9)).await.unwrap();
    }
}

async fn a_snapshot_refuses_writes<B: Backend>(bank: &Store<B>) {
    let first = bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    let m = Account::props();
    bank.snapshot(async |at| {
        let accounts = at.repo::<Account>();
        let all = || Account::query().all();
        let refused = [
            accounts.create(account(2, 2)).await.unwrap_err(),
            accounts.create_many([account(2, 2), account(3, 3)]).await.unwrap_err(),
            accounts.update(first.clone()).await.unwrap_err().into(),
            accounts.delete(first.clone()).await.unwrap_err().into(),
            accounts.patch(first.clone(), m.balance.increment(1)).await.unwrap_err().into(),
            accounts.patch_by(&Number(1), m.balance.increment(1)).await.unwrap_err(),
            accounts.update_where(all(), m.balance.increment(1)).await.unwrap_err(),
            accounts.delete_where(all()).await.unwrap_err(),
            // Even writes that would change nothing are refused.
            accounts.create_many([]).await.unwrap_err(),
            accounts.patch_by(&Number(9), m.balance.increment(1)).await.unwrap_err(),
            accounts.update_where(Account::query().filter(m.balance.gt(9)), m.balance.set(1)).await.unwrap_err(),
            accounts.delete_where(Account::query().filter(m.balance.gt(9))).await.unwrap_err(),
        ];
        for error in refused {
            assert!(matches!(error, Error::ReadOnly { type_name: "Account" }), "{error}");
        }
        Err::<(), _>(Error::InvalidCursor { problem: "none" })
    })
    .await
    .unwrap_err();
    assert_same(&bank.repo::<Account>().retrieve_one(&Number(1)).await.unwrap(), &first);
    assert_eq!(counts(bank).await, (1, 0));
}

async fn writers_and_a_snapshot_do_not_wait_for_each_other<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    bank.snapshot(async |at| {
        for round in 1..=100 {
            let state = bank.repo::<Account>().retrieve_one(&Number(1)).await?;
            bank.repo::<Account>().update(state.modify(|it| it.balance = round)).await?;
            bank.transaction(async |tx| {
                tx.repo::<Person>().create(person(&format!("p{round}"), round)).await.map(drop)
            })
            .await?;
            assert_eq!(at.repo::<Account>().retrieve_one(&Number(1)).await?.balance, 0);
            assert_eq!(at.repo::<Person>().count(Person::query().all()).await?, 0);
        }
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(counts(bank).await, (1, 100));
}

/// Values of a key move between rows, appear and disappear, before the snapshot looks any of them up.
async fn a_key_is_looked_up_as_it_was<B: Backend>(bank: &Store<B>) {
    let accounts = bank.repo::<Account>();
    accounts.create_many((0..6).map(|number| account(number, i64::from(number)))).await.unwrap();
    let renumber = async |from: u32, to: u32| {
        let state = accounts.retrieve_one(&Number(from)).await.unwrap();
        accounts.update(state.modify(|it| it.number = Number(to))).await.unwrap();
    };
    bank.snapshot(async |at| {
        // 0 and 1 swap, 2 is deleted and created again, 3 is changed, 4 is deleted, 5 stays; 6 is created, and 7 is created and
        // deleted.
        renumber(0, 100).await;
        renumber(1, 0).await;
        renumber(100, 1).await;
        accounts.delete(accounts.retrieve_one(&Number(2)).await?).await?;
        accounts.create(account(2, 20)).await?;
        renumber(3, 3).await;
        renumber(4, 6).await;
        accounts.create(account(7, 7)).await?;
        accounts.delete(accounts.retrieve_one(&Number(7)).await?).await?;
        let seen = at.repo::<Account>();
        for number in 0..6 {
            let state = seen.retrieve_one(&Number(number)).await?;
            assert_eq!((state.balance, state.row_version()), (i64::from(number), 0));
        }
        for number in [6, 7, 100] {
            assert!(seen.retrieve(&Number(number)).await?.is_none(), "{number}");
        }
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(bank.repo::<Account>().retrieve_one(&Number(0)).await.unwrap().balance, 1);
}

async fn a_long_stream_shows_what_was_there_and_ends_with_the_snapshot<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many((0..700).map(|number| account(number, i64::from(number)))).await.unwrap();
    let m = Account::props();
    let kept = bank
        .snapshot(async |at| {
            let from_600 = Account::query().filter(m.balance.lt(650)).order_by(m.balance.desc()).offset(49).limit(550);
            let mut stream = at.repo::<Account>().stream(from_600);
            for balance in (51..=600).rev() {
                if balance % 100 == 0 {
                    bank.repo::<Account>().patch_by(&Number(60), m.balance.increment(1_000)).await?;
                    let hundred = Account::query().filter(m.balance.ge(balance - 100) & m.balance.lt(balance));
                    bank.repo::<Account>().delete_where(hundred).await?;
                }
                assert_eq!(stream.next().await.unwrap()?.balance, balance);
            }
            assert!(stream.next().await.is_none());
            let all: Vec<_> = at.repo::<Account>().stream(Account::query().all()).try_collect().await?;
            assert_eq!(all.iter().map(|state| state.balance).sum::<i64>(), (0..700).sum::<i64>());
            let mut kept = at.repo::<Account>().stream(Account::query().all());
            kept.next().await.unwrap()?;
            Ok::<_, Error>(kept)
        })
        .await
        .unwrap();
    let rest: Vec<_> = kept.collect().await;
    assert!(matches!(rest.as_slice(), [Err(Error::TransactionEnded { .. })]), "{rest:?}");
}
