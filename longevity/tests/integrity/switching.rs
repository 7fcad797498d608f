//! References with integrity that are declared, changed and taken away while there are rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use longevity::backend::Backend;
use longevity::prelude::*;

/// The same types in the same tables, with a reference that has other integrity in each model.
macro_rules! versions {
    ($($version:ident: [$($attribute:tt)*];)*) => {$(
        mod $version {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Owner)]
            pub(super) struct Name(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(name))]
            #[serde(deny_unknown_fields)]
            pub(super) struct Owner {
                pub(super) name: Name,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent($($attribute)*)]
            pub(super) struct Cat {
                pub(super) owner: Name,
                pub(super) friends: Vec<Name>,
            }

            #[derive(DomainModel)]
            #[domain_model(Owner, Cat)]
            pub(super) struct Model;

            pub(super) fn cat(owner: &str, friends: &[&str]) -> Cat {
                Cat { owner: Name(owner.into()), friends: friends.iter().map(|it| Name((*it).into())).collect() }
            }
        }
    )*};
}

versions! {
    none: [table = "cat"];
    indexed: [index(owner)];
    immediate: [reference(owner), reference(friends)];
    at_commit: [reference(owner, check = at_commit), reference(friends, check = at_commit)];
}

on_stores_again! {
    [mem sqlite mongo]
    violations_are_counted,
    what_was_written_without_integrity_is_verified_again,
}

// SQLite's foreign key refuses that.
on_stores_again! { [mem mongo] a_model_with_the_targets_alone_takes_the_note_away }

on_stores_again! { [sqlite] programs_that_do_not_know_a_reference_are_refused }

// The memory holds the values of one version of a type.
on_stores_again! {
    [sqlite mongo]
    integrity_is_declared_and_taken_away,
    a_cascade_leaves_rows_of_unknown_types,
    integrity_is_declared_and_taken_away_while_others_write,
}

async fn open<M: DomainModel, B: Backend>(backend: B) -> Longevity<M, B> {
    let store = Longevity::<M, _>::open(backend).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

async fn integrity_is_declared_and_taken_away<B: Backend>(again: impl Fn() -> B) {
    let store = open::<none::Model, _>(again()).await;
    store.repo::<none::Owner>().create(none::Owner { name: none::Name("ann".into()) }).await.unwrap();
    store.repo::<none::Cat>().create(none::cat("ann", &["ann"])).await.unwrap();

    let store = open::<immediate::Model, _>(again()).await;
    let error = store.repo::<immediate::Cat>().create(immediate::cat("bob", &[])).await.unwrap_err();
    assert!(matches!(error, Error::DanglingReference { .. }), "{error}");
    // A row that was stored before is referred to, read and written.
    let owners = store.repo::<immediate::Owner>();
    store.repo::<immediate::Cat>().create(immediate::cat("ann", &[])).await.unwrap();
    let ann = owners.retrieve_one(&immediate::Name("ann".into())).await.unwrap();
    let ann = owners.update(ann).await.unwrap();
    store.repo::<immediate::Cat>().create(immediate::cat("ann", &[])).await.unwrap();
    assert_eq!(owners.find(immediate::Owner::query().all()).await.unwrap()[0].get(), ann.get());
    assert!(matches!(owners.delete(ann).await.unwrap_err().error(), Error::Referenced { count: 3, .. }));

    let store = open::<at_commit::Model, _>(again()).await;
    let created = store
        .transaction(async |tx| {
            tx.repo::<at_commit::Cat>().create(at_commit::cat("bob", &["ann", "bob"])).await?;
            tx.repo::<at_commit::Owner>().create(at_commit::Owner { name: at_commit::Name("bob".into()) }).await?;
            Ok::<_, Error>(())
        })
        .await;
    created.unwrap();
    let error = store
        .transaction(async |tx| tx.repo::<at_commit::Cat>().create(at_commit::cat("cec", &[])).await.map(drop))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DanglingReference { .. }), "{error}");

    let store = open::<none::Model, _>(again()).await;
    store.repo::<none::Cat>().create(none::cat("cec", &[])).await.unwrap();
    assert_eq!(store.repo::<none::Cat>().count(none::Cat::query().all()).await.unwrap(), 5);
}

