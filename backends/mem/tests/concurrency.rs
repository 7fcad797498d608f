//! Many threads at once: nothing is lost, torn or taken twice, and no one waits for a scan.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test panics where it fails")]

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::*;
use futures_util::StreamExt;
use longevity_core::backend::{ByKind, WriteFailure};
use longevity_core::backend::{OrderBy, Predicate, Select};
use longevity_core::value::Comparison;

const THREADS: i64 = 16;
/// Long enough for any machine. Ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs on 16 threads at once.
fn together<T: Send + 'static>(users: &Users, work: impl Fn(&Users, i64) -> T + Send + Sync + 'static) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(THREADS as usize));
    let work = Arc::new(work);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (users, barrier, work) = (users.clone(), Arc::clone(&barrier), Arc::clone(&work));
            thread::spawn(move || {
                barrier.wait();
                work(&users, thread)
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn exactly_one_of_many_takes_a_key() {
    let users = Users::new();
    let won = together(&users, |users, thread| {
        // Everything else differs, so that only the email decides.
        let rival = |round| Member { email: format!("{round}@example.com"), ..member(thread * 1_000 + round) };
        (0..300).filter(|round| users.insert(rival(*round)).is_ok()).collect::<Vec<_>>()
    });
    let mut won = won.concat();
    won.sort();
    assert_eq!(won, (0..300).collect::<Vec<_>>());
    assert_eq!(users.all().len(), 300);
    users.check_indexes();
}

#[test]
fn disjoint_writes_are_all_there() {
    let users = Users::new();
    together(&users, |users, thread| {
        for number in thread * 1_000..thread * 1_000 + 200 {
            let id = users.insert(member(number)).unwrap();
            match number % 4 {
                0 => users.delete(id).unwrap(),
                1 => assert_eq!(users.replace(id, Some(0), commenter(number)).unwrap(), 1),
                2 => assert_eq!(users.replace(id, Some(0), Member { cats: -number, ..member(number) }).unwrap(), 1),
                _ => {}
            }
        }
    });
    let mut expected: Vec<_> = (0..THREADS)
        .flat_map(|thread| thread * 1_000..thread * 1_000 + 200)
        .filter_map(|number| match number % 4 {
            0 => None,
            1 => Some(commenter(number).username),
            _ => Some(member(number).username),
        })
        .collect();
    let mut found: Vec<_> = users
        .all()
        .into_iter()
        .map(|(_, _, user)| match user {
            User::Member(member) => member.username,
            User::Commenter(commenter) => commenter.username,
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    users.check_indexes();
}

#[test]
fn no_increment_under_the_optimistic_lock_is_lost() {
    let users = Users::new();
    let id = users.insert(Member { cats: 0, ..member(1) }).unwrap();
    together(&users, move |users, _| {
        for _ in 0..50 {
            loop {
                let row = users.by_username("member-000001").unwrap();
                let User::Member(read) = users.user(&row) else { panic!("no member") };
                let next = Member { cats: read.cats + 1, ..read };
                match users.replace(id, Some(row.version), next) {
                    Ok(version) => break assert_eq!(version, row.version + 1),
                    Err(WriteFailure::Stale { found }) => assert!(found > row.version),
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    });
    let row = users.by_username("member-000001").unwrap();
    assert_eq!(row.version, 800);
    assert!(matches!(users.user(&row), User::Member(member) if member.cats == 800));
    users.check_indexes();
}

#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    let users = Users::new();
    let halves = together(&users, |users, thread| {
        let mut seen = Vec::new();
        for round in 0..50 {
            if thread % 2 == 0 {
                let first = thread * 1_000 + round * 10;
                let failing = round % 5 == 4;
                let batch = (first..first + 10).map(|number| member(if failing { 1 } else { number }).into());
                assert_eq!(users.insert_many(batch).is_err(), failing);
            } else {
                seen.push(users.count(Predicate::True));
                seen.push(users.count(members().and(compare(&[&CATS], Comparison::Ge, 0))));
            }
        }
        seen
    });
    assert!(halves.concat().iter().all(|count| count % 10 == 0));
    assert_eq!(users.count(Predicate::True), 8 * 40 * 10);
    users.check_indexes();
}

#[test]
fn a_stream_is_a_snapshot_whatever_is_written_meanwhile() {
    let users = Users::new();
    let ids = users.insert_many((0..500).map(|number| member(number).into())).unwrap();
    let by_cats = Select { order: vec![by(&path(&[&CATS]))], ..select(members()) };
    let by_email = Select {
        order: vec![OrderBy { direction: longevity_core::backend::Direction::Descending, ..by(&path(&[&EMAIL])) }],
        ..select(members())
    };
    let by_rating_and_cats = Select { order: vec![by(&path(&[&RATING])), by(&path(&[&CATS]))], ..select(members()) };
    let selects = [select(Predicate::True), by_cats, by_email, by_rating_and_cats];
    let expected: Vec<_> = selects.iter().map(|select| users.find(select.clone())).collect();
    let mut streams: Vec<_> = selects.iter().map(|select| users.stream(select.clone())).collect();
    // Some streams have begun to read and some have not.
    let begun = now(streams[0].next()).unwrap().unwrap().id;
    let writer = {
        let (users, ids) = (users.clone(), ids.clone());
        thread::spawn(move || {
            for (position, id) in ids.iter().enumerate() {
                match position % 3 {
                    0 => users.delete(*id).unwrap(),
                    1 => drop(users.replace(*id, None, commenter(position as i64)).unwrap()),
                    _ => drop(users.replace(*id, None, Member { cats: -1, ..member(position as i64) }).unwrap()),
                }
                users.insert(member(10_000 + position as i64)).unwrap();
            }
        })
    };
    let mut found: Vec<_> = streams.into_iter().map(rest).collect();
    found[0].insert(0, begun);
    writer.join().unwrap();
    assert_eq!(found, expected);
    assert_ne!(users.find(select(Predicate::True)), ids);
    users.check_indexes();
}

#[test]
fn the_order_of_a_key_is_right_although_others_write_while_it_is_sorted() {
    for _ in 0..20 {
        let users = Users::new();
        users.insert_many((0..300).map(|number| member(number).into())).unwrap();
        together(&users, |users, thread| {
            let by_username = Select { order: vec![by(&path(&[&USERNAME]))], ..select(Predicate::True) };
            for number in 1_000 * (thread + 1)..1_000 * (thread + 1) + 20 {
                if thread % 4 == 0 {
                    // The result is of one moment and in order, whichever query sorts the entries.
                    let found = now(users.mem.find(&users.table, by_username.clone())).unwrap();
                    let names = found.iter().map(|row| match users.user(row) {
                        User::Member(member) => member.username,
                        User::Commenter(commenter) => commenter.username,
                    });
                    assert!(names.is_sorted() && found.len() >= 300);
                } else {
                    let id = users.insert(member(number)).unwrap();
                    match number % 3 {
                        0 => users.delete(id).unwrap(),
                        1 => drop(users.replace(id, None, member(number + 500)).unwrap()),
                        _ => {}
                    }
                }
            }
        });
        users.check_indexes();
    }
}

#[test]
fn no_one_waits_for_a_scan() {
    let users = Users::new();
    users.insert_many((0..10).map(|number| member(number).into())).unwrap();
    let (paused, is_paused) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let scan = {
        let users = users.clone();
        thread::spawn(move || {
            let mut accesses = 0;
            ON_ACCESS.set(Some(Box::new(move || {
                accesses += 1;
                if accesses == 5 {
                    paused.send(()).unwrap();
                    // The scan waits in the middle until the others are done.
                    may_go_on.recv_timeout(PATIENCE).unwrap();
                }
            })));
            users.count(compare(&[&TAGS], Comparison::Ne, Operand(longevity_core::Value::NONE).0))
        })
    };
    is_paused.recv_timeout(PATIENCE).unwrap();
    let (done, is_done) = channel();
    thread::spawn({
        let users = users.clone();
        move || {
            let id = users.by_username("member-000003").unwrap().id;
            users.replace(id, Some(0), commenter(3)).unwrap();
            users.insert(member(100)).unwrap();
            users.delete(id).unwrap();
            assert_eq!(users.all().len(), 10);
            done.send(()).unwrap();
        }
    });
    is_done.recv_timeout(PATIENCE).expect("readers and writers continue while a scan is paused");
    go_on.send(()).unwrap();
    assert_eq!(scan.join().unwrap(), 10);
    users.check_indexes();
}

#[test]
fn a_panic_in_an_accessor_leaves_the_table_whole() {
    let users = Users::new();
    let ids = users.insert_many((0..10).map(|number| member(number).into())).unwrap();
    let before = users.all();
    // The panic can strike anywhere in the operation: at the entries of the new value or at those of the old one.
    for strike in 0..18 {
        let (struck_users, ids) = (users.clone(), ids.clone());
        let struck = thread::spawn(move || {
            let users = struck_users;
            let content = users.content(Member { cats: 50, email: "new".to_owned(), ..member(3) });
            let mut accesses = 0;
            ON_ACCESS.set(Some(Box::new(move || {
                accesses += 1;
                assert_ne!(accesses, strike + 1, "on purpose");
            })));
            let target = longevity_core::backend::Target {
                id: ids[3],
                version: None,
                scope: None,
                primary_key: None,
                before: false,
            };
            now(users.mem.replace(&users.table, target, content)).unwrap();
        });
        assert!(struck.join().is_err());
        assert_eq!(users.all(), before);
        users.check_indexes();
    }
    users.insert(member(100)).unwrap();
    users.check_indexes();
}
