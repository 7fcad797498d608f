//! References in a set on a SQLite file: an index of its elements, with integrity, against a side table by hand. Then what the
//! question for an element costs while the rows grow, and a target to which many rows refer.
//!
//! The file has `synchronous = NORMAL`, because waiting for the disk would hide everything else.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::{DomainModel, Durability};
use longevity_benches::rounds::{Clock, Contender, compare, measuring};
use longevity_benches::work::picks;
use rusqlite::{Connection, params};

const AUTHORS: u64 = 1_000;
const CREATES: u64 = 5_000;
const ASKED: u64 = 2_000;
const DEPENDENTS: u64 = 100_000;

fn main() -> ExitCode {
    if measuring() {
        // First, because the memory that other work has freed would hide what this needs.
        delete_with_dependents();
    }
    println!(
        "{CREATES} books with three of {AUTHORS} editors; blocking facade; medians of 9 rounds, the contenders in turn\n"
    );
    if let Err(problem) = compare(&[&ByHand, &WithLongevity], 9) {
        eprintln!("{problem}");
        return ExitCode::FAILURE;
    }
    if measuring() {
        grow();
    }
    ExitCode::SUCCESS
}

fn author(number: u64) -> String {
    format!("author {number}")
}

fn editors(code: u64) -> [String; 3] {
    [0, 311, 702].map(|step| author((code + step) % AUTHORS))
}

