//! A write that takes a target away, against one that creates a reference to it, at the same time. One of the two is refused,
//! and no reference dangles.
//!
//! `LONGEVITY_RACES` sets the number of races of each kind.

use std::sync::Arc;

use longevity::backend::Backend;
use longevity::prelude::*;
use tokio::sync::Barrier;

use crate::library::{Author, Book, Code, Item, Library, Series, Store, author, book, count, name, series};

on_each_back_end! {
    a_delete_against_a_reference,
    a_cascade_against_a_reference,
    a_morph_against_a_reference,
    a_change_of_the_key_against_a_reference,
    a_rename_against_a_reference,
    another_row_takes_the_key_against_a_reference,
    many_refer_to_one,
}

fn races() -> u32 {
    std::env::var("LONGEVITY_RACES").ok().and_then(|races| races.parse().ok()).unwrap_or(40)
}

/// Runs both at the same time, and returns whether each was done.
async fn race<A, B>(one: A, other: B) -> (bool, bool)
where
    A: Future<Output = Result<(), Error>> + Send + 'static,
    B: Future<Output = Result<(), Error>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(2));
    let other_start = Arc::clone(&start);
    let one = tokio::spawn(async move {
        start.wait().await;
        one.await
    });
    let other = tokio::spawn(async move {
        other_start.wait().await;
        other.await
    });
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    for error in [&one, &other].into_iter().filter_map(|result| result.as_ref().err()) {
        let expected = matches!(error, Error::DanglingReference { .. } | Error::Referenced { .. });
        assert!(expected, "another error: {error}");
    }
    (one.is_ok(), other.is_ok())
}

fn write<P>(book: Book, store: &Longevity<Library, P>) -> impl Future<Output = Result<(), Error>> + Send + 'static
where
    P: Backend,
{
    let books = store.repo::<Book>();
    async move { books.create(book).await.map(drop) }
}

/// Looks at the books of the last rounds now and then, and deletes them, so that a round does not take longer than the one before.
async fn sweep<B: Backend>(store: &Store<B>, round: u32) {
    if round % 50 == 49 {
        none_dangles(store).await;
        store.repo::<Book>().delete_where(Book::query().all()).await.unwrap();
    }
}

/// Fails if a reference of any book dangles.
async fn none_dangles<B: Backend>(store: &Store<B>) {
    for (book, (author, series)) in store
        .repo::<Book>()
        .find_with(Book::query().all(), (&Book::props().author, &Book::props().series))
        .await
        .unwrap()
    {
        assert!(author.is_some(), "{:?} has no author", book.code);
        let is_series = series.is_some_and(|series| matches!(series.get(), Item::Series(_)));
        assert_eq!(book.series.is_some(), is_series, "{:?} has no series", book.code);
    }
}

async fn a_delete_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let of = format!("author {round}");
        let state = store.repo::<Author>().create(author(&of)).await.unwrap();
        let authors = store.repo::<Author>();
        let delete = async move { authors.delete(state).await.map(drop).map_err(Error::from) };
        let (deleted, created) = race(delete, write(book(10 + round, &of), store)).await;
        assert!(deleted != created, "deleted: {deleted}, created: {created}");
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

async fn a_cascade_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let code = 10 + 2 * round;
        let state = store.repo::<Series>().create(series(code)).await.unwrap();
        let all = store.repo::<Series>();
        let delete = async move { all.delete(state).await.map(drop).map_err(Error::from) };
        let book = Book { series: Some(Code(code)), ..book(code + 1, "ann") };
        let (deleted, created) = race(delete, write(book, store)).await;
        // The book may have been created before, and deleted with the series.
        assert!(deleted || created);
        let left = store.repo::<Book>().retrieve(&Code(code + 1)).await.unwrap();
        assert_eq!(left.is_some(), !deleted);
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

async fn a_morph_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let code = 10 + 2 * round;
        let state = store.repo::<Item>().create(Item::Series(series(code))).await.unwrap();
        let items = store.repo::<Item>();
        let morph =
            async move { items.update(state.set(Item::Book(book(code, "ann")))).await.map(drop).map_err(Error::from) };
        let book = Book { series: Some(Code(code)), ..book(code + 1, "ann") };
        let (morphed, created) = race(morph, write(book, store)).await;
        assert!(morphed != created, "morphed: {morphed}, created: {created}");
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

async fn a_change_of_the_key_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let of = format!("author {round}");
        let state = store.repo::<Author>().create(author(&of)).await.unwrap();
        let authors = store.repo::<Author>();
        let changed = state.modify(|author| author.name.0.push('!'));
        let update = async move { authors.update(changed).await.map(drop).map_err(Error::from) };
        let (updated, created) = race(update, write(book(10 + round, &of), store)).await;
        assert!(updated != created, "updated: {updated}, created: {created}");
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

async fn a_rename_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let of = format!("author {round}");
        let state = store.repo::<Author>().create(author(&of)).await.unwrap();
        let authors = store.repo::<Author>();
        let new = name(&format!("{of}!"));
        let rename = async move { authors.rename_key(state, new).await.map(drop).map_err(Error::from) };
        let (renamed, _) = race(rename, write(book(10 + round, &of), store)).await;
        // A book that was created before follows.
        assert!(renamed);
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

async fn another_row_takes_the_key_against_a_reference<B: Backend>(store: &Store<B>) {
    for round in 0..races() {
        let of = format!("author {round}");
        let other = store.repo::<Author>().create(author(&format!("{of}?"))).await.unwrap();
        store.repo::<Author>().create(author(&of)).await.unwrap();
        let (authors, key) = (store.repo::<Author>(), name(&of));
        let repoint = async move { authors.repoint(&key, other).await.map(drop).map_err(Error::from) };
        let (repointed, created) = race(repoint, write(book(10 + round, &of), store)).await;
        assert!(repointed && created);
        sweep(store, round).await;
    }
    none_dangles(store).await;
}

/// Writers that refer to one row conflict with each other on MongoDB, and all of them succeed.
async fn many_refer_to_one<B: Backend>(store: &Store<B>) {
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let books = store.repo::<Book>();
            tokio::spawn(async move {
                for round in 0..3 {
                    books.create(book(10 + 3 * writer + round, "ann")).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(count::<Book, B>(store).await, 96);
    none_dangles(store).await;
}
