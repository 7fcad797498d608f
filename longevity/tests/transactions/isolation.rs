//! What can happen between concurrent transactions: a test for each anomaly, on each back end.
//!
//! Each test brings two sides into the order in which the anomaly would show. Where they run side by side, one of them is
//! refused; where they run one after the other, one of them waits. MongoDB detects conflicts between writes only: rows that a
//! transaction has only read may be changed by another one. In the last test, threads choose the order.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Customer, Firm, Name, Number, Person, Store, account, assert_same, balance, firm, person};
use crate::side_by_side::{Turn, is_far, side_by_side};

where_writers_do_not_wait!(unrelated_writes_do_not_conflict);
on_each_back_end!(
    no_dirty_read,
    no_non_repeatable_read,
    no_phantom,
    no_read_skew,
    no_lost_update,
    no_lost_update_of_a_state_that_was_read_before,
    no_write_skew_on_what_is_written_too,
);
happens_on_mongo_alone!(
    write_skew_on_rows,
    write_skew_on_a_query,
    write_skew_on_an_absent_key,
    write_skew_on_a_whole_table,
    write_skew_across_tables,
);
where_transactions_nest!(no_write_skew_on_what_a_nested_one_saw);
where_transactions_are_serializable!(write_skew_does_not_happen_among_threads);

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
    let m = Account::props();
    let nines = || Account::query().filter(m.balance.eq(9));
    side_by_side(
        bank,
        async |turn| {
            let writer = bank.begin().await.unwrap();
            let accounts = writer.repo::<Account>();
            set(&accounts, accounts.retrieve_one(&Number(1)).await.unwrap(), 9).await.unwrap();
            accounts.create(account(2, 9)).await.unwrap();
            turn.pass().await;
            writer.rollback().await;
        },
        async |_| {
            assert_eq!(balance(bank, 1).await, 1);
            assert!(!bank.repo::<Account>().exists(nines()).await.unwrap());
            bank.snapshot(async |at| {
                assert_eq!(at.repo::<Account>().count(nines()).await?, 0);
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        },
    )
    .await;
    assert!(!bank.repo::<Account>().exists(nines()).await.unwrap());
}

async fn no_non_repeatable_read<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 2)]).await.unwrap();
    side_by_side(
        bank,
        async |turn| {
            let reader = bank.begin().await.unwrap();
            let accounts = reader.repo::<Account>();
            let first = accounts.retrieve_one(&Number(1)).await.unwrap();
            turn.pass().await;
            assert_same(&accounts.retrieve_one(&Number(1)).await.unwrap(), &first);
            assert_eq!(accounts.retrieve_one(&Number(2)).await.unwrap().balance, 2);
            reader.commit().await.unwrap();
        },
        async |_| {
            bank.transaction(async |tx| {
                let accounts = tx.repo::<Account>();
                set(&accounts, accounts.retrieve_one(&Number(1)).await?, 9).await?;
                accounts.delete(accounts.retrieve_one(&Number(2)).await?).await.map_err(Error::from)
            })
            .await
            .unwrap();
        },
    )
    .await;
    assert_eq!(balance(bank, 1).await, 9);
}

async fn no_phantom<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 5), account(2, 1)]).await.unwrap();
    let m = Account::props();
    let fives = || Account::query().filter(m.balance.eq(5));
    side_by_side(
        bank,
        async |turn| {
            let reader = bank.begin().await.unwrap();
            let accounts = reader.repo::<Account>();
            assert_eq!(accounts.count(fives()).await.unwrap(), 1);
            turn.pass().await;
            assert_eq!(accounts.count(fives()).await.unwrap(), 1);
            assert_eq!(accounts.find(fives()).await.unwrap().len(), 1);
            assert!(accounts.retrieve(&Number(3)).await.unwrap().is_none());
            reader.commit().await.unwrap();
        },
        async |_| {
            bank.repo::<Account>().create(account(3, 5)).await.unwrap();
            bank.repo::<Account>().patch_by(&Number(2), m.balance.set(5)).await.unwrap();
        },
    )
    .await;
    assert_eq!(bank.repo::<Account>().count(fives()).await.unwrap(), 3);
}

/// Two rows that belong together: one is read before another transaction changes both, and one after.
async fn no_read_skew<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 50)).await.unwrap();
    bank.repo::<Person>().create(person("ann", 50)).await.unwrap();
    side_by_side(
        bank,
        async |turn| {
            let reader = bank.begin().await.unwrap();
            let first = reader.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
            turn.pass().await;
            let ann = reader.repo::<Person>().retrieve_one(&Name("ann".into())).await.unwrap();
            assert_eq!(first.balance + ann.age, 100);
            reader.commit().await.unwrap();
        },
        async |_| {
            bank.transaction(async |tx| {
                let (accounts, people) = (tx.repo::<Account>(), tx.repo::<Person>());
                set(&accounts, accounts.retrieve_one(&Number(1)).await?, 20).await?;
                let ann = people.retrieve_one(&Name("ann".into())).await?;
                people.update(ann.modify(|ann| ann.age = 80)).await.map_err(Error::from)
            })
            .await
            .unwrap();
        },
    )
    .await;
    assert_eq!(balance(bank, 1).await, 20);
}

