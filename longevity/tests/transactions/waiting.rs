//! On SQLite, writing transactions run one after the other. A caller that waits for one waits as a future, without blocking its
//! thread, and not for ever.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use longevity::prelude::*;
use longevity::{Durability, ErrorKind, Sqlite};
use tokio::runtime::Builder;

use crate::bank::{Account, Bank, Number, Person, Store, account, balance, counts, person};

/// Runs a test on one thread: an operation that blocked it would stop everything.
fn on_one_thread<F: Future<Output = ()>>(sqlite: Sqlite, test: impl Fn(Store<Sqlite>) -> F) {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let bank = Longevity::<Bank, _>::open(sqlite).await.unwrap();
        bank.create_schema().await.unwrap();
        test(bank).await;
    });
}

fn in_a_file(test: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    test(&folder.path().join("bank.db"));
}

fn impatient(path: &Path) -> Sqlite {
    Sqlite::file(path).busy_timeout(Duration::from_millis(50))
}

/// Asserts that the store was busy and that the error says what to do.
fn assert_busy<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Busy { backend: "sqlite", .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(error.to_string().contains("within a transaction, use its own repositories"), "{error}");
}

/// A caller that writes outside of its own open transaction would wait for itself.
async fn no_caller_waits_for_itself(bank: Store<Sqlite>) {
    let tx = bank.begin().await.unwrap();
    tx.repo::<Account>().create(account(1, 1)).await.unwrap();
    assert_busy(bank.repo::<Account>().create(account(2, 2)).await);
    assert_busy(bank.repo::<Account>().create_many([account(2, 2), account(3, 3)]).await);
    assert_busy(bank.begin().await);
    assert_busy(bank.transaction(async |tx| tx.repo::<Account>().create(account(2, 2)).await).await);
    assert_busy(bank.create_schema().await);
    // The refused writes have left no trace.
    tx.repo::<Account>().create(account(2, 20)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts(&bank).await, (2, 0));
    bank.repo::<Account>().create(account(3, 3)).await.unwrap();
}

#[test]
fn no_caller_waits_for_itself_on_a_file() {
    in_a_file(|path| on_one_thread(impatient(path), no_caller_waits_for_itself));
}

#[test]
fn no_caller_waits_for_itself_in_memory() {
    on_one_thread(Sqlite::in_memory().busy_timeout(Duration::from_millis(50)), no_caller_waits_for_itself);
}

/// With a timeout of zero, an operation that would have to wait fails.
#[test]
fn with_a_timeout_of_zero_no_caller_waits() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path).busy_timeout(Duration::ZERO), async |bank| {
            let tx = bank.begin().await.unwrap();
            assert_busy(bank.repo::<Account>().create(account(2, 2)).await);
            assert_busy(bank.begin().await);
            tx.commit().await.unwrap();
            bank.repo::<Account>().create(account(2, 2)).await.unwrap();
        });
    });
}

#[test]
fn a_read_of_a_database_in_memory_waits_but_not_for_its_own_transaction() {
    on_one_thread(Sqlite::in_memory().busy_timeout(Duration::from_millis(50)), async |bank| {
        let all = || Account::query().all();
        let accounts = bank.repo::<Account>();
        let tx = bank.begin().await.unwrap();
        tx.repo::<Account>().create(account(1, 1)).await.unwrap();
        assert_busy(accounts.count(all()).await);
        assert_busy(accounts.retrieve(&Number(1)).await);
        assert_busy(accounts.find(all()).await);
        assert_busy(accounts.stream(all()).try_collect::<Vec<_>>().await);
        assert_busy(bank.snapshot(async |_| Ok::<_, Error>(())).await);
        tx.commit().await.unwrap();
        assert_eq!(accounts.count(all()).await.unwrap(), 1);
    });
}

