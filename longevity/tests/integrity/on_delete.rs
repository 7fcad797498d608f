//! What happens to the rows that refer to a row that is deleted.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::library::{Author, Book, Chapter, Code, Item, Loan, Series, Store, author, book, count, isbn, name, series};

on_each_back_end! {
    a_cascade_deletes_what_refers,
    a_cascade_goes_on_and_stops_at_a_restriction,
    an_option_becomes_none,
    an_element_is_removed,
    a_cascade_within_a_transaction_is_undone_with_it,
    a_cascade_has_many_rows,
    a_delete_by_query_does_the_same,
}

async fn a_cascade_deletes_what_refers<B: Backend>(store: &Store<B>) {
    let (books, all) = (store.repo::<Book>(), store.repo::<Series>());
    let in_series = |code: u32| Book { series: Some(Code(1)), ..book(code, "ann") };
    books.create_many([in_series(2), in_series(3), book(4, "ann")]).await.unwrap();
    let one = all.retrieve_one(&Code(1)).await.unwrap();
    let deleted = all.delete_and_count(one).await.unwrap();
    assert_eq!((deleted.value.code, deleted.cascaded, deleted.changed), (Code(1), 2, 0));
    let left = books.find(Book::query().all()).await.unwrap();
    assert_eq!(left.iter().map(|book| book.code.0).collect::<Vec<_>>(), [4]);
    // A chapter is in a list of components.
    let chapter = |by: &str| Chapter { title: "one".into(), by: name(by) };
    books.create(Book { chapters: vec![chapter("ann"), chapter("bob")], ..book(5, "ann") }).await.unwrap();
    let authors = store.repo::<Author>();
    let bob = authors.retrieve_one(&name("bob")).await.unwrap();
    authors.delete(bob).await.unwrap();
    assert_eq!(count::<Book, B>(store).await, 1);
}

async fn a_cascade_goes_on_and_stops_at_a_restriction<B: Backend>(store: &Store<B>) {
    let (books, all) = (store.repo::<Book>(), store.repo::<Series>());
    books.create(Book { series: Some(Code(1)), ..book(2, "ann") }).await.unwrap();
    let waits = Book { state: crate::library::State::Waiting { on: Code(2) }, ..book(3, "ann") };
    let waits = books.create(waits).await.unwrap();
    let one = all.retrieve_one(&Code(1)).await.unwrap();
    // The second book is to be deleted with the series, but the third one waits for it.
    let refused = all.delete(one).await.unwrap_err();
    assert!(matches!(refused.error(), Error::Referenced { by: "Book", count: 1, .. }), "{}", refused.error());
    assert_eq!(count::<Item, B>(store).await, 3);
    books.delete(waits).await.unwrap();
    all.delete(refused.into_state()).await.unwrap();
    assert_eq!(count::<Item, B>(store).await, 0);
}

async fn an_option_becomes_none<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    let mut reviewed = book(2, "ann");
    reviewed.review.by = Some(name("bob"));
    books.create(reviewed).await.unwrap();
    let bob = authors.retrieve_one(&name("bob")).await.unwrap();
    authors.delete(bob).await.unwrap();
    let found = books.retrieve_one(&Code(2)).await.unwrap();
    assert_eq!((found.review.by.as_ref(), found.review.stars, found.row_version()), (None, 3, 1));
}

async fn an_element_is_removed<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    authors.create(author("cec")).await.unwrap();
    let edited = Book {
        editors: [name("ann"), name("bob"), name("cec")].into(),
        roles: [("cover".into(), name("bob")), ("index".into(), name("cec"))].into(),
        ..book(2, "ann")
    };
    books.create(edited).await.unwrap();
    let bob = authors.retrieve_one(&name("bob")).await.unwrap();
    let deleted = authors.delete_and_count(bob).await.unwrap();
    // The row is changed once for each of its two references.
    assert_eq!((deleted.cascaded, deleted.changed), (0, 2));
    let found = books.retrieve_one(&Code(2)).await.unwrap();
    assert_eq!(found.editors, [name("ann"), name("cec")].into());
    assert_eq!(found.roles, [("index".to_owned(), name("cec"))].into());

    let loans = store.repo::<Loan>();
    store.repo::<Series>().create(series(5)).await.unwrap();
    loans.create(Loan { of: None, all: vec![isbn(1), isbn(5), isbn(1)], days: 7 }).await.unwrap();
    let one = store.repo::<Series>().retrieve_one(&isbn(1)).await.unwrap();
    store.repo::<Series>().delete(one).await.unwrap();
    let loans = loans.find(Loan::query().all()).await.unwrap();
    assert_eq!((&*loans[0].all, loans[0].row_version()), (&[isbn(5)][..], 1));
}

async fn a_cascade_within_a_transaction_is_undone_with_it<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    books.create(Book { series: Some(Code(1)), ..book(2, "ann") }).await.unwrap();
    let tx = store.begin().await.unwrap();
    let all = tx.repo::<Series>();
    let one = all.retrieve_one(&Code(1)).await.unwrap();
    all.delete(one).await.unwrap();
    assert_eq!(tx.repo::<Item>().count(Item::query().all()).await.unwrap(), 0);
    tx.rollback().await;
    assert_eq!(count::<Item, B>(store).await, 2);
}

async fn a_cascade_has_many_rows<B: Backend>(store: &Store<B>) {
    let (books, all) = (store.repo::<Book>(), store.repo::<Series>());
    books.create_many((2..2502).map(|code| Book { series: Some(Code(1)), ..book(code, "ann") })).await.unwrap();
    let one = all.retrieve_one(&Code(1)).await.unwrap();
    all.delete(one).await.unwrap();
    assert_eq!(count::<Item, B>(store).await, 0);
}

async fn a_delete_by_query_does_the_same<B: Backend>(store: &Store<B>) {
    let (books, all) = (store.repo::<Book>(), store.repo::<Series>());
    all.create(series(9)).await.unwrap();
    let of = |code: u32, of: u32| Book { series: Some(Code(of)), ..book(code, "ann") };
    books.create_many([of(2, 1), of(3, 9), book(4, "bob")]).await.unwrap();
    // Two series, and the two books that are in them.
    assert_eq!(all.delete_where(Series::query().all()).await.unwrap(), 4);
    assert_eq!(count::<Item, B>(store).await, 1);
}
