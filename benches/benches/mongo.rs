//! Longevity against code for this one model, written by hand on MongoDB's official driver. There is one server, one thread, and
//! a database for each contender.
//!
//! Most of each measured time is the server's, which shares the cores with everything else that runs. So the contenders take
//! turns within each phase, one part at a time.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity_benches::model::{Blogging, Email, Member, User, Username, user};
use longevity_benches::mongo::{Mongo, State};
use longevity_benches::rounds::{Clock, measuring, print};
use longevity_benches::work::{digest, email, picks, username};
use longevity_mongod::Server;
use tokio::runtime::Runtime;

const NAMES: [&str; 2] = ["by hand", "longevity"];

const ROUNDS: usize = 7;
/// The number of parts of each phase.
const PARTS: u64 = 25;
/// Scans are long, so only one part in this many has one.
const SCANS: u64 = 5;

const BATCH: u64 = 1_000;
const ROWS: u64 = PARTS * BATCH;
const SINGLES: u64 = 1_000;
const DELETES: u64 = 1_000;

// The numbers of operations in each part.
const GETS: u64 = 40;
const QUERIES: u64 = 30;
const UPDATES: u64 = 40;
const TRANSACTIONS: u64 = 20;
/// The number of rows created in one transaction.
const NEW: u64 = 100;

const ALL: u64 = ROWS + SINGLES + PARTS * NEW;

#[derive(Clone, Copy)]
enum Phase {
    CreateMany,
    Create,
    Get,
    GetDerived,
    Query,
    Update,
    Transaction,
    CreateInOne,
    Find,
    Stream,
    Delete,
}

/// Each phase with its name and the number of its operations in a part.
const PHASES: [(Phase, &str, u64); 11] = [
    (Phase::CreateMany, "create, batches of 1,000", BATCH),
    (Phase::Create, "create", SINGLES / PARTS),
    (Phase::Get, "retrieve by poly key", GETS),
    (Phase::GetDerived, "retrieve by derived key", GETS),
    (Phase::Query, "derived query, 20 rows", QUERIES),
    (Phase::Update, "read, modify, write", UPDATES),
    (Phase::Transaction, "transaction: 2 reads, 2 updates", TRANSACTIONS),
    (Phase::CreateInOne, "100 creates in one transaction, per row", NEW),
    (Phase::Find, "scan by find, per row", ALL),
    (Phase::Stream, "scan by stream, per row", ALL),
    (Phase::Delete, "delete", DELETES / PARTS),
];

fn main() -> ExitCode {
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of LONGEVITY_WITHOUT=mongodb");
        return ExitCode::SUCCESS;
    }
    // A client costs least on this runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start().unwrap();
    let work = Work::new();
    println!("{ROWS} rows; one thread; medians of {ROUNDS} rounds, the contenders in turn in each part of a phase\n");
    let mut all = vec![Vec::new(); NAMES.len()];
    for round in 0..=if measuring() { ROUNDS as u64 } else { 0 } {
        let name = |contender: &str| format!("{contender}_{}_{round}", std::process::id());
        let by_hand = ByHand::new(&runtime, server.uri(), &name("by_hand"));
        let longevity = WithLongevity::new(&runtime, longevity::Mongo::new(server.uri_of(&name("longevity"))));
        let contenders: [&dyn Contender; NAMES.len()] = [&by_hand, &longevity];
        let mut results = contenders.map(|_| (Clock::default(), DefaultHasher::new()));
        for (phase, name, operations) in PHASES {
            let step = if matches!(phase, Phase::Find | Phase::Stream) { SCANS } else { 1 };
            for part in (0..PARTS).step_by(step as usize) {
                for turn in 0..contenders.len() {
                    // A different contender begins each part.
                    let contender = (turn + (part + round) as usize) % contenders.len();
                    let (time, mut read) = contenders[contender].run(phase, &work, part);
                    if matches!(phase, Phase::Find | Phase::Stream) {
                        // The ids have the wrong order when the driver's counter overflows, so the users are sorted by name.
                        read.sort_by(|a, b| username(a).cmp(username(b)));
                    }
                    let (clock, hasher) = &mut results[contender];
                    clock.add(name, operations, time);
                    read.iter().for_each(|user| digest(hasher, user));
                }
            }
        }
        let digests = results.each_ref().map(|(_, hasher)| hasher.finish());
        let left = contenders.map(Contender::count);
        if digests.iter().any(|digest| *digest != digests[0]) || left.iter().any(|rows| *rows != ALL - DELETES) {
            eprintln!("the contenders read or left different things: {digests:x?}, {left:?} rows");
            return ExitCode::FAILURE;
        }
        // The first round is a warm-up.
        if round > 0 {
            all.iter_mut().zip(results).for_each(|(clocks, (clock, _))| clocks.push(clock));
        }
    }
    print(&NAMES, &all);
    ExitCode::SUCCESS
}

/// The data that the contenders work on.
struct Work {
    users: Vec<User>,
}

impl Work {
    fn new() -> Self {
        Self { users: (0..ALL).map(user).collect() }
    }

