//! References that no column of a file has alone: SQLite enforces them by side tables, which triggers keep whatever program writes.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;
use longevity::verify::{DamageKind, Mend};
use rusqlite::Connection;

use crate::stores::RUNTIME;

/// A library in two versions of a program: with references, and without.
macro_rules! library {
    ($($version:ident: [$($note:tt)*] [$($book:tt)*];)*) => {$(
        mod $version {
            use std::collections::{BTreeMap, BTreeSet};

            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Author)]
            pub(super) struct Name(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(name))]
            pub(super) struct Author {
                pub(super) name: Name,
            }

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
            #[key_val(Item)]
            pub(super) struct Code(pub(super) u32);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, props(code: Code, giver: Option<Name>), key(code), index(giver))]
            pub(super) enum Item {
                Book(Book),
                $($note)*
                Note { code: Code, giver: Option<Name> },
                Series { code: Code, giver: Option<Name> },
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(derived(Item) $($book)*)]
            pub(super) struct Book {
                pub(super) code: Code,
                pub(super) giver: Option<Name>,
                pub(super) series: Option<Code>,
                pub(super) editors: BTreeSet<Name>,
                pub(super) chapters: Vec<Chapter>,
                pub(super) copies: BTreeMap<String, Place>,
                pub(super) cover: Cover,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
            pub(super) struct Chapter {
                pub(super) by: Option<Name>,
                pub(super) pages: u16,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
            pub(super) enum Cover {
                Plain,
                Drawn { by: Name },
            }

            #[derive(DomainModel)]
            #[domain_model(Author, Shelf, Item)]
            pub(super) struct Model;

            pub(super) fn name(name: &str) -> Name {
                Name(name.into())
            }

            pub(super) fn place(number: u8) -> Place {
                Place { room: "hall".into(), number }
            }

            /// A book with a reference at each place.
            pub(super) fn book(code: u32) -> Book {
                let chapter = |by: Option<&str>| Chapter { by: by.map(name), pages: 7 };
                Book {
                    code: Code(code),
                    giver: Some(name("giver")),
                    series: Some(Code(0)),
                    editors: BTreeSet::from(["editor", "author"].map(name)),
                    chapters: vec![chapter(Some("author")), chapter(None), chapter(Some("author"))],
                    copies: BTreeMap::from([("first".into(), place(1)), ("second".into(), place(2))]),
                    cover: Cover::Drawn { by: name("artist") },
                }
            }

            pub(super) async fn stocked(path: &std::path::Path) -> Longevity<Model, Sqlite> {
                let store = super::open::<Model>(path).await;
                let authors = ["giver", "editor", "author", "artist", "nobody"];
                let authors = authors.map(|author| Author { name: name(author) });
                store.repo::<Author>().create_many(authors).await.unwrap();
                store.repo::<Shelf>().create_many([1, 2, 3].map(|number| Shelf { place: place(number) })).await.unwrap();
                let items = store.repo::<Item>();
                items.create(Item::Series { code: Code(0), giver: None }).await.unwrap();
                items.create(Item::Note { code: Code(1), giver: Some(name("giver")) }).await.unwrap();
                items.create(Item::Book(book(2))).await.unwrap();
                store
            }
        }
    )*};
}

