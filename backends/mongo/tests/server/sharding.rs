//! Messages about a primary key if the server has no shards.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use longevity_tests::models::primary_keys::PrimaryKeys;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::place::Place;

/// The fields of each event as one string.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_replica_set_says_that_it_has_no_shards() {
    let Some(place) = Place::new() else { return };
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || place.store::<PrimaryKeys>());
    let events = log.0.lock().unwrap();
    for table in ["plain", "nested", "composite", "hashed", "partitioned"] {
        let said = |event: &&String| event.contains("not sharded") && event.contains(&format!("table=\"{table}\""));
        assert_eq!(events.iter().filter(said).count(), 1, "{table}: {events:?}");
    }
}
