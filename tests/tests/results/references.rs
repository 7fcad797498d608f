//! What references lead to, and how many operations it takes to fetch it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use longevity::backend::{Backend, Lookup, Row, Select, Session};
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator, Rows};

use crate::stores::{Question, everywhere};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Person)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Person {
    name: Name,
    born: i64,
}

/// A key of several fields, two of which are in a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shelf)]
struct Spot {
    room: Room,
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
struct Room {
    house: String,
    floor: i32,
}

/// A key of several fields without a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shelf)]
struct Label {
    letter: char,
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(spot), key(label))]
struct Shelf {
    spot: Spot,
    label: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Item)]
struct Code(u32);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
struct Isbn(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(code: Code, owner: Name), key(code))]
enum Item {
    Book(Box<Book>),
    Series(Series),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), key(isbn))]
struct Book {
    code: Code,
    owner: Name,
    isbn: Isbn,
    series: Option<Code>,
    editors: BTreeSet<Name>,
    readers: Vec<Name>,
    roles: BTreeMap<String, Name>,
    place: Place,
    sequel: Option<Isbn>,
    fans: HashSet<Name>,
    prizes: HashMap<String, Name>,
    translators: Option<Vec<Name>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Place {
    On { spot: Spot },
    Lent(Name),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item))]
struct Series {
    code: Code,
    owner: Name,
}

#[derive(Debug, DomainModel)]
#[domain_model(Person, Shelf, Item)]
struct Library;

fn name(name: &str) -> Name {
    Name(name.to_owned())
}

fn spot(number: u32) -> Spot {
    Spot { room: Room { house: "a".to_owned(), floor: 1 }, number }
}

fn label(number: u32) -> Label {
    Label { letter: 'x', number }
}

fn shelf(number: u32) -> Shelf {
    Shelf { spot: spot(number), label: label(number) }
}

fn isbn(isbn: &str) -> Isbn {
    Isbn(isbn.to_owned())
}

fn series(code: u32) -> Item {
    Item::Series(Series { code: Code(code), owner: name("ann") })
}

fn book(code: u32, owner: &str, place: Place) -> Book {
    Book {
        code: Code(code),
        owner: name(owner),
        isbn: isbn(&format!("i{code}")),
        series: None,
        editors: BTreeSet::new(),
        readers: Vec::new(),
        roles: BTreeMap::new(),
        place,
        sequel: None,
        fans: HashSet::new(),
        prizes: HashMap::new(),
        translators: None,
    }
}

/// Three persons, two shelves, a series, and two books: one with references everywhere, the other with some that dangle.
fn filled<B: Backend>(store: &Longevity<Library, B>) -> Repo<Book, B> {
    let persons = ["ann", "bob", "cec"].map(|it| Person { name: name(it), born: it.len() as i64 });
    store.repo::<Person>().create_many(persons).unwrap();
    store.repo::<Shelf>().create_many([1, 2].map(shelf)).unwrap();
    store.repo::<Item>().create(series(9)).unwrap();
    let books = store.repo::<Book>();
    books
        .create_many([
            Book {
                series: Some(Code(9)),
                editors: ["ann", "bob"].map(name).into(),
                readers: ["bob", "ann", "bob"].map(name).into(),
                roles: BTreeMap::from([("cover".to_owned(), name("cec"))]),
                sequel: Some(isbn("i2")),
                fans: ["ann", "cec"].map(name).into(),
                prizes: HashMap::from([("best".to_owned(), name("bob"))]),
                translators: Some(["cec", "zoe", "bob"].map(name).into()),
                ..book(1, "ann", Place::On { spot: spot(2) })
            },
            Book {
                series: Some(Code(1)),
                editors: ["bob", "zoe"].map(name).into(),
                readers: ["zoe", "cec"].map(name).into(),
                roles: BTreeMap::from([("cover".to_owned(), name("zoe"))]),
                sequel: Some(isbn("i7")),
                ..book(2, "zoe", Place::Lent(name("bob")))
            },
        ])
        .unwrap();
    books
}