async fn no_lost_update<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    let add = async |turn: Turn| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let state = accounts.retrieve_one(&Number(1)).await.unwrap();
        turn.pass().await;
        let more = state.balance + 1;
        let written = set(&accounts, state, more).await;
        commits(written, tx).await
    };
    let (one, two) = side_by_side(bank, add, add).await;
    assert!(one);
    assert_eq!(balance(bank, 1).await, 1 + i64::from(two));
}

/// The transaction itself does not read the row: its state is from before the transaction began. It reads something else first,
/// or nothing.
async fn no_lost_update_of_a_state_that_was_read_before<B: Backend>(bank: &Store<B>) {
    for (delete, reads) in [(false, false), (true, false), (false, true), (true, true)] {
        bank.repo::<Account>().delete_where(Account::query().all()).await.unwrap();
        let state = bank.repo::<Account>().create(account(1, 0)).await.unwrap();
        let (committed, patched) = side_by_side(
            bank,
            async |turn| {
                let tx = bank.begin().await.unwrap();
                if reads {
                    assert!(tx.repo::<Account>().retrieve(&Number(9)).await.unwrap().is_none());
                }
                turn.pass().await;
                let written = match delete {
                    true => tx.repo::<Account>().delete(state).await.map(drop).map_err(Error::from),
                    false => set(&tx.repo::<Account>(), state, 1).await,
                };
                match written {
                    // Where a transaction sees the moment of its first operation, the state is stale by then.
                    Err(error) if is_far(bank) && !reads && error.is_write_conflict() => false,
                    written => commits(written, tx).await,
                }
            },
            async |_| {
                let five_more = Account::props().balance.increment(5);
                bank.repo::<Account>().patch_by(&Number(1), five_more).await.unwrap().is_some()
            },
        )
        .await;
        let left = bank.repo::<Account>().retrieve(&Number(1)).await.unwrap().map(|state| state.balance);
        match (delete, committed) {
            (true, true) => assert_eq!((patched, left), (false, None)),
            (false, true) => assert_eq!((patched, left), (true, Some(6))),
            (_, false) => assert_eq!((patched, left), (true, Some(5))),
        }
    }
}

async fn write_skew_on_rows<B: Backend>(bank: &Store<B>) -> bool {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1)]).await.unwrap();
    // Each takes one away if there are two.
    let take = async |turn: Turn, number: u32| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let first = accounts.retrieve_one(&Number(1)).await.unwrap();
        let second = accounts.retrieve_one(&Number(2)).await.unwrap();
        turn.pass().await;
        let written = match first.balance + second.balance {
            2 => set(&accounts, if number == 1 { first } else { second }, 0).await,
            _ => Ok(()),
        };
        commits(written, tx).await
    };
    side_by_side(bank, async |turn| assert!(take(turn, 1).await), async |turn| take(turn, 2).await).await;
    balance(bank, 1).await + balance(bank, 2).await == 0
}

async fn write_skew_on_a_query<B: Backend>(bank: &Store<B>) -> bool {
    let m = Account::props();
    let ones = || Account::query().filter(m.balance.eq(1));
    // Each opens an account if there is none with this balance.
    let open = async |turn: Turn, number: u32| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let is_there = match number {
            1 => accounts.exists(ones()).await.unwrap(),
            _ => !accounts.find(ones()).await.unwrap().is_empty(),
        };
        turn.pass().await;
        let written = if is_there { Ok(()) } else { accounts.create(account(number, 1)).await.map(drop) };
        commits(written, tx).await
    };
    side_by_side(bank, async |turn| assert!(open(turn, 1).await), async |turn| open(turn, 2).await).await;
    bank.repo::<Account>().count(ones()).await.unwrap() == 2
}

async fn write_skew_on_an_absent_key<B: Backend>(bank: &Store<B>) -> bool {
    // Each opens its account if the other one is not there.
    let open = async |turn: Turn, own: u32, other: u32| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let is_there = accounts.retrieve(&Number(other)).await.unwrap().is_some();
        turn.pass().await;
        let written = if is_there { Ok(()) } else { accounts.create(account(own, 1)).await.map(drop) };
        commits(written, tx).await
    };
    side_by_side(bank, async |turn| assert!(open(turn, 1, 2).await), async |turn| open(turn, 2, 1).await).await;
    assert_eq!(balance(bank, 1).await, 1);
    bank.repo::<Account>().retrieve(&Number(2)).await.unwrap().is_some()
}

