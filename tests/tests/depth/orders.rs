//! Orders by the greatest number of properties, and by more.

use longevity::backend::Backend;
use longevity::limits::ORDER_PROPERTIES;
use longevity::{Order, PersistentType, Query};

use crate::model::{Nested, Thing, things, with_things};
use crate::stores::{Store, assert_finds, assert_too_large, on_each_back_end};

on_each_back_end! {
    orders_by_the_most_properties_are_answered
    orders_by_more_properties_are_refused
    a_property_counts_once_in_an_order
}

/// This number of different properties: the entries of a map.
fn orders(many: usize) -> impl Iterator<Item = Order<Nested>> {
    let entry = |key: usize| Nested::props().marks.entry(format!("m{key}").as_str());
    (0..many).map(move |key| if key % 2 == 0 { entry(key).desc() } else { entry(key).asc() })
}

fn ordered(many: usize) -> Query<Nested> {
    orders(many).fold(Nested::query(), Query::order_by)
}

fn nested_names() -> Vec<String> {
    let nested = things().into_iter().filter(|thing| matches!(thing, Thing::Nested(_)));
    nested.map(|thing| thing.name().to_owned()).collect()
}

fn orders_by_the_most_properties_are_answered<B: Backend>(store: &Store<B>) {
    with_things(store);
    let all = store.repo::<Nested>();
    let names = |query| all.find(query).unwrap().into_iter().map(|state| state.name.0.clone()).collect::<Vec<_>>();
    // The entries after the third are absent in all rows.
    let expected = names(ordered(3));
    assert_eq!(names(ordered(ORDER_PROPERTIES)), expected);
    all.explain(ordered(ORDER_PROPERTIES)).unwrap();
    let (mut paged, mut at) = (Vec::new(), None);
    loop {
        let page = all.page(ordered(ORDER_PROPERTIES).limit(2), at.as_ref()).unwrap();
        paged.extend(page.states.into_iter().map(|state| state.name.0.clone()));
        at = page.next;
        if at.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected);
    let reversed = all.page(ordered(ORDER_PROPERTIES).limit(100), None).unwrap();
    assert_eq!(reversed.states.len(), nested_names().len());
}

fn orders_by_more_properties_are_refused<B: Backend>(store: &Store<B>) {
    with_things(store);
    let (all, n) = (store.repo::<Nested>(), Nested::props());
    for many in [ORDER_PROPERTIES + 1, 100, 2_000, 20_000] {
        let limit = format!("{ORDER_PROPERTIES} properties");
        let query = ordered(many);
        assert_too_large(all.find(query.clone()), &limit, "find");
        assert_too_large(all.stream(query.clone()).collect::<Result<Vec<_>, _>>(), &limit, "stream");
        assert_too_large(all.page(query.clone(), None), &limit, "page");
        assert_too_large(all.project(query.clone(), &n.number), &limit, "project");
        assert_too_large(all.distinct(query.clone(), &n.number), &limit, "distinct");
        assert_too_large(all.explain(query.clone()), &limit, "explain");
        assert_too_large(all.count(query.clone()), &limit, "count");
        assert_too_large(all.exists(query.clone()), &limit, "exists");
        assert_too_large(all.first(query.clone()), &limit, "first");
        assert_too_large(all.update_where(query.clone(), n.mark.set(1)), &limit, "update_where");
        assert_too_large(all.delete_where(query.clone()), &limit, "delete_where");
        assert!(!format!("{query:?}").is_empty());
    }
}

fn a_property_counts_once_in_an_order<B: Backend>(store: &Store<B>) {
    with_things(store);
    let p = Thing::props();
    let query = || (0..2_000).fold(Thing::query(), |query, _| query.order_by(p.mark.asc()).order_by(p.number.desc()));
    let names: Vec<_> = things().iter().map(|thing| thing.name().to_owned()).collect();
    assert_finds(store, &query, &names);
    let first = store.repo::<Thing>().first(query()).unwrap().unwrap();
    assert_eq!(first.name(), "n11");
    // The first mention of a property decides.
    let query = Thing::query().order_by(p.number.asc()).order_by(p.number.desc());
    assert_eq!(store.repo::<Thing>().first(query).unwrap().unwrap().name(), "n00");
}
