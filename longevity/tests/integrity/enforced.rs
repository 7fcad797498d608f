//! A write that would leave a reference without its target is refused, whatever the place of the reference and the operation.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::library::{
    Author, Book, Chapter, Code, Item, Loan, Series, State, Store, author, book, count, isbn, name, series,
};

on_each_back_end! {
    every_place_is_checked,
    keys_with_several_fields_are_checked,
    an_update_is_checked,
    a_batch_is_checked_as_a_whole,
    a_patch_is_checked,
    an_update_where_is_checked,
    a_derived_target_must_be_of_its_type,
    a_row_may_refer_to_itself,
    a_referenced_row_keeps_its_key_and_its_type,
    a_row_that_others_refer_to_stays,
    a_transaction_is_checked_at_once,
    a_check_at_the_commit_waits,
}

fn dangles(error: &Error, in_property: &str, missing: &str) {
    match error {
        Error::DanglingReference { property, key, .. } => {
            assert_eq!((&**property, &**key), (in_property, missing));
        }
        error => panic!("not a dangling reference: {error}"),
    }
}

fn is_referenced(error: &Error, by: &str, by_property: &str, times: u64) {
    match error {
        Error::Referenced { by: found, property, count, .. } => {
            assert_eq!((*found, &**property, *count), (by, by_property, times));
        }
        error => panic!("not a referenced row: {error}"),
    }
}

async fn every_place_is_checked<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let refused = async |book: Book, property: &str, key: &str| {
        dangles(&books.create(book).await.unwrap_err(), property, key);
    };
    refused(book(2, "cec"), "author", "\"cec\"").await;
    refused(Book { editors: [name("ann"), name("cec")].into(), ..book(2, "ann") }, "editors[]", "\"cec\"").await;
    refused(Book { series: Some(Code(7)), ..book(2, "ann") }, "series", "7").await;
    let mut reviewed = book(2, "ann");
    reviewed.review.by = Some(name("cec"));
    refused(reviewed.clone(), "review.by", "\"cec\"").await;
    refused(Book { state: State::Waiting { on: Code(9) }, ..book(2, "ann") }, "state.Waiting.on", "9").await;
    let chapter = |by: &str| Chapter { title: "one".into(), by: name(by) };
    refused(Book { chapters: vec![chapter("bob"), chapter("cec")], ..book(2, "ann") }, "chapters[].by", "\"cec\"")
        .await;
    refused(Book { roles: [("cover".into(), name("cec"))].into(), ..book(2, "ann") }, "roles[]", "\"cec\"").await;
    assert_eq!(count::<Book, B>(store).await, 0);

    reviewed.review.by = Some(name("ann"));
    let full = Book {
        editors: [name("ann"), name("bob")].into(),
        series: Some(Code(1)),
        state: State::Waiting { on: Code(1) },
        chapters: vec![chapter("bob"), chapter("ann")],
        roles: [("cover".into(), name("bob"))].into(),
        ..reviewed
    };
    let created = books.create(full.clone()).await.unwrap();
    assert_eq!((created.get(), created.row_version()), (&full, 0));
    assert_eq!(books.retrieve_one(&Code(2)).await.unwrap().into_value(), full);
}

async fn keys_with_several_fields_are_checked<B: Backend>(store: &Store<B>) {
    let loans = store.repo::<Loan>();
    let loan = |of: Option<u32>, all: &[u32]| Loan {
        of: of.map(isbn),
        all: all.iter().copied().map(isbn).collect(),
        days: 14,
    };
    loans.create(loan(Some(1), &[1, 1])).await.unwrap();
    dangles(&loans.create(loan(Some(2), &[])).await.unwrap_err(), "of", "(2, \"2\")");
    dangles(&loans.create(loan(None, &[1, 2])).await.unwrap_err(), "all[]", "(2, \"2\")");
    let series = store.repo::<Series>();
    let one = series.retrieve_one(&Code(1)).await.unwrap();
    let refused = series.delete(one).await.unwrap_err();
    is_referenced(refused.error(), "Loan", "of", 1);
}

