//! Queries: an index finds the same rows as evaluating every row, in the same order.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test panics where it fails")]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use longevity_core::backend::Session;
use longevity_core::backend::{Direction, OrderBy, Predicate, Select, Subject, evaluate};
use longevity_core::value::Comparison;
use longevity_core::{Path, RowId, Value};
use proptest::prelude::*;

/// The result without any index or plan.
fn expected(rows: &[(RowId, u64, User)], select: &Select) -> Vec<RowId> {
    let mut found: Vec<_> = rows
        .iter()
        .filter(|(id, _, user)| {
            let subject = Subject { id: *id, discriminator: Some(user.discriminator()) };
            evaluate(&select.predicate, subject, &|path| user.value_at(path))
        })
        .map(|(id, _, user)| {
            let values: Vec<_> = select.order.iter().map(|by| user.value_at(by.path.steps()).to_value()).collect();
            (values, *id)
        })
        .collect();
    found.sort_by(|(a, a_id), (b, b_id)| {
        let by_order = select.order.iter().zip(a.iter().zip(b)).map(|(by, (a, b))| match by.direction {
            Direction::Ascending => a.cmp(b),
            Direction::Descending => b.cmp(a),
        });
        by_order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(match select.ties {
            Direction::Ascending => a_id.cmp(b_id),
            Direction::Descending => b_id.cmp(a_id),
        })
    });
    let window = found.into_iter().skip(select.offset as usize).take(select.limit.unwrap_or(u64::MAX) as usize);
    window.map(|(_, id)| id).collect()
}

fn check(users: &Users, select: &Select) -> Result<(), TestCaseError> {
    let all = users.all();
    let explanation = now(users.mem.explain(&users.table, select.clone())).unwrap();
    let expected_ids = expected(&all, select);
    prop_assert_eq!(&users.find(select.clone()), &expected_ids, "find: {}", explanation);
    prop_assert_eq!(&rest(users.stream(select.clone())), &expected_ids, "stream: {}", explanation);
    let unlimited = Select { order: Vec::new(), offset: 0, limit: None, ..select.clone() };
    let matching = expected(&all, &unlimited).len() as u64;
    prop_assert_eq!(users.count(select.predicate.clone()), matching, "count: {}", explanation);
    let exists = now(users.mem.exists(&users.table, select.predicate.clone())).unwrap();
    prop_assert_eq!(exists, matching > 0, "exists: {}", explanation);
    Ok(())
}

/// Few values, so that they coincide; awkward ones are among them.
fn texts() -> impl Strategy<Value = String> {
    let long = "a string that is too long to be held in place".to_owned();
    prop::sample::select(vec![
        String::new(),
        "a".to_owned(),
        "a\0".to_owned(),
        "a\0b".to_owned(),
        "a\u{1}".to_owned(),
        "b".to_owned(),
        "é".to_owned(),
        long.clone(),
        long + "!",
    ])
}

fn numbers() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![i64::MIN, -2, -1, 0, 1, 2, 255, 256, i64::MAX])
}

fn floats() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![f64::NAN, f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-310, 1.5, f64::INFINITY])
}

fn members_strategy() -> impl Strategy<Value = Member> {
    let tags = prop::collection::vec(texts(), 0..3);
    (texts(), texts(), (texts(), numbers()), numbers(), floats(), prop::option::of(texts()), tags).prop_map(
        |(username, email, (region, number), cats, rating, nick, tags)| Member {
            username,
            email,
            code: Code { region, number },
            cats,
            rating,
            nick,
            tags,
        },
    )
}

fn users_strategy() -> impl Strategy<Value = User> {
    prop_oneof![
        3 => members_strategy().prop_map(User::from),
        1 => (texts(), numbers()).prop_map(|(username, cats)| Commenter { username, cats }.into()),
    ]
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    use Comparison::*;
    prop::sample::select(vec![Eq, Eq, Eq, Ne, Lt, Le, Gt, Ge])
}

fn text_values() -> impl Strategy<Value = Value> {
    prop_oneof![9 => texts().prop_map(|text| Value::Text(text.into())), 1 => Just(Value::NONE)]
}