library! {
    without: [] [, index(series)];
    with: [#[persistent(reference(giver))]]
        [, reference(series: item::Series), reference(editors), reference(chapters.by), reference(copies),
           reference(cover.drawn.by)];
}

async fn open<M: DomainModel>(path: &std::path::Path) -> Longevity<M, Sqlite> {
    let store = Longevity::<M, _>::open(Sqlite::file(path)).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

/// A shell with foreign keys on, which finds nothing wrong.
fn shell(path: &std::path::Path) -> Connection {
    let shell = Connection::open(path).unwrap();
    shell.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    let count = |sql: &str| shell.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    shell
}

fn column(shell: &Connection, sql: &str) -> Vec<String> {
    shell.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// For each table with foreign keys: their columns, and what they refer to.
fn foreign_keys(shell: &Connection) -> Vec<String> {
    let sql = "SELECT m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
               FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1";
    column(shell, sql)
}

/// All entries of the side tables with names.
fn entries(shell: &Connection) -> Vec<String> {
    let of = |table: &str| format!("SELECT '{table} ' || value || ' ' || _row FROM \"item.{table}\"");
    let tables = ["Book.editors.reference", "Book.chapters.by.reference", "Book.cover.Drawn.by.reference"];
    let mut all: Vec<_> = tables.iter().flat_map(|table| column(shell, &of(table))).collect();
    all.extend(column(
        shell,
        "SELECT 'Note.giver.reference ' || giver || ' ' || _row FROM \"item.Note.giver.reference\"",
    ));
    let places =
        "SELECT 'copies ' || \"value.room\" || \"value.number\" || ' ' || _row FROM \"item.Book.copies.reference\"";
    all.extend(column(shell, places));
    all.extend(column(shell, "SELECT 'series ' || code || ' ' || _row FROM \"item.Series.code.targets\""));
    all
}

const ENTRIES: [&str; 8] = [
    "Book.editors.reference author 3",
    "Book.editors.reference editor 3",
    "Book.chapters.by.reference author 3",
    "Book.cover.Drawn.by.reference artist 3",
    "Note.giver.reference giver 2",
    "copies hall1 3",
    "copies hall2 3",
    "series 0 1",
];

#[test]
fn the_shell_sees_what_refers_to_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(with::stocked(&path));
    let shell = shell(&path);
    assert_eq!(
        foreign_keys(&shell),
        [
            "item.Book.chapters.by.reference.value -> author.name",
            "item.Book.copies.reference.value.number -> shelf.place.number",
            "item.Book.copies.reference.value.room -> shelf.place.room",
            "item.Book.cover.Drawn.by.reference.value -> author.name",
            "item.Book.editors.reference.value -> author.name",
            "item.Book.series.reference.Book.series -> item.Series.code.targets.code",
            "item.Note.giver.reference.giver -> author.name",
        ]
    );
    assert_eq!(entries(&shell), ENTRIES);
}

#[test]
fn the_shell_cannot_break_a_reference_in_a_collection_a_variant_or_a_derived_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(with::stocked(&path));
    let shell = shell(&path);
    let set = |path: &str, value: &str| {
        format!("UPDATE item SET _doc = json_set(_doc, '{path}', json('{value}')) WHERE code = 2")
    };
    for refused in [
        "DELETE FROM author WHERE name = 'giver'",
        "DELETE FROM author WHERE name = 'editor'",
        "DELETE FROM author WHERE name = 'author'",
        "UPDATE author SET name = 'other' WHERE name = 'artist'",
        "DELETE FROM shelf WHERE \"place.number\" = 2",
        "DELETE FROM item WHERE code = 0",
        "UPDATE item SET code = 7 WHERE code = 0",
        "UPDATE item SET _type = 'Note' WHERE code = 0",
        "UPDATE item SET \"Book.series\" = 1 WHERE code = 2",
        "UPDATE item SET giver = 'somebody' WHERE code = 1",
        &set("$.editors[0]", "\"somebody\""),
        &set("$.chapters[1].by", "\"somebody\""),
        &set("$.copies.third", "{\"room\":\"hall\",\"number\":4}"),
        &set("$.cover.Drawn.by", "\"somebody\""),
    ] {
        // The variant of a row is also in the check of its columns.
        let refused = format!("PRAGMA ignore_check_constraints = ON; {refused}");
        let error = shell.execute_batch(&refused).unwrap_err().to_string();
        assert_eq!(error, "FOREIGN KEY constraint failed", "{refused}");
    }
    assert_eq!(entries(&shell), ENTRIES);
    // What refers to nothing any longer can go.
    for allowed in [
        // What is no list has no elements.
        &set("$.editors", "\"nobody\""),
        "DELETE FROM author WHERE name = 'nobody'",
        &set("$.editors", "[\"editor\", \"editor\"]"),
        &set("$.editors", "[\"author\", \"editor\", \"editor\"]").replace("UPDATE", "UPDATE OR FAIL"),
        &set("$.editors", "[\"editor\"]").replace("UPDATE", "UPDATE OR ROLLBACK"),
        &set("$.chapters", "[]"),
        "DELETE FROM author WHERE name = 'author'",
        &set("$.copies", "{\"third\":{\"room\":\"hall\",\"number\":3}}"),
        "DELETE FROM shelf WHERE \"place.number\" < 3",
        &set("$.cover", "\"Plain\""),
        "DELETE FROM author WHERE name = 'artist'",
        // The giver of a book is no reference.
        "DELETE FROM item WHERE code = 1",
        "DELETE FROM author WHERE name = 'giver'",
        "UPDATE item SET _id = 12 WHERE code = 2",
    ] {
        shell.execute_batch(allowed).unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    let left = ["Book.editors.reference editor 12", "copies hall3 12", "series 0 1"];
    assert_eq!(entries(&shell), left);
    shell.execute_batch("DELETE FROM item WHERE code = 2; DELETE FROM item; DELETE FROM author").unwrap();
    assert!(entries(&shell).is_empty());
}

/// It is built again although it has an entry that dangles.
#[test]
fn a_side_table_with_a_dangling_reference_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let store = with::stocked(&path).await;
        let shell = Connection::open(&path).unwrap();
        let damage = "PRAGMA foreign_keys = OFF; DELETE FROM author WHERE name = 'editor';
                      DELETE FROM \"item.Book.editors.reference\" WHERE value = 'author'";
        shell.execute_batch(damage).unwrap();
        let mut plan = store.verify().plan().await.unwrap();
        let dangling = plan.steps_mut().find(|step| step.first.kind == DamageKind::Dangling);
        dangling.unwrap().choose(Mend::Leave).unwrap();
        let summary = store.fix(plan).finish().await.unwrap();
        assert_eq!((summary.mended, summary.left, summary.failed), (1, 1, 0));
        assert_eq!(entries(&shell), ENTRIES);
        let plan = store.verify().plan().await.unwrap();
        let found: Vec<_> = plan.steps().map(|step| (step.first.kind, &*step.first.subject)).collect();
        assert_eq!(found, [(DamageKind::Dangling, "editors[]")]);
    });
}

