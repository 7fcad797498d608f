//! The commands that the driver sends to the server.

use longevity::PersistentType as _;
use longevity::backend::Backend as _;
use longevity::blocking::Longevity;
use longevity::{Acknowledgement, DomainModel, Mongo, MongoError, Options, ReadConcern};
use longevity_tests::models::blogging::{Blogging, Email, Member, Profile, Username};
use longevity_tests::models::keys::{Flag, FlagId, Library};
use mongodb::bson::{Bson, Document};

use crate::place::Place;
use crate::relay::Relay;

const READS: [&str; 2] = ["find", "aggregate"];

/// A store whose commands pass through a relay.
fn relayed<M: DomainModel>(
    place: &Place,
    options: &str,
    change: impl FnOnce(Mongo) -> Mongo,
) -> (Relay, Longevity<M, Mongo>) {
    let uri = place.scratch.uri();
    let server = uri.split_once("://").unwrap().1.split_once('/').unwrap().0;
    let relay = Relay::to(server.to_owned());
    let uri = format!("mongodb://{}/{}?directConnection=true{options}", relay.address(), place.scratch.name());
    let store = Longevity::open(change(Mongo::new(uri))).unwrap();
    store.create_schema().unwrap();
    (relay, store)
}

/// The commands during the short life of a row, by name.
fn commands(place: &Place, options: &str, change: impl FnOnce(Mongo) -> Mongo) -> Vec<(String, Document)> {
    let (relay, store) = relayed::<Library>(place, options, change);
    let flags = store.repo::<Flag>();
    let flag = |is: bool| Flag { flag_id: FlagId(is), text: String::new() };
    assert_eq!(flags.count(Flag::query()).unwrap(), 0);
    relay.take("flag");
    let state = flags.create(flag(true)).unwrap();
    let state = flags.update(state.modify(|flag| flag.text = "x".into())).unwrap();
    flags.retrieve_one(&FlagId(true)).unwrap();
    flags.find(Flag::query()).unwrap();
    flags.count(Flag::query()).unwrap();
    flags.delete(state).unwrap();
    for state in flags.create_many([flag(true), flag(false)]).unwrap() {
        flags.delete(state).unwrap();
    }
    relay.take("flag").into_iter().map(|command| (command.keys().next().unwrap().clone(), command)).collect()
}

/// The concerns of all single writes and all reads.
#[track_caller]
fn concerns(commands: &[(String, Document)], w: impl Into<Bson>, level: &str) {
    let w = w.into();
    let (mut reads, mut writes) = (0, 0);
    for (name, command) in commands {
        // The writes of a transaction have the concern of the transaction.
        if command.contains_key("startTransaction") || command.contains_key("autocommit") {
            continue;
        }
        if READS.contains(&name.as_str()) {
            reads += 1;
            assert_eq!(command.get_document("readConcern").unwrap().get_str("level").unwrap(), level, "{command}");
        } else {
            writes += 1;
            assert_eq!(command.get_document("writeConcern").unwrap().get("w"), Some(&w), "{command}");
        }
    }
    assert!(reads >= 3 && writes >= 5, "{commands:?}");
}

#[test]
fn by_default_a_majority_has_what_is_written_and_read() {
    let Some(place) = Place::new() else { return };
    let commands = commands(&place, "", |mongo| mongo);
    concerns(&commands, "majority", "majority");
    // The server does each write once, however often it receives it.
    let writes = commands.iter().filter(|(name, _)| !READS.contains(&name.as_str()));
    for (name, command) in writes {
        assert!(["insert", "update", "delete"].contains(&name.as_str()), "{command}");
        assert!(command.get_document("lsid").is_ok() && command.get_i64("txnNumber").is_ok(), "{command}");
    }
    let batch = commands.iter().find(|(_, command)| command.get_bool("startTransaction").unwrap_or(false)).unwrap();
    assert_eq!(batch.0, "insert");
}

#[test]
fn the_address_can_set_the_concerns() {
    let Some(place) = Place::new() else { return };
    let options = "&w=1&readConcernLevel=local&journal=true&wTimeoutMS=4000";
    let commands = commands(&place, options, |mongo| mongo);
    concerns(&commands, 1, "local");
    let (_, insert) = commands.iter().find(|(name, _)| name == "insert").unwrap();
    let concern = insert.get_document("writeConcern").unwrap();
    assert_eq!((concern.get_bool("j").unwrap(), concern.get("wtimeout").unwrap().to_string()), (true, "4000".into()));
}

