//! A key value gets another meaning: its row gets another key value, which the references follow, or another row gets it.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::library::{
    Author, Book, Chapter, Code, Isbn, Item, Loan, Series, Store, author, book, count, isbn, name, series,
};

on_each_back_end! {
    references_follow_a_renamed_key,
    references_follow_a_key_with_several_fields,
    a_row_that_refers_to_itself_follows,
    a_key_that_is_taken_is_not_renamed,
    a_stale_state_is_not_renamed,
    a_rename_in_a_transaction_is_undone_with_it,
    another_row_takes_a_key,
    another_row_takes_a_key_that_is_free,
    another_type_does_not_take_a_key,
    rows_that_refer_are_found,
}

async fn references_follow_a_renamed_key<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    let mut full = Book {
        editors: [name("ann"), name("bob")].into(),
        chapters: vec![Chapter { title: "one".into(), by: name("ann") }],
        roles: [("cover".into(), name("ann")), ("index".into(), name("bob"))].into(),
        ..book(2, "ann")
    };
    full.review.by = Some(name("ann"));
    books.create_many([full.clone(), book(3, "bob")]).await.unwrap();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let anna = authors.rename_key(ann.modify(|ann| ann.born = Some(1815)), name("anna")).await.unwrap();
    assert_eq!((&anna.name, anna.born, anna.row_version()), (&name("anna"), Some(1815), 1));
    let read = authors.retrieve_one(&name("anna")).await.unwrap();
    assert_eq!((read.get(), read.row_version()), (anna.get(), 1));
    assert!(authors.retrieve(&name("ann")).await.unwrap().is_none());
    let found = books.retrieve_one(&Code(2)).await.unwrap();
    let anna_for_ann = |it: Name| if it == name("ann") { name("anna") } else { it };
    type Name = crate::library::Name;
    let expected = Book {
        author: name("anna"),
        editors: full.editors.into_iter().map(anna_for_ann).collect(),
        review: crate::library::Review { by: Some(name("anna")), ..full.review },
        chapters: vec![Chapter { title: "one".into(), by: name("anna") }],
        roles: full.roles.into_iter().map(|(role, by)| (role, anna_for_ann(by))).collect(),
        ..full
    };
    assert_eq!(found.get(), &expected);
    let other = books.retrieve_one(&Code(3)).await.unwrap();
    assert_eq!((&other.author, other.row_version()), (&name("bob"), 0));
    // The same key value again changes nothing but the row itself.
    let anna = authors.rename_key(anna, name("anna")).await.unwrap();
    assert_eq!(anna.row_version(), 2);
    authors.update(anna).await.unwrap();
}

async fn references_follow_a_key_with_several_fields<B: Backend>(store: &Store<B>) {
    let (loans, all) = (store.repo::<Loan>(), store.repo::<Series>());
    all.create(series(2)).await.unwrap();
    loans.create(Loan { of: Some(isbn(1)), all: vec![isbn(2), isbn(1)], days: 3 }).await.unwrap();
    let new = Isbn { group: 9, number: "x".into() };
    let one = all.retrieve_one(&isbn(1)).await.unwrap();
    all.rename_key(one, new.clone()).await.unwrap();
    let found = loans.find(Loan::query().all()).await.unwrap();
    assert_eq!((found[0].of.as_ref(), &*found[0].all), (Some(&new), &[isbn(2), new.clone()][..]));
}

async fn a_row_that_refers_to_itself_follows<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Series>();
    let own = all.create(Series { parent: Some(Code(2)), ..series(2) }).await.unwrap();
    all.create(Series { parent: Some(Code(2)), ..series(3) }).await.unwrap();
    let own = all.rename_key(own, Code(4)).await.unwrap();
    assert_eq!((own.parent.as_ref(), own.row_version()), (Some(&Code(4)), 1));
    assert_eq!(all.retrieve_one(&Code(4)).await.unwrap().get(), own.get());
    assert_eq!(all.retrieve_one(&Code(3)).await.unwrap().parent, Some(Code(4)));
    all.update(own).await.unwrap();
}

async fn a_key_that_is_taken_is_not_renamed<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    books.create(book(2, "ann")).await.unwrap();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let refused = authors.rename_key(ann, name("bob")).await.unwrap_err();
    assert!(refused.is_duplicate_key(), "{}", refused.error());
    // The state is as it was passed in.
    assert_eq!(refused.into_state().name, name("ann"));
    assert_eq!(books.retrieve_one(&Code(2)).await.unwrap().author, name("ann"));
}

async fn a_stale_state_is_not_renamed<B: Backend>(store: &Store<B>) {
    let authors = store.repo::<Author>();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let now = authors.update(ann.clone().modify(|ann| ann.born = Some(1))).await.unwrap();
    assert!(authors.rename_key(ann, name("anna")).await.unwrap_err().is_write_conflict());
    authors.delete(now.clone()).await.unwrap();
    assert!(authors.rename_key(now, name("anna")).await.unwrap_err().is_not_found());
    assert_eq!(count::<Author, B>(store).await, 1);
}