#[test]
fn a_program_without_the_references_keeps_the_entries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        drop(without::stocked(&path).await);
        assert!(foreign_keys(&shell(&path)).is_empty());
        for round in 0..2 {
            let store = open::<with::Model>(&path).await;
            assert_eq!(foreign_keys(&shell(&path)).len(), 7);
            assert_eq!(entries(&shell(&path)), ENTRIES);
            drop(store);

            let store = open::<without::Model>(&path).await;
            assert!(foreign_keys(&shell(&path)).is_empty());
            let books = store.repo::<without::Book>();
            let state = books.retrieve_one(&without::Code(2)).await.unwrap();
            let changed = without::Book { editors: BTreeSet::new(), ..without::book(2) };
            let changed = books.update(state.set(changed)).await.unwrap();
            let expected: Vec<_> = ENTRIES.into_iter().filter(|entry| !entry.contains("editors")).collect();
            assert_eq!(entries(&shell(&path)), expected, "{round}");
            books.update(changed.set(without::book(2))).await.unwrap();
            assert_eq!(entries(&shell(&path)), ENTRIES);
            let other = books.create(without::Book { copies: BTreeMap::new(), ..without::book(3) }).await.unwrap();
            assert_eq!(entries(&shell(&path)).len(), ENTRIES.len() + 4);
            books.delete(other).await.unwrap();
        }
        // A row that refers to nothing is not accepted afterwards.
        let store = open::<without::Model>(&path).await;
        let chapters = vec![without::Chapter { by: Some(without::name("nobody knows")), pages: 1 }];
        let book = without::Book { chapters, ..without::book(4) };
        store.repo::<without::Book>().create(book).await.unwrap();
        let newer = Longevity::<with::Model, _>::open(Sqlite::file(&path)).await.unwrap();
        let error = newer.create_schema().await.unwrap_err();
        assert!(matches!(error, Error::DanglingReferences { count: 1, .. }), "{error}");
        assert!(foreign_keys(&shell(&path)).is_empty());
    });
}