fn names<'a>(persons: impl IntoIterator<Item = &'a PState<Person>>) -> Vec<&'a str> {
    persons.into_iter().map(|person| &*person.name.0).collect()
}

struct Everywhere;

impl Question<Library> for Everywhere {
    fn ask<B: Backend>(&self, store: &Longevity<Library, B>) {
        let books = filled(store);
        let b = Book::props();
        let all = || Book::query().order_by(Item::props().code.asc());

        let owners = books.find_with(all(), Item::props().owner).unwrap();
        let owners: Vec<_> = owners.iter().map(|(book, owner)| (book.code.0, names(owner))).collect();
        assert_eq!(owners, [(1, vec!["ann"]), (2, vec![])]);

        let references = (&b.editors, &b.readers, &b.roles);
        let found = books.find_with(all(), references).unwrap();
        let texts: Vec<_> = found
            .iter()
            .map(|(_, (editors, readers, roles))| (names(editors), names(readers), names(roles.values())))
            .collect();
        assert_eq!(
            texts,
            [(vec!["ann", "bob"], vec!["bob", "ann", "bob"], vec!["cec"]), (vec!["bob"], vec!["cec"], vec![])]
        );
        assert_eq!(found[0].1.2["cover"].born, 3);

        let found = books.find_with(all(), (&b.fans, &b.prizes, &b.translators)).unwrap();
        let (fans, prizes, translators) = &found[0].1;
        let mut fans = names(fans);
        fans.sort_unstable();
        assert_eq!((fans, names(prizes.values())), (vec!["ann", "cec"], vec!["bob"]));
        assert_eq!(names(translators), ["cec", "bob"]);
        assert!(found[1].1.0.is_empty() && found[1].1.1.is_empty() && found[1].1.2.is_empty());

        // A key of the poly type leads to whichever variant has it, a key of a derived type to that type.
        let found = books.find_with(all(), (b.series, b.sequel)).unwrap();
        let (first, sequel) = &found[0].1;
        assert_eq!(first.as_ref().map(PState::get), Some(&series(9)));
        assert_eq!(sequel.as_ref().unwrap().code, Code(2));
        let (second, sequel) = &found[1].1;
        assert!(matches!(second.as_ref().unwrap().get(), Item::Book(book) if book.code == Code(1)));
        assert!(sequel.is_none());

        // References in variants, and keys of several fields.
        let places = (b.place.on.spot.optional(), b.place.lent.optional());
        let found = books.find_with(all(), places).unwrap();
        let (shelf, lent) = &found[0].1;
        assert_eq!((shelf.as_ref().unwrap().spot.number, lent.is_some()), (2, false));
        let (shelf, lent) = &found[1].1;
        assert_eq!((shelf.is_some(), names(lent)), (false, vec!["bob"]));

        // A page, and states of a stream.
        let page = books.page(all().limit(1), None).unwrap();
        let with_owner = books.with_targets(page.states, Item::props().owner).unwrap();
        assert_eq!((with_owner.len(), names(&with_owner[0].1)), (1, vec!["ann"]));
        let streamed: Vec<_> = books.stream(all()).map(Result::unwrap).collect();
        assert_eq!(books.with_targets(streamed, &b.editors).unwrap()[1].1.len(), 1);
        assert!(books.find_with(Book::query().filter(b.isbn.eq(isbn("none"))), b.editors).unwrap().is_empty());
    }
}

#[test]
fn references_at_each_place_lead_to_their_targets() {
    everywhere(&Everywhere);
}

struct OneByOne;

