//! Databases without space left, because of `max_size` or of a limit of the system.

use std::process::Command;
use std::task::{Context, Poll, Waker};

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::{Error, PersistentType, Sqlite, SqliteError};
use longevity_tests::models::components::{Chain, Comment, Components, Contact, Formula, Thread};
use longevity_tests::models::keys::{Library, Note};

use super::files::note;
use crate::child;
use crate::place::{Place, assert_intact, own};

const KIB: usize = 1024;

fn long(bytes: usize) -> Note {
    note("x".repeat(bytes))
}

fn assert_full(error: &Error) {
    assert!(matches!(own(error), SqliteError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("nothing was written: free some, or set a greater `max_size`"), "{error}");
}

/// How many of these notes fit into the space that is left.
fn fill(notes: &longevity::blocking::Repo<Note, Sqlite>, bytes: usize) -> usize {
    (0..)
        .find(|_| match notes.create(long(bytes)) {
            Ok(_) => false,
            Err(error) => {
                assert_full(&error);
                true
            }
        })
        .unwrap()
}

#[test]
fn a_full_database_refuses_writes_loses_nothing_and_takes_more_when_there_is_space() {
    let place = Place::new();
    let store = Longevity::<Library, _>::open(place.sqlite().max_size(300 * KIB as u64)).unwrap();
    store.create_schema().unwrap();
    let notes = store.repo::<Note>();
    let written = fill(&notes, 10 * KIB);
    assert!((10..40).contains(&written), "{written}");
    // Small notes still fit. A batch that does not fit as a whole leaves no row.
    notes.create(note("small")).unwrap();
    assert_full(&notes.create_many((0..50).map(|_| long(KIB))).unwrap_err());
    assert_eq!(notes.count(Note::query()).unwrap() as usize, written + 1);
    let grown = notes.find(Note::query().limit(1)).unwrap().remove(0).modify(|note| note.text = "y".repeat(200 * KIB));
    let refused = notes.update(grown).unwrap_err();
    assert_full(refused.error());
    for state in notes.find(Note::query().limit(3)).unwrap() {
        notes.delete(state).unwrap();
    }
    notes.create_many((0..2).map(|_| long(10 * KIB))).unwrap();
    assert_eq!(notes.count(Note::query()).unwrap() as usize, written);
    assert_intact(&place.raw());
}

/// The answers of futures that are polled together, so that one transaction does them all.
fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut context = Context::from_waker(Waker::noop());
    for future in &mut futures {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    let mut answers = Vec::new();
    for future in &mut futures {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => answers.push(answer),
            Poll::Pending => panic!("the first takes all"),
        }
    }
    answers
}

#[test]
fn only_the_writes_of_a_group_that_do_not_fit_fail() {
    for in_memory in [false, true] {
        let place = Place::new();
        let sqlite = if in_memory { Sqlite::in_memory() } else { place.sqlite() }.max_size(400 * KIB as u64);
        let store = sqlite.block_on(longevity::Longevity::<Library, _>::open(sqlite.clone())).unwrap();
        sqlite.block_on(store.create_schema()).unwrap();
        let notes = store.repo::<Note>();
        let sizes = [1, 900, 2, 300, 3, 900, 4];
        let answers = together(sizes.map(|size| notes.create(long(size * KIB))).into());
        for (size, answer) in sizes.iter().zip(&answers) {
            match answer {
                Ok(state) => assert!(*size < 900 && state.text.len() == size * KIB),
                Err(error) => {
                    assert_eq!(*size, 900);
                    assert_full(error);
                }
            }
        }
        let found = sqlite.block_on(notes.find(Note::query())).unwrap();
        let lengths: Vec<_> = found.iter().map(|state| state.text.len() / KIB).collect();
        assert_eq!(lengths, [1, 2, 300, 3, 4]);
    }
}

