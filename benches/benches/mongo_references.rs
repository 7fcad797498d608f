//! References with integrity on MongoDB against the same transactions by hand: an insert and a write to the target. Then 32 tasks
//! that refer to one target at the same time.
//!
//! Most of each measured time is the server's, so the contenders take turns, a few creates at a time.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use longevity::prelude::*;
use longevity_benches::rounds::{Clock, measuring, print};
use longevity_mongod::Server;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use tokio::runtime::Runtime;

const NAMES: [&str; 2] = ["by hand", "longevity"];
const ROUNDS: u64 = 7;
const PARTS: u64 = 25;
const CREATES: u64 = 20;
const AUTHORS: u64 = 100;
const WRITERS: u64 = 32;
const EACH: u64 = 10;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
struct Name(String);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Author {
    name: Name,
    born: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
struct Code(i64);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(code), reference(author))]
struct Book {
    code: Code,
    author: Name,
    title: String,
}

#[derive(DomainModel)]
#[domain_model(Author, Book)]
struct Library;

fn author(number: u64) -> String {
    format!("author {}", number % AUTHORS)
}

/// The same collections, indexes and transactions on the driver.
#[derive(Clone)]
struct ByHand {
    client: Client,
    authors: Collection<Document>,
    books: Collection<Document>,
}

impl ByHand {
    async fn new(uri: &str, database: &str) -> Self {
        let client = Client::with_uri_str(uri).await.unwrap();
        let database = client.database(database);
        let (authors, books) = (database.collection("author"), database.collection("book"));
        let unique = mongodb::options::IndexOptions::builder().unique(true).build();
        let index = |keys, options| mongodb::IndexModel::builder().keys(keys).options(options).build();
        authors.create_index(index(doc! { "name": 1 }, Some(unique.clone()))).await.unwrap();
        books.create_index(index(doc! { "code": 1 }, Some(unique))).await.unwrap();
        books.create_index(index(doc! { "author": 1 }, None)).await.unwrap();
        let rows = (0..AUTHORS).map(|number| doc! { "name": author(number), "born": 1815_i64, "references": 0_i64 });
        authors.insert_many(rows).await.unwrap();
        Self { client, authors, books }
    }

    async fn create(&self, code: i64, author: String) {
        let mut session = self.client.start_session().await.unwrap();
        loop {
            session.start_transaction().await.unwrap();
            let book = doc! { "_version": 0_i64, "code": code, "author": &author, "title": format!("book {code}") };
            let written = async {
                self.books.insert_one(book).session(&mut session).await?;
                let mark = doc! { "$inc": { "references": 1_i64 } };
                self.authors.update_one(doc! { "name": &author }, mark).session(&mut session).await
            };
            let committed = match written.await {
                Ok(found) => {
                    assert_eq!(found.matched_count, 1);
                    session.commit_transaction().await
                }
                Err(error) => {
                    session.abort_transaction().await.ok();
                    Err(error)
                }
            };
            match committed {
                Ok(()) => return,
                Err(error) => assert!(error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR), "{error}"),
            }
        }
    }
}

async fn create(books: &longevity::Repo<Book, Mongo>, code: i64, author: String) {
    let (code, title) = (Code(code), format!("book {code}"));
    books.create(Book { code, author: Name(author), title }).await.unwrap();
}

async fn open(address: String) -> Longevity<Library, Mongo> {
    let store = Longevity::<Library, _>::open(Mongo::new(address)).await.unwrap();
    store.create_schema().await.unwrap();
    let authors = (0..AUTHORS).map(|number| Author { name: Name(author(number)), born: 1815 });
    store.repo::<Author>().create_many(authors).await.unwrap();
    store
}

fn main() -> ExitCode {
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of LONGEVITY_WITHOUT=mongodb");
        return ExitCode::SUCCESS;
    }
    let server = Server::start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let name = |contender: &str| format!("{contender}_{}", std::process::id());
    let by_hand = runtime.block_on(ByHand::new(server.uri(), &name("by_hand")));
    let store = runtime.block_on(open(server.uri_of(&name("longevity"))));
    println!("{AUTHORS} authors; medians of {ROUNDS} rounds, the contenders in turn\n");
    alone(&runtime, &by_hand, &store);
    crowded(&runtime, &by_hand, &store);
    ExitCode::SUCCESS
}

/// One task creates books of many authors.
fn alone(runtime: &Runtime, by_hand: &ByHand, store: &Longevity<Library, Mongo>) {
    let books = store.repo::<Book>();
    let mut all = vec![Vec::new(); NAMES.len()];
    let mut code = 0;
    for round in 0..=if measuring() { ROUNDS } else { 0 } {
        let mut clocks = [Clock::default(), Clock::default()];
        for part in 0..PARTS {
            for turn in 0..NAMES.len() {
                // A different contender begins each part.
                let contender = (turn + (part + round) as usize) % NAMES.len();
                let start = Instant::now();
                runtime.block_on(async {
                    for _ in 0..CREATES {
                        code += 1;
                        let author = author(code as u64);
                        match contender {
                            0 => by_hand.create(code, author).await,
                            _ => create(&books, code, author).await,
                        }
                    }
                });
                clocks[contender].add("create with a reference", CREATES, start.elapsed());
            }
        }
        // The first round is a warm-up.
        if round > 0 {
            all.iter_mut().zip(clocks).for_each(|(all, clock)| all.push(clock));
        }
    }
    if measuring() {
        print(&NAMES, &all);
    }
}

/// Many tasks create books of one author.
fn crowded(runtime: &Runtime, by_hand: &ByHand, store: &Longevity<Library, Mongo>) {
    println!("\n{WRITERS} tasks create {EACH} books each, all of one author; ms per book");
    let (by_hand, books) = (Arc::new(by_hand.clone()), store.repo::<Book>());
    let mut code = 1_000_000;
    for contender in [0, 1, 1, 0] {
        let from = code;
        code += (WRITERS * EACH) as i64;
        let times = runtime.block_on(async {
            let begun = Instant::now();
            let tasks: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (by_hand, books) = (Arc::clone(&by_hand), books.clone());
                    let first = from + (writer * EACH) as i64;
                    tokio::spawn(async move {
                        let mut times = Vec::new();
                        for book in 0..EACH as i64 {
                            let start = Instant::now();
                            match contender {
                                0 => by_hand.create(first + book, author(0)).await,
                                _ => create(&books, first + book, author(0)).await,
                            }
                            times.push(start.elapsed());
                        }
                        times
                    })
                })
                .collect();
            let mut times: Vec<Duration> = Vec::new();
            for task in tasks {
                times.extend(task.await.unwrap());
            }
            times.sort();
            (times, begun.elapsed())
        });
        let (times, whole) = times;
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "{:>12}: median {:.1}, 95 in 100 {:.1}, slowest {:.1}; {:.0} books a second",
            NAMES[contender],
            at(0.5),
            at(0.95),
            at(1.0),
            times.len() as f64 / whole.as_secs_f64()
        );
    }
}
