//! The cost of a query as the table grows, and the cost of a filter and its translation.
//!
//! Each query is served by an index and returns at most twenty rows, so its cost should depend on these rows, not on the table.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use longevity::Options;
use longevity::backend::Backend;
use longevity::backend::Select;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity_benches::model::{Blogging, Member, User, Username, user};
use longevity_benches::rounds::{measuring, median};
use longevity_benches::work::{picks, username};
use longevity_mongod::Server;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const ROWS: u64 = 20;
/// The number of queries. Each is timed, and the median is printed.
const QUERIES: u64 = 200;
const BATCH: u64 = 5_000;

fn main() {
    let sizes = if measuring() { &SIZES[..] } else { &SIZES[..1] };
    let server = if longevity_mongod::left_out() {
        println!("MongoDB: LEFT OUT because of LONGEVITY_WITHOUT=mongodb");
        None
    } else {
        Some(Server::start().unwrap())
    };
    println!("µs per filter, and per filter and its translation\n");
    translations(server.as_ref());
    // The rest takes a minute and two gigabytes.
    if std::env::args().any(|argument| argument == "translations") {
        return;
    }
    println!("\nµs per query of at most {ROWS} rows, median of {QUERIES}\n");
    println!("| back end | query |{}", sizes.iter().map(|rows| format!(" {rows} rows |")).collect::<String>());
    println!("| --- | --- |{}", " --- |".repeat(sizes.len()));
    grow("memory", sizes, |_| (Mem::new(), ()));
    grow("SQLite", sizes, |_| {
        let directory = tempfile::tempdir().unwrap();
        (Sqlite::file(directory.path().join("store.db")), directory)
    });
    if let Some(server) = &server {
        grow("MongoDB", sizes, |rows| (Mongo::new(server.uri_of(&format!("rows_{rows}"))), ()));
    }
}

/// Times each query on tables of all sizes.
fn grow<B: Backend, G>(name: &str, sizes: &[u64], open: impl Fn(u64) -> (B, G)) {
    let mut figures: Vec<(&str, Vec<f64>)> = Vec::new();
    // This is not timed. It fails if no index serves one of the queries.
    if let Some(rows) = sizes.first() {
        let (backend, _guard) = open(0);
        let (users, members) = filled(backend, Options::default().require_indexes(true), *rows);
        queries(&users, &members, *rows);
    }
    for rows in sizes {
        let (backend, _guard) = open(*rows);
        let (users, members) = filled(backend, Options::default(), *rows);
        for (position, (query, micros)) in queries(&users, &members, *rows).into_iter().enumerate() {
            if figures.len() <= position {
                figures.push((query, Vec::new()));
            }
            figures[position].1.push(micros);
        }
    }
    for (query, micros) in figures {
        let micros: String = micros.iter().map(|micros| format!(" {micros:.1} |")).collect();
        println!("| {name} | {query} |{micros}");
    }
}

fn filled<B: Backend>(backend: B, options: Options, rows: u64) -> (Repo<User, B>, Repo<Member, B>) {
    let store = Longevity::<Blogging, _>::open_with(backend, options).unwrap();
    store.create_schema().unwrap();
    let users = store.repo::<User>();
    for first in (0..rows).step_by(BATCH as usize) {
        users.create_many((first..(first + BATCH).min(rows)).map(|number| of_group(number, rows))).unwrap();
    }
    (users, store.repo())
}

/// The `number`th user. The number of users with the same number of cats does not depend on the size of the table.
fn of_group(number: u64, rows: u64) -> User {
    let mut user = user(number);
    if let User::Member(member) = &mut user {
        member.num_cats = (number % groups(rows)) as i64;
    }
    user
}

fn groups(rows: u64) -> u64 {
    rows / 50
}

