//! If the server rejects credentials, a clear error comes soon, and does not contain them.

use std::error::Error as _;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use longevity::blocking;
use longevity::{Error, Longevity, Mongo, MongoError};
use longevity_mongod::Server;
use mongodb::bson::doc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::model::{Counter, Faults, counter};
use crate::place::{in_a_runtime, left_out, store};

pub(crate) const PASSWORD: &str = "correct-horse-battery-staple";

fn server() -> &'static Server {
    static SERVER: LazyLock<Server> =
        LazyLock::new(|| Server::builder().credentials("root", PASSWORD).start().unwrap());
    &SERVER
}

/// The same address with another user and another password.
fn uri_of(user: &str, password: &str) -> String {
    server().uri_of("blog").replace(&format!("root:{PASSWORD}"), &format!("{user}:{password}"))
}

/// Everything that an error shows.
pub(crate) fn all_of(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(" {source} {source:?}");
        next = source.source();
    }
    text
}

#[track_caller]
pub(crate) fn assert_no_secret(text: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!text.contains(secret), "{text} contains {secret:?}");
    }
}

/// Records all traces.
#[derive(Clone, Default)]
struct Recorder {
    text: Arc<Mutex<String>>,
    next: Arc<AtomicU64>,
}

impl Visit for Recorder {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        *self.text.lock().unwrap() += &format!("{}={value:?} ", field.name());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut self.clone());
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, record: &Record<'_>) {
        record.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn rejected_credentials_are_not_shown() {
    if left_out() {
        return;
    }
    let recorder = Recorder::default();
    for (user, password) in [("root", "a-wrong-password"), ("a-stranger", PASSWORD)] {
        let mongo = Mongo::new(uri_of(user, password));
        assert_no_secret(&format!("{mongo:?}"), &[user, password]);
        let begun = Instant::now();
        let opened =
            tracing::subscriber::with_default(recorder.clone(), || blocking::Longevity::<Faults, _>::open(mongo));
        let error = opened.unwrap_err();
        assert!(matches!(MongoError::of(&error), Some(MongoError::Unauthorized { .. })), "{error:?}");
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_no_secret(&all_of(&error), &[password, &uri_of(user, password)]);
        println!("{user}: {error}");
    }
    let traced = recorder.text.lock().unwrap();
    assert!(!traced.is_empty(), "there are no traces");
    assert_no_secret(&traced, &[PASSWORD, "a-wrong-password", "mongodb://"]);
}

#[test]
fn a_user_without_privileges_gets_an_error_at_the_first_use() {
    in_a_runtime(|| async {
        create_user("nobody", doc! { "role": "read", "db": "another" }).await;
        // The address and the password are right. The server checks privileges only when an operation needs them.
        let store = Longevity::<Faults, _>::open(Mongo::new(uri_of("nobody", "pw-nobody"))).await.unwrap();
        let error = store.create_schema().await.unwrap_err();
        assert!(matches!(MongoError::of(&error), Some(MongoError::Unauthorized { .. })), "{error:?}");
        assert_no_secret(&all_of(&error), &["pw-nobody"]);
        println!("{error}");
    });
}

#[test]
fn a_user_who_may_only_read_writes_nothing_and_no_value_is_shown() {
    in_a_runtime(|| async {
        let all = store::<Faults>(server().uri_of("blog")).await;
        let state = all.repo().create(counter("ann", "")).await.unwrap();
        create_user("reader", doc! { "role": "read", "db": "blog" }).await;
        let store = Longevity::<Faults, _>::open(Mongo::new(uri_of("reader", "pw-reader"))).await.unwrap();
        let counters = store.repo::<Counter>();
        let private = || counter("private-value", "private-value");
        let errors = [
            counters.create(private()).await.unwrap_err(),
            counters.create_many([private(), counter("b", "private-value")]).await.unwrap_err(),
            counters
                .update(state.clone().modify(|counter| counter.batch = "private-value".into()))
                .await
                .unwrap_err()
                .into(),
            counters.delete(state).await.unwrap_err().into(),
        ];
        for error in errors {
            assert!(matches!(MongoError::of(&error), Some(MongoError::Unauthorized { .. })), "{error:?}");
            assert_no_secret(&all_of(&error), &["pw-reader", "private-value"]);
            println!("{error}");
        }
        assert_eq!(counters.count(longevity::PersistentType::query()).await.unwrap(), 1);
    });
}

async fn create_user(name: &str, role: mongodb::bson::Document) {
    let client = mongodb::Client::with_uri_str(server().uri()).await.unwrap();
    let create = doc! { "createUser": name, "pwd": format!("pw-{name}"), "roles": [role] };
    client.database("admin").run_command(create).await.unwrap();
}
