//! Values that contain themselves, as operands: they are found where they are stored, and refused by name if they are too deep to
//! be stored.

use longevity::backend::Backend;
use longevity::limits::DOCUMENT_LEVELS;
use longevity::query::Operand;
use longevity::{Error, Filter, PersistentType, Query};

use crate::model::{Formula, Nested, Thing, chain, folder, lists, negatives, nested, odd, sums, tree};
use crate::stores::{Store, ask_everything, assert_refused, on_each_back_end};

on_each_back_end! {
    values_that_hold_themselves_are_found
    operands_as_deep_as_documents_are_answered_or_refused_by_name
    queries_are_refused_before_they_are_sent
    operands_of_thousands_of_levels_are_refused
}

/// Each kind of condition, with an operand of this number of levels.
fn questions(many: usize) -> Vec<Filter<Nested>> {
    let n = Nested::props();
    let filters = vec![
        n.chain.eq(chain(many)),
        n.chain.ne(chain(many)),
        n.chain.some().eq(chain(many)),
        n.chain.is_in([Some(chain(many)), None]),
        n.chain.not_in([chain(many), chain(1)].map(Some)),
        n.chains.contains(chain(many)),
        n.chains.contains_any([chain(many), chain(2)]),
        n.chains.eq(vec![chain(1), chain(many)]),
        n.lists.eq(lists(many)),
        n.lists.is_in([lists(many), lists(1)]),
        n.tree.eq(tree(many)),
        n.formula.eq(sums(many)),
        n.formula.eq(negatives(many)),
        n.folder.eq(folder(many)),
        n.odd.eq(odd(many)),
    ];
    filters
}

fn values_that_hold_themselves_are_found<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    let n = Nested::props();
    for many in [1, 2, 3, 4] {
        let mut deep = nested(&format!("n{many}"), many as i64);
        deep.chain = Some(chain(many));
        deep.chains = (1..=many).map(chain).collect();
        (deep.lists, deep.tree, deep.folder, deep.odd) = (lists(many), tree(many), folder(many), odd(many));
        deep.formula = sums(many);
        all.create(deep).unwrap();
    }
    let found = |filter: Filter<Nested>| {
        let states = all.find(Nested::query().filter(filter).order_by(n.number.asc())).unwrap();
        states.iter().map(|state| state.number).collect::<Vec<_>>()
    };
    for many in [1, 2, 3, 4] {
        let number = many as i64;
        assert_eq!(found(n.chain.eq(chain(many))), [number]);
        assert_eq!(found(n.chain.some().ne(chain(many))).len(), 3);
        assert_eq!(found(n.chain.is_in([Some(chain(many)), None])), [number]);
        assert_eq!(found(n.chains.contains(chain(many))), (number..5).collect::<Vec<_>>());
        assert_eq!(found(n.lists.eq(lists(many))), [number]);
        assert_eq!(found(n.tree.eq(tree(many))), [number]);
        assert_eq!(found(n.folder.eq(folder(many))), [number]);
        assert_eq!(found(n.odd.eq(odd(many))), [number]);
        assert_eq!(found(n.formula.eq(sums(many))), [number]);
    }
}

fn operands_as_deep_as_documents_are_answered_or_refused_by_name<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    let mut deep = nested("a", 1);
    deep.chain = Some(chain(DOCUMENT_LEVELS - 1));
    deep.lists = lists(DOCUMENT_LEVELS - 1);
    all.create(deep).unwrap();
    let n = Nested::props();
    for many in [10, DOCUMENT_LEVELS - 1, DOCUMENT_LEVELS] {
        for (question, filter) in questions(many).into_iter().enumerate() {
            for (operation, result) in ask_everything(store, &|| Thing::query().filter(filter.clone())) {
                match result {
                    Ok(_) => {}
                    // An operand that the store cannot accept in one query.
                    Err(Error::QueryTooLarge { .. }) => {}
                    Err(error) => panic!("{operation}, question {question} with {many}: {error}"),
                }
            }
        }
    }
    if B::NAME != "mongo" {
        assert_eq!(all.count(Nested::query().filter(n.chain.eq(chain(DOCUMENT_LEVELS - 1)))).unwrap(), 1);
        assert_eq!(all.count(Nested::query().filter(n.lists.eq(lists(DOCUMENT_LEVELS - 1)))).unwrap(), 1);
        assert_eq!(all.count(Nested::query().filter(n.lists.ne(lists(DOCUMENT_LEVELS - 1)))).unwrap(), 0);
        assert_eq!(all.count(Nested::query().filter(n.lists.ne(lists(DOCUMENT_LEVELS - 2)))).unwrap(), 1);
    }
}