#[test]
fn damaged_side_tables_are_found_and_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let store = with::stocked(&path).await;
        let damages = [
            ("DELETE FROM \"item.Book.editors.reference\"", "item.Book.editors.reference"),
            ("INSERT INTO \"item.Book.editors.reference\" VALUES ('nobody', 3)", "item.Book.editors.reference"),
            (
                "UPDATE \"item.Book.copies.reference\" SET \"value.number\" = 3 WHERE \"value.number\" = 1",
                "item.Book.copies.reference",
            ),
            ("DELETE FROM \"item.Note.giver.reference\"", "item.Note.giver.reference"),
            ("DELETE FROM \"item.Series.code.targets\"", "item.Series.code.targets"),
            ("UPDATE \"item.Book.cover.Drawn.by.reference\" SET _row = 8", "item.Book.cover.Drawn.by.reference"),
        ];
        for (damage, index) in damages {
            let shell = Connection::open(&path).unwrap();
            shell.execute_batch(&format!("PRAGMA foreign_keys = OFF; {damage}")).unwrap();
            let plan = store.verify().plan().await.unwrap();
            let found: Vec<_> = plan.steps().map(|step| (step.first.kind, &*step.first.subject)).collect();
            assert_eq!(found, [(DamageKind::Index, index)], "{damage}");
            assert_eq!(store.fix(plan).finish().await.unwrap().mended, 1);
            assert!(store.verify().plan().await.unwrap().is_empty());
            assert_eq!(entries(&shell), ENTRIES);
        }
        drop(store);
        // A side table that nothing keeps is not used.
        let shell = Connection::open(&path).unwrap();
        shell
            .execute_batch("DROP TRIGGER \"item.Book.editors.reference.delete\"; DELETE FROM item WHERE code = 2")
            .unwrap();
        let store = Longevity::<with::Model, _>::open(Sqlite::file(&path)).await.unwrap();
        let error = store.repo::<with::Item>().count(with::Item::query().all()).await.unwrap_err();
        assert!(error.to_string().contains("item.Book.editors.reference"), "{error}");
        store.create_schema().await.unwrap();
        assert_eq!(entries(&shell), ["Note.giver.reference giver 2", "series 0 1"]);
        assert_eq!(foreign_keys(&shell).len(), 7);
    });
}

/// Texts that JSON writes in a form of its own.
const TEXTS: [&str; 9] =
    ["", "null", "\0", "a\0b", "\"quoted\" \\ 'text'", "\u{7f}\n\t\u{1}", "é", "e\u{301}", "𝄞\u{2028}"];

#[test]
fn any_text_is_found_in_a_side_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let store = with::stocked(&path).await;
        let authors = TEXTS.map(|text| with::Author { name: with::name(text) });
        let authors = store.repo::<with::Author>().create_many(authors).await.unwrap();
        let books = store.repo::<with::Book>();
        for (number, text) in (10..).zip(TEXTS) {
            let editors = BTreeSet::from([with::name(text)]);
            books.create(with::Book { editors, ..with::book(number) }).await.unwrap();
        }
        shell(&path);
        for (author, number) in authors.iter().zip(10..) {
            let found = books.find_referring(&author.name).await.unwrap();
            assert_eq!(found.iter().map(|book| book.code.0).collect::<Vec<_>>(), [number], "{author:?}");
            let shell = shell(&path);
            let deleted = shell.execute("DELETE FROM author WHERE name = ?1", [&author.name.0]);
            assert_eq!(deleted.unwrap_err().to_string(), "FOREIGN KEY constraint failed");
        }
        assert!(store.verify().plan().await.unwrap().is_empty());
    });
}

