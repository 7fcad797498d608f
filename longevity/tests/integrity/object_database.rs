//! What one object database's references with integrity promise, in terms of this crate: an address that has a city, and an address
//! book that has a set of addresses.

use std::collections::BTreeSet;

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::library::{Author, Book, Code, Name, Store, author, book, count, name};

on_each_back_end! {
    a_single_reference_keeps_its_target,
    a_source_that_is_not_stored_may_dangle,
    a_reference_that_is_let_go_frees_its_target,
    a_source_that_is_deleted_frees_its_targets,
    a_set_is_changed_by_element_and_as_a_whole,
    a_change_that_is_refused_changes_nothing,
    none_is_allowed_where_it_is_declared,
    a_container_of_targets_is_kept_as_its_targets_are,
}

async fn referenced<B: Backend>(store: &Store<B>, of: &str) -> (bool, u64) {
    let authors = store.repo::<Author>();
    let state = authors.retrieve_one(&name(of)).await.unwrap();
    let count = authors.referrers(&state).await.unwrap().iter().map(|it| it.count).sum();
    (authors.is_referenced(&state).await.unwrap(), count)
}

async fn delete<B: Backend>(store: &Store<B>, of: &str) -> Result<(), Error> {
    let authors = store.repo::<Author>();
    let state = authors.retrieve_one(&name(of)).await?;
    Ok(authors.delete(state).await.map(drop)?)
}

async fn a_single_reference_keeps_its_target<B: Backend>(store: &Store<B>) {
    assert_eq!(referenced(store, "ann").await, (false, 0));
    store.repo::<Book>().create(book(2, "ann")).await.unwrap();
    assert_eq!(referenced(store, "ann").await, (true, 1));
    assert!(matches!(delete(store, "ann").await.unwrap_err(), Error::Referenced { count: 1, .. }));
    assert_eq!(count::<Author, B>(store).await, 2);
}

async fn a_source_that_is_not_stored_may_dangle<B: Backend>(store: &Store<B>) {
    // A value refers to no one yet, and nothing counts.
    let value = book(2, "cec");
    assert!(store.fetch(&value.author).await.unwrap().is_none());
    let books = store.repo::<Book>();
    assert!(matches!(books.create(value.clone()).await.unwrap_err(), Error::DanglingReference { .. }));
    store.repo::<Author>().create(author("cec")).await.unwrap();
    delete(store, "cec").await.unwrap();
    store.repo::<Author>().create(author("cec")).await.unwrap();
    books.create(value).await.unwrap();
    assert_eq!(referenced(store, "cec").await, (true, 1));
}

async fn a_reference_that_is_let_go_frees_its_target<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let state = books.create(book(2, "ann")).await.unwrap();
    books.update(state.modify(|book| book.author = name("bob"))).await.unwrap();
    assert_eq!((referenced(store, "ann").await, referenced(store, "bob").await), ((false, 0), (true, 1)));
    delete(store, "ann").await.unwrap();
    assert!(delete(store, "bob").await.is_err());
}

async fn a_source_that_is_deleted_frees_its_targets<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let first = books.create(book(2, "ann")).await.unwrap();
    let second = books.create(book(3, "ann")).await.unwrap();
    assert_eq!(referenced(store, "ann").await, (true, 2));
    books.delete(first).await.unwrap();
    assert_eq!(referenced(store, "ann").await, (true, 1));
    books.delete(second).await.unwrap();
    delete(store, "ann").await.unwrap();
}

async fn a_set_is_changed_by_element_and_as_a_whole<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    authors.create_many(["cec", "dan"].map(author)).await.unwrap();
    let state = books.create(Book { editors: [name("bob")].into(), ..book(2, "ann") }).await.unwrap();
    let state = books.update(state.modify(|book| book.editors.extend([name("cec")]))).await.unwrap();
    assert_eq!((referenced(store, "bob").await.1, referenced(store, "cec").await.1), (1, 1));
    let state = books.update(state.modify(|book| book.editors.retain(|it| *it != name("bob")))).await.unwrap();
    assert_eq!((referenced(store, "bob").await.1, referenced(store, "cec").await.1), (0, 1));
    let whole: BTreeSet<Name> = [name("bob"), name("dan")].into();
    books.update(state.modify(|book| book.editors = whole)).await.unwrap();
    let counts = [referenced(store, "bob").await.1, referenced(store, "cec").await.1, referenced(store, "dan").await.1];
    assert_eq!(counts, [1, 0, 1]);
}

async fn a_change_that_is_refused_changes_nothing<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let state = books.create(Book { editors: [name("bob")].into(), ..book(2, "ann") }).await.unwrap();
    let refused = books.update(state.clone().modify(|book| book.editors.extend([name("ann"), name("eve")]))).await;
    assert!(matches!(refused.unwrap_err().error(), Error::DanglingReference { .. }));
    assert_eq!((referenced(store, "ann").await.1, referenced(store, "bob").await.1), (1, 1));
    let stored = books.retrieve_one(&Code(2)).await.unwrap();
    assert_eq!((stored.get(), stored.row_version()), (state.get(), 0));
    // Nor does a refused delete.
    assert!(delete(store, "ann").await.is_err());
    assert_eq!(referenced(store, "ann").await, (true, 1));
}

async fn none_is_allowed_where_it_is_declared<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let state = books.create(book(2, "ann")).await.unwrap();
    assert!(state.review.by.is_none());
    let state = books.update(state.modify(|book| book.review.by = Some(name("bob")))).await.unwrap();
    assert_eq!(referenced(store, "bob").await, (true, 1));
    books.update(state.modify(|book| book.review.by = None)).await.unwrap();
    assert_eq!(referenced(store, "bob").await, (false, 0));
}

/// A container of targets is a batch here: all of them go, or none.
async fn a_container_of_targets_is_kept_as_its_targets_are<B: Backend>(store: &Store<B>) {
    store.repo::<Author>().create(author("cec")).await.unwrap();
    store.repo::<Book>().create(book(2, "ann")).await.unwrap();
    let all = Author::query().all();
    let refused = store.repo::<Author>().delete_where(all).await.unwrap_err();
    assert!(matches!(refused, Error::Referenced { .. }), "{refused}");
    assert_eq!(count::<Author, B>(store).await, 3);
}