async fn an_update_is_checked<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let created = books.create(book(2, "ann")).await.unwrap();
    let refused = books.update(created.modify(|book| book.author = name("cec"))).await.unwrap_err();
    dangles(refused.error(), "author", "\"cec\"");
    // The state is the one that was passed in, and can be used again.
    let updated = books.update(refused.into_state().modify(|book| book.author = name("bob"))).await.unwrap();
    assert_eq!((updated.row_version(), &updated.author), (1, &name("bob")));
    // Through the poly type's repository, and with another variant.
    let items = store.repo::<Item>();
    let series = Series { parent: Some(Code(8)), ..series(2) };
    let refused = items.update(updated.widen().set(Item::Series(series))).await.unwrap_err();
    dangles(refused.error(), "parent", "8");
    assert_eq!(count::<Book, B>(store).await, 1);
}

async fn a_batch_is_checked_as_a_whole<B: Backend>(store: &Store<B>) {
    let items = store.repo::<Item>();
    let new = |code: u32, in_series: u32| Item::Book(Book { series: Some(Code(in_series)), ..book(code, "ann") });
    dangles(&items.create_many([new(2, 1), new(3, 4)]).await.unwrap_err(), "series", "4");
    assert_eq!(count::<Book, B>(store).await, 0);
    // The series comes after the book that is in it.
    items.create_many([new(2, 1), new(3, 4), Item::Series(series(4))]).await.unwrap();
    assert_eq!(count::<Item, B>(store).await, 4);
}

async fn a_patch_is_checked<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    let created = books.create(book(2, "ann")).await.unwrap();
    let props = Book::props();
    let refused = books.patch_by(&Code(2), props.author.set(name("cec"))).await.unwrap_err();
    dangles(&refused, "author", "\"cec\"");
    let refused = books.patch(created, props.review.by.set(Some(name("cec")))).await.unwrap_err();
    dangles(refused.error(), "review.by", "\"cec\"");
    let chapter = Chapter { title: "one".into(), by: name("cec") };
    dangles(&books.patch_by(&Code(2), props.chapters.push(chapter)).await.unwrap_err(), "chapters[].by", "\"cec\"");
    // The patch of a property that is no reference is done.
    let patched = books.patch_by(&Code(2), props.review.stars.set(5)).await.unwrap().unwrap();
    assert_eq!((patched.row_version(), patched.review.stars), (1, 5));
    let patched = books.patch_by(&Code(2), props.author.set(name("bob"))).await.unwrap().unwrap();
    assert_eq!(patched.author, name("bob"));
}

async fn an_update_where_is_checked<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    books.create_many([book(2, "ann"), book(3, "bob")]).await.unwrap();
    let refused = books.update_where(Book::query().all(), Book::props().author.set(name("cec"))).await.unwrap_err();
    dangles(&refused, "author", "\"cec\"");
    assert_eq!(books.update_where(Book::query().all(), Book::props().author.set(name("ann"))).await.unwrap(), 2);
    let authors = store.repo::<Author>();
    is_referenced(&authors.delete_where(Author::query().all()).await.unwrap_err(), "Book", "author", 2);
    assert_eq!(count::<Author, B>(store).await, 2);
    let bob = Author::query().filter(Author::props().name.eq(name("bob")));
    assert_eq!(authors.delete_where(bob).await.unwrap(), 1);
}

async fn a_derived_target_must_be_of_its_type<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    books.create(book(2, "ann")).await.unwrap();
    let in_book = Book { series: Some(Code(2)), ..book(3, "ann") };
    dangles(&books.create(in_book).await.unwrap_err(), "series", "2");
    // Any item can be waited for.
    books.create(Book { state: State::Waiting { on: Code(2) }, ..book(3, "ann") }).await.unwrap();
}

async fn a_row_may_refer_to_itself<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Series>();
    let own = all.create(Series { parent: Some(Code(2)), ..series(2) }).await.unwrap();
    all.delete(own).await.unwrap();
    assert_eq!(count::<Series, B>(store).await, 1);
}

