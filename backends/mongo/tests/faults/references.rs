//! References with integrity while the primary is killed, again and again. None dangles afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use longevity::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::load::PATIENCE;
use crate::place::{heal, in_a_runtime, is_retryable, store, three};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Owner)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Owner {
    name: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Pet)]
struct Tag(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(tag: Tag, owner: Name), key(tag), reference(owner, on_delete = cascade))]
enum Pet {
    Cat { tag: Tag, owner: Name },
    Dog { tag: Tag, owner: Name },
}

#[derive(DomainModel)]
#[domain_model(Owner, Pet)]
struct Pets;

type Store = Longevity<Pets, Mongo>;

const OWNERS: u32 = 8;
const KILLS: usize = 3;

fn owner(number: u32) -> Name {
    Name(format!("owner {}", number % OWNERS))
}

/// Creates an owner or a pet, deletes an owner with all pets, or renames one.
async fn step(store: &Store, number: u32) -> Result<(), Error> {
    let (owners, name) = (store.repo::<Owner>(), owner(number / 5));
    match number % 5 {
        0 => owners.create(Owner { name }).await.map(drop),
        1 => store.repo::<Pet>().create(Pet::Dog { tag: Tag(number), owner: name }).await.map(drop),
        2 | 3 => store.repo::<Pet>().create(Pet::Cat { tag: Tag(number), owner: name }).await.map(drop),
        _ => match owners.retrieve(&name).await? {
            Some(found) if number.is_multiple_of(2) => owners.delete(found).await.map(drop).map_err(Error::from),
            Some(found) => owners.rename_key(found, owner(number / 5 + 1)).await.map(drop).map_err(Error::from),
            None => Ok(()),
        },
    }
}

fn is_expected(error: &Error) -> bool {
    let refused = matches!(
        error,
        Error::DuplicateKey { .. }
            | Error::DanglingReference { .. }
            | Error::Referenced { .. }
            | Error::NotFound { .. }
            | Error::WriteConflict { .. }
            | Error::TransactionConflict { .. }
            | Error::OutcomeUnknown { .. }
    );
    refused || is_retryable(error)
}

#[test]
fn no_reference_dangles_after_primaries_are_killed() {
    in_a_runtime(|| async {
        let set = three();
        let store = Arc::new(store::<Pets>(set.uri_of("references")).await);
        let (next, stop) = (Arc::new(AtomicU32::new(0)), Arc::<AtomicBool>::default());
        // The number of writes that were acknowledged.
        let (written, mut seen) = watch::channel(0_u32);
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (store, next, stop) = (Arc::clone(&store), Arc::clone(&next), Arc::clone(&stop));
            let written = written.clone();
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    match step(&store, next.fetch_add(1, Ordering::Relaxed)).await {
                        Ok(()) => written.send_modify(|written| *written += 1),
                        Err(error) => assert!(is_expected(&error), "{error:?}"),
                    }
                }
            });
        }
        let mut more_are_written = async || {
            let enough = *seen.borrow() + 50;
            let waited = tokio::time::timeout(PATIENCE, seen.wait_for(|written| *written >= enough)).await;
            waited.unwrap().unwrap();
        };
        for _ in 0..KILLS {
            more_are_written().await;
            let primary = set.primary().unwrap();
            set.members()[primary].kill().unwrap();
            more_are_written().await;
            heal(&set);
        }
        stop.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        let plan = store.verify().plan().await.unwrap();
        assert!(plan.is_empty(), "{plan}");
        println!("{KILLS} primaries were killed; {} writes were acknowledged", *written.borrow());
    });
}
