//! What the `sqlite3` shell sees of references: foreign keys that are sound, and in force for the shell too.

use longevity::prelude::*;
use rusqlite::Connection;

use crate::stores::RUNTIME;

/// A shelf of books, in two versions of a program: with references, and without.
macro_rules! shelves {
    ($($version:ident: [$($book:tt)*] [$($item:tt)*];)*) => {$(
        mod $version {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Shelf)]
            pub(super) struct Place {
                pub(super) room: String,
                pub(super) number: u8,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(place))]
            pub(super) struct Shelf {
                pub(super) place: Place,
            }

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Book)]
            pub(super) struct Title(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(title) $($book)*)]
            pub(super) struct Book {
                pub(super) title: Title,
                pub(super) place: Place,
                pub(super) sequel_of: Option<Title>,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, props(about: Title) $($item)*)]
            pub(super) enum Item {
                Note { about: Title, text: String },
                Mark { about: Title, page: u16 },
            }

            #[derive(DomainModel)]
            #[domain_model(Shelf, Book, Item)]
            pub(super) struct Model;

            pub(super) fn place() -> Place {
                Place { room: "hall".into(), number: 1 }
            }

            pub(super) fn title(title: &str) -> Title {
                Title(title.into())
            }

            pub(super) async fn stocked(store: &Longevity<Model, Sqlite>) {
                store.repo::<Shelf>().create(Shelf { place: place() }).await.unwrap();
                let first = Book { title: title("first"), place: place(), sequel_of: None };
                let second = Book { title: title("second"), sequel_of: Some(title("first")), ..first.clone() };
                store.repo::<Book>().create_many([first, second]).await.unwrap();
                let about = title("second");
                let items = [Item::Note { about: about.clone(), text: "good".into() }, Item::Mark { about, page: 7 }];
                store.repo::<Item>().create_many(items).await.unwrap();
            }
        }
    )*};
}

shelves! {
    without: [] [];
    with: [, reference(place), reference(sequel_of)] [, reference(about, check = at_commit)];
    indexed: [, reference(place), reference(sequel_of), index(sequel_of, title)] [, reference(about)];
}

async fn open<M: DomainModel>(path: &std::path::Path) -> Longevity<M, Sqlite> {
    let store = Longevity::<M, _>::open(Sqlite::file(path)).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

/// For each table with foreign keys: their columns, and what they refer to.
fn foreign_keys(shell: &Connection) -> Vec<String> {
    let sql = "SELECT m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
               FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1";
    shell.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The shell has foreign keys on, and finds nothing wrong.
fn shell(path: &std::path::Path) -> Connection {
    let shell = Connection::open(path).unwrap();
    shell.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    let count = |sql: &str| shell.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    shell
}

const ALL: [&str; 4] = [
    "book.place.number -> shelf.place.number",
    "book.place.room -> shelf.place.room",
    "book.sequel_of -> book.title",
    "item.about -> book.title",
];

#[test]
fn the_shell_cannot_break_a_reference() {
    ensure_kept(|path| RUNTIME.block_on(async { with::stocked(&open::<with::Model>(path).await).await }));
}

/// The index that finds the rows of a target begins with the reference, and has another column.
#[test]
fn the_shell_cannot_break_a_reference_with_a_longer_index() {
    ensure_kept(|path| RUNTIME.block_on(async { indexed::stocked(&open::<indexed::Model>(path).await).await }));
}

fn ensure_kept(stock: impl Fn(&std::path::Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    stock(&path);
    let shell = shell(&path);
    assert_eq!(foreign_keys(&shell), ALL);
    for refused in [
        "DELETE FROM shelf",
        "DELETE FROM book WHERE title = 'first'",
        "DELETE FROM book WHERE title = 'second'",
        "UPDATE book SET title = 'third' WHERE title = 'second'",
        "UPDATE item SET about = 'third'",
        "UPDATE book SET \"place.number\" = 2",
    ] {
        let error = shell.execute_batch(refused).unwrap_err().to_string();
        assert_eq!(error, "FOREIGN KEY constraint failed", "{refused}");
    }
    shell.execute_batch("DELETE FROM item; DELETE FROM book; DELETE FROM shelf").unwrap();
}

#[test]
fn foreign_keys_come_and_go_with_the_declarations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    RUNTIME.block_on(async {
        without::stocked(&open::<without::Model>(&path).await).await;
        assert!(foreign_keys(&shell(&path)).is_empty());
        let rows = |shell: &Connection| {
            let rows = "SELECT count(*) FROM book WHERE sequel_of IS NULL OR sequel_of = 'first'";
            shell.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        for _ in 0..2 {
            // A connection that is open meanwhile reads the new schema.
            let running = shell(&path);
            let store = open::<with::Model>(&path).await;
            assert_eq!(foreign_keys(&shell(&path)), ALL);
            assert_eq!(foreign_keys(&running), ALL);
            assert_eq!(rows(&running), 2);
            running.execute_batch("DELETE FROM shelf").unwrap_err();
            // Columns and checks are added to tables with foreign keys, and dropped.
            let newer = open::<indexed::Model>(&path).await;
            assert_eq!(foreign_keys(&running), ALL);
            let titles = newer.repo::<indexed::Book>().count(indexed::Book::query().all()).await.unwrap();
            assert_eq!(titles, 2);
            drop((store, newer));

            let store = open::<without::Model>(&path).await;
            assert!(foreign_keys(&running).is_empty());
            assert_eq!(rows(&running), 2);
            drop(store);
            shell(&path);
        }
    });
}

#[test]
fn rows_that_violate_a_new_reference_leave_the_schema_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    RUNTIME.block_on(async {
        let store = open::<without::Model>(&path).await;
        let book = without::Book { title: without::title("x"), place: without::place(), sequel_of: None };
        store.repo::<without::Book>().create(book).await.unwrap();
        let newer = Longevity::<with::Model, _>::open(Sqlite::file(&path)).await.unwrap();
        let error = newer.create_schema().await.unwrap_err();
        assert!(matches!(error, Error::DanglingReferences { count: 1, .. }), "{error}");
        assert!(foreign_keys(&shell(&path)).is_empty());
        let book = without::Book { title: without::title("y"), place: without::place(), sequel_of: None };
        open::<without::Model>(&path).await.repo::<without::Book>().create(book).await.unwrap();
    });
}

/// Programs of two versions: the older one does not know that persons have a key, nor the books that refer to it.
mod older {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    pub(super) struct Person {
        pub(super) name: String,
        pub(super) born: i32,
    }

    #[derive(DomainModel)]
    #[domain_model(Person)]
    pub(super) struct Model;
}

mod newer {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Person)]
    pub(super) struct Name(pub(super) String);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(name))]
    pub(super) struct Person {
        pub(super) name: Name,
        pub(super) born: i32,
    }

    /// The column of an option in an option has another form than that of a key, so a side table has the key value.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(reference(author), reference(editor))]
    pub(super) struct Text {
        pub(super) author: Name,
        pub(super) editor: Option<Option<Name>>,
    }

    #[derive(DomainModel)]
    #[domain_model(Person, Text)]
    pub(super) struct Model;
}

