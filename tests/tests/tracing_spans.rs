//! Each operation has a span that names its type and back end, and no value reaches a span.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SECRET: &str = "correct horse battery staple";

type Fields = BTreeMap<String, String>;

#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<Vec<(&'static str, Fields)>>>,
    next: Arc<AtomicU64>,
}

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        self.spans.lock().unwrap().push((attributes.metadata().name(), fields));
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, record: &Record<'_>) {
        let mut fields = Fields::new();
        record.record(&mut Collect(&mut fields));
        self.spans.lock().unwrap().push(("recorded later", fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Collect(&mut fields));
        self.spans.lock().unwrap().push(("event", fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn member() -> Member {
    Member {
        username: Username(SECRET.into()),
        email: Email(SECRET.into()),
        profile: Profile { tagline: SECRET.into(), image_uri: SECRET.into() },
        num_cats: 0,
    }
}

#[test]
fn every_operation_has_a_span_without_values() {
    let recorder = Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), || {
        let store = Longevity::<Blogging, _>::open(Mem::new()).unwrap();
        store.create_schema().unwrap();
        let (users, members) = (store.repo::<User>(), store.repo::<Member>());
        let state = members.create(member()).unwrap();
        members.create(member()).unwrap_err();
        members.retrieve(&Email(SECRET.into())).unwrap();
        let query = || Member::query().filter(Member::props().profile.tagline.eq(SECRET));
        members.find(query()).unwrap();
        members.count(query()).unwrap();
        members.exists(query()).unwrap();
        members.explain(query()).unwrap();
        assert_eq!(members.stream(query()).count(), 1);
        let state = members.update(state).unwrap();
        users.delete(state.widen()).unwrap();
        store.repo::<Commenter>().create_many([Commenter { username: Username(SECRET.into()) }]).unwrap();
    });
    let spans = recorder.spans.lock().unwrap();
    for (name, type_name) in [
        ("create", "Member"),
        ("retrieve", "Member"),
        ("find", "Member"),
        ("count", "Member"),
        ("exists", "Member"),
        ("explain", "Member"),
        ("stream", "Member"),
        ("update", "Member"),
        ("delete", "User"),
        ("create_many", "Commenter"),
    ] {
        let of_type = |(span, fields): &&(&str, Fields)| {
            *span == name && fields.get("type").map(String::as_str) == Some(&format!("{type_name:?}"))
        };
        let span = spans.iter().find(of_type).unwrap_or_else(|| panic!("no span {name} of {type_name}: {spans:?}"));
        assert_eq!(span.1.get("backend").map(String::as_str), Some("\"mem\""));
    }
    let created = spans.iter().find(|(name, _)| *name == "create_schema").unwrap();
    assert_eq!(created.1.get("model").map(String::as_str), Some("\"Blogging\""));
    assert_eq!(created.1.get("backend").map(String::as_str), Some("\"mem\""));
    for (name, fields) in spans.iter() {
        for (field, value) in fields {
            assert!(!value.contains(SECRET), "the span {name} shows a value in {field}: {value}");
        }
    }
}