fn atoms() -> impl Strategy<Value = Predicate> {
    let compare_with = |path: Path, operands: BoxedStrategy<Value>| {
        (comparisons(), operands).prop_map(move |(comparison, operand)| Predicate::Compare {
            path: path.clone(),
            comparison,
            operand,
        })
    };
    let numbers = || numbers().prop_map(Value::Int).boxed();
    let code = (texts(), common_number()).prop_map(|(region, number)| {
        Value::Record(vec![("region", Value::Text(region.into())), ("number", Value::Int(number))])
    });
    let whole_code =
        (prop::sample::select(vec![Comparison::Eq, Comparison::Ne]), prop_oneof![9 => code, 1 => Just(Value::NONE)])
            .prop_map(|(comparison, operand)| Predicate::Compare { path: path(&[&CODE]), comparison, operand });
    prop_oneof![
        3 => compare_with(path(&[&USERNAME]), text_values().boxed()),
        1 => compare_with(path(&[&EMAIL]), text_values().boxed()),
        1 => compare_with(path(&[&CODE, &REGION]), text_values().boxed()),
        1 => compare_with(path(&[&CODE, &NUMBER]), numbers()),
        2 => whole_code,
        4 => compare_with(path(&[&CATS]), numbers()),
        3 => compare_with(path(&[&RATING]), floats().prop_map(Value::Float).boxed()),
        3 => compare_with(path(&[&NICK]), text_values().boxed()),
        1 => text_values().prop_map(|element| Predicate::contains(path(&[&TAGS]), element)),
        2 => among(path(&[&USERNAME]), text_values().boxed()),
        2 => among(path(&[&CATS]), numbers()),
        1 => among(path(&[&RATING]), floats().prop_map(Value::Float).boxed()),
        1 => (comparisons(), 0..12_u128)
            .prop_map(|(comparison, id)| Predicate::Id { comparison, id: RowId::from_u128(id) }),
        1 => prop::sample::select(vec![Predicate::True, Predicate::False]),
        2 => prop::sample::select(vec![MEMBER, COMMENTER, CANONICAL]).prop_map(Predicate::Scope),
    ]
}

fn among(path: Path, operands: BoxedStrategy<Value>) -> impl Strategy<Value = Predicate> {
    (prop::collection::vec(operands, 0..4), any::<bool>()).prop_map(move |(operands, negated)| Predicate::In {
        path: path.clone(),
        operands,
        negated,
    })
}

fn common_number() -> impl Strategy<Value = i64> {
    numbers()
}

fn predicates() -> impl Strategy<Value = Predicate> {
    let nested = atoms().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::Or),
            inner.prop_map(|part| Predicate::Not(Box::new(part))),
        ]
    });
    // This is mostly what a repository sends: a scope and a chain of conjuncts.
    (any::<bool>(), prop::collection::vec(prop_oneof![3 => atoms(), 1 => nested], 0..4)).prop_map(
        |(scoped, conjuncts)| {
            conjuncts.into_iter().fold(if scoped { members() } else { Predicate::True }, Predicate::and)
        },
    )
}

fn selects() -> impl Strategy<Value = Select> {
    let paths: Vec<_> = [&[&USERNAME][..], &[&CATS], &[&RATING], &[&NICK], &[&CODE, &REGION], &[&CODE, &NUMBER]]
        .into_iter()
        .map(path)
        .collect();
    let order = (prop::collection::vec((prop::sample::select(paths), any::<bool>()), 0..3), prop::bool::weighted(0.7))
        .prop_map(|(order, alike)| {
            let first = order.first().is_some_and(|(_, descending)| *descending);
            order
                .into_iter()
                .map(|(path, descending)| {
                    let descending = if alike { first } else { descending };
                    let direction = if descending { Direction::Descending } else { Direction::Ascending };
                    OrderBy { path, direction }
                })
                .collect()
        });
    let ties = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
    (predicates(), order, ties, prop_oneof![2 => Just(0_u64), 1 => 0..5_u64], prop::option::of(0..9_u64)).prop_map(
        |(predicate, order, ties, offset, limit)| Select { order, ties, offset, limit, ..Select::of(predicate) },
    )
}

/// A write to the row at this place, or an insert.
#[derive(Clone, Debug)]
enum Write {
    Insert(User),
    Replace(usize, User),
    Delete(usize),
}