#[test]
fn a_stream_of_a_database_in_memory_waits_and_sees_committed_rows() {
    on_one_thread(Sqlite::in_memory(), async |bank| {
        let tx = bank.begin().await.unwrap();
        tx.repo::<Account>().create(account(1, 1)).await.unwrap();
        let mut stream = bank.repo::<Account>().stream(Account::query().all());
        assert!(stream.next().now_or_never().is_none());
        tx.commit().await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().balance, 1);
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn readers_of_a_file_do_not_wait() {
    in_a_file(|path| {
        on_one_thread(impatient(path), async |bank| {
            bank.repo::<Account>().create(account(1, 1)).await.unwrap();
            let tx = bank.begin().await.unwrap();
            tx.repo::<Account>().delete_where(Account::query().all()).await.unwrap();
            assert_eq!(balance(&bank, 1).now_or_never(), Some(1));
            let seen = bank.snapshot(async |at| at.repo::<Account>().count(Account::query().all()).await);
            assert_eq!(seen.now_or_never().unwrap().unwrap(), 1);
            tx.commit().await.unwrap();
            assert_eq!(counts(&bank).await, (0, 0));
        });
    });
}

/// Everything runs on one thread: if any of the callers blocked it, none would complete.
async fn waiting_callers_continue_after_the_transaction(bank: Store<Sqlite>) {
    bank.repo::<Account>().create(account(1, 0)).await.unwrap();
    let tx = bank.begin().await.unwrap();
    let accounts = bank.repo::<Account>();
    let one_more = || Account::props().balance.increment(1);
    let mut writes = pin!(async {
        accounts.create(account(2, 2)).await.unwrap();
        accounts.patch_by(&Number(1), one_more()).await.unwrap();
        bank.transaction(async |tx| tx.repo::<Account>().patch_by(&Number(1), one_more()).await).await.unwrap();
        bank.create_schema().await.unwrap();
        bank.begin().await.unwrap().commit().await.unwrap();
        balance(&bank, 1).await
    });
    assert!(writes.as_mut().now_or_never().is_none());
    let first = tx.repo::<Account>().retrieve_one(&Number(1)).await.unwrap();
    tx.repo::<Account>().update(first.modify(|it| it.balance = 10)).await.unwrap();
    // The transaction takes long, and the others wait meanwhile.
    for _ in 0..10 {
        tokio::task::yield_now().await;
        assert!(writes.as_mut().now_or_never().is_none());
    }
    tx.commit().await.unwrap();
    assert_eq!(writes.await, 12);
}

#[test]
fn waiting_callers_continue_after_the_transaction_on_a_file() {
    in_a_file(|path| on_one_thread(Sqlite::file(path), waiting_callers_continue_after_the_transaction));
}

#[test]
fn waiting_callers_continue_after_the_transaction_in_memory() {
    on_one_thread(Sqlite::in_memory(), waiting_callers_continue_after_the_transaction);
}

/// No transaction waits for more than one of each of the others, and single writes have their turns between them.
async fn all_callers_have_their_turns(bank: Store<Sqlite>) {
    const ROUNDS: usize = 30;
    bank.repo::<Account>().create(account(0, 0)).await.unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let tx = bank.begin().await.unwrap();
    let mut tasks: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            let (bank, log) = (bank.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    bank.transaction(async |tx| {
                        tx.repo::<Account>().patch_by(&Number(0), Account::props().balance.increment(1)).await?;
                        log.lock().unwrap().push(name);
                        Ok::<_, Error>(())
                    })
                    .await
                    .unwrap();
                }
            })
        })
        .into();
    let (accounts, own) = (bank.repo::<Account>(), Arc::clone(&log));
    tasks.push(tokio::spawn(async move {
        for number in 1..=10 {
            accounts.create(account(number, 0)).await.unwrap();
            own.lock().unwrap().push("write");
        }
    }));
    // Lets all of them start to wait.
    tokio::task::yield_now().await;
    tx.commit().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    let log = log.lock().unwrap().clone();
    let mut counts: BTreeMap<_, usize> = ["a", "b", "c"].map(|name| (name, 0)).into();
    for name in log.iter().filter(|name| **name != "write") {
        *counts.get_mut(name).unwrap() += 1;
        // One of them may be late once, if its thread is not scheduled.
        let (most, least) = (counts.values().max().unwrap(), counts.values().min().unwrap());
        assert!(most - least <= 3, "{log:?}");
    }
    let last = log.iter().rposition(|name| *name == "write").unwrap();
    assert!(last < 50, "{log:?}");
    assert_eq!(balance(&bank, 0).await, 3 * i64::try_from(ROUNDS).unwrap());
}

#[test]
fn all_callers_have_their_turns_on_a_file() {
    in_a_file(|path| on_one_thread(Sqlite::file(path).durability(Durability::Normal), all_callers_have_their_turns));
    in_a_file(|path| on_one_thread(Sqlite::file(path), all_callers_have_their_turns));
}

#[test]
fn all_callers_have_their_turns_in_memory() {
    on_one_thread(Sqlite::in_memory(), all_callers_have_their_turns);
}

