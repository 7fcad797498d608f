//! Rows that refer to a key are found by an index, in collections too, and the rows without the key make no difference.

use std::collections::BTreeSet;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity::{Access, Query};

use crate::library::{Book, Isbn, Loan, Series, Store, book, isbn, name, series};

on_each_back_end! {
    elements_are_found_by_an_index,
    rows_are_found_by_elements_in_every_form_of_query,
}

on_stores_again! { [mem sqlite mongo] declared_elements_are_found_by_an_index }

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(title: String, tags: Vec<String>), index(tags[]))]
enum Page {
    #[persistent(index(moods[]))]
    Note {
        title: String,
        tags: Vec<String>,
        moods: Option<BTreeSet<Mood>>,
    },
    Index {
        title: String,
        tags: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Mood {
    Glad,
    Sad,
}

/// Its components have nothing but options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Album {
    tracks: Vec<Track>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Track {
    title: Option<String>,
    seconds: Option<u32>,
}

#[derive(DomainModel)]
#[domain_model(Page, Album)]
struct Pages;

async fn declared_elements_are_found_by_an_index<B: Backend>(again: impl Fn() -> B) {
    let store = Longevity::<Pages, _>::open(again()).await.unwrap();
    store.create_schema().await.unwrap();
    let pages = store.repo::<Page>();
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let note = |title: &str, of: &[&str], moods: Option<&[Mood]>| Page::Note {
        title: title.into(),
        tags: tags(of),
        moods: moods.map(|moods| moods.iter().copied().collect()),
    };
    pages.create(note("a", &["x", "y", "x"], Some(&[Mood::Glad, Mood::Sad]))).await.unwrap();
    pages.create(note("b", &["y"], None)).await.unwrap();
    pages.create(note("c", &[], Some(&[Mood::Sad]))).await.unwrap();
    pages.create(Page::Index { title: "d".into(), tags: tags(&["x"]) }).await.unwrap();

    let by_index = |plan: &longevity::Explanation, index: &str| {
        assert!(matches!(&plan.access, Access::Index { name, .. } if name == index), "{plan}");
    };
    let x = Page::query().filter(Page::props().tags.contains("x"));
    by_index(&pages.explain(x.clone()).await.unwrap(), "page.tags.index");
    let title = |page: &PState<Page>| match page.get() {
        Page::Note { title, .. } | Page::Index { title, .. } => title.clone(),
    };
    let found = pages.find(x.clone()).await.unwrap();
    assert_eq!(found.iter().map(title).collect::<Vec<_>>(), ["a", "d"]);
    assert_eq!(pages.count(x).await.unwrap(), 2);
    let notes = store.repo::<page::Note>();
    let sad = page::Note::query().filter(page::Note::props().moods.contains(Mood::Sad));
    by_index(&notes.explain(sad.clone()).await.unwrap(), "page.Note.moods.index");
    assert_eq!(notes.count(sad).await.unwrap(), 2);
    let not_sad = page::Note::query().filter(!page::Note::props().moods.contains(Mood::Sad));
    assert_eq!(notes.count(not_sad.clone()).await.unwrap(), 1);
    let plan = notes.explain(not_sad).await.unwrap();
    assert!(!matches!(&plan.access, Access::Index { name, .. } if name == "page.Note.moods.index"), "{plan}");

    let albums = store.repo::<Album>();
    let track = |title: Option<&str>| Track { title: title.map(str::to_owned), seconds: None };
    albums.create(Album { tracks: vec![track(Some("x")), track(None)] }).await.unwrap();
    albums.create(Album { tracks: vec![track(Some("x"))] }).await.unwrap();
    for (title, count) in [(None, 1), (Some("x"), 2), (Some("y"), 0)] {
        let query = Album::query().filter(Album::props().tracks.contains(track(title)));
        assert_eq!(albums.count(query).await.unwrap(), count, "{title:?}");
    }
    // An index of the poly type serves its derived types.
    let y = page::Note::query().filter(page::Note::props().tags.contains("y"));
    by_index(&notes.explain(y.clone()).await.unwrap(), "page.tags.index");
    assert_eq!(notes.count(y).await.unwrap(), 2);
}

async fn elements_are_found_by_an_index<B: Backend>(store: &Store<B>) {
    let index = |name: &str, equal_columns| Access::Index { name: name.to_owned(), equal_columns, range: false };
    let editors = Book::query().filter(Book::props().editors.contains(name("ann")));
    let plan = store.repo::<Book>().explain(editors).await.unwrap();
    assert_eq!(plan.access, index("item.Book.editors.reference", 1), "{plan}");
    // A key value with two fields is found by both.
    let all = Loan::query().filter(Loan::props().all.contains(isbn(1)));
    let plan = store.repo::<Loan>().explain(all.clone()).await.unwrap();
    match &plan.access {
        Access::Index { name, equal_columns: 1 | 2, .. } if name == "loan.all.reference" => {}
        access => panic!("{access:?}: {plan}"),
    }
    // A negation looks at all rows, although it looks the element up.
    let without =
        store.repo::<Loan>().explain(Loan::query().filter(!Loan::props().all.contains(isbn(1)))).await.unwrap();
    assert!(!matches!(&without.access, Access::Index { name, .. } if name == "loan.all.reference"), "{without}");
    let sorted = store.repo::<Loan>().explain(all.order_by(Loan::props().days.asc())).await.unwrap();
    assert_eq!(sorted.access, plan.access, "{sorted}");
    assert!(!sorted.ordered_by_access, "{sorted}");
}

async fn rows_are_found_by_elements_in_every_form_of_query<B: Backend>(store: &Store<B>) {
    store.repo::<Series>().create_many((2..5).map(series)).await.unwrap();
    let loans = store.repo::<Loan>();
    let loan = |days: u32, all: &[u32]| Loan { of: None, all: all.iter().map(|number| isbn(*number)).collect(), days };
    let states = loans.create_many([loan(1, &[1, 2]), loan(2, &[2, 2]), loan(3, &[]), loan(4, &[3, 1])]).await.unwrap();
    let p = Loan::props();
    let has = |number: u32| p.all.contains(isbn(number));
    let days = async |query: Query<Loan>| {
        let found = loans.find(query).await.unwrap();
        found.iter().map(|loan| loan.days).collect::<Vec<_>>()
    };
    assert_eq!(days(Loan::query().filter(has(1))).await, [1, 4]);
    assert_eq!(days(Loan::query().filter(has(2))).await, [1, 2]);
    assert_eq!(days(Loan::query().filter(has(1) & has(2))).await, [1]);
    assert_eq!(days(Loan::query().filter(has(2) | has(3))).await, [1, 2, 4]);
    assert_eq!(days(Loan::query().filter(!has(1))).await, [2, 3]);
    assert_eq!(days(Loan::query().filter(has(1)).order_by(p.days.desc())).await, [4, 1]);
    assert_eq!(days(Loan::query().filter(has(1)).offset(1).limit(7)).await, [4]);
    assert_eq!(days(Loan::query().filter(has(4))).await, [0_u32; 0]);
    assert_eq!(loans.count(Loan::query().filter(has(2))).await.unwrap(), 2);
    let wrong = Isbn { number: "2".into(), ..isbn(1) };
    assert_eq!(loans.count(Loan::query().filter(p.all.contains(wrong))).await.unwrap(), 0);

    // The entries follow each change, in a transaction too.
    loans.update(states[1].clone().set(loan(2, &[1]))).await.unwrap();
    assert_eq!(days(Loan::query().filter(has(1))).await, [1, 2, 4]);
    let moved = store
        .transaction(async |tx| {
            let loans = tx.repo::<Loan>();
            let found = loans.find(Loan::query().filter(has(1))).await?;
            loans.delete(found[0].clone()).await?;
            loans.create(loan(5, &[4])).await?;
            assert_eq!(loans.count(Loan::query().filter(has(1))).await?, 2);
            assert_eq!(loans.count(Loan::query().filter(has(4))).await?, 1);
            loans.delete_where(Loan::query().filter(has(3))).await?;
            loans.count(Loan::query().filter(has(1))).await
        })
        .await
        .unwrap();
    assert_eq!(moved, 1);
    assert_eq!(days(Loan::query().filter(has(4))).await, [5]);
    assert_eq!(days(Loan::query().filter(has(1))).await, [2]);

    // A book has each editor once.
    let editors = BTreeSet::from([name("ann"), name("bob")]);
    store.repo::<Book>().create(Book { editors, ..book(9, "ann") }).await.unwrap();
    let both = Book::props().editors.contains(name("ann")) & Book::props().editors.contains(name("bob"));
    assert_eq!(store.repo::<Book>().count(Book::query().filter(both)).await.unwrap(), 1);
}
