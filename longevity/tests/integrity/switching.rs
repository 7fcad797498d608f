//! References with integrity that are declared, changed and taken away while there are rows.

use longevity::backend::Backend;
use longevity::prelude::*;

use crate::stores::{mem_again, mongo_again, sqlite_again};

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
    immediate: [reference(owner), reference(friends)];
    at_commit: [reference(owner, check = at_commit), reference(friends, check = at_commit)];
}

macro_rules! on_stores_again {
    ($stores:tt $($name:ident),* $(,)?) => { $(on_stores_again! { @one $stores $name })* };
    (@one [$($store:ident)*] $name:ident) => {
        mod $name { $(on_stores_again! { @$store $name })* }
    };
    (@mem $name:ident) => {
        #[test]
        fn mem() {
            crate::stores::RUNTIME.block_on(super::$name(super::mem_again()));
        }
    };
    (@sqlite $name:ident) => {
        #[test]
        fn sqlite() {
            crate::stores::RUNTIME.block_on(super::$name(super::sqlite_again()));
        }
    };
    (@mongo $name:ident) => {
        #[test]
        fn mongo() {
            if let Some(again) = super::mongo_again() {
                crate::stores::RUNTIME.block_on(super::$name(again));
            }
        }
    };
}

on_stores_again! {
    [mem sqlite mongo] violations_are_counted, what_was_written_without_integrity_is_verified_again
}

// The memory holds the values of one version of a type.
on_stores_again! { [sqlite mongo] integrity_is_declared_and_taken_away }

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
    let owners = store.repo::<immediate::Owner>();
    let ann = owners.retrieve_one(&immediate::Name("ann".into())).await.unwrap();
    assert!(matches!(owners.delete(ann).await.unwrap_err().error(), Error::Referenced { count: 1, .. }));

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
    assert_eq!(store.repo::<none::Cat>().count(none::Cat::query().all()).await.unwrap(), 3);
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