/// A task that is dropped while it waits, for a transaction, for another process, or for the disk, leaves nothing locked.
#[test]
fn a_task_that_is_dropped_while_it_waits_blocks_no_one() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path), async |bank| {
            let other = Longevity::<Bank, _>::open(Sqlite::file(path)).await.unwrap();
            let work = || {
                bank.transaction(async |tx| {
                    tx.repo::<Account>().create(account(9, 9)).await?;
                    tx.repo::<Person>().create(person("ann", 9)).await
                })
            };
            for before in 0..4 {
                for after in 0..6 {
                    for store in [&bank, &other] {
                        let tx = store.begin().await.unwrap();
                        tx.repo::<Account>().create(account(1, 1)).await.unwrap();
                        let mut waits = Box::pin(work());
                        let mut next = Box::pin(bank.begin());
                        for _ in 0..before {
                            assert!((&mut waits).now_or_never().is_none());
                        }
                        assert!((&mut next).now_or_never().is_none());
                        tx.commit().await.unwrap();
                        let mut ended = None;
                        for _ in 0..after {
                            ended = ended.or_else(|| (&mut waits).now_or_never());
                            tokio::task::yield_now().await;
                        }
                        drop(waits);
                        drop(next);
                        let there = counts(&bank).await;
                        assert!([(1, 0), (2, 1)].contains(&there), "{there:?}");
                        if let Some(ended) = ended {
                            ended.unwrap();
                            assert_eq!(there, (2, 1));
                        }
                        // Another process finds the lock free.
                        other
                            .transaction(async |tx| {
                                tx.repo::<Account>().delete_where(Account::query().all()).await?;
                                tx.repo::<Person>().delete_where(Person::query().all()).await
                            })
                            .await
                            .unwrap();
                    }
                }
            }
        });
    });
}

/// A caller asks for a transaction, and is then no longer polled, or is dropped.
#[test]
fn a_caller_that_is_not_polled_is_passed_over() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path), async |bank| {
            let tx = bank.begin().await.unwrap();
            // More callers than are woken at once.
            let mut more: Vec<_> = (0..4).map(|_| Box::pin(bank.begin())).collect();
            assert!(more.iter_mut().all(|begun| begun.now_or_never().is_none()));
            let (mut forgotten, mut dropped) = (Box::pin(bank.begin()), Box::pin(bank.begin()));
            assert!((&mut forgotten).now_or_never().is_none() && (&mut dropped).now_or_never().is_none());
            // This task is polled only when it is woken.
            let own = bank.clone();
            let third =
                async move { own.transaction(async |tx| tx.repo::<Account>().create(account(1, 1)).await).await };
            let third = tokio::spawn(third);
            tokio::task::yield_now().await;
            drop(dropped);
            tx.commit().await.unwrap();
            third.await.unwrap().unwrap();
            bank.repo::<Account>().create(account(2, 2)).await.unwrap();
            bank.begin().await.unwrap().commit().await.unwrap();
            // The forgotten one gets its transaction after all.
            forgotten.await.unwrap().repo::<Account>().create(account(3, 3)).await.unwrap();
            // Its transaction was dropped without a commit.
            assert_eq!(counts(&bank).await, (2, 0));
        });
    });
}

/// Another store holds the lock of the same file, as another process would: one thread waits for it, and nothing else does.
#[test]
fn waiting_for_another_process_blocks_no_one() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path), async |bank| {
            let other = Longevity::<Bank, _>::open(Sqlite::file(path)).await.unwrap();
            let tx = other.begin().await.unwrap();
            tx.repo::<Account>().create(account(1, 1)).await.unwrap();
            let mut waits = pin!(bank.transaction(async |tx| {
                assert!(tx.repo::<Account>().retrieve(&Number(1)).await?.is_some());
                tx.repo::<Account>().create(account(2, 2)).await
            }));
            assert!(waits.as_mut().now_or_never().is_none());
            let people = bank.repo::<Person>();
            let mut write = pin!(people.create(person("ann", 1)));
            assert!(write.as_mut().now_or_never().is_none());
            // Readers can read the file meanwhile.
            assert_eq!(counts(&bank).now_or_never(), Some((0, 0)));
            tx.commit().await.unwrap();
            waits.await.unwrap();
            write.await.unwrap();
            bank.repo::<Account>().create(account(3, 3)).await.unwrap();
            assert_eq!(counts(&other).await.0, 3);
        });
    });
}