/// Programs that keep the references go on writing while others declare them and take the declaration away.
async fn integrity_is_declared_and_taken_away_while_others_write<B: Backend>(again: impl Fn() -> B) {
    const OWNERS: u32 = 5;
    let name = |number: u32| immediate::Name(format!("owner {number}"));
    let store = open::<immediate::Model, _>(again()).await;
    let all = (0..OWNERS).map(|number| immediate::Owner { name: name(number) });
    store.repo::<immediate::Owner>().create_many(all).await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let writer = |task: u32| {
        let (store, ended) = (store.clone(), Arc::clone(&ended));
        async move {
            let (owners, cats) = (store.repo::<immediate::Owner>(), store.repo::<immediate::Cat>());
            let (mut done, mut refused, mut round) = (0_u32, 0_u32, task);
            while !ended.load(Ordering::Relaxed) || done == 0 || refused == 0 {
                round += 7;
                let own = name(round % OWNERS);
                let written = match round % 3 {
                    0 => {
                        let cat = immediate::Cat { owner: own, friends: vec![name((round + 1) % OWNERS)] };
                        cats.create(cat).await.map(drop)
                    }
                    1 => match owners.retrieve(&own).await.unwrap() {
                        Some(owner) => owners.delete(owner).await.map(drop).map_err(Error::from),
                        None => owners.create(immediate::Owner { name: own }).await.map(drop),
                    },
                    _ => {
                        let c = immediate::Cat::props();
                        let cats_of = immediate::Cat::query().filter(c.owner.eq(&own) | c.friends.contains(own));
                        cats.delete_where(cats_of).await.map(drop)
                    }
                };
                match written {
                    Ok(()) => done += 1,
                    Err(Error::DanglingReference { .. } | Error::Referenced { .. }) => refused += 1,
                    // Another task had the same intention.
                    Err(Error::DuplicateKey { .. } | Error::NotFound { .. } | Error::WriteConflict { .. }) => {}
                    Err(error) => panic!("another error: {error}"),
                }
            }
        }
    };
    let writers: Vec<_> = (0..3).map(|task| tokio::spawn(writer(task))).collect();
    for _ in 0..10 {
        open::<indexed::Model, _>(again()).await;
        open::<at_commit::Model, _>(again()).await;
        open::<immediate::Model, _>(again()).await;
    }
    ended.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(store.verify().plan().await.unwrap().is_empty());

    // The rows are verified each time.
    let older = open::<indexed::Model, _>(again()).await;
    older.repo::<indexed::Cat>().create(indexed::cat("nobody", &[])).await.unwrap();
    let newer = Longevity::<immediate::Model, _>::open(again()).await.unwrap();
    let error = newer.create_schema().await.unwrap_err();
    assert!(matches!(error, Error::DanglingReferences { count: 1, .. }), "{error}");
}

async fn violations_are_counted<B: Backend>(again: impl Fn() -> B) {
    let store = open::<none::Model, _>(again()).await;
    store.repo::<none::Owner>().create(none::Owner { name: none::Name("ann".into()) }).await.unwrap();
    let cats = (0..1100).map(|n| match n % 10 {
        0 => none::cat(&format!("nobody {n}"), &[]),
        5 => none::cat("ann", &["ann", "nobody"]),
        _ => none::cat("ann", &["ann"]),
    });
    store.repo::<none::Cat>().create_many(cats).await.unwrap();

    let store = Longevity::<immediate::Model, _>::open(again()).await.unwrap();
    let error = store.create_schema().await.unwrap_err();
    let text = error.to_string();
    let Error::DanglingReferences { count, first } = error else { panic!("{text}") };
    assert_eq!((count, first.len()), (220, 20));
    assert!(first.iter().all(|it| it.type_name == "Cat" && it.target == "Owner"));
    assert!(first.iter().any(|it| it.property == "owner" && it.key == "\"nobody 0\""));
    assert!(text.starts_with("220 stored references have no target; the first: owner of Cat "), "{text}");
    // The rows are as they were. When they are corrected, the schema can be created.
    let owners = store.repo::<immediate::Owner>();
    owners.create(immediate::Owner { name: immediate::Name("nobody".into()) }).await.unwrap();
    let of_nobody = immediate::Cat::query().filter(immediate::Cat::props().owner.starts_with("nobody "));
    let cats = store.repo::<immediate::Cat>();
    assert_eq!(cats.count(immediate::Cat::query().all()).await.unwrap(), 1100);
    assert_eq!(cats.delete_where(of_nobody).await.unwrap(), 110);
    store.create_schema().await.unwrap();
}

async fn what_was_written_without_integrity_is_verified_again<B: Backend>(again: impl Fn() -> B) {
    open::<immediate::Model, _>(again()).await;
    let store = open::<none::Model, _>(again()).await;
    store.repo::<none::Cat>().create(none::cat("ann", &[])).await.unwrap();
    let store = Longevity::<immediate::Model, _>::open(again()).await.unwrap();
    let error = store.create_schema().await.unwrap_err();
    assert!(matches!(error, Error::DanglingReferences { count: 1, .. }), "{error}");
}