impl Question<Library> for OneByOne {
    fn ask<B: Backend>(&self, store: &Longevity<Library, B>) {
        filled(store);
        assert_eq!(store.fetch(&name("bob")).unwrap().unwrap().name, name("bob"));
        assert!(store.fetch(&name("zoe")).unwrap().is_none());
        assert_eq!(store.fetch(&spot(1)).unwrap().unwrap().spot, spot(1));
        let elsewhere = Spot { room: Room { house: "a".to_owned(), floor: 2 }, number: 1 };
        assert!(store.fetch(&elsewhere).unwrap().is_none());
        assert_eq!(store.fetch(&label(2)).unwrap().unwrap().into_value(), shelf(2));
        assert_eq!(store.fetch(&Code(9)).unwrap().unwrap().into_value(), series(9));

        let keys = ["bob", "zoe", "ann", "bob"].map(name);
        let found = store.fetch_all(&keys).unwrap();
        assert_eq!((found.len(), found[&name("ann")].born), (2, 3));
        assert!(store.fetch_all::<Name>([]).unwrap().is_empty());
        let spots = [spot(1), elsewhere, spot(2), spot(3)];
        let found = store.fetch_all(&spots).unwrap();
        assert_eq!((found.len(), &found[&spot(2)].label), (2, &label(2)));
        let labels = [label(1), label(2), label(3)];
        let found = store.fetch_all(&labels).unwrap();
        assert_eq!((found.len(), &found[&label(2)].spot), (2, &spot(2)));

        // More keys than one query asks for.
        let many = (0..2500).map(|born| Person { name: Name(format!("p{born:04}")), born });
        store.repo::<Person>().create_many(many).unwrap();
        let keys: Vec<_> = (0..3000).map(|born| Name(format!("p{born:04}"))).collect();
        let found = store.fetch_all(&keys).unwrap();
        assert_eq!(found.len(), 2500);
        assert!(found.iter().all(|(name, person)| person.name == *name));

        // The index of the key serves each of these, in a table that is not small.
        store.repo::<Shelf>().create_many((10..500).map(shelf)).unwrap();
        let keys = ["bob", "zoe", "ann", "bob"].map(name);
        let plans = [
            store.repo::<Person>().explain(Person::query().filter(Person::props().name.is_in(&keys))),
            store.repo::<Shelf>().explain(Shelf::query().filter(Shelf::props().spot.is_in(&spots))),
            store.repo::<Shelf>().explain(Shelf::query().filter(Shelf::props().label.is_in(&labels))),
            store.repo::<Shelf>().explain(Shelf::query().filter(Shelf::props().spot.eq(&spots[0]))),
        ];
        for plan in plans.map(Result::unwrap) {
            assert!(plan.warning.is_none(), "{}: {plan:?}", B::NAME);
        }
    }
}

#[test]
fn the_store_fetches_by_any_key() {
    everywhere(&OneByOne);
}

struct InTransactions;

impl Question<Library> for InTransactions {
    fn ask<B: Backend>(&self, store: &Longevity<Library, B>) {
        filled(store);
        let all = || Book::query().order_by(Item::props().code.asc());
        let owner = Item::props().owner;
        store
            .transaction(|tx| {
                tx.repo::<Person>().create(Person { name: name("zoe"), born: 3 })?;
                assert!(tx.fetch(&name("zoe"))?.is_some());
                assert_eq!(tx.fetch_all(&["ann", "zoe"].map(name))?.len(), 2);
                let found = tx.repo::<Book>().find_with(all(), &owner)?;
                assert_eq!(names(&found[1].1), ["zoe"]);
                Ok::<_, Error>(())
            })
            .unwrap();
        store
            .snapshot(|snapshot| {
                let zoe = snapshot.fetch(&name("zoe"))?.unwrap();
                store.repo::<Person>().delete(zoe)?;
                assert!(store.fetch(&name("zoe"))?.is_none());
                let found = snapshot.repo::<Book>().find_with(all(), &owner)?;
                assert_eq!(names(&found[1].1), ["zoe"]);
                assert_eq!(snapshot.fetch_all(&["ann", "zoe"].map(name))?.len(), 2);
                Ok::<_, Error>(())
            })
            .unwrap();
    }
}

#[test]
fn references_are_followed_in_the_transaction() {
    everywhere(&InTransactions);
}

/// Counts the operations that read.
#[derive(Clone, Default)]
struct Reads(Arc<AtomicUsize>);