    fn batch(&self, part: u64) -> Vec<User> {
        self.users[(part * BATCH) as usize..][..BATCH as usize].to_vec()
    }

    fn singles(&self, part: u64) -> Vec<User> {
        let rows = (SINGLES / PARTS) as usize;
        self.users[ROWS as usize + part as usize * rows..][..rows].to_vec()
    }

    fn newcomers(&self, part: u64) -> Vec<User> {
        self.users[(ROWS + SINGLES + part * NEW) as usize..][..NEW as usize].to_vec()
    }

    /// The user names of `count` rows, different ones in each part.
    fn names(&self, count: u64, part: u64) -> Vec<Username> {
        let picks = picks((part + 1) * count, ROWS).skip((part * count) as usize);
        picks.map(|pick| username(&self.users[pick as usize]).clone()).collect()
    }

    /// The emails of `count` members, different ones in each part.
    fn emails(&self, count: u64, part: u64) -> Vec<Email> {
        self.users[(part * BATCH) as usize..].iter().filter_map(email).take(count as usize).cloned().collect()
    }
}

/// The lower bounds on the number of cats in the queries of a part.
fn cats(part: u64) -> impl Iterator<Item = i64> {
    (part * QUERIES..(part + 1) * QUERIES).map(|number| (number * 37 % 2_000) as i64)
}

fn adopt(user: &mut User) {
    if let User::Member(member) = user {
        member.num_cats += 1;
    }
}

/// Which rows of a stream are kept for the digest.
fn is_sampled(user: &User) -> bool {
    matches!(user, User::Member(member) if member.num_cats % 100 == 0)
}

trait Contender {
    /// Does a part of a phase. Returns the time that it took, and the users that were read.
    fn run(&self, phase: Phase, work: &Work, part: u64) -> (Duration, Vec<User>);

    /// The number of rows in the store.
    fn count(&self) -> u64;
}

/// Runs a future on the runtime; returns the time that it takes, and its result.
fn timed<T>(runtime: &Runtime, future: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let result = black_box(runtime.block_on(future));
    (start.elapsed(), result)
}

struct ByHand<'a> {
    runtime: &'a Runtime,
    store: Mongo,
}

impl<'a> ByHand<'a> {
    fn new(runtime: &'a Runtime, uri: &str, database: &str) -> Self {
        Self { runtime, store: runtime.block_on(Mongo::create(uri, database)) }
    }
}

impl Contender for ByHand<'_> {
    fn run(&self, phase: Phase, work: &Work, part: u64) -> (Duration, Vec<User>) {
        let Self { runtime, store } = self;
        let (time, states) = match phase {
            Phase::CreateMany => {
                let batch = work.batch(part);
                timed(runtime, async {
                    black_box(store.insert_many(batch).await.unwrap());
                    Vec::new()
                })
            }
            Phase::Create => {
                let singles = work.singles(part);
                timed(runtime, async {
                    for user in singles {
                        black_box(store.insert(user).await.unwrap());
                    }
                    Vec::new()
                })
            }
            Phase::Get => {
                let names = work.names(GETS, part);
                timed(runtime, async {
                    let mut states = Vec::new();
                    for name in &names {
                        states.push(store.get(name).await.unwrap());
                    }
                    states
                })
            }
            Phase::GetDerived => {
                let emails = work.emails(GETS, part);
                timed(runtime, async {
                    let mut states = Vec::new();
                    for email in &emails {
                        states.push(store.get_by_email(email).await.unwrap());
                    }
                    states
                })
            }
            Phase::Query => timed(runtime, async {
                let mut states = Vec::new();
                for cats in cats(part) {
                    states.extend(store.with_cats(cats).await);
                }
                states
            }),
            Phase::Update => {
                let names = work.names(UPDATES, part);
                timed(runtime, async {
                    for name in &names {
                        let mut state = store.get(name).await.unwrap();
                        adopt(&mut state.user);
                        black_box(store.update(state).await.unwrap());
                    }
                    Vec::new()
                })
            }
            Phase::Transaction => {
                let names = work.names(2 * TRANSACTIONS, part);
                timed(runtime, async {
                    for pair in names.chunks(2) {
                        store.change_both([&pair[0], &pair[1]], adopt).await;
                    }
                    Vec::new()
                })
            }
            Phase::CreateInOne => {
                let newcomers = work.newcomers(part);
                timed(runtime, async {
                    store.insert_each(newcomers).await;
                    Vec::new()
                })
            }
            Phase::Find => timed(runtime, store.all()),
            Phase::Stream => timed(runtime, async {
                let mut sample = Vec::new();
                let keep = |state: State| {
                    if is_sampled(&state.user) {
                        sample.push(state);
                    }
                };
                store.each(keep).await;
                sample
            }),
            Phase::Delete => {
                let names = work.names(DELETES / PARTS, part);
                let states = runtime.block_on(async {
                    let mut states = Vec::new();
                    for name in &names {
                        states.push(store.get(name).await.unwrap());
                    }
                    states
                });
                let (time, users) = timed(runtime, async {
                    let mut users = Vec::new();
                    for state in states {
                        users.push(store.delete(state).await.unwrap());
                    }
                    users
                });
                return (time, users);
            }
        };
        (time, states.into_iter().map(|state| state.user).collect())
    }

    fn count(&self) -> u64 {
        self.runtime.block_on(self.store.count())
    }
}

