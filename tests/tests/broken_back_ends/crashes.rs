//! The examination after a crash notices what is broken, and the writers really are killed.

use longevity::backend::Predicate;
use longevity::backend::{Lookup, Session};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::crash::CrashSpec;
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity::verify::Verified;
use longevity::{ErrorKind, Mem};
use longevity_tests::models::blogging::{Blogging, Commenter, User, Username};
use longevity_tests::models::references::{Author, Book, Shelves};

use crate::erased::Erased;
use crate::keys::NeverFreesKeys;
use crate::mem_rows::{Row, Table, all};
use crate::queries::{CountsAll, LITERAL, Misreads};
use crate::references::SeesNoReferrers;
use crate::{Sound, broken_by};

type Broken = Decorated<Mem, Erased>;

fn spec() -> CrashSpec<Blogging, Broken> {
    CrashSpec::new(|_: &str| Ok::<_, Error>(broken_by(Sound)))
}

fn on(mem: &Mem, decorator: impl Decorator<Mem>) -> Broken {
    Decorated::new(mem.clone(), Erased(Box::new(decorator)))
}

/// What the examination reports when this was done to a store after two hundred writes, and this back end reads it.
fn problems<D: Decorator<Mem>>(tamper: impl FnOnce(&Longevity<Blogging, Mem>), reader: D) -> Vec<String> {
    let (spec, mem) = (spec(), Mem::new());
    let mut ledger = spec.write(on(&mem, Sound), 200).unwrap();
    assert!(ledger.acknowledged() > 150);
    tamper(&Longevity::open(mem.clone()).unwrap());
    spec.examine(on(&mem, reader), &mut ledger)
}

#[track_caller]
fn notices(kind: &str, problems: &[String]) {
    assert!(problems.iter().any(|problem| problem.starts_with(kind)), "{problems:#?}");
}

#[test]
fn nothing_is_wrong_with_a_sound_store() {
    assert_eq!(problems(|_| {}, Sound), [""; 0]);
}

#[test]
fn a_write_was_lost() {
    let lose = |store: &Longevity<Blogging, Mem>| {
        let users = store.repo::<User>();
        users.delete(users.find(User::query().limit(1)).unwrap().remove(0)).unwrap();
    };
    notices("lost", &problems(lose, Sound));
    let change = |store: &Longevity<Blogging, Mem>| {
        let users = store.repo::<User>();
        users.update(users.find(User::query().limit(1)).unwrap().remove(0)).unwrap();
    };
    notices("lost", &problems(change, Sound));
}

#[test]
fn a_row_came_back() {
    // The ledger does not see this write.
    let (spec, mem) = (spec(), Mem::new());
    let mut ledger = spec.write(on(&mem, Sound), 200).unwrap();
    spec.write(on(&mem, Sound), 100).unwrap();
    notices("resurrected", &spec.examine(on(&mem, Sound), &mut ledger));
}

#[test]
fn a_row_holds_a_value_that_no_one_wrote() {
    let write = |store: &Longevity<Blogging, Mem>| {
        let stranger = Commenter { username: Username("a stranger to the samples".into()) };
        store.repo::<Commenter>().create(stranger).unwrap();
    };
    notices("torn", &problems(write, Sound));
}

/// Finds no row that exists, or finds some row for a key that has none.
struct Retrieves {
    gone: bool,
}