const SCHEMA: &str = r#"
    CREATE TABLE "author" ("_id" INTEGER PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "_doc" TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX "author.name.key" ON "author"("name");
    CREATE TABLE "book" ("_id" INTEGER PRIMARY KEY AUTOINCREMENT, "code" INTEGER NOT NULL, "_doc" TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX "book.code.key" ON "book"("code");
    CREATE TABLE "editor" ("name" TEXT NOT NULL REFERENCES "author"("name"),
        "book" INTEGER NOT NULL REFERENCES "book" ON DELETE CASCADE, PRIMARY KEY ("name", "book")) STRICT, WITHOUT ROWID;
    CREATE INDEX "editor.book.index" ON "editor"("book");"#;

struct ByHand;

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let writer = Connection::open(directory.path().join("by-hand.db")).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer.pragma_update(None, "synchronous", "NORMAL").unwrap();
        writer.pragma_update(None, "foreign_keys", "ON").unwrap();
        writer.pragma_update(None, "cache_size", -65_536).unwrap();
        writer.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(())).unwrap();
        writer.execute_batch(SCHEMA).unwrap();
        let run =
            |sql: &str, values: &[&dyn rusqlite::ToSql]| writer.prepare_cached(sql).unwrap().execute(values).unwrap();
        run("BEGIN IMMEDIATE", &[]);
        for number in 0..AUTHORS {
            let author = Author { name: Name(author(number)) };
            let document = serde_json::to_string(&author).unwrap();
            run(r#"INSERT INTO "author" ("name", "_doc") VALUES (?1, ?2)"#, params![author.name.0, document]);
        }
        run("COMMIT", &[]);
        let mut hasher = DefaultHasher::new();
        clock.phase("create with three references", CREATES, || {
            for code in 0..CREATES {
                let book = book(code);
                let document = serde_json::to_string(&book).unwrap();
                run("BEGIN IMMEDIATE", &[]);
                run(r#"INSERT INTO "book" ("code", "_doc") VALUES (?1, ?2)"#, params![code.cast_signed(), document]);
                let id = writer.last_insert_rowid();
                for editor in &book.editors {
                    run(r#"INSERT INTO "editor" ("name", "book") VALUES (?1, ?2)"#, params![editor.0, id]);
                }
                run("COMMIT", &[]);
            }
        });
        let found: usize = clock.phase("find by an element", ASKED, || {
            let sql = r#"SELECT "_doc" FROM "book" WHERE "_id" IN (SELECT "book" FROM "editor" WHERE "name" = ?1)"#;
            let mut statement = writer.prepare_cached(sql).unwrap();
            let mut count = |pick: u64| {
                let rows = statement.query_map([author(pick)], |row| row.get::<_, String>(0)).unwrap();
                rows.filter(|row| serde_json::from_str::<Book>(row.as_ref().unwrap()).is_ok()).count()
            };
            picks(ASKED, AUTHORS).map(&mut count).sum()
        });
        found.hash(&mut hasher);
        clock.phase("delete", CREATES, || {
            for code in 0..CREATES {
                assert_eq!(run(r#"DELETE FROM "book" WHERE "code" = ?1"#, params![code.cast_signed()]), 1);
            }
        });
        hasher.finish()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
struct Name(String);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Author {
    name: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
struct Code(u64);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(code), reference(editors))]
struct Book {
    code: Code,
    title: String,
    editors: BTreeSet<Name>,
}

/// A book that is deleted with its author.
#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(reference(author, on_delete = cascade))]
struct Draft {
    author: Name,
    text: String,
}

#[derive(DomainModel)]
#[domain_model(Author, Book, Draft)]
struct Library;

type Store = Longevity<Library, Sqlite>;

fn book(code: u64) -> Book {
    Book { code: Code(code), title: format!("book {code}"), editors: editors(code).map(Name).into() }
}

fn open(path: &Path) -> Store {
    let file = Sqlite::file(path).durability(Durability::Normal).cache_kib(64 * 1024);
    let store = Longevity::<Library, _>::open(file).unwrap();
    store.create_schema().unwrap();
    store.repo::<Author>().create_many((0..AUTHORS).map(|number| Author { name: Name(author(number)) })).unwrap();
    store
}

struct WithLongevity;

impl Contender for WithLongevity {
    fn name(&self) -> &'static str {
        "longevity"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory.path().join("longevity.db"));
        let books = store.repo::<Book>();
        let mut hasher = DefaultHasher::new();
        clock.phase("create with three references", CREATES, || {
            for code in 0..CREATES {
                books.create(book(code)).unwrap();
            }
        });
        let found: usize = clock.phase("find by an element", ASKED, || {
            let of = |pick| Book::query().filter(Book::props().editors.contains(Name(author(pick))));
            picks(ASKED, AUTHORS).map(|pick| books.find(of(pick)).unwrap().len()).sum()
        });
        found.hash(&mut hasher);
        let states = books.find(Book::query().all()).unwrap();
        clock.phase("delete", CREATES, || {
            for state in states {
                books.delete(state).unwrap();
            }
        });
        hasher.finish()
    }
}

fn grow() {
    println!("\nns per question whether an author is an editor, while the books grow");
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("longevity.db"));
    let mut rows = 0;
    for size in [1_000, 10_000, 100_000, 1_000_000] {
        while rows < size {
            let more = (size - rows).min(10_000);
            store.repo::<Book>().create_many((rows..rows + more).map(book)).unwrap();
            rows += more;
        }
        let start = Instant::now();
        let exists = |pick| {
            let of = Book::query().filter(Book::props().editors.contains(Name(author(pick))));
            store.repo::<Book>().exists(of).unwrap()
        };
        let found = picks(ASKED, AUTHORS).filter(|pick| exists(*pick)).count();
        println!("{size:>12} books {:>8} ({found} of {ASKED} are)", start.elapsed().as_nanos() / u128::from(ASKED));
    }
}

/// Deletes an author and all drafts in one transaction.
fn delete_with_dependents() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("longevity.db"));
    let drafts = store.repo::<Draft>();
    for _ in 0..DEPENDENTS / 10_000 {
        let text = "a page of text ".repeat(60);
        drafts.create_many((0..10_000).map(|_| Draft { author: Name(author(0)), text: text.clone() })).unwrap();
    }
    let state = store.repo::<Author>().retrieve_one(&Name(author(0))).unwrap();
    let before = resident("VmRSS");
    reset_peak();
    let start = Instant::now();
    let cascaded = store.repo::<Author>().delete_and_count(state).unwrap().cascaded;
    let (time, peak) = (start.elapsed(), resident("VmHWM"));
    assert_eq!(cascaded, DEPENDENTS);
    println!(
        "an author and {DEPENDENTS} drafts of 1 KB are deleted in {time:.2?}; the process has {} MiB at most, {} before\n",
        peak / 1024,
        before / 1024
    );
}

/// A figure of this process, in KiB, from `/proc` (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>); 0 elsewhere.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Lets `VmHWM` begin again at the present size.
fn reset_peak() {
    // Without this, the figure is that of the whole run, which is greater.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