/// A model that knows the owners alone.
#[derive(DomainModel)]
#[domain_model(immediate::Owner)]
struct Owners;

async fn a_model_with_the_targets_alone_takes_the_note_away<B: Backend>(again: impl Fn() -> B) {
    let store = open::<immediate::Model, _>(again()).await;
    store.repo::<immediate::Owner>().create(immediate::Owner { name: immediate::Name("ann".into()) }).await.unwrap();
    store.repo::<immediate::Cat>().create(immediate::cat("ann", &[])).await.unwrap();
    let owners = open::<Owners, _>(again()).await;
    let ann = owners.repo::<immediate::Owner>().retrieve_one(&immediate::Name("ann".into())).await.unwrap();
    owners.repo::<immediate::Owner>().delete(ann).await.unwrap();
    let store = Longevity::<immediate::Model, _>::open(again()).await.unwrap();
    let error = store.create_schema().await.unwrap_err();
    assert!(matches!(error, Error::DanglingReferences { count: 1, .. }), "{error}");
}

/// The programs opened the store before the reference was declared, or have a model without it.
async fn programs_that_do_not_know_a_reference_are_refused<B: Backend>(again: impl Fn() -> B) {
    let running = open::<none::Model, _>(again()).await;
    let ann = none::Name("ann".into());
    running.repo::<none::Owner>().create(none::Owner { name: ann.clone() }).await.unwrap();
    running.repo::<none::Cat>().create(none::cat("ann", &[])).await.unwrap();
    let store = open::<immediate::Model, _>(again()).await;
    let owners = open::<Owners, _>(again()).await.repo::<immediate::Owner>();
    let found = owners.retrieve_one(&immediate::Name("ann".into())).await.unwrap();
    let refused = owners.delete(found).await.unwrap_err();
    assert!(matches!(refused.error(), Error::Backend { .. }), "{}", refused.error());
    assert!(refused.error().to_string().contains("foreign key"), "{}", refused.error());
    let running = running.repo::<none::Owner>();
    running.delete(running.retrieve_one(&ann).await.unwrap()).await.unwrap_err();
    // A transaction is refused at its commit.
    let gone = store.transaction(async |tx| {
        let owners = tx.repo::<immediate::Owner>();
        let ann = owners.retrieve_one(&immediate::Name("ann".into())).await?;
        owners.delete(ann).await.map_err(Error::from).map(drop)
    });
    assert!(matches!(gone.await.unwrap_err(), Error::Referenced { .. }));
    assert!(store.verify().plan().await.unwrap().is_empty());
    assert_eq!(running.count(none::Owner::query().all()).await.unwrap(), 1);
}

/// Pets of two kinds, and an older program that knows one of them.
macro_rules! pets {
    ($($version:ident: $($variant:ident)*;)*) => {$(
        mod $version {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Owner)]
            pub(super) struct Name(pub(super) String);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(name))]
            pub(super) struct Owner {
                pub(super) name: Name,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, props(owner: Name), reference(owner, on_delete = cascade))]
            pub(super) enum Pet {
                $($variant { owner: Name },)*
            }

            #[derive(DomainModel)]
            #[domain_model(Owner, Pet)]
            pub(super) struct Model;
        }
    )*};
}

pets! {
    newer: Cat Dog;
    older: Cat;
}

async fn a_cascade_leaves_rows_of_unknown_types<B: Backend>(again: impl Fn() -> B) {
    let store = open::<newer::Model, _>(again()).await;
    let (ann, bob) = (newer::Name("ann".into()), newer::Name("bob".into()));
    store.repo::<newer::Owner>().create_many([&ann, &bob].map(|it| newer::Owner { name: it.clone() })).await.unwrap();
    let pets = [newer::Pet::Cat { owner: ann.clone() }, newer::Pet::Dog { owner: ann }, newer::Pet::Cat { owner: bob }];
    store.repo::<newer::Pet>().create_many(pets).await.unwrap();

    let older = Longevity::<older::Model, _>::open(again()).await.unwrap();
    let owners = older.repo::<older::Owner>();
    let ann = owners.retrieve_one(&older::Name("ann".into())).await.unwrap();
    let refused = owners.delete(ann).await.unwrap_err();
    assert!(matches!(refused.error(), Error::UnknownDiscriminator { .. }), "{}", refused.error());
    assert_eq!(store.repo::<newer::Pet>().count(newer::Pet::query().all()).await.unwrap(), 3);
    let bob = owners.retrieve_one(&older::Name("bob".into())).await.unwrap();
    owners.delete(bob).await.unwrap();
    assert_eq!(store.repo::<newer::Pet>().count(newer::Pet::query().all()).await.unwrap(), 2);
}
