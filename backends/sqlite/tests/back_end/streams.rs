//! Streams are snapshots that block no writer, read rows only when the receiver asks for them, and end when they are dropped.

use std::time::{Duration, Instant};

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::{PersistentType, Sqlite};
use longevity_tests::models::keys::{Flag, FlagId, Library, Note, Ticket, TicketId};
use rusqlite::Connection;

use crate::place::Place;

const ROWS: u32 = 3000;

fn ticket(id: u32) -> Ticket {
    Ticket { ticket_id: TicketId { id } }
}

fn with_tickets(sqlite: Sqlite) -> Longevity<Library, Sqlite> {
    let store = Longevity::open(sqlite).unwrap();
    store.create_schema().unwrap();
    store.repo().create_many((0..ROWS).map(ticket)).unwrap();
    store
}

fn is_busy(other: &Connection) -> bool {
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap() == 1
}

/// Another connection, which does not wait.
fn other(place: &Place) -> Connection {
    let connection = place.raw();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
}

/// Waits until no connection reads an old state of the file, and returns how long that took.
fn released(other: &Connection) -> Duration {
    let start = Instant::now();
    while is_busy(other) {
        assert!(start.elapsed() < Duration::from_secs(60), "a snapshot is held for ever");
        std::thread::yield_now();
    }
    start.elapsed()
}

#[test]
fn a_stream_is_a_snapshot_and_blocks_no_writer() {
    for in_memory in [false, true] {
        let place = Place::new();
        let sqlite = if in_memory { Sqlite::in_memory() } else { place.sqlite() };
        // No operation waits for a lock.
        let store = with_tickets(sqlite.busy_timeout(Duration::ZERO));
        let tickets = store.repo::<Ticket>();
        let mut stream = tickets.stream(Ticket::query());
        let first = stream.next().unwrap().unwrap();
        let last = tickets.retrieve_one(&TicketId { id: ROWS - 1 }).unwrap();
        tickets.delete(first).unwrap();
        tickets.update(last.set(ticket(ROWS + 7))).unwrap();
        for id in 2 * ROWS..2 * ROWS + 50 {
            tickets.create(ticket(id)).unwrap();
        }
        store.repo().create(Flag { flag_id: FlagId(true), text: "x".into() }).unwrap();
        let rest: Vec<_> = stream.map(|state| state.unwrap().ticket_id.id).collect();
        assert!(rest.into_iter().eq(1..ROWS));
        assert_eq!(tickets.count(Ticket::query()).unwrap(), u64::from(ROWS) + 49);
    }
}

/// The snapshot is fixed when the stream is created, not when it is first polled.
#[test]
fn a_snapshot_begins_with_its_stream() {
    let place = Place::new();
    let sqlite = place.sqlite().durability(longevity::Durability::Normal);
    let store = Longevity::<Library, _>::open(sqlite).unwrap();
    store.create_schema().unwrap();
    let tickets = store.repo::<Ticket>();
    // This is repeated, because a quick reader might see the right state by chance.
    for rows in 0..500 {
        let stream = tickets.stream(Ticket::query());
        tickets.create(ticket(rows)).unwrap();
        assert_eq!(stream.count(), rows as usize);
    }
}

#[test]
fn a_stream_reads_only_what_the_receiver_asks_for() {
    let place = Place::new();
    let tickets = with_tickets(place.sqlite()).repo::<Ticket>();
    let mut stream = tickets.stream(Ticket::query());
    stream.next().unwrap().unwrap();
    tickets.create(ticket(ROWS)).unwrap();
    let other = other(&place);
    // If the reader continued, it would reach the end of so few rows in a fraction of this time, and end its snapshot.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        assert!(is_busy(&other), "the stream has read everything");
        std::thread::yield_now();
    }
    assert_eq!(stream.count(), ROWS as usize - 1);
    released(&other);
}

#[test]
fn a_stream_that_is_dropped_half_way_ends_its_snapshot() {
    let place = Place::new();
    let tickets = with_tickets(place.sqlite()).repo::<Ticket>();
    let other = other(&place);
    for read in [0, 1, 300, 700] {
        let mut stream = tickets.stream(Ticket::query());
        assert_eq!(stream.by_ref().take(read).count(), read);
        tickets.create(ticket(ROWS + read as u32)).unwrap();
        assert!(is_busy(&other));
        drop(stream);
        released(&other);
    }
    // The connections can be used again.
    assert_eq!(tickets.find(Ticket::query()).unwrap().len(), ROWS as usize + 4);
}