fn queries<B: Backend>(users: &Repo<User, B>, members: &Repo<Member, B>, rows: u64) -> Vec<(&'static str, f64)> {
    let (u, m) = (User::props(), Member::props());
    let picked: Vec<User> = picks(QUERIES, rows).map(user).collect();
    let cats = |number: usize| (number as u64 * 37 % groups(rows)) as i64;
    // User names are evenly distributed hexadecimal numbers, so about twenty or a few more begin like this.
    let digits = "user-".len() + (rows / 16).ilog2() as usize / 4;
    let by_cats = || Member::query().order_by(m.num_cats.asc()).order_by(u.username.asc()).limit(ROWS);
    let mut figures = Vec::new();
    let mut each = |name, query: &mut dyn FnMut(usize, &Username) -> usize| {
        let mut times = Vec::with_capacity(picked.len());
        for (number, user) in picked.iter().enumerate() {
            let start = Instant::now();
            let found = black_box(query(number, username(user)));
            times.push(micros(start.elapsed()));
            assert!(found as u64 <= ROWS, "{name}");
        }
        figures.push((name, median(times)));
    };
    each("retrieve by key", &mut |_, name| usize::from(users.retrieve(name).unwrap().is_some()));
    each("`is_in` of 20 keys", &mut |number, _| {
        let names = (0..ROWS).map(|pick| username(&user((number as u64 * 31 + pick * 7) % rows)).clone());
        users.find(User::query().filter(u.username.is_in(names))).unwrap().len()
    });
    each("`starts_with`, in order", &mut |_, name| {
        let prefix = name.0.get(..digits).unwrap_or_default();
        users
            .find(User::query().filter(u.username.starts_with(prefix)).order_by(u.username.asc()).limit(ROWS))
            .unwrap()
            .len()
    });
    each("derived, equality and order", &mut |number, _| {
        let query = Member::query().filter(m.num_cats.eq(cats(number))).order_by(u.username.asc()).limit(ROWS);
        members.find(query).unwrap().len()
    });
    each("derived, range in order", &mut |number, _| {
        members.find(by_cats().filter(m.num_cats.ge(cats(number)))).unwrap().len()
    });
    each("derived, `exists`", &mut |number, _| {
        usize::from(members.exists(Member::query().filter(m.num_cats.eq(cats(number)))).unwrap())
    });
    // Starting with a page in the middle, each page begins at the cursor of the previous page.
    let middle = by_cats().filter(m.num_cats.ge(groups(rows) as i64 / 2));
    let mut page = members.page(middle.clone(), None).unwrap();
    each("derived, next page", &mut |_, _| {
        page = members.page(middle.clone(), page.next.as_ref()).unwrap();
        page.states.len()
    });
    figures
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1_000.0
}

/// The cost of writing a filter and of translating it for each back end, and the same for a query with an order and a limit.
fn translations(server: Option<&Server>) {
    fn filter() -> Query<Member> {
        let m = Member::props();
        Member::query().filter(m.num_cats.ge(2) & m.profile.tagline.eq("hi"))
    }
    fn ordered() -> Query<Member> {
        filter().order_by(User::props().username.asc()).limit(ROWS)
    }
    let each = |name: &str, work: &mut dyn FnMut(Select)| {
        let many = if measuring() { 20_000 } else { 10 };
        let mut time = |query: fn() -> Query<Member>| {
            let mut times = Vec::new();
            for _ in 0..25 {
                let start = Instant::now();
                for _ in 0..many {
                    work(black_box(query().into_select()));
                }
                times.push(micros(start.elapsed()) / f64::from(many));
            }
            median(times)
        };
        println!("| {name} | {:.2} | {:.2} |", time(filter), time(ordered));
    };
    println!("| | a filter | with an order and a limit |\n| --- | --- | --- |");
    each("nothing else", &mut |select| drop(black_box(select)));

    fn opened<B: Backend>(backend: B) -> Longevity<Blogging, B> {
        let store = Longevity::<Blogging, _>::open(backend).unwrap();
        store.create_schema().unwrap();
        store
    }
    let store = opened(Mem::new());
    let (_, table) = store.asynchronous().table::<User>().unwrap();
    each("memory: a plan", &mut |select| drop(black_box(longevity_mem::translated(table, &select))));
    let store = opened(Sqlite::in_memory());
    let (_, table) = store.asynchronous().table::<User>().unwrap();
    each("SQLite: a statement", &mut |select| drop(black_box(longevity_sqlite::translated(table, &select).unwrap())));
    if let Some(server) = server {
        let store = opened(Mongo::new(server.uri_of("translations")));
        let (_, table) = store.asynchronous().table::<User>().unwrap();
        store.repo::<User>().count(User::query()).unwrap();
        each("MongoDB: a command", &mut |select| drop(black_box(longevity_mongo::translated(table, &select).unwrap())));
    }
}