impl Reads {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Decorator<Mem> for Reads {
    async fn get(
        &self,
        inner: &Mem,
        table: &<Mem as Session>::Table,
        lookup: Lookup<'_>,
    ) -> Result<Option<Row<<Mem as Session>::Document>>, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        inner.get(table, lookup).await
    }

    async fn find(&self, inner: &Mem, table: &<Mem as Session>::Table, select: Select) -> Result<Rows<Mem>, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        longevity::backend::ByKind::find(inner, table, select).await
    }
}

#[test]
fn the_number_of_reads_does_not_depend_on_the_number_of_rows() {
    let reads = Reads::default();
    let store = Longevity::<Library, _>::open(Decorated::new(Mem::new(), reads.clone())).unwrap();
    store.create_schema().unwrap();
    let books = filled(&store);
    let more = (100..400).map(|code| Book {
        readers: vec![name("ann"), name("cec")],
        ..book(code, if code % 2 == 0 { "ann" } else { "bob" }, Place::Lent(name("cec")))
    });
    books.create_many(more).unwrap();
    reads.take();

    let (i, b) = (Item::props(), Book::props());
    assert_eq!(books.find_with(Book::query().all(), &i.owner).unwrap().len(), 302);
    assert_eq!(reads.take(), 2, "the query, and the owners");
    books.find_with(Book::query().all(), (&i.owner, &b.readers, &b.series)).unwrap();
    assert_eq!(reads.take(), 4, "the query, and one for each reference");
    books.find_with(Book::query().filter(b.isbn.eq(isbn("none"))), (&i.owner, &b.readers)).unwrap();
    assert_eq!(reads.take(), 1, "no row, so no target");
    books.find_with(Book::query().filter(b.isbn.eq(isbn("i1"))), &i.owner).unwrap();
    assert_eq!(reads.take(), 2, "one key is looked up");
    store.fetch(&name("ann")).unwrap();
    assert_eq!(reads.take(), 1);
    let keys: Vec<_> = (0..3000).map(|number| Name(format!("p{number}"))).collect();
    store.fetch_all(&keys).unwrap();
    assert_eq!(reads.take(), 3, "a thousand keys at once");
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Note)]
struct NoteId(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id))]
struct Note {
    id: NoteId,
    about: Name,
    book: Isbn,
}

/// Persons and items are not in it.
#[derive(Debug, DomainModel)]
#[domain_model(Note)]
struct Notes;

#[test]
fn a_target_outside_of_the_model_is_an_error() {
    let store = Longevity::<Notes, _>::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    let notes = store.repo::<Note>();
    notes.create(Note { id: NoteId(1), about: name("ann"), book: isbn("i1") }).unwrap();
    let error = notes.find_with(Note::query().all(), Note::props().about).unwrap_err();
    let advice = "a reference leads to it, but it is not in the domain model: add it to `#[domain_model(..)]`";
    assert_eq!(error.to_string(), format!("Person: {advice}"));
    // What is to be added is the poly type.
    let error = notes.find_with(Note::query().all(), Note::props().book).unwrap_err();
    assert_eq!(error.to_string(), format!("Item: {advice}"));
}

/// They compile only if the futures can move to another thread.
#[test]
fn the_futures_can_be_sent_to_another_thread() {
    fn sent<T>(future: impl Future<Output = T> + Send) -> T {
        longevity::blocking::block_on(future)
    }
    let store = Longevity::<Library, _>::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    let books = filled(&store);
    let store = store.asynchronous();
    let all = books.find(Book::query().all()).unwrap();
    let owners = sent(store.fetch_all(all.iter().flat_map(|book| &book.readers)));
    assert_eq!(owners.unwrap().len(), 3);
    let b = Book::props();
    let found = sent(store.repo::<Book>().find_with(Book::query().all(), (&b.readers, &b.roles)));
    assert_eq!(found.unwrap().len(), 2);
    assert!(sent(store.fetch(&name("ann"))).unwrap().is_some());
}