#[test]
fn the_wait_for_another_process_ends() {
    in_a_file(|path| {
        on_one_thread(impatient(path), async |bank| {
            let other = Longevity::<Bank, _>::open(Sqlite::file(path)).await.unwrap();
            let tx = other.begin().await.unwrap();
            tx.repo::<Account>().create(account(1, 1)).await.unwrap();
            let error = bank.begin().await.unwrap_err();
            assert!(matches!(error, Error::Busy { .. }) && error.to_string().contains("another process"), "{error}");
            // The future is dropped while a thread waits for the lock: the connection comes back.
            let mut dropped = Box::pin(bank.begin());
            assert!((&mut dropped).now_or_never().is_none());
            drop(dropped);
            tx.commit().await.unwrap();
            // The thread may keep the connection for as long as it waits.
            let mut again = bank.begin().await;
            while let Err(Error::Busy { .. }) = again {
                again = bank.begin().await;
            }
            again.unwrap().repo::<Account>().create(account(2, 2)).await.unwrap();
        });
    });
}

/// The lock of the file is released with the transaction, not only with the next one.
#[test]
fn a_dropped_transaction_blocks_no_other_process() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path).busy_timeout(Duration::ZERO), async |bank| {
            let other = Longevity::<Bank, _>::open(Sqlite::file(path).busy_timeout(Duration::ZERO)).await.unwrap();
            for number in 0..3 {
                let tx = bank.begin().await.unwrap();
                tx.repo::<Account>().create(account(number, 1)).await.unwrap();
                drop(tx);
                other.begin().await.unwrap().repo::<Account>().create(account(number, 2)).await.unwrap();
                other.repo::<Account>().create(account(number, 3)).await.unwrap();
            }
            assert_eq!(counts(&bank).await, (3, 0));
        });
    });
}

/// The disk becomes full within a transaction, and SQLite may have ended the transaction: later writes must not be committed on
/// their own.
#[test]
fn a_full_disk_undoes_the_transaction_and_later_writes_in_it() {
    in_a_file(|path| {
        let small = Sqlite::file(path).max_size(200_000).durability(Durability::Normal);
        on_one_thread(small, async |bank| {
            let large = |number: u32| Account { notes: vec!["x".repeat(5_000)], ..account(number, 0) };
            bank.repo::<Account>().create(account(0, 0)).await.unwrap();
            for _ in 0..3 {
                let tx = bank.begin().await.unwrap();
                let accounts = tx.repo::<Account>();
                let mut number = 0;
                let full = loop {
                    number += 1;
                    if let Err(error) = accounts.create(large(number)).await {
                        break error;
                    }
                };
                assert!(full.to_string().contains("no space is left"), "{full}");
                assert_eq!(full.kind(), ErrorKind::Permanent);
                for number in 1_000..1_003 {
                    // The results do not matter: none of it lasts.
                    _ = accounts.create(account(number, 0)).await;
                    _ = accounts.patch_by(&Number(0), Account::props().balance.increment(1)).await;
                }
                let lost = tx.commit().await.unwrap_err();
                assert!(matches!(lost, Error::TransactionLost { .. }), "{lost:?}");
                assert_eq!((counts(&bank).await, balance(&bank, 0).await), ((1, 0), 0));
            }
            bank.transaction(async |tx| tx.repo::<Account>().create(account(1, 1)).await).await.unwrap();
        });
    });
}

/// A commit may be dropped while it waits for the disk.
#[test]
fn a_dropped_commit_is_done_or_not() {
    in_a_file(|path| {
        on_one_thread(Sqlite::file(path), async |bank| {
            for times in 0.. {
                bank.repo::<Account>().delete_where(Account::query().all()).await.unwrap();
                let tx = bank.begin().await.unwrap();
                tx.repo::<Account>().create(account(1, 1)).await.unwrap();
                // Another caller wants to write next, so the commit waits to share its sync to disk: a group commit.
                let mut next = Box::pin(bank.begin());
                assert!((&mut next).now_or_never().is_none());
                let mut commit = Box::pin(tx.commit());
                let mut ended = None;
                for _ in 0..times {
                    ended = ended.or_else(|| (&mut commit).now_or_never());
                }
                drop(commit);
                drop(next);
                assert_eq!(counts(&bank).await.0, u64::from(times > 0));
                bank.transaction(async |tx| tx.repo::<Account>().create(account(2, 2)).await).await.unwrap();
                if let Some(committed) = ended {
                    committed.unwrap();
                    assert!(times > 2, "it never waited");
                    return;
                }
            }
        });
    });
}
