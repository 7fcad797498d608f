//! Which values SQLite reads from columns, and which from documents. The tests change documents by hand to see it.

use longevity::blocking::Repo;
use longevity::prelude::*;
use longevity::query::count;
use rusqlite::types::Value as Stored;

use crate::place::Place;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(title), index(pages), index(price), index(rating), index(shelf.row))]
struct Book {
    title: String,
    pages: u64,
    price: f64,
    #[serde(default = "three")]
    rating: i64,
    shelf: Option<Shelf>,
    note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Shelf {
    row: i64,
}

fn three() -> i64 {
    3
}

#[derive(Debug, DomainModel)]
#[domain_model(Book)]
struct Shop;

fn book(title: &str, price: f64) -> Book {
    let title = title.to_owned();
    Book { title, pages: u64::MAX, price, rating: 5, shelf: Some(Shelf { row: 1 }), note: "n".to_owned() }
}

/// Books whose documents are empty or hold other values.
fn changed(place: &Place, books: impl IntoIterator<Item = Book>, doc: &str) -> Repo<Book, Sqlite> {
    let store = place.store::<Shop>();
    store.repo::<Book>().create_many(books).unwrap();
    place.raw().execute(&format!("UPDATE \"Book\" SET \"_doc\" = {doc}"), []).unwrap();
    store.repo()
}

#[test]
fn a_value_with_a_column_is_not_read_from_the_document() {
    let place = Place::new();
    let books = changed(&place, [book("a", 1.5), book("b", 2.5)], "'gone'");
    let (b, every) = (Book::props(), Book::query);
    assert_eq!(books.project(every(), (&b.title, &b.price)).unwrap(), [("a".to_owned(), 1.5), ("b".to_owned(), 2.5)]);
    let aggregates = books.aggregate(every(), (count(), b.pages.sum(), b.price.max())).unwrap();
    assert_eq!(aggregates, (2, i128::from(u64::MAX) * 2, Some(2.5)));
    assert_eq!(books.distinct(every(), &b.pages).unwrap(), [u64::MAX]);
    assert_eq!(books.group(every().filter(b.title.gt("a")), &b.title, count()).unwrap(), [("b".to_owned(), 1)]);
    assert_eq!(books.project(every(), b.shelf.some().row.optional()).unwrap(), [Some(1), Some(1)]);
    // A value without a column is read from the document.
    assert!(matches!(books.project(every(), &b.note), Err(Error::Decode { .. })));
    assert!(matches!(books.project(every(), &b.shelf), Err(Error::Decode { .. })));
}

#[test]
fn a_zero_and_a_nan_are_read_from_the_document() {
    let nan = f64::from_bits(0x7ff8_0000_0000_0007);
    let place = Place::new();
    let store = place.store::<Shop>();
    let books = store.repo::<Book>();
    books.create_many([book("a", -0.0), book("b", 0.0), book("c", nan), book("d", 7.0)]).unwrap();
    let bits = books.project(Book::query(), &Book::props().price).unwrap().into_iter().map(f64::to_bits);
    assert_eq!(bits.collect::<Vec<_>>(), [-0.0, 0.0, nan, 7.0].map(f64::to_bits));
    // The documents of other rows are not read.
    place.raw().execute("UPDATE \"Book\" SET \"_doc\" = 'gone' WHERE \"title\" = 'd'", []).unwrap();
    assert_eq!(books.aggregate(Book::query(), Book::props().price.max()).unwrap(), Some(7.0));
}

#[test]
fn a_default_is_the_present_one() {
    let place = Place::new();
    // An older version, whose default was 5, wrote these rows.
    let books = changed(&place, [book("a", 1.5)], "json_remove(\"_doc\", '$.rating')");
    let found = books.first(Book::query()).unwrap().unwrap().rating;
    assert_eq!(books.project(Book::query(), &Book::props().rating).unwrap(), [found]);
    assert_eq!(found, 3);
}

/// A choice that had another name in an older version.
mod named {
    use longevity::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Component)]
    pub(super) enum Colour {
        #[serde(alias = "Red")]
        Crimson,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(index(colour))]
    pub(super) struct Car {
        pub(super) colour: Colour,
    }

    #[derive(Debug, DomainModel)]
    #[domain_model(Car)]
    pub(super) struct Garage;
}

#[test]
fn a_choice_has_its_present_name() {
    use named::{Car, Colour, Garage};

    let place = Place::new();
    let store = place.store::<Garage>();
    let cars = store.repo::<Car>();
    cars.create_many([Car { colour: Colour::Crimson }, Car { colour: Colour::Crimson }]).unwrap();
    let old = "UPDATE \"Car\" SET \"_doc\" = '{\"colour\":\"Red\"}', \"colour\" = 'Red' WHERE \"_id\" = 1";
    place.raw().execute(old, []).unwrap();
    assert_eq!(cars.project(Car::query(), &Car::props().colour).unwrap(), [Colour::Crimson; 2]);
    assert_eq!(cars.distinct(Car::query(), &Car::props().colour).unwrap(), [Colour::Crimson]);
}

#[test]
fn the_error_for_an_invalid_column_names_it() {
    let place = Place::new();
    let books = changed(&place, [book("a", 1.5)], "\"_doc\"");
    for (column, wrong) in [("pages", Stored::Integer(-1)), ("pages", Stored::Text("many".to_owned()))] {
        place.raw().execute(&format!("UPDATE \"Book\" SET \"{column}\" = ?1"), [wrong]).unwrap();
        match books.aggregate(Book::query(), Book::props().pages.sum()) {
            Err(Error::Decode { path, .. }) => assert_eq!(path, column),
            other => panic!("{other:?}"),
        }
    }
}