/// Two versions of a program, whose books have other names for things.
macro_rules! renamed {
    ($($version:ident: $editors:ident $by:ident [$($names:tt)*] [$($parts:tt)*];)*) => {$(
        mod $version {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Author)]
            pub(super) struct Name(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(name))]
            pub(super) struct Author {
                pub(super) name: Name,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(reference($editors.$by, on_delete = cascade))]
            pub(super) struct Book {
                #[serde(default $($names)*)]
                pub(super) $editors: Vec<Part>,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
            pub(super) struct Part {
                #[serde(rename = $($parts)*)]
                pub(super) $by: Name,
            }

            #[derive(DomainModel)]
            #[domain_model(Author, Book)]
            pub(super) struct Model;

            pub(super) fn author(name: &str) -> Author {
                Author { name: Name(name.into()) }
            }

            pub(super) fn book(by: &str) -> Book {
                Book { $editors: vec![Part { $by: Name(by.into()) }] }
            }
        }
    )*};
}

renamed! {
    oldest: writers by [] ["by"];
    first: editors by [] ["by"];
    patient: editors by [, alias = "writers"] ["by"];
    second: writers who [, alias = "editors"] ["who", alias = "by"];
}

#[test]
fn a_reference_that_was_renamed_is_kept_in_old_documents_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let older = open::<first::Model>(&path).await;
        older.repo::<first::Author>().create_many(["ann", "bob"].map(first::author)).await.unwrap();
        older.repo::<first::Book>().create(first::book("ann")).await.unwrap();
        let newer = open::<second::Model>(&path).await;
        newer.repo::<second::Book>().create(second::book("bob")).await.unwrap();
        older.repo::<first::Book>().create(first::book("ann")).await.unwrap();
        let shell = shell(&path);
        for author in ["ann", "bob"] {
            shell.execute("DELETE FROM author WHERE name = ?1", [author]).unwrap_err();
        }
        assert_eq!(newer.repo::<second::Book>().find_referring(&second::author("ann").name).await.unwrap().len(), 2);
        assert!(newer.verify().plan().await.unwrap().is_empty());
        let authors = newer.repo::<second::Author>();
        let ann = authors.retrieve_one(&second::author("ann").name).await.unwrap();
        assert_eq!(authors.delete_and_count(ann).await.unwrap().cascaded, 2);
    });
}

/// A version that does not know the old name keeps a side table of its own.
#[test]
fn a_version_without_an_alias_leaves_the_entries_of_the_alias() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let oldest = open::<oldest::Model>(&path).await;
        oldest.repo::<oldest::Author>().create(oldest::author("ann")).await.unwrap();
        oldest.repo::<oldest::Book>().create(oldest::book("ann")).await.unwrap();
        drop(oldest);
        let patient = open::<patient::Model>(&path).await;
        let books = patient.repo::<patient::Book>();
        books.create(patient::book("ann")).await.unwrap();
        assert_eq!(books.find_referring(&patient::author("ann").name).await.unwrap().len(), 2);
        drop(open::<first::Model>(&path).await);
        assert_eq!(books.find_referring(&patient::author("ann").name).await.unwrap().len(), 2);
    });
}

#[test]
fn a_document_without_the_property_has_no_entries() {
    use first::{Author, Book, Model};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.db");
    RUNTIME.block_on(async {
        let store = open::<Model>(&path).await;
        store.repo::<Author>().create(first::author("ann")).await.unwrap();
        store.repo::<Book>().create(first::book("ann")).await.unwrap();
        let shell = shell(&path);
        let count =
            || shell.query_row("SELECT count(*) FROM \"book.editors.by.reference\"", [], |row| row.get::<_, i64>(0));
        assert_eq!(count().unwrap(), 1);
        // Neither does one that is no JSON, or has something else in that place.
        for doc in [
            "{\"title\":\"x\"}",
            "{",
            "{\"title\":\"x\",\"editors\":\"ann\"}",
            "{\"editors\":[\"ann\",7,null,{},{\"by\":7},{\"by\":true}]}",
        ] {
            shell.execute("UPDATE book SET _doc = ?1", [doc]).unwrap();
            assert_eq!(count().unwrap(), 0, "{doc}");
            shell.execute("UPDATE book SET _doc = '{\"editors\":[{\"by\":\"ann\"}]}'", []).unwrap();
            assert_eq!(count().unwrap(), 1);
        }
    });
}

