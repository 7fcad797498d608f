//! Transactions of the blocking facade.

use std::sync::atomic::{AtomicUsize, Ordering};

use longevity::blocking::Longevity;
use longevity::prelude::*;

use crate::bank::{Account, Bank, Number, Person, account, any, person};

fn on_a_bank(test: impl Fn(&Longevity<Bank, AnyBackend>)) {
    let bank = Longevity::open(any()).unwrap();
    bank.create_schema().unwrap();
    test(&bank);
}

#[test]
fn the_blocking_facade_has_transactions() {
    on_a_bank(|bank| {
        let accounts = bank.repo::<Account>();
        let all = || Account::query().all();
        let made: u64 = bank
            .transaction(|tx| {
                tx.repo::<Account>().create(account(1, 1))?;
                tx.repo::<Person>().create(person("ann", 1))?;
                let undone = tx.transaction(|tx| {
                    tx.repo::<Account>().create(account(2, 2))?;
                    Err::<(), _>(Error::InvalidCursor { problem: "none" })
                });
                assert!(undone.is_err());
                assert_eq!(accounts.count(all())?, 0);
                tx.repo::<Account>().count(all())
            })
            .unwrap();
        assert_eq!((made, accounts.count(all()).unwrap()), (1, 1));

        let tx = bank.begin().unwrap();
        tx.repo::<Account>().create(account(2, 2)).unwrap();
        tx.rollback();
        let tx = bank.begin().unwrap();
        tx.repo::<Account>().create(account(3, 3)).unwrap();
        tx.commit().unwrap();
        drop(bank.begin().unwrap().repo::<Account>().create(account(4, 4)).unwrap());
        assert_eq!(accounts.count(all()).unwrap(), 2);

        bank.snapshot(|at| {
            accounts.create(account(5, 5))?;
            assert_eq!(at.repo::<Account>().count(all())?, 2);
            Ok::<_, Error>(())
        })
        .unwrap();
    });
}

#[test]
fn the_blocking_facade_tries_again_too() {
    on_a_bank(|bank| {
        let accounts = bank.repo::<Account>();
        accounts.create(account(1, 0)).unwrap();
        let runs = AtomicUsize::new(0);
        bank.transaction(|tx| {
            let first = tx.repo::<Account>().retrieve_one(&Number(1))?;
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                accounts.patch_by(&Number(1), Account::props().balance.increment(100))?;
            }
            tx.repo::<Account>().update(first.modify(|it| it.balance += 1)).map_err(Error::from)
        })
        .unwrap();
        assert_eq!((runs.into_inner(), accounts.retrieve_one(&Number(1)).unwrap().balance), (2, 101));
    });
}
