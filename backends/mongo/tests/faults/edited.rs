//! Documents that someone edited into something that no model writes. Each is an error that says which document and where, and
//! the other documents are read.

use std::sync::atomic::{AtomicBool, Ordering};

use longevity::backend::{AllWritten, Session, WriteFailure, Writes};
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity::{Error, Longevity, Mongo, PersistentType};
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use longevity_tests::mongo::Scratch;
use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use crate::place::{in_a_runtime, store};

/// The middle one of three rows. The other two are commenters.
fn bob() -> Member {
    Member {
        username: Username("bob".into()),
        email: Email("bob@example.org".into()),
        profile: Profile { tagline: "a private tagline".into(), image_uri: "none".into() },
        num_cats: 2,
    }
}

async fn with_three(scratch: &Scratch) -> (Longevity<Blogging, Mongo>, Document) {
    let store = store::<Blogging>(scratch.uri()).await;
    let users = store.repo::<User>();
    for user in ["ann", "bob", "cec"] {
        let user = match user {
            "bob" => User::Member(bob()),
            name => User::Commenter(Commenter { username: Username(name.into()) }),
        };
        users.create(user).await.unwrap();
    }
    let stored = raw(scratch).find_one(doc! { "username": "bob" }).await.unwrap().unwrap();
    (store, stored)
}

fn raw(scratch: &Scratch) -> Collection<Document> {
    scratch.database().collection("user")
}

/// Replaces bob's document.
async fn put(scratch: &Scratch, bob: &Document, edited: &Document) {
    raw(scratch).delete_one(doc! { "username": "bob" }).await.unwrap();
    raw(scratch).delete_one(doc! { "_id": bob.get("_id").unwrap() }).await.unwrap();
    raw(scratch).insert_one(edited).await.unwrap();
}

fn with(bob: &Document, key: &str, value: impl Into<Bson>) -> Document {
    let mut edited = bob.clone();
    edited.insert(key, value);
    edited
}

/// The document with this field among longevity's own fields.
fn in_front(bob: &Document, key: &str, value: impl Into<Bson>) -> Document {
    let (mut edited, value) = (Document::new(), value.into());
    for (position, (name, held)) in bob.iter().enumerate() {
        if position == 3 {
            edited.insert(key, value.clone());
        }
        edited.insert(name, held.clone());
    }
    edited
}

fn without(bob: &Document, key: &str) -> Document {
    let mut edited = bob.clone();
    edited.remove(key);
    edited
}

/// The same fields in reverse order.
fn reversed(bob: &Document) -> Document {
    let fields: Vec<_> = bob.iter().map(clone).collect();
    fields.into_iter().rev().collect()
}