#[test]
fn dropping_a_stream_ends_its_sort() {
    let place = Place::new();
    let store = place.store::<Library>();
    let notes = store.repo::<Note>();
    for batch in 0..20 {
        let text = |at: i32| format!("{} {}", (at * 7919) % 1000, "x".repeat(10_000));
        notes.create_many((0..200).map(|at| Note { text: text(200 * batch + at), about: None })).unwrap();
    }
    // There is no index, so every document is read and sorted before the first row.
    let sorted = || notes.stream(Note::query().order_by(Note::props().text.asc()).limit(1));
    let other = other(&place);
    // This is tried several times, because the machine may have been busy.
    let ends_early = (1..=5_u32).any(|at| {
        let start = Instant::now();
        assert_eq!(sorted().count(), 1);
        let whole = start.elapsed();
        let stream = sorted();
        store.repo().create(ticket(at)).unwrap();
        assert!(is_busy(&other));
        drop(stream);
        released(&other) < whole / 2
    });
    assert!(ends_early, "the sort continues without a receiver");
}

/// The number of threads of streams in this process, including those of other tests.
fn threads_of_streams() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    // The system keeps 15 bytes of the name of a thread.
    let name = |task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.filter(|task| name(task).starts_with("longevity-strea")).count()
}

/// How many connections to a database of the place are open, by their write-ahead logs. SQLite may keep the database file itself open
/// after a connection is closed, because closing it would drop the locks of the other connections.
fn connections(place: &Place) -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
    let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let is_log = |link: &std::path::Path| {
        link.starts_with(place.directory.path()) && link.as_os_str().as_encoded_bytes().ends_with(b"-wal")
    };
    links.filter(|link| is_log(link)).count()
}

/// Most are dropped before their threads have begun.
#[test]
#[cfg(target_os = "linux")]
fn streams_that_are_dropped_at_once_stop_at_once() {
    let place = Place::new();
    let store = place.store::<Library>();
    let notes = store.repo::<Note>();
    let text = |at: i64| format!("{} {}", (at * 7919) % 50_000, "x".repeat(100));
    notes.create_many((0..50_000).map(|at| Note { text: text(at), about: None })).unwrap();
    let sorted = || notes.stream(Note::query().order_by(Note::props().text.asc()).limit(1));
    let start = Instant::now();
    assert_eq!(sorted().count(), 1);
    let whole = start.elapsed();
    for _ in 0..200 {
        drop(sorted());
    }
    // If they continued, they would take a hundred times as long on two processors.
    let start = Instant::now();
    // The store keeps 16 connections for later reads, and has one that writes.
    while threads_of_streams() > 8 || connections(&place) > 20 {
        let (threads, open) = (threads_of_streams(), connections(&place));
        assert!(start.elapsed() < 20 * whole, "{threads} threads and {open} connections after {:?}", start.elapsed());
        std::thread::yield_now();
    }
    assert_eq!(sorted().count(), 1);
}

#[test]
fn many_streams_are_read_side_by_side() {
    let place = Place::new();
    let store = with_tickets(place.sqlite());
    let tickets = store.repo::<Ticket>();
    let mut streams: Vec<_> = (0..40).map(|_| tickets.stream(Ticket::query())).collect();
    for id in 0..ROWS {
        for stream in &mut streams {
            assert_eq!(stream.next().unwrap().unwrap().ticket_id.id, id);
        }
    }
    assert!(streams.iter_mut().all(|stream| stream.next().is_none()));
}

#[test]
fn streams_are_polled_by_a_runtime() {
    let place = Place::new();
    with_tickets(place.sqlite());
    let sqlite = place.sqlite();
    let store = sqlite.block_on(longevity::Longevity::<Library, _>::open(sqlite.clone())).unwrap();
    let tickets = store.repo::<Ticket>();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = tickets.stream(Ticket::query());
            runtime.spawn(async move {
                let mut found = Vec::new();
                while let Some(state) = stream.next().await {
                    found.push(state.unwrap().ticket_id.id);
                    tokio::task::yield_now().await;
                }
                found
            })
        })
        .collect();
    for task in tasks {
        assert!(runtime.block_on(task).unwrap().into_iter().eq(0..ROWS));
    }
}