async fn a_referenced_row_keeps_its_key_and_its_type<B: Backend>(store: &Store<B>) {
    let (books, items, authors) = (store.repo::<Book>(), store.repo::<Item>(), store.repo::<Author>());
    books.create(Book { series: Some(Code(1)), ..book(2, "ann") }).await.unwrap();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let refused = authors.update(ann.modify(|ann| ann.name = name("anna"))).await.unwrap_err();
    is_referenced(refused.error(), "Book", "author", 1);
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    authors.update(ann.modify(|ann| ann.born = Some(1815))).await.unwrap();
    // Nobody refers to bob.
    let bob = authors.retrieve_one(&name("bob")).await.unwrap();
    authors.update(bob.modify(|bob| bob.name = name("rob"))).await.unwrap();

    let one = items.retrieve_one(&Code(1)).await.unwrap();
    let refused = items.update(one.set(Item::Book(book(1, "ann")))).await.unwrap_err();
    is_referenced(refused.error(), "Book", "series", 1);
    // The other book can become a series, as nobody refers to it.
    let two = items.retrieve_one(&Code(2)).await.unwrap();
    items.update(two.set(Item::Series(series(2)))).await.unwrap();
    let one = items.retrieve_one(&Code(1)).await.unwrap();
    items.update(one.set(Item::Book(book(1, "ann")))).await.unwrap();
}

async fn a_row_that_others_refer_to_stays<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    books.create_many([book(2, "ann"), book(3, "ann")]).await.unwrap();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let refused = authors.delete(ann).await.unwrap_err();
    let text = r#"the Author with the key "ann" is referred to by 2 Book, in author"#;
    assert_eq!(refused.error().to_string(), text);
    let ann = refused.into_state();
    assert_eq!(books.delete_where(Book::query().all()).await.unwrap(), 2);
    authors.delete(ann).await.unwrap();
    assert_eq!(count::<Author, B>(store).await, 1);
}

async fn a_transaction_is_checked_at_once<B: Backend>(store: &Store<B>) {
    let done = store
        .transaction(async |tx| {
            tx.repo::<Author>().create(author("cec")).await?;
            tx.repo::<Book>().create(book(2, "cec")).await?;
            Ok::<_, Error>(())
        })
        .await;
    done.unwrap();
    let refused = store
        .transaction(async |tx| {
            let cec = tx.repo::<Author>().retrieve_one(&name("cec")).await?;
            tx.repo::<Author>().delete(cec).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    is_referenced(&refused, "Book", "author", 1);
    let refused = store
        .transaction(async |tx| {
            tx.repo::<Book>().create(book(3, "dan")).await?;
            tx.repo::<Author>().create(author("dan")).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    dangles(&refused, "author", "\"dan\"");
    assert_eq!((count::<Author, B>(store).await, count::<Book, B>(store).await), (3, 1));
}

async fn a_check_at_the_commit_waits<B: Backend>(store: &Store<B>) {
    let waiting = |code: u32, on: u32| Book { state: State::Waiting { on: Code(on) }, ..book(code, "ann") };
    // Two books wait for each other.
    let created = store
        .transaction(async |tx| {
            tx.repo::<Book>().create(waiting(2, 3)).await?;
            tx.repo::<Book>().create(waiting(3, 2)).await?;
            Ok::<_, Error>(())
        })
        .await;
    created.unwrap();
    let refused =
        store.transaction(async |tx| tx.repo::<Book>().create(waiting(4, 5)).await.map(drop)).await.unwrap_err();
    dangles(&refused, "state.Waiting.on", "5");
    // A row is deleted, and another takes its key.
    let replaced = store
        .transaction(async |tx| {
            let books = tx.repo::<Book>();
            let two = books.retrieve_one(&Code(2)).await?;
            books.delete(two).await?;
            tx.repo::<Series>().create(series(2)).await?;
            Ok::<_, Error>(())
        })
        .await;
    replaced.unwrap();
    let refused = store
        .transaction(async |tx| {
            let two = tx.repo::<Series>().retrieve_one(&Code(2)).await?;
            tx.repo::<Series>().delete(two).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    is_referenced(&refused, "Book", "state.Waiting.on", 1);
    assert_eq!(count::<Item, B>(store).await, 3);
}