fn writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        6 => users_strategy().prop_map(Write::Insert),
        3 => (any::<usize>(), users_strategy()).prop_map(|(place, user)| Write::Replace(place, user)),
        1 => any::<usize>().prop_map(Write::Delete),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_index_finds_what_a_scan_finds(
        rows in prop::collection::vec(members_strategy(), 0..60),
        commenters in 0..5_i64,
        selects in prop::collection::vec(selects(), 12),
    ) {
        let users = Users::new();
        for (number, row) in rows.into_iter().enumerate() {
            // The values are unique and still awkward.
            let code = Code { number: number as i64, ..row.code };
            let unique = |text: String| format!("{text}{number}");
            users.insert(Member { username: unique(row.username), email: unique(row.email), code, ..row }).unwrap();
        }
        for number in 0..commenters {
            users.insert(commenter(number)).unwrap();
        }
        for select in &selects {
            check(&users, select)?;
        }
    }

    #[test]
    fn keys_and_indexes_follow_any_history(
        writes in prop::collection::vec(writes(), 0..80),
        selects in prop::collection::vec(selects(), 3),
    ) {
        let users = Users::new();
        let mut rows: Vec<(RowId, User)> = Vec::new();
        for write in writes {
            match write {
                Write::Insert(user) => match users.insert(user.clone()) {
                    Ok(id) => {
                        prop_assert!(!is_taken(&rows, None, &user));
                        rows.push((id, user));
                    }
                    Err(_) => prop_assert!(is_taken(&rows, None, &user)),
                },
                Write::Replace(place, user) if !rows.is_empty() => {
                    let place = place % rows.len();
                    let id = rows[place].0;
                    let replaced = users.replace(id, None, user.clone()).is_ok();
                    prop_assert_eq!(replaced, !is_taken(&rows, Some(id), &user));
                    if replaced {
                        rows[place].1 = user;
                    }
                }
                Write::Delete(place) if !rows.is_empty() => users.delete(rows.swap_remove(place % rows.len()).0).unwrap(),
                _ => {}
            }
        }
        let stored: HashMap<_, _> = users.all().into_iter().map(|(id, _, user)| (id, user)).collect();
        // They are compared as text, because NaN does not equal itself.
        let shown = |user: &User| format!("{user:?}");
        prop_assert_eq!(stored.len(), rows.len());
        prop_assert!(rows.iter().all(|(id, user)| stored.get(id).map(shown) == Some(shown(user))));
        users.check_indexes();
        for select in &selects {
            check(&users, select)?;
        }
    }
}

/// Whether another row has one of the user's key values.
fn is_taken(rows: &[(RowId, User)], own: Option<RowId>, user: &User) -> bool {
    rows.iter().filter(|(id, _)| Some(*id) != own).any(|(_, other)| {
        let same_username = user.value_at(&[&USERNAME]).to_value() == other.value_at(&[&USERNAME]).to_value();
        same_username
            || match (user, other) {
                (User::Member(user), User::Member(other)) => user.email == other.email || user.code == other.code,
                _ => false,
            }
    })
}

#[test]
fn equal_values_come_by_id_in_both_directions() {
    let users = Users::new();
    let half = |number: i64| Member { cats: number % 2, rating: (number % 2) as f64, ..member(number) };
    // The later ids have the smaller names, which are the next column of the index on cats.
    let ids = users.insert_many((0..6).rev().map(|number| half(number).into())).unwrap();
    let [f, e, d, c, b, a] = ids[..] else { panic!("six rows") };
    for step in [&CATS, &RATING] {
        let by = |direction| Select { order: vec![OrderBy { path: path(&[step]), direction }], ..select(members()) };
        assert_eq!(users.find(by(Direction::Ascending)), [e, c, a, f, d, b], "{}", step.name);
        assert_eq!(users.find(by(Direction::Descending)), [f, d, b, e, c, a], "{}", step.name);
        let greatest_first = |direction| Select { ties: Direction::Descending, ..by(direction) };
        assert_eq!(users.find(greatest_first(Direction::Ascending)), [a, c, e, b, d, f], "{}", step.name);
        assert_eq!(users.find(greatest_first(Direction::Descending)), [b, d, f, a, c, e], "{}", step.name);
    }
    let greatest_first = |predicate| Select { ties: Direction::Descending, ..select(predicate) };
    assert_eq!(users.find(greatest_first(Predicate::True)), [a, b, c, d, e, f]);
    assert_eq!(users.find(greatest_first(members().and(compare(&[&CATS], Comparison::Eq, 1)))), [b, d, f]);
}