#[test]
fn nonsense_is_an_error_and_the_other_rows_are_read() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let (store, bob) = with_three(&scratch).await;
        let users = store.repo::<User>();
        let id = bob.get_object_id("_id").unwrap();
        let profile = |key: &str| without(bob.get_document("profile").unwrap(), key);
        // The path in the error, and the edited document.
        let nonsense = [
            ("_id", with(&bob, "_id", "no object id")),
            ("_id", with(&bob, "_id", 7)),
            ("_id", with(&bob, "_id", doc! { "a": 1 })),
            ("_version", without(&bob, "_version")),
            ("_version", with(&bob, "_version", "a string")),
            ("_version", with(&bob, "_version", 1.5)),
            ("_version", with(&bob, "_version", -1_i64)),
            ("_version", with(&bob, "_version", f64::NAN)),
            ("_version", with(&bob, "_version", Bson::Null)),
            ("_type", with(&bob, "_type", 7)),
            ("_type", with(&bob, "_type", Bson::Null)),
            ("_type", with(&bob, "_type", vec!["Member"])),
            ("_type", without(&bob, "_type")),
            ("username", with(&bob, "username", 7)),
            ("num_cats", with(&bob, "num_cats", "two")),
            ("num_cats", with(&bob, "num_cats", 2.5)),
            ("num_cats", with(&bob, "num_cats", Bson::Null)),
            ("", without(&bob, "num_cats")),
            ("profile", with(&bob, "profile", vec![1])),
            ("profile", with(&bob, "profile", profile("tagline"))),
            ("_updated_at", in_front(&bob, "_updated_at", "yesterday")),
            ("_updated_at", in_front(&bob, "_updated_at", doc! { "at": 7 })),
            ("_created_at", in_front(&bob, "_created_at", 7)),
        ];
        for (wanted, edited) in nonsense {
            put(&scratch, &bob, &edited).await;
            let assert_told = |error: &Error| match error {
                Error::Decode { type_name, id: told, path, .. } => {
                    assert_eq!(path, wanted, "{edited}: {error}");
                    assert!(matches!(*type_name, "Member" | "User"), "{edited}: {error}");
                    if wanted != "_id" {
                        assert_eq!(told.as_u128() as u64, number(id) as u64, "{edited}: {error}");
                    }
                    assert!(!error.to_string().contains("private"), "{error}");
                }
                other => panic!("{edited}: {other:?}"),
            };
            let items = {
                let mut items = Vec::new();
                let mut stream = users.stream(User::query());
                while let Some(item) = stream.next().await {
                    items.push(item.map(|state| username(state.get()).clone()));
                }
                items
            };
            let read: Vec<_> = items.iter().flatten().map(|name| &*name.0).collect();
            assert_eq!((read, items.len()), (vec!["ann", "cec"], 3), "{edited}: {items:?}");
            assert_told(items.iter().find_map(|item| item.as_ref().err()).unwrap());
            assert_told(&users.find(User::query()).await.unwrap_err());
            assert!(users.retrieve(&Username("ann".into())).await.unwrap().is_some());
            let all = users.count(User::query()).await.unwrap();
            assert!(all == 3 || wanted == "_type" && all == 2, "{edited}: {all}");
        }
        // A row that no longer decodes can be deleted, and no other row is deleted with it.
        for (field, value) in
            [("_version", Bson::from(-1_i64)), ("_version", "a string".into()), ("_updated_at", 7.into())]
        {
            put(&scratch, &bob, &with(&bob, field, value)).await;
            let named = User::props().username.eq(Username("bob".into()));
            assert_eq!(users.delete_where(User::query().filter(named)).await.unwrap(), 1, "{field}");
            assert_eq!(users.find(User::query()).await.unwrap().len(), 2, "{field}");
        }
        put(&scratch, &bob, &with(&bob, "num_cats", "two")).await;
        assert!(store.repo::<Member>().find(Member::query()).await.is_err());
        assert_eq!(store.repo::<Member>().delete_where(Member::query().all()).await.unwrap(), 1);
        assert_eq!(users.find(User::query()).await.unwrap().len(), 2);
    });
}

/// Another program deletes cec before the first batch.
struct Meddler(AtomicBool, Collection<Document>);

impl Decorator<Mongo> for Meddler {
    async fn write_many(
        &self,
        inner: &Mongo,
        table: &<Mongo as Session>::Table,
        writes: Writes<'_, <Mongo as Session>::Document>,
    ) -> Result<AllWritten<<Mongo as Session>::Document>, (usize, WriteFailure)> {
        if !self.0.swap(true, Ordering::Relaxed) {
            self.1.delete_one(doc! { "username": "cec" }).await.unwrap();
        }
        inner.write(table, writes).await
    }
}

#[test]
fn rows_that_no_longer_decode_are_deleted_even_if_one_is_gone_meanwhile() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let (_, bob) = with_three(&scratch).await;
        put(&scratch, &bob, &with(&bob, "_version", "a string")).await;
        let unreadable = doc! { "$set": { "_version": "a string" } };
        raw(&scratch).update_one(doc! { "username": "cec" }, unreadable).await.unwrap();
        let meddler = Meddler(AtomicBool::new(false), raw(&scratch));
        let backend = Decorated::new(Mongo::new(scratch.uri()), meddler);
        let users = Longevity::<Blogging, _>::open(backend).await.unwrap().repo::<User>();
        assert_eq!(users.delete_where(User::query().all()).await.unwrap(), 2);
        assert_eq!(raw(&scratch).count_documents(doc! {}).await.unwrap(), 0);
    });
}

fn number(id: ObjectId) -> u128 {
    let mut bytes = [0; 16];
    bytes[4..].copy_from_slice(&id.bytes());
    u128::from_be_bytes(bytes)
}

fn username(user: &User) -> &Username {
    match user {
        User::Member(member) => &member.username,
        User::Commenter(commenter) => &commenter.username,
    }
}

