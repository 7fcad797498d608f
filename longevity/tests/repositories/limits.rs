//! Queries and changes at the limits and beyond them.

use longevity::limits::{DOCUMENT_LEVELS, FILTER_LEVELS, ORDER_PROPERTIES};
use longevity::prelude::*;
use longevity::query::{Filter, Prop, Query};

use super::model::{Chain, Page, Url, chain, lists, page, site};

/// A filter of this many levels that is true of each page.
fn filter(levels: usize) -> Filter<Page> {
    let views = Page::props().views;
    (1..levels as i64).fold(views.gt(0), |filter, number| match number % 2 {
        0 => filter & views.gt(-number),
        _ => filter | views.gt(-number),
    })
}

fn ordered(properties: usize) -> Query<Page> {
    let marks = Page::props().marks;
    (0..properties).fold(Page::query(), |query, key| query.order_by(marks.entry(format!("m{key}").as_str()).asc()))
}

/// The property of the link that is this many steps down.
fn link(steps: usize) -> Prop<Page, Chain> {
    (2..steps).fold(Page::props().chain.some(), |link, _| link.next.some().inner())
}

#[test]
fn queries_are_answered_up_to_the_limits_and_refused_beyond() {
    let (_, store) = site();
    let pages = store.repo::<Page>();
    pages.create(page("/")).unwrap();
    // Asks a query in each way, and returns how many rows each finds.
    let ask = |query: Query<Page>| {
        let streamed = pages.stream(query.clone()).collect::<Result<Vec<_>, _>>().map(|states| states.len() as u64);
        [
            pages.find(query.clone()).map(|states| states.len() as u64),
            pages.count(query.clone()),
            pages.exists(query.clone()).map(u64::from),
            pages.page(query.clone().limit(9), None).map(|page| page.states.len() as u64),
            pages.project(query.clone(), &Page::props().views).map(|views| views.len() as u64),
            pages.explain(query).map(|_| 1),
            streamed,
        ]
    };
    let answered = |query: Query<Page>| {
        for (way, answer) in ask(query).into_iter().enumerate() {
            assert_eq!(answer.unwrap(), 1, "{way}");
        }
    };
    let refused = |query: Query<Page>, limit: &str| {
        for (way, answer) in ask(query).into_iter().enumerate() {
            let error = answer.unwrap_err();
            assert!(matches!(error, Error::QueryTooLarge { .. }), "{way}: {error}");
            assert!(error.to_string().contains(limit), "{way}: {error}");
        }
    };
    let filtered = |filter: Filter<Page>| Page::query().filter(filter);

    answered(filtered(filter(FILTER_LEVELS)));
    refused(filtered(filter(FILTER_LEVELS + 1)), "50 levels");
    // Levels that the type of the filter does not track.
    let deep = filter(FILTER_LEVELS).into_predicate();
    refused(filtered(Filter::from_predicate(longevity::backend::Predicate::Not(Box::new(deep)))), "50 levels");

    answered(ordered(ORDER_PROPERTIES));
    refused(ordered(ORDER_PROPERTIES + 1), "31 properties");

    let p = Page::props();
    let deepest = || lists(DOCUMENT_LEVELS);
    answered(filtered(
        p.lists.ne(deepest()) & p.lists.not_in([deepest(), lists(2)]) & !p.more_lists.contains(deepest()),
    ));
    let deeper = || lists(DOCUMENT_LEVELS + 1);
    for filter in [p.lists.ne(deeper()), p.lists.not_in([lists(1), deeper()]), p.more_lists.contains(deeper())] {
        refused(filtered(p.views.eq(1) & filter), "100 levels");
    }

    answered(filtered(!link(DOCUMENT_LEVELS).link.eq(1)));
    refused(filtered(!link(DOCUMENT_LEVELS + 1).link.eq(1)), "100 levels");
    refused(Page::query().order_by(link(DOCUMENT_LEVELS + 1).link.asc()), "100 levels");
}

#[test]
fn values_and_aggregates_are_refused_below_the_deepest_level_of_a_document() {
    let (_, store) = site();
    let pages = store.repo::<Page>();
    pages.create(page("/")).unwrap();
    let (all, at) = (|| Page::query().all(), |steps| link(steps).link.optional());
    assert_eq!(pages.project(all(), &at(DOCUMENT_LEVELS)).unwrap(), [None]);
    assert_eq!(pages.distinct(all(), &at(DOCUMENT_LEVELS)).unwrap(), [None]);
    let errors = [
        pages.project(all(), &at(DOCUMENT_LEVELS + 1)).unwrap_err(),
        pages.distinct(all(), &at(DOCUMENT_LEVELS + 1)).unwrap_err(),
        pages.aggregate(all(), link(DOCUMENT_LEVELS + 1).link.sum()).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::QueryTooLarge { .. }), "{error}");
    }
}

#[test]
fn changes_are_refused_below_the_deepest_level_of_a_document() {
    let (_, store) = site();
    let pages = store.repo::<Page>();
    pages.create(Page { chain: Some(chain(3)), ..page("/") }).unwrap();
    let p = Page::props();
    let key = || Url("/".into());
    assert!(pages.patch_by(&key(), link(DOCUMENT_LEVELS).link.set(1)).unwrap().is_some());
    // Two changes of the same property need a look at the row.
    let with = |levels: usize| p.lists.set(lists(levels)) & p.lists.set(lists(levels));
    assert!(pages.patch_by(&key(), with(DOCUMENT_LEVELS - 1)).unwrap().is_some());
    assert_eq!(pages.update_where(Page::query().all(), with(DOCUMENT_LEVELS - 1)).unwrap(), 1);
    let too_deep = [
        pages.patch_by(&key(), with(DOCUMENT_LEVELS)).unwrap_err(),
        pages.patch_by(&key(), with(DOCUMENT_LEVELS + 1)).unwrap_err(),
        pages.update_where(Page::query().all(), with(DOCUMENT_LEVELS)).unwrap_err(),
        pages.create(Page { lists: lists(DOCUMENT_LEVELS), ..page("/deep") }).unwrap_err(),
    ];
    for error in too_deep {
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    // A value that is too deep is refused even if it would not be written: the chain is too short for it.
    let unwritten = link(8).set(chain(DOCUMENT_LEVELS + 1));
    let error = pages.patch_by(&key(), unwritten).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let error = pages.patch_by(&key(), link(DOCUMENT_LEVELS + 1).link.set(1)).unwrap_err();
    assert!(matches!(error, Error::QueryTooLarge { .. }), "{error}");
    pages.create(Page { lists: lists(DOCUMENT_LEVELS - 1), ..page("/deep") }).unwrap();
    let state = pages.retrieve_one(&key()).unwrap();
    assert!(pages.patch(state, with(DOCUMENT_LEVELS)).is_err());
}
