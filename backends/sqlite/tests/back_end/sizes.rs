//! Large queries. Long lists are looked up, and a query that is too large is refused with the limit.

use std::time::{Duration, Instant};

use longevity::backend::Backend;
use longevity::backend::Value;
use longevity::backend::value::Comparison;
use longevity::backend::{Direction, OrderBy, Predicate, Select};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::Query;
use longevity::{Access, Mem};
use longevity_core::{Path, Step};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Seat)]
struct SeatId {
    room: String,
    number: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
struct Colour {
    name: Option<String>,
    tone: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(seat_id), index(price))]
struct Seat {
    seat_id: SeatId,
    price: i64,
    colour: Colour,
    before: Option<SeatId>,
}

#[derive(DomainModel)]
#[domain_model(Seat)]
struct Theatre;

const ROWS: i64 = 20_000;

fn seat_id(at: i64) -> SeatId {
    SeatId { room: format!("r{}", at % 7), number: at }
}

fn colour(at: i64) -> Colour {
    Colour { name: (at % 3 > 0).then(|| format!("c{at}")), tone: at }
}

fn with_seats<B: Backend>(backend: B) -> Longevity<Theatre, B> {
    let store = Longevity::<Theatre, _>::open(backend).unwrap();
    store.create_schema().unwrap();
    let seat = |at: i64| Seat {
        seat_id: seat_id(at),
        price: at,
        colour: colour(at),
        before: (at % 5 > 0).then(|| seat_id(at - 1)),
    };
    store.repo().create_many((0..ROWS).map(seat)).unwrap();
    store
}

/// The time limit for a list of any length, which a slow machine keeps too. Searching the list for each row would take minutes.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn long_lists_of_any_values_are_looked_up() {
    let (sqlite, mem) = (with_seats(Sqlite::in_memory()), with_seats(Mem::new()));
    let s = Seat::props();
    for length in [1, 2, 3, 17, 100, 5_000, 17_000, 40_000] {
        // Every other value is stored.
        let numbers = || (0..length).map(|at| at * 2);
        let filters = [
            s.seat_id.is_in(numbers().map(seat_id)),
            s.seat_id.not_in(numbers().map(seat_id)),
            s.price.is_in(numbers()),
            s.price.not_in(numbers()),
            s.colour.is_in(numbers().map(colour)),
            s.colour.not_in(numbers().map(colour)),
            s.before.is_in(numbers().map(seat_id).map(Some).chain([None])),
            s.before.not_in(numbers().map(seat_id).map(Some).chain([None])),
            s.seat_id.number.is_in(numbers()),
        ];
        let there = numbers().filter(|at| *at < ROWS).count() as u64;
        for (at, filter) in filters.into_iter().enumerate() {
            let start = Instant::now();
            let found = sqlite.repo().count(Seat::query().filter(filter.clone())).unwrap();
            assert!(start.elapsed() < SOON, "filter {at} with {length} values: {:?}", start.elapsed());
            match at {
                0 | 2 | 4 | 8 => assert_eq!(found, there, "filter {at} with {length} values"),
                1 | 3 | 5 => assert_eq!(found, ROWS as u64 - there, "filter {at} with {length} values"),
                _ => {}
            }
            if length < 1_000 {
                assert_eq!(found, mem.repo().count(Seat::query().filter(filter)).unwrap(), "{at} with {length}");
            }
        }
    }
}

#[test]
fn a_long_list_of_keys_is_found_by_the_key() {
    let store = with_seats(Sqlite::in_memory());
    let seats = store.repo::<Seat>();
    for length in [2, 50, 17_000] {
        for query in [
            Seat::query().filter(Seat::props().seat_id.is_in((0..length).map(seat_id))),
            Seat::query().filter(Seat::props().price.is_in(0..length)),
            Seat::query().filter(Seat::props().price.is_in(0..length)).order_by(Seat::props().seat_id.number.asc()),
        ] {
            let plan = seats.explain(query).unwrap();
            assert!(matches!(plan.access, Access::Index { equal_columns: 1.., .. }), "{plan}");
            assert!(plan.warning.is_none(), "{plan}");
        }
    }
}

const PRICE: &Step = &Step::new("price");

fn price() -> Path {
    Path::root().then(PRICE)
}

/// Every operation refuses a query that exceeds a limit of SQLite, and names the limit.
#[test]
fn a_query_beyond_the_limits_of_a_statement_is_refused_with_the_limit() {
    // The thread has enough stack for the deep query.
    std::thread::Builder::new().stack_size(64 << 20).spawn(refuses_queries_that_are_too_large).unwrap().join().unwrap();
}

fn refuses_queries_that_are_too_large() {
    let store = Longevity::<Theatre, _>::open(Sqlite::in_memory()).unwrap();
    store.create_schema().unwrap();
    let seats = store.repo::<Seat>();
    let compare = |at| Predicate::Compare { path: price(), comparison: Comparison::Ne, operand: Value::Int(at) };
    let conjuncts = |many| Select::of(Predicate::And((0..many).map(compare).collect()));
    let orders = |many| Select {
        order: vec![OrderBy { path: price(), direction: Direction::Ascending }; many],
        ..Select::of(Predicate::True)
    };
    let nested = |deep| {
        let deeper = |inner: Predicate, at| Predicate::Not(Box::new(Predicate::And(vec![compare(at), inner])));
        Select::of((0..deep).fold(Predicate::True, deeper))
    };
    for answered in [conjuncts(32_000), orders(31), nested(24)] {
        assert_eq!(seats.find(Query::from_select(answered)).unwrap().len(), 0);
    }
    let too_large = [(conjuncts(33_000), "32766 values"), (orders(2_200), "31 properties"), (nested(600), "50 levels")];
    for (refused, limit) in too_large {
        let query = || Query::<Seat>::from_select(refused.clone());
        let mut errors = vec![
            seats.find(query()).err(),
            seats.explain(query()).map(drop).err(),
            seats.stream(query()).next().and_then(Result::err),
        ];
        if refused.order.is_empty() {
            errors.extend([seats.count(query()).err(), seats.exists(query()).err()]);
        }
        for error in errors {
            let error = error.unwrap_or_else(|| panic!("not refused: {limit}"));
            assert!(matches!(error, Error::QueryTooLarge { backend: "sqlite", .. }), "{error:?}");
            assert!(error.to_string().contains(limit), "{error}");
        }
    }
}