async fn write_skew_on_a_whole_table<B: Backend>(bank: &Store<B>) -> bool {
    // Each opens an account if there is none at all.
    let open = async |turn: Turn, number: u32| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let by_number = Account::query().order_by(Account::props().number.asc());
        let is_there = match number {
            1 => accounts.count(Account::query().all()).await.unwrap() > 0,
            _ => !accounts.find(by_number).await.unwrap().is_empty(),
        };
        turn.pass().await;
        let written = if is_there { Ok(()) } else { accounts.create(account(number, 1)).await.map(drop) };
        commits(written, tx).await
    };
    side_by_side(bank, async |turn| assert!(open(turn, 1).await), async |turn| open(turn, 2).await).await;
    bank.repo::<Account>().count(Account::query().all()).await.unwrap() == 2
}

/// What a nested transaction saw counts even if its writes were undone.
async fn no_write_skew_on_what_a_nested_one_saw<B: Backend>(bank: &Store<B>) {
    for by_a_key in [true, false] {
        bank.repo::<Account>().delete_where(Account::query().all()).await.unwrap();
        bank.repo::<Person>().delete_where(Person::query().all()).await.unwrap();
        let first = bank.repo::<Account>().create(account(1, 1)).await.unwrap();
        let owner = Name("a witness of the account".into());
        side_by_side(
            bank,
            async |turn| {
                let tx = bank.begin().await.unwrap();
                let nested = tx.transaction(async |tx| {
                    if by_a_key {
                        return tx.repo::<Account>().create(account(1, 2)).await.map(drop);
                    }
                    set(&tx.repo::<Account>(), first.clone(), 3).await?;
                    Err(Error::InvalidCursor { problem: "none" })
                });
                assert_eq!(nested.await.unwrap_err().is_duplicate_key(), by_a_key);
                turn.pass().await;
                let written = tx.repo::<Person>().create(person(&owner.0, 1)).await.map(drop);
                commits(written, tx).await
            },
            async |_| {
                bank.transaction(async |tx| {
                    if tx.repo::<Person>().retrieve(&owner).await?.is_none() {
                        tx.repo::<Account>().delete_where(Account::query().all()).await?;
                    }
                    Ok::<_, Error>(())
                })
                .await
                .unwrap();
            },
        )
        .await;
        let is_said = bank.repo::<Person>().retrieve(&owner).await.unwrap().is_some();
        assert_eq!(bank.repo::<Account>().retrieve(&Number(1)).await.unwrap().is_some(), is_said);
    }
}

async fn write_skew_across_tables<B: Backend>(bank: &Store<B>) -> bool {
    bank.repo::<Account>().create(account(1, 1)).await.unwrap();
    bank.repo::<Person>().create(person("ann", 1)).await.unwrap();
    let ann = || Name("ann".into());
    // Each changes what the other one reads.
    let (one, _) = side_by_side(
        bank,
        async |turn| {
            let tx = bank.begin().await.unwrap();
            let accounts = tx.repo::<Account>();
            let is_one = tx.repo::<Person>().retrieve_one(&ann()).await.unwrap().age == 1;
            turn.pass().await;
            let written = match accounts.retrieve_one(&Number(1)).await {
                Ok(state) if is_one => set(&accounts, state, 0).await,
                other => other.map(drop),
            };
            commits(written, tx).await
        },
        async |turn| {
            let tx = bank.begin().await.unwrap();
            let people = tx.repo::<Person>();
            let is_one = tx.repo::<Account>().retrieve_one(&Number(1)).await.unwrap().balance == 1;
            turn.pass().await;
            let written = match people.retrieve_one(&ann()).await {
                Ok(ann) if is_one => people.update(ann.modify(|ann| ann.age = 0)).await.map(drop).map_err(Error::from),
                other => other.map(drop),
            };
            commits(written, tx).await
        },
    )
    .await;
    assert!(one);
    let age = bank.repo::<Person>().retrieve_one(&ann()).await.unwrap().age;
    balance(bank, 1).await + age == 0
}

/// As on rows, but each transaction also writes the row that it would otherwise only read. That prevents the anomaly on every
/// back end.
async fn no_write_skew_on_what_is_written_too<B: Backend>(bank: &Store<B>) {
    bank.repo::<Account>().create_many([account(1, 1), account(2, 1)]).await.unwrap();
    let take = async |turn: Turn, number: u32| {
        let tx = bank.begin().await.unwrap();
        let accounts = tx.repo::<Account>();
        let own = accounts.retrieve_one(&Number(number)).await.unwrap();
        let other = accounts.retrieve_one(&Number(3 - number)).await.unwrap();
        turn.pass().await;
        let (own_balance, other_balance) = (own.balance, other.balance);
        let written = match own_balance + other_balance {
            2 => match set(&accounts, other, other_balance).await {
                Ok(()) => set(&accounts, own, 0).await,
                failed => failed,
            },
            _ => Ok(()),
        };
        commits(written, tx).await
    };
    side_by_side(bank, async |turn| assert!(take(turn, 1).await), async |turn| take(turn, 2).await).await;
    assert_eq!(balance(bank, 1).await + balance(bank, 2).await, 1);
}

/// A transaction that reads and writes other rows, by keys or by filters, does not conflict.
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

/// Doctors on call: one of two may leave if the other one stays. Threads try it repeatedly, in whatever order they happen to run.
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
