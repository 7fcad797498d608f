//! Programs that write references are killed at random, and no reference dangles afterwards. `LONGEVITY_KILLS` says how often.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use longevity::backend::Backend;
use longevity::prelude::*;
use mongodb::bson::doc;

use crate::library::{Author, Book, Code, Item, Library, Series, Store, author, book, name, series};
use crate::stores::RUNTIME;

/// The variable that says in which store a program writes until it is killed.
const STORE: &str = "LONGEVITY_WRITES_REFERENCES_TO";
const TASKS: u32 = 4;

fn kills() -> u32 {
    std::env::var("LONGEVITY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

/// Numbers that look random, each determined by the one before (Knuth's constants for a linear congruential generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }

    fn author(&mut self) -> String {
        format!("author {}", self.below(6))
    }
}

/// Writes something. Each refusal is one that another task may have caused.
async fn step<B: Backend>(store: &Store<B>, chance: &mut Chance) {
    let (authors, books) = (store.repo::<Author>(), store.repo::<Book>());
    let (one, other, code) = (chance.author(), chance.author(), chance.below(100));
    let done = match chance.below(8) {
        0 | 1 => authors.create(author(&one)).await.map(drop),
        2 | 3 => {
            let series = code.is_multiple_of(2).then_some(Code(1000 + code % 3));
            let by_others = Book { editors: [name(&one), name(&other)].into(), series, ..book(code, &one) };
            books.create(by_others).await.map(drop)
        }
        4 => store.repo::<Series>().create(series(1000 + code % 3)).await.map(drop),
        // The books of the series are deleted with it.
        5 => match store.repo::<Series>().retrieve(&Code(1000 + code % 3)).await {
            Ok(Some(series)) => store.repo::<Series>().delete(series).await.map(drop).map_err(Error::from),
            found => found.map(drop),
        },
        // Books by an author are in the way, and editors are removed.
        6 => match authors.retrieve(&name(&one)).await {
            Ok(Some(author)) => authors.delete(author).await.map(drop).map_err(Error::from),
            found => found.map(drop),
        },
        _ => match authors.retrieve(&name(&one)).await {
            Ok(Some(author)) => authors.rename_key(author, name(&other)).await.map(drop).map_err(Error::from),
            found => found.map(drop),
        },
    };
    match done {
        Ok(())
        | Err(
            Error::DuplicateKey { .. }
            | Error::DanglingReference { .. }
            | Error::Referenced { .. }
            | Error::NotFound { .. }
            | Error::WriteConflict { .. }
            | Error::TransactionConflict { .. },
        ) => println!("written"),
        Err(error) => panic!("{error}"),
    }
}

/// Writes until this process is killed.
fn write<B: Backend>(backend: B) -> ! {
    let seed = u64::from(std::process::id());
    RUNTIME.block_on(async {
        let store = Arc::new(Longevity::<Library, _>::open(backend).await.unwrap());
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut chance = Chance(seed + u64::from(task));
                    loop {
                        step(&store, &mut chance).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            let () = task.await.unwrap();
        }
    });
    panic!("the tasks ended")
}

/// Starts this test again as a program that writes to the store, and kills it.
fn kill_a_writer(test: &str, store: &str, after: u32) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(STORE, store).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let written = lines.by_ref().map(Result::unwrap).filter(|line| line.contains("written"));
    let count = written.take(after as usize).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(count, after as usize, "the writers ended before they were killed");
}

async fn examine<B: Backend>(backend: B) -> u64 {
    let store = Longevity::<Library, _>::open(backend).await.unwrap();
    store.create_schema().await.unwrap();
    let plan = store.verify().plan().await.unwrap();
    assert!(plan.is_empty(), "{plan}");
    store.repo::<Item>().count(Item::query().all()).await.unwrap()
}

#[test]
fn sqlite() {
    if let Ok(store) = std::env::var(STORE) {
        write(Sqlite::file(store));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    let mut chance = Chance(7);
    let mut rows = 0;
    for _ in 0..kills() {
        RUNTIME.block_on(examine(Sqlite::file(&path)));
        kill_a_writer("kills::sqlite", path.to_str().unwrap(), 50 + chance.below(300));
        rows += RUNTIME.block_on(examine(Sqlite::file(&path)));
    }
    assert!(rows > 0, "nothing was ever written");
}

#[test]
fn mongo() {
    if let Ok(store) = std::env::var(STORE) {
        write(Mongo::new(store));
    }
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return;
    }
    let server = longevity_mongod::Server::builder().of_its_own().start().unwrap();
    let address = server.uri_of("library");
    let admin = RUNTIME.block_on(mongodb::Client::with_uri_str(server.uri())).unwrap().database("admin");
    let mut chance = Chance(7);
    let mut rows = 0;
    for _ in 0..kills() {
        RUNTIME.block_on(examine(Mongo::new(&address)));
        kill_a_writer("kills::mongo", &address, 20 + chance.below(100));
        // Otherwise the server keeps the transactions of a killed program for a minute, and their locks with them.
        RUNTIME.block_on(admin.run_command(doc! { "killAllSessions": [] }).into_future()).unwrap();
        rows += RUNTIME.block_on(examine(Mongo::new(&address)));
    }
    assert!(rows > 0, "nothing was ever written");
}
