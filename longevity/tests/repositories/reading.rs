//! What queries find: windows, the first row, the only row, pages and their cursors.

use longevity::limits::ORDER_PROPERTIES;
use longevity::prelude::*;
use longevity::query::Filter;

use super::model::{Guest, Member, User, site};

#[test]
fn a_limit_of_zero_finds_nothing() {
    let (_, store) = site();
    let users = store.repo::<User>();
    let none = || User::query().limit(0);
    assert!(users.find(none()).unwrap().is_empty());
    assert!(users.first(none()).unwrap().is_none());
    assert!(users.exactly_one(none()).unwrap_err().is_not_found());
    assert!(!users.exists(none()).unwrap());
    assert_eq!(users.count(none()).unwrap(), 0);
    let page = users.page(none(), None).unwrap();
    assert!(page.states.is_empty() && page.previous.is_none());
    assert!(users.stream(none()).next().is_none());
}

#[test]
fn a_window_counts_rows_in_the_order_of_the_query() {
    let (_, store) = site();
    let users = store.repo::<User>();
    let window = |offset, limit| User::query().order_by(User::props().visits.desc()).offset(offset).limit(limit);
    let visits = |offset, limit| users.project(window(offset, limit), &User::props().visits).unwrap();
    assert_eq!(visits(0, 2), [3, 2]);
    assert_eq!(visits(1, 9), [2, 1]);
    assert_eq!(visits(3, 9), Vec::<i64>::new());
    for (offset, limit, count) in [(0, 2, 2), (2, 2, 1), (3, 1, 0), (9, 9, 0), (0, u64::MAX, 3), (u64::MAX, 1, 0)] {
        assert_eq!(users.count(window(offset, limit)).unwrap(), count, "{offset} {limit}");
        assert_eq!(users.exists(window(offset, limit)).unwrap(), count > 0, "{offset} {limit}");
    }
    let first = |offset| users.first(window(offset, 5)).unwrap();
    assert!(matches!(first(0).unwrap().get(), User::Guest(Guest { visits: 3, .. })));
    assert!(first(2).is_some() && first(3).is_none());
    assert!(users.exactly_one(window(2, 5)).is_ok());
    assert!(users.exactly_one(window(0, 1)).is_ok(), "the window has one");
    assert!(matches!(users.exactly_one(window(0, 5)), Err(Error::NotUnique { type_name: "User" })));
}

#[test]
fn a_derived_types_filter_is_true_of_its_own_rows_alone() {
    let (_, store) = site();
    let (users, m) = (store.repo::<User>(), Member::props());
    let count = |filter: Filter<User>| users.count(User::query().filter(filter)).unwrap();
    assert_eq!(count(m.note.is_none().widen()), 2, "a guest has no note, and is not a member");
    assert_eq!(count(!m.note.is_none().widen()), 1);
    assert_eq!(count(User::props().visits.gt(2) | m.level.ne(1)), 3);
    assert_eq!(count(User::is::<Guest>() & m.level.ne(1)), 0);
    assert_eq!(users.count(User::query().filter(m.level.ne(1) & User::props().visits.gt(1))).unwrap(), 1);
}

#[test]
fn a_cursor_belongs_to_one_type() {
    let (_, store) = site();
    let (users, members) = (store.repo::<User>(), store.repo::<Member>());
    let visits = || User::props().visits.asc();
    let of_users = users.page(User::query().order_by(visits()).limit(1), None).unwrap().next.unwrap();
    let error = members.page(Member::query().order_by(visits()).limit(1), Some(&of_users)).unwrap_err();
    assert!(matches!(error, Error::InvalidCursor { .. }), "{error}");
    let next = users.page(User::query().order_by(visits()).limit(1), Some(&of_users)).unwrap();
    assert_eq!(next.states.len(), 1);
}

#[test]
fn a_query_keeps_its_filter_when_nothing_is_added() {
    let (_, store) = site();
    let users = store.repo::<User>();
    let u = User::props();
    let several = || User::query().filter(u.visits.gt(1));
    let count = |query| users.count(query).unwrap();
    assert_eq!(count(several().all()), 2);
    assert_eq!(count(several().filter_some(None::<Filter<User>>)), 2);
    assert_eq!(count(several().filter_some(Some(u.visits.lt(3)))), 1);
    assert_eq!(count(User::query().filter_some(Some(u.visits.lt(2)))), 1);
}

#[test]
fn a_second_order_by_the_same_property_changes_nothing() {
    let (_, store) = site();
    let visits = User::props().visits;
    let again =
        (0..=ORDER_PROPERTIES).fold(User::query().order_by(visits.desc()), |query, _| query.order_by(visits.asc()));
    assert_eq!(store.repo::<User>().project(again, &visits).unwrap(), [3, 2, 1]);
}

#[test]
fn the_next_state_of_a_stream_can_be_awaited() {
    let (_, store) = site();
    let users = store.asynchronous().repo::<User>();
    longevity::blocking::block_on(async {
        let mut states = users.stream(User::query().order_by(User::props().visits.asc()));
        let mut ids = Vec::new();
        while let Some(state) = states.next().await {
            ids.push(state.unwrap().id());
        }
        assert_eq!(ids.len(), 3);
    });
}
