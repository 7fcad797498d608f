//! A store that requires indexes refuses queries that no index serves, in every operation.

use longevity::Options;
use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::{by_type, count};

use crate::model::{Club, Dice, Person, Player, person};

fn require_indexes<B: Backend>(backend: B) {
    let store = Longevity::<Club, _>::open_with(backend, Options::default().require_indexes(true)).unwrap();
    store.create_schema().unwrap();
    let (people, players) = (store.repo::<Person>(), store.repo::<Player>());
    let mut dice = Dice::new(31);
    people.create_many((0..20).map(|_| person(&mut dice))).unwrap();
    let (u, p) = (Person::props(), Player::props());
    let scan = || Player::query().filter(p.tags.contains("x"));
    let refused = |what: &str, error: Option<Error>| {
        let error = error.unwrap_or_else(|| panic!("{}: {what} was not refused", B::NAME));
        assert!(matches!(error, Error::NotIndexed { .. }), "{} {what}: {error}", B::NAME);
        assert!(error.to_string().starts_with("Player: no index serves the filter: "), "{error}");
    };

    refused("find", players.find(scan()).err());
    refused("first", players.first(scan()).err());
    refused("exactly_one", players.exactly_one(scan()).err());
    refused("count", players.count(scan()).err());
    refused("exists", players.exists(scan()).err());
    refused("page", players.page(scan().limit(3), None).err());
    refused("project", players.project(scan(), &p.name).err());
    refused("distinct", players.distinct(scan(), &p.name).err());
    refused("aggregate", players.aggregate(scan(), count()).err());
    refused("group", players.group(scan(), by_type(), count()).err());
    refused("update_where", players.update_where(scan(), p.name.set("x")).err());
    refused("delete_where", players.delete_where(scan()).err());
    let mut rows = players.stream(scan());
    refused("stream", rows.next().and_then(Result::err));
    assert!(rows.next().is_none());
    let everyone = Person::query().filter(u.name.eq("ann"));
    assert!(people.explain(everyone.clone()).unwrap().warning.is_some(), "{}", B::NAME);
    assert!(matches!(people.find(everyone.clone()), Err(Error::NotIndexed { .. })));
    assert!(matches!(people.stream(everyone).next(), Some(Err(Error::NotIndexed { .. }))));
    let by_name = people.find(Person::query().order_by(u.name.asc())).unwrap_err();
    assert!(by_name.to_string().starts_with("Person: no index serves the order: "), "{by_name}");

    // The type has an index by which its rows could be read one by one and then sorted, but that does not serve the order.
    let by_name = players.find(Player::query().order_by(p.name.desc())).unwrap_err();
    assert!(by_name.to_string().starts_with("Player: no index serves the order: "), "{}: {by_name}", B::NAME);

    let by_level = Player::query().order_by(p.level.desc());
    for served in [Player::query().all(), Player::query().filter(p.level.eq(Some(Some(7)))), by_level] {
        assert!(players.find(served.clone()).is_ok(), "{}", B::NAME);
        assert!(players.stream(served).all(|state| state.is_ok()));
    }
    assert!(people.find(Person::query().filter(u.team.name.eq("reds"))).is_ok());
    let store = store.asynchronous().clone();
    let in_turn = async {
        let mut all = store.repo::<Person>().stream(Person::query().filter(Person::props().name.eq("ann")));
        let first = all.next().await;
        (first, all.next().await.is_none())
    };
    let (first, ended) = store.backend().block_on(in_turn);
    assert!(matches!(first, Some(Err(Error::NotIndexed { .. }))) && ended);
}

#[test]
fn queries_that_no_index_serves_are_refused() {
    require_indexes(Mem::new());
    require_indexes(Sqlite::in_memory());
    if !longevity_mongod::left_out() {
        let scratch = longevity_tests::mongo::Scratch::new().unwrap();
        require_indexes(scratch.mongo());
    }
}