#[test]
fn the_error_for_an_unknown_discriminator_names_the_row_and_the_known_ones() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let (store, bob) = with_three(&scratch).await;
        put(&scratch, &bob, &with(&bob, "_type", "Admin")).await;
        let error = store.repo::<User>().retrieve(&Username("bob".into())).await.unwrap_err();
        match &error {
            Error::UnknownDiscriminator { type_name: "User", table, id, found, known } => {
                assert_eq!(table, "user");
                assert_eq!((id.as_u128(), found.as_str()), (number(bob.get_object_id("_id").unwrap()), "Admin"));
                assert_eq!(known, &["Member", "Commenter"]);
            }
            other => panic!("{other:?}"),
        }
        let mut stream = store.repo::<User>().stream(User::query());
        let (mut read, mut failed) = (0, 0);
        while let Some(item) = stream.next().await {
            match item {
                Ok(_) => read += 1,
                Err(Error::UnknownDiscriminator { .. }) => failed += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((read, failed), (2, 1));
        // The row is not patched in place either.
        let renamed = User::props().username.set(Username("rob".into()));
        let error = store.repo::<User>().patch_by(&Username("bob".into()), renamed).await.unwrap_err();
        assert!(matches!(error, Error::UnknownDiscriminator { .. }), "{error}");
        let bobs = doc! { "username": "bob", "_version": bob.get("_version").unwrap() };
        assert_eq!(raw(&scratch).count_documents(bobs).await.unwrap(), 1);
        assert!(store.repo::<Member>().retrieve(&Username("bob".into())).await.unwrap().is_none());
        assert_eq!(store.repo::<Commenter>().find(Commenter::query()).await.unwrap().len(), 2);
    });
}

#[test]
fn equivalent_documents_are_read_and_can_be_updated_and_deleted() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let (store, stored) = with_three(&scratch).await;
        let members = store.repo::<Member>();
        let mut last = without(&stored, "_version");
        last.insert("_version", 0_i64);
        let ours_last = {
            let mut edited: Document = stored.iter().filter(|(key, _)| !key.starts_with('_')).map(clone).collect();
            edited.extend(stored.iter().filter(|(key, _)| key.starts_with('_')).map(clone));
            edited
        };
        let harmless = [
            (0, reversed(&stored)),
            (0, last),
            (0, ours_last),
            (1, with(&stored, "_version", 1.0)),
            (1, with(&stored, "_version", 1)),
            (0, with(&stored, "num_cats", 2)),
            (0, with(&stored, "extra", doc! { "a": [1, "b"] })),
            (0, with(&stored, "_extra", 7)),
        ];
        for (version, edited) in harmless {
            put(&scratch, &stored, &edited).await;
            let state = members.retrieve_one(&Username("bob".into())).await.unwrap();
            assert_eq!((state.get(), state.row_version()), (&bob(), version), "{edited}");
            let stale = state.clone();
            let state = members.update(state.modify(|bob| bob.num_cats += 1)).await.unwrap();
            assert_eq!(state.row_version(), version + 1, "{edited}");
            assert!(members.update(stale.clone()).await.unwrap_err().is_write_conflict(), "{edited}");
            assert!(members.delete(stale).await.unwrap_err().is_write_conflict(), "{edited}");
            let state = members.retrieve_one(&Username("bob".into())).await.unwrap();
            assert_eq!(state.num_cats, 3, "{edited}");
            members.delete(state).await.unwrap();
        }
    });
}

fn is_about_the_version(error: &Error) -> bool {
    matches!(error, Error::Decode { path, .. } if path == "_version")
}

fn clone((key, value): (&String, &Bson)) -> (String, Bson) {
    (key.clone(), value.clone())
}

/// Someone edits the version into an invalid one between a read and the write. Nothing is written, and the error says why.
#[test]
fn a_version_that_becomes_invalid_between_reading_and_writing_is_an_error() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let (store, stored) = with_three(&scratch).await;
        let members = store.repo::<Member>();
        let state = members.retrieve_one(&Username("bob".into())).await.unwrap();
        let broken: [Bson; 6] = [0.5.into(), (-0.5).into(), f64::NAN.into(), "0".into(), Bson::Null, (-1_i64).into()];
        for version in broken {
            let edited = with(&stored, "_version", version);
            put(&scratch, &stored, &edited).await;
            let limit = std::time::Duration::from_secs(20);
            let write = async {
                let refused = members.update(state.clone().modify(|bob| bob.num_cats += 1)).await.unwrap_err();
                assert!(is_about_the_version(&refused), "{edited}: {refused:?}");
                let refused = members.delete(state.clone()).await.unwrap_err();
                assert!(is_about_the_version(&refused), "{edited}: {refused:?}");
            };
            tokio::time::timeout(limit, write).await.unwrap_or_else(|_| panic!("{edited}: the write does not end"));
            // A NaN does not equal itself.
            let raw = scratch.database().collection::<RawDocumentBuf>("user");
            let found = raw.find_one(doc! { "username": "bob" }).await.unwrap().unwrap();
            assert_eq!(found, RawDocumentBuf::try_from(&edited).unwrap(), "{edited}");
        }
    });
}