// The depth of each operand grows step by step until MongoDB cannot be queried with it: no query is sent and then refused by the
// server.
fn queries_are_refused_before_they_are_sent<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    all.create(nested("a", 1)).unwrap();
    let mut refused = vec![false; questions(1).len()];
    // The loop ends at the greatest number of links, pairs and so on that a document may have.
    for many in (1..DOCUMENT_LEVELS / 2 - 2).step_by(2) {
        for (question, filter) in questions(many).into_iter().enumerate() {
            if refused[question] && many % 9 > 0 {
                continue;
            }
            let query = || Nested::query().filter(!(filter.clone() & Nested::props().mark.eq(0)));
            for result in [all.count(query()), all.explain(query()).map(|_| 0)] {
                match result {
                    Ok(_) => assert!(
                        !refused[question],
                        "question {question} was refused at a lower depth, but answered with {many}"
                    ),
                    Err(Error::QueryTooLarge { .. }) if B::NAME == "mongo" => {
                        refused[question] = true;
                    }
                    Err(error) => panic!("question {question} with {many}: {error}"),
                }
            }
        }
    }
    // Pairs need nested expressions, which MongoDB limits; nested links are only a longer path.
    assert_eq!((refused[14], refused[2]), (B::NAME == "mongo", false), "{refused:?}");
}

/// The filter of an operand that is then forgotten: the user's code drops the user's value, and needs stack for each of its
/// levels.
fn with<T>(operand: T, filter: impl FnOnce(&T) -> Filter<Nested>) -> Filter<Nested> {
    let filter = filter(&operand);
    std::mem::forget(operand);
    filter
}

fn operands_of_thousands_of_levels_are_refused<B: Backend>(store: &Store<B>) {
    fn operand<T>(value: impl Operand<T>) -> longevity::backend::Value {
        value.into_operand()
    }
    store.repo::<Nested>().create(nested("a", 1)).unwrap();
    let n = Nested::props();
    for many in [600, 3_000, 30_000] {
        let filters = [
            with(Some(chain(many)), |operand| n.chain.eq(operand)),
            with(chain(many), |operand| n.chain.eq(operand)),
            with(chain(many), |operand| n.chain.some().ne(operand)),
            with(chain(many), |operand| n.chains.contains(operand)),
            with(Some(chain(many)), |operand| n.chain.not_in([operand])),
            with(lists(many), |operand| n.lists.eq(operand)),
            with(lists(many), |operand| n.lists.is_in([operand])),
            with(tree(many), |operand| n.tree.eq(operand)),
            with(sums(many), |operand| n.formula.eq(operand)),
            with(negatives(many), |operand| n.formula.ne(operand)),
            with(folder(many), |operand| n.folder.eq(operand)),
            with(odd(many), |operand| n.odd.eq(operand)),
        ];
        for filter in filters {
            let limit = format!("{DOCUMENT_LEVELS} levels");
            assert_refused(store, &|| Thing::query().filter(filter.clone()), &limit);
            assert_refused(
                store,
                &|| Thing::query().filter((!filter.clone()).widen() & Thing::props().mark.ge(0)),
                &limit,
            );
            assert!(format!("{filter:?}").len() < 100_000);
        }
        // The operand's own text form is bounded too.
        let formula: Formula = negatives(many);
        let value = operand::<Formula>(&formula);
        assert!(value.clone() == value && !format!("{value:?} {value}").is_empty());
        std::mem::forget(formula);
    }
    assert_eq!(store.repo::<Thing>().count(Query::new()).unwrap(), 1);
}