impl Decorator<Mem> for Retrieves {
    async fn get(&self, inner: &Mem, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error> {
        let found = inner.get(table, lookup).await?;
        if !self.gone || found.is_some() {
            return Ok(found.filter(|_| self.gone));
        }
        let in_scope = |row: &Row| lookup.scope.is_none_or(|scope| scope.contains(row.discriminator.as_deref()));
        Ok(all(inner, table).await.into_iter().find(in_scope))
    }
}

#[test]
fn a_key_does_not_agree_with_the_rows() {
    notices("key: row", &problems(|_| {}, Retrieves { gone: false }));
    notices("key: no row has this username", &problems(|_| {}, Retrieves { gone: true }));
    // Stale index entries refuse new rows.
    let refused = spec().write(on(&Mem::new(), NeverFreesKeys::default()), 2_000);
    assert!(refused.unwrap_err().is_duplicate_key());
}

#[test]
fn an_index_does_not_agree_with_the_rows() {
    let misreads = Misreads {
        predicate: |predicate| match predicate {
            Predicate::Compare { .. } => Predicate::False,
            Predicate::And(_) => Predicate::False,
            other => other,
        },
        ..LITERAL
    };
    notices("index", &problems(|_| {}, misreads));
}

#[test]
fn a_count_is_wrong() {
    notices("count", &problems(|_| {}, CountsAll));
}

fn spec_with_references() -> CrashSpec<Shelves, Broken> {
    CrashSpec::new(|_: &str| Ok::<_, Error>(broken_by(Sound)))
}

/// What the examination reports when this was done to a store with references. The back end does not find the rows that refer.
fn problems_with_references(tamper: impl FnOnce(&Longevity<Shelves, Broken>)) -> Vec<String> {
    let (spec, mem) = (spec_with_references(), Mem::new());
    let mut ledger = spec.write(on(&mem, Sound), 300).unwrap();
    assert!(ledger.acknowledged() > 200);
    tamper(&Longevity::open(on(&mem, SeesNoReferrers)).unwrap());
    spec.examine(on(&mem, Sound), &mut ledger)
}

#[test]
fn a_reference_dangles() {
    assert_eq!(problems_with_references(|_| {}), [""; 0]);
    let problems = problems_with_references(|store| {
        let authors = store.repo::<Author>();
        for author in authors.find(Author::query()).unwrap() {
            authors.delete(author).unwrap();
        }
    });
    notices("damage: author of Book #", &problems);
    notices("damage: chapters[].by of Book #", &problems);
    notices("lost: a row that no writer changes is gone", &problems);
}

/// Writers begin again with the rows to which the rows of earlier writers refer.
#[test]
fn references_survive_a_restart() {
    let (spec, mem) = (spec_with_references(), Mem::new());
    for _ in 0..2 {
        spec.write(on(&mem, Sound), 100).unwrap();
    }
    let store = Longevity::<Shelves, _>::open(mem).unwrap();
    assert!(store.repo::<Book>().exists(Book::query()).unwrap());
    assert!(store.verify().all(|verified| matches!(verified.unwrap(), Verified::Progress(_))));
}

/// Writers in a separate process. All of its memory is gone when they are killed.
#[test]
fn memory_is_not_durable() {
    let report = spec().in_test(module_path!(), "memory_is_not_durable").run(|| Ok::<_, Error>((String::new(), ())));
    assert_eq!(report.kills, 1, "{report}");
    assert!(report.acknowledged > 0, "{report}");
    notices("lost", &report.problems);
    assert!(std::panic::catch_unwind(|| report.assert_survived()).is_err());
}

longevity::crash_spec!(
    #[should_panic(expected = "lost")]
    memory_is_not_durable_in_one_line: Blogging,
    |_| Ok::<_, Error>(broken_by(Sound)),
    || Ok::<_, Error>((String::new(), ())),
    |spec| spec.kills(1).threads(2).acknowledgements(50)
);

/// Writers that cannot open their store.
#[test]
fn a_store_does_not_open() {
    let spec = CrashSpec::<Blogging, Broken>::new(|_: &str| {
        Err::<Broken, _>(Error::Connection { kind: ErrorKind::Transient, source: "nobody there".into() })
    });
    let report = spec.in_test(module_path!(), "a_store_does_not_open").run(|| Ok::<_, Error>((String::new(), ())));
    notices("the writers failed: the store does not open: cannot reach the store: nobody there", &report.problems);
}

/// The back end's own check is run, and its result is reported.
#[test]
fn an_integrity_check_fails() {
    let spec = spec().integrity(|place: &str| {
        Err::<(), _>(Error::Connection { kind: ErrorKind::Permanent, source: format!("{place} is corrupt").into() })
    });
    let report =
        spec.in_test(module_path!(), "an_integrity_check_fails").run(|| Ok::<_, Error>(("the file".to_owned(), ())));
    notices("integrity: cannot reach the store: the file is corrupt", &report.problems);
}