#[test]
fn an_older_program_that_does_not_know_the_key_of_a_target_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("persons.db");
    RUNTIME.block_on(async {
        let person = |name: &str| newer::Person { name: newer::Name(name.into()), born: 1815 };
        for round in 0..2 {
            let store = open::<newer::Model>(&path).await;
            assert_eq!(
                foreign_keys(&shell(&path)),
                ["text.author -> person.name", "text.editor.reference.value -> person.name"]
            );
            store.repo::<newer::Person>().create(person(&format!("ann {round}"))).await.unwrap();
            let author = newer::Name(format!("ann {round}"));
            let editor = Some(Some(author.clone()));
            store.repo::<newer::Text>().create(newer::Text { author, editor }).await.unwrap();
            drop(store);

            let older = open::<older::Model>(&path).await;
            let persons = older.repo::<older::Person>();
            persons.create(older::Person { name: format!("bob {round}"), born: 1 }).await.unwrap();
            assert_eq!(persons.count(older::Person::query().all()).await.unwrap(), 2 * (round + 1));
        }
        let store = open::<newer::Model>(&path).await;
        assert_eq!(
            foreign_keys(&shell(&path)),
            ["text.author -> person.name", "text.editor.reference.value -> person.name"]
        );
        assert!(store.verify().plan().await.unwrap().is_empty());
    });
}

/// Creates the schema. Rows cannot be verified if another version has changed the schema in the meantime.
async fn create<M: DomainModel>(path: &std::path::Path) {
    let store = Longevity::<M, _>::open(Sqlite::file(path)).await.unwrap();
    if let Err(error) = store.create_schema().await {
        assert!(error.to_string().ends_with("call `create_schema` first"), "{error}");
    }
}

#[test]
fn programs_of_several_versions_create_the_schema_at_once() {
    for _ in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books.db");
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|threads| {
            for at in 0..6 {
                let (path, start) = (&path, &start);
                threads.spawn(move || {
                    start.wait();
                    RUNTIME.block_on(async {
                        match at % 3 {
                            0 => create::<with::Model>(path).await,
                            1 => create::<without::Model>(path).await,
                            _ => create::<indexed::Model>(path).await,
                        }
                    });
                });
            }
        });
        RUNTIME.block_on(async { with::stocked(&open::<with::Model>(&path).await).await });
        assert_eq!(foreign_keys(&shell(&path)), ALL);
    }
}