#[test]
fn an_unordered_query_through_an_index_comes_by_id() {
    let users = Users::new();
    let ids = users.insert_many([3, 1, 2].map(|number| Member { cats: 5, ..member(number) }.into())).unwrap();
    assert_eq!(users.find(select(members().and(compare(&[&CATS], Comparison::Eq, 5)))), ids);
    assert_eq!(users.find(select(compare(&[&USERNAME], Comparison::Gt, ""))), ids);
}

#[test]
fn a_range_finds_neither_the_absent_nor_nan() {
    let users = Users::new();
    let with = |number, nick: Option<&str>, rating| Member { nick: nick.map(str::to_owned), rating, ..member(number) };
    users.insert(with(1, None, f64::NAN)).unwrap();
    users.insert(with(2, Some(""), f64::NEG_INFINITY)).unwrap();
    let count = |predicate| users.count(members().and(predicate));
    assert_eq!(count(compare(&[&NICK], Comparison::Lt, "z")), 1);
    assert_eq!(count(compare(&[&NICK], Comparison::Ge, Value::NONE)), 0);
    assert_eq!(count(compare(&[&NICK], Comparison::Eq, Value::NONE)), 1);
    assert_eq!(count(compare(&[&RATING], Comparison::Lt, Value::Float(0.0))), 1);
    assert_eq!(count(compare(&[&RATING], Comparison::Le, Value::Float(f64::NAN))), 1);
    assert_eq!(count(compare(&[&RATING], Comparison::Ge, Value::Float(f64::NAN))), 1);
    assert_eq!(count(compare(&[&RATING], Comparison::Lt, Value::Float(f64::NAN))), 0);
}

#[test]
fn counts_by_an_index_alone_look_at_no_row() {
    let users = Users::new();
    users.insert_many((0..40).map(|number| Member { cats: number % 8, ..member(number) }.into())).unwrap();
    users.insert(commenter(3)).unwrap();
    let accesses = |predicate: &Predicate| {
        let accesses = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accesses);
        ON_ACCESS.set(Some(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })));
        let found = (users.count(predicate.clone()), now(users.mem.exists(&users.table, predicate.clone())).unwrap());
        ON_ACCESS.set(None);
        (accesses.load(Ordering::Relaxed), found)
    };
    let cats = |comparison, number: i64| compare(&[&CATS], comparison, number);
    let among = Predicate::In { path: path(&[&CATS]), operands: [1, 9, 7].map(Value::Int).into(), negated: false };
    for (predicate, rows) in [
        (Predicate::True, 41),
        (members(), 40),
        (members().and(cats(Comparison::Eq, 3)), 5),
        (members().and(cats(Comparison::Gt, 3)).and(cats(Comparison::Le, 5)), 10),
        (members().and(among), 10),
        (members().and(cats(Comparison::Gt, 7)), 0),
    ] {
        assert_eq!(accesses(&predicate), (0, (rows, rows > 0)), "{predicate:?}");
    }
    // What the index does not decide is evaluated for each candidate.
    let (asked, found) = accesses(&members().and(cats(Comparison::Eq, 3)).and(cats(Comparison::Ne, 4)));
    assert_eq!(found, (5, true));
    assert!(asked >= 5, "{asked}");
}

#[test]
fn room_for_all_rows_is_reserved_at_once() {
    let users = Users::new();
    for number in 0..10 {
        users.insert(member(number)).unwrap();
    }
    let window = |offset, limit| {
        let found = users.found(Select { offset, limit, ..Select::of(Predicate::True) });
        (found.expected, found.ids.len())
    };
    assert_eq!(window(0, None), (Some(10), 10));
    assert_eq!(window(7, None), (Some(3), 3));
    assert_eq!(window(7, Some(2)), (Some(2), 2));
    assert_eq!(window(12, None), (Some(0), 0));
    // Rows that satisfy a predicate are not counted beforehand.
    assert_eq!(users.found(Select::of(Predicate::Scope(CANONICAL))).expected, None);
}