/// Key values that documents have in another form than columns do.
mod forms {
    use std::collections::BTreeSet;

    use longevity::Timestamp;
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Event)]
    pub(super) struct When(pub(super) Timestamp);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(when))]
    pub(super) struct Event {
        pub(super) when: When,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Component)]
    pub(super) enum Colour {
        #[serde(alias = "crimson")]
        Red,
        Blue,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Flag)]
    pub(super) struct Hue(pub(super) Colour);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(hue))]
    pub(super) struct Flag {
        pub(super) hue: Hue,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(reference(events), reference(last), reference(hues), reference(notes.on))]
    pub(super) struct Log {
        pub(super) events: Vec<When>,
        pub(super) last: Option<Option<When>>,
        pub(super) hues: BTreeSet<Hue>,
        pub(super) notes: Option<Option<Vec<Note>>>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    pub(super) struct Note {
        pub(super) on: Option<Option<When>>,
    }

    #[derive(DomainModel)]
    #[domain_model(Event, Flag, Log)]
    pub(super) struct Model;
}

#[test]
fn key_values_in_other_forms_are_found_in_side_tables() {
    use forms::{Colour, Event, Flag, Hue, Log, Model, Note, When};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    RUNTIME.block_on(async {
        let store = open::<Model>(&path).await;
        let whens = [-62_300_000_000, -62_200_000_000, -62_167_219_201, 0, 1_700_000_000]
            .map(|seconds| When(longevity::Timestamp::from_unix(seconds, 5).unwrap()));
        let events = whens.clone().map(|when| Event { when });
        let events = store.repo::<Event>().create_many(events).await.unwrap();
        store.repo::<Flag>().create_many([Colour::Red, Colour::Blue].map(|it| Flag { hue: Hue(it) })).await.unwrap();
        let logs = store.repo::<Log>();
        for when in &whens {
            let notes =
                Some(Some(vec![Note { on: Some(Some(when.clone())) }, Note { on: Some(None) }, Note { on: None }]));
            let hues = [Hue(Colour::Red)].into();
            logs.create(Log { events: vec![when.clone()], last: None, hues, notes }).await.unwrap();
        }
        let last = Log { events: Vec::new(), last: Some(Some(whens[0].clone())), hues: BTreeSet::new(), notes: None };
        logs.create(last.clone()).await.unwrap();
        logs.create(Log { last: Some(None), notes: Some(None), ..last }).await.unwrap();

        let shell = shell(&path);
        let expected = [
            "log.events.reference.value -> event.when",
            "log.hues.reference.value -> flag.hue",
            "log.last.reference.value -> event.when",
            "log.notes.on.reference.value -> event.when",
        ];
        // The name of a side table that reads aliases ends with a hash.
        let without_hash = |key: String| match key.split_once('~') {
            Some((name, rest)) => format!("{name}{}", &rest[8..]),
            None => key,
        };
        assert_eq!(foreign_keys(&shell).into_iter().map(without_hash).collect::<Vec<_>>(), expected);
        for (number, event) in events.iter().enumerate() {
            let found = logs.find_referring(&event.when).await.unwrap().len();
            assert_eq!(found, if number == 0 { 2 } else { 1 }, "{event:?}");
        }
        assert_eq!(shell.execute("DELETE FROM log WHERE _id = 5", []).unwrap(), 1);
        assert_eq!(shell.execute("DELETE FROM event WHERE _id = 5", []).unwrap(), 1);
        for id in 1..5 {
            shell.execute("DELETE FROM event WHERE _id = ?1", [id]).unwrap_err();
        }
        // An older version of the model has written the alias.
        assert_eq!(shell.execute("UPDATE log SET _doc = replace(_doc, 'Red', 'crimson')", []).unwrap(), 6);
        assert_eq!(logs.find_referring(&Hue(Colour::Red)).await.unwrap().len(), 4);
        shell.execute("DELETE FROM flag WHERE hue = 'Red'", []).unwrap_err();
        shell.execute("DELETE FROM flag WHERE hue = 'Blue'", []).unwrap();
        assert!(store.verify().plan().await.unwrap().is_empty());
    });
}