/// An index that another program created refuses a row for reasons that the back end cannot see, so it tries again in a
/// transaction.
#[test]
fn a_write_in_a_group_with_an_unexplained_refusal_is_done_once() {
    let place = Place::new();
    let sqlite = place.sqlite().max_size(400 * KIB as u64);
    let store = sqlite.block_on(longevity::Longevity::<Library, _>::open(sqlite.clone())).unwrap();
    sqlite.block_on(store.create_schema()).unwrap();
    let notes = store.repo::<Note>();
    place.raw().execute_batch("CREATE UNIQUE INDEX theirs ON note (_doc) WHERE _doc LIKE '%once%'").unwrap();
    sqlite.block_on(notes.create(note("once"))).unwrap();
    let group = [note("once"), note("a"), long(900 * KIB), note("once"), note("b")];
    let answers = together(group.map(|note| notes.create(note)).into());
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false, false, true]);
    let refused = answers[0].as_ref().unwrap_err();
    assert!(matches!(own(refused), SqliteError::Refused { table, .. } if table == "note"), "{refused:?}");
    let found = sqlite.block_on(notes.find(Note::query())).unwrap();
    assert_eq!(found.iter().map(|state| &*state.text).collect::<Vec<_>>(), ["once", "a", "b"]);
}

#[test]
fn a_document_that_is_too_deep_is_not_written() {
    let place = Place::new();
    let threads = place.store::<Components>().repo::<Thread>();
    let thread = |levels: i64| Thread {
        contact: Contact::Phone("1".into()),
        second: None,
        contacts: Vec::new(),
        by_name: [].into(),
        comment: Comment { text: String::new(), replies: Vec::new() },
        chain: (1..levels).fold(Chain { link: 0, next: None }, |next, link| Chain { link, next: Some(Box::new(next)) }),
        formula: Formula::Constant(1.0),
        maybe: None,
    };
    let deepest = threads.create(thread(99)).unwrap();
    let error = threads.create(thread(100)).unwrap_err();
    assert_eq!(error.to_string(), "a Thread exceeds the store's limit: at most 100 levels of nesting");
    assert!(matches!(error, Error::TooLarge { type_name: "Thread", .. }), "{error:?}");
    assert!(threads.create_many([thread(1), thread(100)]).is_err());
    assert!(threads.update(deepest.clone().set(thread(100))).is_err());
    let found = threads.find(Thread::query()).unwrap();
    assert_eq!(found.iter().map(|state| state.get()).collect::<Vec<_>>(), [deepest.get()]);
}

/// The system's limit on file sizes applies to a process, so the test runs in a child process.
#[test]
fn a_file_that_cannot_grow_is_reported_and_stays_intact() {
    if let Some(path) = child::role() {
        let sqlite = Sqlite::file(path);
        let store = sqlite.block_on(longevity::Longevity::<Library, _>::open(sqlite.clone())).unwrap();
        let notes = store.repo::<Note>();
        // The writes are in groups. If the commit of a group fails, each write is tried alone.
        let group = |_: i32| together((0..3).map(|_| notes.create(long(10 * KIB))).collect());
        let answers = (0..100).flat_map(group);
        let error = answers.map_while(|answer| match answer {
            Ok(_) => {
                println!("acknowledged");
                Some(None)
            }
            Err(error) => Some(Some(error)),
        });
        let error = error.flatten().next().unwrap();
        assert!(matches!(own(&error), SqliteError::Disk { .. } | SqliteError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("limits on file sizes"), "{error}");
        // This is a transaction with one write, whose commit fails.
        sqlite.block_on(notes.create_many((0..5).map(|_| long(10 * KIB)))).unwrap_err();
        return;
    }
    let place = Place::new();
    place.store::<Library>();
    // The limit is in blocks of 512 bytes. Without the signal, writes fail.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let test = "faults::full::a_file_that_cannot_grow_is_reported_and_stays_intact";
    let printed = child::passed(child::as_child(shell, test, place.path()).output().unwrap());
    let acknowledged = printed.matches("acknowledged").count() as u64;
    assert!(acknowledged > 5, "{printed}");
    assert_intact(&place.raw());
    let notes = place.store::<Library>().repo::<Note>();
    assert_eq!(notes.count(Note::query()).unwrap(), acknowledged);
    notes.create(long(10 * KIB)).unwrap();
}