#[test]
fn the_methods_override_the_address() {
    let Some(place) = Place::new() else { return };
    let said = "&w=majority&readConcernLevel=majority";
    let quick = |mongo: Mongo| mongo.acknowledged_by(Acknowledgement::Nodes(1)).read_concern(ReadConcern::Local);
    concerns(&commands(&place, said, quick), 1, "local");
    let said = "&w=1&readConcernLevel=local";
    concerns(&commands(&place, said, |mongo| mongo.read_concern(ReadConcern::Linearizable)), 1, "linearizable");
    let careful = |mongo: Mongo| mongo.acknowledged_by(Acknowledgement::Majority).read_concern(ReadConcern::Majority);
    concerns(&commands(&place, said, careful), "majority", "majority");
}

#[test]
fn an_existing_schema_is_checked_and_not_created_again() {
    let Some(place) = Place::new() else { return };
    let (relay, store) = relayed::<Blogging>(&place, "", |mongo| mongo);
    let sent = || {
        relay.take("user");
        store.create_schema().unwrap();
        relay.take("user").into_iter().map(|command| command.keys().next().unwrap().clone()).collect::<Vec<_>>()
    };
    // The last command is for keys that the model does not declare.
    assert_eq!(sent(), ["listIndexes", "find", "listIndexes"]);
    store
        .repo::<Member>()
        .create(Member {
            username: Username("ann".to_owned()),
            email: Email("ann@example.com".to_owned()),
            profile: Profile { tagline: String::new(), image_uri: String::new() },
            num_cats: 2,
        })
        .unwrap();
    // Now there are rows that may not fit.
    assert!(sent().len() > 10, "{:?}", sent());
}

/// Each change is a statement in a command with many statements.
#[test]
fn a_change_by_query_is_a_few_commands_however_many_rows_it_changes() {
    let Some(place) = Place::new() else { return };
    for timestamps in [false, true] {
        let (relay, store) = relayed::<Blogging>(&place, "", |mongo| mongo);
        let options = Options::default().timestamps(timestamps);
        let timed = Longevity::<Blogging, _>::open_with(store.asynchronous().backend().clone(), options).unwrap();
        let members = timed.repo::<Member>();
        let member = |number| Member {
            username: Username(format!("user-{number}")),
            email: Email(format!("user-{number}@example.com")),
            profile: Profile { tagline: format!("I am the user number {number}"), image_uri: String::new() },
            num_cats: number,
        };
        members.create_many((0..3_000).map(member)).unwrap();
        relay.take("user");
        let patch = || Member::props().num_cats.increment(1);
        assert_eq!(members.update_where(Member::query(), patch()).unwrap(), 3_000);
        let sent = |name: &str| {
            let commands = relay.take("user");
            let writes = commands.iter().filter(|command| command.contains_key(name));
            let statements = writes.clone().map(|command| command.get_array(format!("{name}s")).unwrap().len());
            assert_eq!(statements.sum::<usize>(), 3_000, "{name}");
            writes.count()
        };
        assert_eq!(sent("update"), 1);
        // A store without times notices the times of the rows, and keeps them.
        assert_eq!(store.repo::<Member>().update_where(Member::query(), patch()).unwrap(), 3_000);
        let found = members.first(Member::query()).unwrap().unwrap();
        assert_eq!((found.row_version(), found.created_at().is_some()), (2, timestamps));
        relay.take("user");
        assert_eq!(members.delete_where(Member::query()).unwrap(), 3_000);
        assert_eq!(sent("delete"), 1);
    }
}

mod pages {
    use std::collections::BTreeMap;

    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    pub(super) struct Page {
        pub(super) number: i64,
        /// The property has no single place, so an order by it is computed.
        pub(super) marks: BTreeMap<Option<u8>, i64>,
    }

    #[derive(DomainModel)]
    #[domain_model(Page)]
    pub(super) struct Model;
}

/// The server sends as many rows as requested, and has to know that no more follow. Otherwise there is a second request, or
/// another command to close the cursor.
#[test]
fn a_page_is_one_round_trip() {
    use pages::{Model, Page};
    let Some(place) = Place::new() else { return };
    let (relay, store) = relayed::<Model>(&place, "", |mongo| mongo);
    let pages = store.repo::<Page>();
    pages.create_many((0..2_000).map(|number| Page { number, marks: [(Some(1), -number)].into() })).unwrap();
    let p = Page::props();
    let trips = || relay.take("page").iter().map(|command| command.keys().next().unwrap().clone()).collect::<Vec<_>>();
    trips();
    for limit in [1, 2, 100, 999, 1_000] {
        // The pages begin in the middle, end with the last row, or reach past it.
        for offset in [7, 2_000 - limit, 2_000 - limit / 2] {
            let page = || Page::query().offset(offset).limit(limit);
            let left = limit.min(2_000 - offset) as usize;
            assert_eq!(pages.find(page().order_by(p.number.asc())).unwrap().len(), left);
            assert_eq!(trips(), ["find"], "{limit} from {offset}");
            assert_eq!(pages.find(page().filter(p.number.ge(0))).unwrap().len(), left);
            assert_eq!(trips(), ["find"], "{limit} from {offset}, by id");
            assert_eq!(pages.find(page().order_by(p.marks.entry(Some(1)).asc())).unwrap().len(), left);
            assert_eq!(trips(), ["aggregate"], "{limit} from {offset}, computed");
        }
    }
    assert_eq!(pages.find(Page::query()).unwrap().len(), 2_000);
    assert_eq!(trips(), ["find"]);
    // If the rows do not fit into one batch, each batch takes a round trip.
    let (relay, store) = relayed::<Model>(&place, "", |mongo| mongo.batch_size(900));
    assert_eq!(store.repo::<Page>().find(Page::query()).unwrap().len(), 2_000);
    let commands: Vec<_> = relay.take("page").iter().map(|command| command.keys().next().unwrap().clone()).collect();
    assert_eq!(commands.iter().filter(|name| *name == "getMore").count(), 2, "{commands:?}");
}

