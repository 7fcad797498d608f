//! References in transactions that are nested, that are committed during a write, or whose writes are dropped.

use std::pin::pin;

use futures_util::future::{Either, select};
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::library::{Author, Book, Code, Series, State, Store, author, book, count, name, series};

macro_rules! where_transactions_nest {
    ($($name:ident),* $(,)?) => {
        $(mod $name { on_each_store! { [mem sqlite] $name } })*
    };
}

on_each_back_end! {
    a_delete_that_is_dropped_does_nothing,
    a_commit_during_a_write_commits_no_half,
    what_is_written_while_a_commit_checks_is_checked,
}
where_transactions_nest! { a_nested_transaction_is_undone_alone }

async fn a_nested_transaction_is_undone_alone<B: Backend>(store: &Store<B>) {
    let done = store
        .transaction(async |tx| {
            tx.repo::<Author>().create(author("cec")).await?;
            let refused = tx.transaction(async |tx| tx.repo::<Book>().create(book(2, "dan")).await).await.unwrap_err();
            assert!(matches!(refused, Error::DanglingReference { .. }), "{refused}");
            let all = tx.repo::<Series>();
            let one = all.retrieve_one(&Code(1)).await?;
            tx.repo::<Book>().create(Book { series: Some(Code(1)), ..book(3, "cec") }).await?;
            let undone = tx
                .transaction(async |tx| {
                    tx.repo::<Series>().delete(one.clone()).await?;
                    assert_eq!(tx.repo::<Book>().count(Book::query().all()).await?, 0);
                    Err::<(), _>(Error::TransactionNested)
                })
                .await;
            assert!(undone.is_err());
            Ok::<_, Error>(())
        })
        .await;
    done.unwrap();
    assert_eq!((count::<Author, B>(store).await, count::<Book, B>(store).await), (3, 1));
}

/// Polls the future this number of times, and drops it unless it ends before that.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut left = times;
    let end = std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    });
    match select(pin!(future), pin!(end)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

async fn a_delete_that_is_dropped_does_nothing<B: Backend>(store: &Store<B>) {
    let books = store.repo::<Book>();
    books.create_many([2, 3, 4].map(|code| Book { series: Some(Code(1)), ..book(code, "ann") })).await.unwrap();
    let mut times = 0;
    loop {
        let tx = store.begin().await.unwrap();
        let all = tx.repo::<Series>();
        let one = all.retrieve_one(&Code(1)).await.unwrap();
        let deleted = polled(times, all.delete(one)).await;
        // A delete that was dropped is not committed by half. If it had done nothing yet, there is nothing to commit.
        let committed = tx.commit().await;
        let left = (count::<Series, B>(store).await, count::<Book, B>(store).await);
        if deleted.is_some() {
            committed.unwrap();
            assert_eq!(left, (0, 0));
            break;
        }
        assert_eq!(left, (1, 3), "after {times} polls: {committed:?}");
        // Not every poll, as a network needs many.
        times += 1 + times / 8;
    }
}

async fn a_commit_during_a_write_commits_no_half<B: Backend>(store: &Store<B>) {
    for times in 0..40 {
        let tx = store.begin().await.unwrap();
        let books = tx.repo::<Book>();
        let create = tokio::spawn(async move { books.create(book(2, "nobody")).await.map(drop) });
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
        let committed = tx.commit().await;
        let created = create.await.unwrap();
        assert!(created.is_err());
        assert_eq!(count::<Book, B>(store).await, 0, "{committed:?}, {created:?}");
    }
    store.repo::<Author>().create(author("cec")).await.unwrap();
    store.repo::<Series>().create(series(5)).await.unwrap();
    assert!(store.fetch(&name("cec")).await.unwrap().is_some());
}

async fn what_is_written_while_a_commit_checks_is_checked<B: Backend>(store: &Store<B>) {
    let waiting = |code: u32, on: u32| Book { state: State::Waiting { on: Code(on) }, ..book(code, "ann") };
    for times in 0..40 {
        let tx = store.begin().await.unwrap();
        // The commit has something to check.
        tx.repo::<Book>().create(waiting(2, 1)).await.unwrap();
        let books = tx.repo::<Book>();
        let create = tokio::spawn(async move { books.create(waiting(3, 99)).await.map(drop) });
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
        let committed = tx.commit().await;
        let created = create.await.unwrap();
        let books = store.repo::<Book>();
        assert!(books.retrieve(&Code(3)).await.unwrap().is_none(), "{committed:?}, {created:?}");
        books.delete_where(Book::query().all()).await.unwrap();
    }
}
