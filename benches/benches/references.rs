//! References with integrity on a SQLite file against a foreign key by hand, and against the same types without integrity.
//!
//! The file has `synchronous = NORMAL`, because waiting for the disk would hide everything else.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::ExitCode;

use longevity::Durability;
use longevity_benches::rounds::{Clock, Contender, compare, measuring};
use longevity_benches::work::picks;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

const AUTHORS: u64 = 1_000;
const CREATES: u64 = 5_000;
const ASKED: u64 = 5_000;
const DELETES: u64 = 500;

fn main() -> ExitCode {
    println!("{CREATES} books of {AUTHORS} authors; blocking facade; medians of 9 rounds, the contenders in turn\n");
    if let Err(problem) = compare(&[&ByHand, &enforced::WithLongevity, &plain::WithLongevity], 9) {
        eprintln!("{problem}");
        return ExitCode::FAILURE;
    }
    if measuring() {
        enforced::WithLongevity.grow();
    }
    ExitCode::SUCCESS
}

/// An author whom no book has.
fn lonely(number: u64) -> String {
    format!("lonely {number}")
}

fn author(number: u64) -> String {
    format!("author {number}")
}

const SCHEMA: &str = r#"
    CREATE TABLE "author" ("_id" INTEGER PRIMARY KEY AUTOINCREMENT, "_version" INTEGER NOT NULL, "name" TEXT NOT NULL,
        "_doc" TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX "author.name.key" ON "author"("name");
    CREATE TABLE "book" ("_id" INTEGER PRIMARY KEY AUTOINCREMENT, "_version" INTEGER NOT NULL, "code" INTEGER NOT NULL,
        "author" TEXT NOT NULL REFERENCES "author"("name"), "_doc" TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX "book.code.key" ON "book"("code");
    CREATE INDEX "book.author.index" ON "book"("author");"#;

#[derive(Serialize, Deserialize)]
struct Author {
    name: String,
    born: i64,
}

#[derive(Serialize, Deserialize)]
struct Book {
    code: u64,
    author: String,
    title: String,
    tags: Vec<String>,
}

fn tags() -> Vec<String> {
    ["novel", "first edition", "lent"].map(str::to_owned).to_vec()
}

/// Shows what a question costs while the rows grow.
trait Grow {
    fn grow(&self);
}

struct ByHand;

impl ByHand {
    fn connect(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
        connection.pragma_update(None, "foreign_keys", "ON").unwrap();
        connection.pragma_update(None, "cache_size", -65_536).unwrap();
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(())).unwrap();
        connection
    }

    fn create_author(writer: &Connection, name: String) {
        let author = Author { name, born: 1815 };
        let document = serde_json::to_string(&author).unwrap();
        let sql = r#"INSERT INTO "author" ("_version", "name", "_doc") VALUES (0, ?1, ?2)"#;
        writer.prepare_cached(sql).unwrap().execute(params![author.name, document]).unwrap();
    }
}

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let writer = Self::connect(&directory.path().join("by-hand.db"));
        writer.execute_batch(SCHEMA).unwrap();
        let mut hasher = DefaultHasher::new();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        (0..AUTHORS).for_each(|number| Self::create_author(&writer, author(number)));
        writer.execute_batch("COMMIT").unwrap();
        clock.phase("create a target", DELETES, || {
            (0..DELETES).for_each(|number| Self::create_author(&writer, lonely(number)));
        });
        clock.phase("create with a reference", CREATES, || {
            for code in 0..CREATES {
                let book = Book { code, author: author(code % AUTHORS), title: format!("book {code}"), tags: tags() };
                let document = serde_json::to_string(&book).unwrap();
                let sql = r#"INSERT INTO "book" ("_version", "code", "author", "_doc") VALUES (0, ?1, ?2, ?3)"#;
                writer
                    .prepare_cached(sql)
                    .unwrap()
                    .execute(params![code.cast_signed(), book.author, document])
                    .unwrap();
            }
        });
        let asked = clock.phase("is it referenced", ASKED, || {
            let is_referenced = |pick| {
                let sql = r#"SELECT EXISTS (SELECT 1 FROM "book" WHERE "author" = ?1)"#;
                let mut statement = writer.prepare_cached(sql).unwrap();
                statement.query_one([author(pick)], |row| row.get::<_, bool>(0)).unwrap()
            };
            picks(ASKED, AUTHORS).map(is_referenced).filter(|is| *is).count()
        });
        asked.hash(&mut hasher);
        clock.phase("delete a target", DELETES, || {
            for number in 0..DELETES {
                let sql = r#"SELECT "_id", "_version" FROM "author" WHERE "name" = ?1"#;
                let mut statement = writer.prepare_cached(sql).unwrap();
                let (id, version) = statement
                    .query_one([lonely(number)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
                    .unwrap();
                let sql = r#"DELETE FROM "author" WHERE "_id" = ?1 AND "_version" = ?2"#;
                assert_eq!(writer.prepare_cached(sql).unwrap().execute([id, version]).unwrap(), 1);
            }
        });
        hasher.finish()
    }
}

/// The same with longevity. The attribute is the book's.
macro_rules! with_longevity {
    ($module:ident, $name:literal, $($attribute:tt)*) => {
        mod $module {
            use longevity::blocking::Longevity;
            use longevity::prelude::*;
            use longevity::verify::Verified;

            use super::*;

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
            struct Code(u64);

            #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
            #[persistent(key(code), $($attribute)*)]
            struct Book {
                code: Code,
                author: Name,
                title: String,
                tags: Vec<String>,
            }

            #[derive(DomainModel)]
            #[domain_model(Author, Book)]
            struct Library;

            type Store = Longevity<Library, Sqlite>;

            fn open(path: &Path) -> Store {
                let file = Sqlite::file(path).durability(Durability::Normal).cache_kib(64 * 1024);
                let store = Longevity::<Library, _>::open(file).unwrap();
                store.create_schema().unwrap();
                let authors = (0..AUTHORS).map(|number| Author { name: Name(author(number)), born: 1815 });
                store.repo::<Author>().create_many(authors).unwrap();
                store
            }

            fn book(code: u64) -> Book {
                let author = Name(author(code % AUTHORS));
                Book { code: Code(code), author, title: format!("book {code}"), tags: tags() }
            }

            fn is_referenced(store: &Store, pick: u64) -> bool {
                let of = Book::query().filter(Book::props().author.eq(Name(author(pick))));
                store.repo::<Book>().exists(of).unwrap()
            }

            pub(super) struct WithLongevity;

            impl Contender for WithLongevity {
                fn name(&self) -> &'static str {
                    $name
                }

                fn round(&self, clock: &mut Clock) -> u64 {
                    let directory = tempfile::tempdir().unwrap();
                    let store = open(&directory.path().join("longevity.db"));
                    let (authors, books) = (store.repo::<Author>(), store.repo::<Book>());
                    let mut hasher = DefaultHasher::new();
                    clock.phase("create a target", DELETES, || {
                        for number in 0..DELETES {
                            authors.create(Author { name: Name(lonely(number)), born: 1815 }).unwrap();
                        }
                    });
                    clock.phase("create with a reference", CREATES, || {
                        for code in 0..CREATES {
                            books.create(book(code)).unwrap();
                        }
                    });
                    let asked = clock.phase("is it referenced", ASKED, || {
                        picks(ASKED, AUTHORS).filter(|pick| is_referenced(&store, *pick)).count()
                    });
                    asked.hash(&mut hasher);
                    clock.phase("delete a target", DELETES, || {
                        for number in 0..DELETES {
                            let state = authors.retrieve_one(&Name(lonely(number))).unwrap();
                            authors.delete(state).unwrap();
                        }
                    });
                    hasher.finish()
                }
            }

            /// The schema of a file with rows is created for these types.
            pub(super) fn declared(path: &Path) -> std::time::Duration {
                let store = Longevity::<Library, _>::open(Sqlite::file(path).cache_kib(64 * 1024)).unwrap();
                let start = std::time::Instant::now();
                store.create_schema().unwrap();
                start.elapsed()
            }

            impl Grow for WithLongevity {
                fn grow(&self) {
                    println!("\nns per question whether an author is referenced, while the books grow");
                    let directory = tempfile::tempdir().unwrap();
                    let store = open(&directory.path().join("longevity.db"));
                    let mut rows = 0;
                    for size in [1_000, 10_000, 100_000, 1_000_000] {
                        while rows < size {
                            let more = (size - rows).min(10_000);
                            store.repo::<Book>().create_many((rows..rows + more).map(book)).unwrap();
                            rows += more;
                        }
                        let start = std::time::Instant::now();
                        let found = picks(ASKED, AUTHORS).filter(|pick| is_referenced(&store, *pick)).count();
                        let time = start.elapsed().as_nanos() / u128::from(ASKED);
                        println!("{size:>12} books {time:>8} ({found} of {ASKED} are)");
                    }
                    let start = std::time::Instant::now();
                    let damages = store.verify().filter(|found| matches!(found, Ok(Verified::Damage(_)))).count();
                    println!("\nthe whole store is verified in {:.2?} ({damages} damages)", start.elapsed());
                    drop(store);
                    let path = directory.path().join("longevity.db");
                    println!("integrity is taken away in {:.2?}", plain::declared(&path));
                    println!("integrity is declared in {:.2?}", enforced::declared(&path));
                }
            }
        }
    };
}

with_longevity!(enforced, "enforced", reference(author));
with_longevity!(plain, "not enforced", index(author));