struct WithLongevity<'a, B: Backend> {
    runtime: &'a Runtime,
    store: Longevity<Blogging, B>,
    users: Repo<User, B>,
    members: Repo<Member, B>,
}

impl<'a, B: Backend> WithLongevity<'a, B> {
    fn new(runtime: &'a Runtime, backend: B) -> Self {
        let store = runtime.block_on(async {
            let store = Longevity::<Blogging, _>::open(backend).await.unwrap();
            store.create_schema().await.unwrap();
            store
        });
        Self { runtime, users: store.repo(), members: store.repo(), store }
    }
}

impl<B: Backend> Contender for WithLongevity<'_, B> {
    fn run(&self, phase: Phase, work: &Work, part: u64) -> (Duration, Vec<User>) {
        let Self { runtime, store, users, members } = self;
        let of_members = |(time, states): (Duration, Vec<PState<Member>>)| {
            (time, states.into_iter().map(|state| User::Member(state.into_value())).collect())
        };
        let (time, states) = match phase {
            Phase::CreateMany => {
                let batch = work.batch(part);
                timed(runtime, async {
                    black_box(users.create_many(batch).await.unwrap());
                    Vec::new()
                })
            }
            Phase::Create => {
                let singles = work.singles(part);
                timed(runtime, async {
                    for user in singles {
                        black_box(users.create(user).await.unwrap());
                    }
                    Vec::new()
                })
            }
            Phase::Get => {
                let names = work.names(GETS, part);
                timed(runtime, async {
                    let mut states = Vec::new();
                    for name in &names {
                        states.push(users.retrieve(name).await.unwrap().unwrap());
                    }
                    states
                })
            }
            Phase::GetDerived => {
                let emails = work.emails(GETS, part);
                let timed = timed(runtime, async {
                    let mut states = Vec::new();
                    for email in &emails {
                        states.push(members.retrieve(email).await.unwrap().unwrap());
                    }
                    states
                });
                return of_members(timed);
            }
            Phase::Query => {
                let m = Member::props();
                let timed = timed(runtime, async {
                    let mut states = Vec::new();
                    for cats in cats(part) {
                        let query = Member::query().filter(m.num_cats.ge(cats));
                        let query = query.order_by(m.num_cats.asc()).order_by(m.username.asc()).limit(20);
                        states.extend(members.find(query).await.unwrap());
                    }
                    states
                });
                return of_members(timed);
            }
            Phase::Update => {
                let names = work.names(UPDATES, part);
                timed(runtime, async {
                    for name in &names {
                        let state = users.retrieve(name).await.unwrap().unwrap();
                        black_box(users.update(state.modify(adopt)).await.unwrap());
                    }
                    Vec::new()
                })
            }
            Phase::Transaction => {
                let names = work.names(2 * TRANSACTIONS, part);
                timed(runtime, async {
                    for pair in names.chunks(2) {
                        let changed = store.transaction(async |tx| {
                            let users = tx.repo::<User>();
                            let first = users.retrieve_one(&pair[0]).await?;
                            let second = users.retrieve_one(&pair[1]).await?;
                            users.update(first.modify(adopt)).await?;
                            users.update(second.modify(adopt)).await.map_err(Error::from)
                        });
                        black_box(changed.await.unwrap());
                    }
                    Vec::new()
                })
            }
            Phase::CreateInOne => {
                let newcomers = work.newcomers(part);
                timed(runtime, async {
                    let tx = store.begin().await.unwrap();
                    let users = tx.repo::<User>();
                    for user in newcomers {
                        black_box(users.create(user).await.unwrap());
                    }
                    tx.commit().await.unwrap();
                    Vec::new()
                })
            }
            Phase::Find => timed(runtime, async { users.find(User::query().all()).await.unwrap() }),
            Phase::Stream => timed(runtime, async {
                let mut stream = users.stream(User::query().all());
                let mut sample = Vec::new();
                while let Some(state) = stream.next().await {
                    let state = state.unwrap();
                    if is_sampled(&state) {
                        sample.push(state);
                    }
                }
                sample
            }),
            Phase::Delete => {
                let names = work.names(DELETES / PARTS, part);
                let states = runtime.block_on(async {
                    let mut states = Vec::new();
                    for name in &names {
                        states.push(users.retrieve(name).await.unwrap().unwrap());
                    }
                    states
                });
                return timed(runtime, async {
                    let mut deleted = Vec::new();
                    for state in states {
                        deleted.push(users.delete(state).await.unwrap());
                    }
                    deleted
                });
            }
        };
        (time, states.into_iter().map(PState::into_value).collect())
    }

    fn count(&self) -> u64 {
        self.runtime.block_on(self.users.count(User::query().all())).unwrap()
    }
}