mod counters {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Counter)]
    pub(super) struct Name(pub(super) String);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(name))]
    pub(super) struct Counter {
        pub(super) name: Name,
        pub(super) hits: i64,
        pub(super) small: u8,
        pub(super) ratio: f64,
        pub(super) log: Vec<String>,
        pub(super) note: Option<String>,
        pub(super) inner: Inner,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    pub(super) struct Inner {
        pub(super) number: i32,
        pub(super) maybe: Option<i32>,
    }

    #[derive(DomainModel)]
    #[domain_model(Counter)]
    pub(super) struct Counting;
}

#[test]
fn a_patch_is_one_round_trip() {
    use counters::{Counter, Counting, Inner, Name};
    let Some(place) = Place::new() else { return };
    let (relay, store) = relayed::<Counting>(&place, "", |mongo| mongo);
    let counters = store.repo::<Counter>();
    let inner = Inner { number: 1, maybe: None };
    let (log, name) = (vec!["a".to_owned()], Name("n".into()));
    let counter =
        Counter { name: name.clone(), hits: 0, small: 250, ratio: 0.5, log, note: None, inner: inner.clone() };
    let state = counters.create(counter).unwrap();
    let c = Counter::props();
    let trips = || {
        let commands = relay.take("counter");
        commands.iter().map(|command| command.keys().next().unwrap().clone()).collect::<Vec<_>>()
    };
    trips();
    // The same holds under the optimistic lock.
    let mut state = counters.patch(state, c.hits.increment(1) & c.note.set("under the lock")).unwrap();
    assert_eq!(trips(), ["update"]);

    let in_place = [
        c.hits.increment(1),
        c.hits.increment(-2) & c.small.increment(5_u8) & c.log.push("b"),
        c.note.set(None::<String>),
        c.ratio.set(1.5) & c.name.set(Name("n".into())),
        c.inner.set(inner),
        c.inner.number.increment(1) & c.inner.maybe.set(7),
    ];
    for patch in in_place {
        let patched = counters.patch_by(&name, patch.clone()).unwrap().unwrap();
        assert_eq!(trips(), ["findAndModify"], "{patch:?}");
        assert_eq!(patched.row_version(), state.row_version() + 1, "{patch:?}");
        state = patched;
    }
    let expected = Inner { number: 2, maybe: Some(7) };
    assert_eq!((state.hits, state.small, state.log.len(), &state.inner), (0, 255, 2, &expected));

    // A value out of range, in an option, or not an integer needs a read first.
    counters.patch_by(&name, c.small.increment(1_u8)).unwrap_err();
    assert_eq!(trips(), ["findAndModify", "find"]);
    counters.patch_by(&name, c.ratio.increment(0.5)).unwrap();
    assert_eq!(trips(), ["find", "update"]);
    counters.patch_by(&name, c.inner.maybe.increment(1)).unwrap();
    assert_eq!(trips(), ["find", "update"]);
    assert!(counters.patch_by(&Name("m".into()), c.hits.increment(1)).unwrap().is_none());
    assert_eq!(trips(), ["findAndModify", "find"]);
}

/// No caller would know whether a row exists, was changed or has a duplicate key.
#[test]
fn writes_without_an_answer_are_refused() {
    let Some(place) = Place::new() else { return };
    let uri = place.scratch.uri();
    let by_address = Mongo::new(format!("{uri}{}w=0", if uri.contains('?') { '&' } else { '?' }));
    for mongo in [by_address, place.mongo.clone().acknowledged_by(Acknowledgement::Nodes(0))] {
        let error = mongo.block_on(mongo.open(&[])).unwrap_err();
        let Some(MongoError::InvalidAddress { reason }) = MongoError::of(&error) else { panic!("{error}") };
        assert!(reason.contains("w=0"), "{reason}");
    }
}