async fn a_rename_in_a_transaction_is_undone_with_it<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    books.create(book(2, "ann")).await.unwrap();
    let tx = store.begin().await.unwrap();
    let authors = tx.repo::<Author>();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let anna = authors.rename_key(ann, name("anna")).await.unwrap();
    assert_eq!(tx.repo::<Book>().retrieve_one(&Code(2)).await.unwrap().author, name("anna"));
    // The state can be used in the transaction.
    authors.update(anna).await.unwrap();
    tx.rollback().await;
    assert_eq!(books.retrieve_one(&Code(2)).await.unwrap().author, name("ann"));
}

async fn another_row_takes_a_key<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    let written = books.create(book(2, "ann")).await.unwrap();
    let (ann, bob) =
        (authors.retrieve_one(&name("ann")).await.unwrap(), authors.retrieve_one(&name("bob")).await.unwrap());
    let (ann_id, bob_id) = (ann.id(), bob.id());
    let bob = authors.repoint(&name("ann"), bob).await.unwrap();
    assert_eq!((&bob.name, bob.row_version()), (&name("ann"), 1));
    assert_eq!(authors.retrieve_one(&name("ann")).await.unwrap().id(), bob_id);
    let other = authors.retrieve_one(&name("bob")).await.unwrap();
    assert_eq!((other.id(), other.row_version()), (ann_id, 1));
    let found = books.retrieve_one(&Code(2)).await.unwrap();
    assert_eq!((&found.author, found.row_version()), (&written.author, 0));
    assert_eq!(store.fetch(&found.author).await.unwrap().unwrap().id(), bob_id);
    // The state that was returned is the current one.
    authors.repoint(&name("bob"), bob).await.unwrap();
    assert_eq!(authors.retrieve_one(&name("bob")).await.unwrap().id(), bob_id);
}

async fn another_row_takes_a_key_that_is_free<B: Backend>(store: &Store<B>) {
    let authors = store.repo::<Author>();
    let bob = authors.retrieve_one(&name("bob")).await.unwrap();
    let rob = authors.repoint(&name("rob"), bob).await.unwrap();
    assert_eq!((&rob.name, rob.row_version()), (&name("rob"), 1));
    store.repo::<Book>().create(book(2, "rob")).await.unwrap();
    let refused = authors.repoint(&name("bob"), rob).await.unwrap_err();
    assert!(matches!(refused.error(), Error::Referenced { .. }), "{}", refused.error());
}

async fn another_type_does_not_take_a_key<B: Backend>(store: &Store<B>) {
    let (books, items) = (store.repo::<Book>(), store.repo::<Item>());
    books.create_many([Book { series: Some(Code(1)), ..book(2, "ann") }, book(3, "ann")]).await.unwrap();
    let three = items.retrieve_one(&Code(3)).await.unwrap();
    let refused = items.repoint(&Code(1), three).await.unwrap_err();
    assert!(matches!(refused.error(), Error::Referenced { by: "Book", count: 1, .. }), "{}", refused.error());
    assert!(matches!(items.retrieve_one(&Code(1)).await.unwrap().get(), Item::Series(_)));
}

async fn rows_that_refer_are_found<B: Backend>(store: &Store<B>) {
    let (books, authors) = (store.repo::<Book>(), store.repo::<Author>());
    authors.create(author("cec")).await.unwrap();
    let both = Book { editors: [name("ann")].into(), ..book(2, "ann") };
    let chapter = Chapter { title: "one".into(), by: name("ann") };
    let in_chapters = Book { chapters: vec![chapter.clone(), chapter], ..book(3, "bob") };
    books.create_many([both, in_chapters, book(4, "bob")]).await.unwrap();
    let ann = authors.retrieve_one(&name("ann")).await.unwrap();
    let referrers = authors.referrers(&ann).await.unwrap();
    let of: Vec<_> = referrers.iter().map(|it| (it.type_name, &*it.property, it.count)).collect();
    assert_eq!(of, [("Book", "author", 1), ("Book", "editors[]", 1), ("Book", "chapters[].by", 1)]);
    let found = books.find_referring(&name("ann")).await.unwrap();
    assert_eq!(found.iter().map(|book| book.code.0).collect::<Vec<_>>(), [2, 3]);
    let items = store.repo::<Item>().find_referring(&name("bob")).await.unwrap();
    assert_eq!(items.len(), 2);
    let is_referenced = async |of: &str| {
        let author = authors.retrieve_one(&name(of)).await.unwrap();
        authors.is_referenced(&author).await.unwrap()
    };
    assert!(is_referenced("ann").await && is_referenced("bob").await && !is_referenced("cec").await);
    // A series is found by both of its keys.
    store.repo::<Loan>().create(Loan { of: None, all: vec![isbn(1)], days: 1 }).await.unwrap();
    let one = store.repo::<Series>().retrieve_one(&Code(1)).await.unwrap();
    assert!(store.repo::<Series>().is_referenced(&one).await.unwrap());
    assert!(store.repo::<Item>().is_referenced(&one.widen()).await.unwrap());
}
