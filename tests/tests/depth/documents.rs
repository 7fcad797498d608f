//! All kinds of writes have the same limit for documents: each of them refuses what `create` refuses, in memory too. Documents
//! within the limit can be read, found, changed and deleted.

use longevity::backend::Backend;
use longevity::limits::DOCUMENT_LEVELS;
use longevity::query::count;
use longevity::{Error, Patch, PersistentType, Query};

use crate::model::{Name, Nested, Thing, chain, folder, lists, negatives, nested, odd, sums, tree};
use crate::stores::{Store, on_each_back_end};

on_each_back_end! {
    documents_with_the_most_levels_are_written_and_read
    documents_with_one_level_more_are_refused_by_all_writes
    documents_of_a_thousand_levels_are_refused_by_all_writes
    rows_that_patches_wrote_in_place_can_be_updated
}

/// A way to nest deeply: makes a document with a number of links, which has `first` levels with one link and `each` more levels
/// with each further link.
struct Way {
    name: &'static str,
    make: fn(&mut Nested, usize),
    set: fn(usize) -> Patch<Nested>,
    first: usize,
    each: usize,
}

fn ways() -> [Way; 7] {
    let way = |name, make, set, first, each| Way { name, make, set, first, each };
    [
        way("chain", |n, more| n.chain = Some(chain(more)), |more| Nested::props().chain.set(chain(more)), 2, 1),
        way("lists", |n, more| n.lists = lists(more), |more| Nested::props().lists.set(lists(more)), 2, 1),
        way("tree", |n, more| n.tree = tree(more), |more| Nested::props().tree.set(tree(more)), 3, 2),
        way("sums", |n, more| n.formula = sums(more), |more| Nested::props().formula.set(sums(more)), 2, 2),
        way(
            "negatives",
            |n, more| n.formula = negatives(more),
            |more| Nested::props().formula.set(negatives(more)),
            2,
            1,
        ),
        way("folder", |n, more| n.folder = folder(more), |more| Nested::props().folder.set(folder(more)), 3, 2),
        way("odd", |n, more| n.odd = odd(more), |more| Nested::props().odd.set(odd(more)), 3, 4),
    ]
}

impl Way {
    /// The largest number of links that fits.
    fn most(&self) -> usize {
        (DOCUMENT_LEVELS - self.first) / self.each + 1
    }

    fn nested(&self, name: &str, number: i64, many: usize) -> Nested {
        let mut nested = nested(name, number);
        (self.make)(&mut nested, many);
        nested
    }
}

fn documents_with_the_most_levels_are_written_and_read<B: Backend>(store: &Store<B>) {
    let (all, things) = (store.repo::<Nested>(), store.repo::<Thing>());
    let n = Nested::props();
    for way in ways() {
        let deepest = way.nested("a", 1, way.most());
        let state = all.create(deepest.clone()).unwrap();
        all.create_many([way.nested("b", 2, way.most()), way.nested("c", 3, 1)]).unwrap();
        let state = all.update(state.modify(|deepest| deepest.mark += 1)).unwrap();
        let state = all.patch(state, (way.set)(1)).unwrap();
        let state = all.patch(state, (way.set)(way.most())).unwrap();
        assert_eq!(state.mark, 1);
        all.patch_by(&Name("c".into()), (way.set)(way.most())).unwrap().unwrap();
        assert_eq!(all.update_where(Nested::query().all(), (way.set)(way.most()) & n.mark.set(2)).unwrap(), 3);

        let read = all.retrieve_one(&Name("a".into())).unwrap();
        let mut expected = deepest;
        expected.mark = 2;
        assert!(*read.get() == expected, "{}", way.name);
        assert_eq!(things.find(Thing::query().order_by(Thing::props().number.asc())).unwrap().len(), 3);
        assert_eq!(things.stream(Query::new()).filter_map(Result::ok).count(), 3);
        let query = || Nested::query().order_by(n.number.asc());
        let whole = all.project(query(), (&n.chain, &n.lists, &n.tree, &n.formula, &n.folder, &n.odd)).unwrap();
        let Nested { chain, lists, tree, formula, folder, odd, .. } = expected;
        assert!(whole[0] == (chain, lists, tree, formula, folder, odd), "{}", way.name);
        let one = [
            all.distinct(query(), &n.chain).unwrap().len(),
            all.distinct(query(), &n.lists).unwrap().len(),
            all.distinct(query(), &n.tree).unwrap().len(),
            all.distinct(query(), &n.formula).unwrap().len(),
            all.distinct(query(), &n.folder).unwrap().len(),
            all.distinct(query(), &n.odd).unwrap().len(),
        ];
        assert_eq!(one, [1; 6], "{}", way.name);
        assert_eq!(all.group(query(), (&n.chain, &n.formula), count()).unwrap()[0].1, 3);
        // A stored value can also be used as an operand.
        assert_eq!(
            all.count(query().filter(n.tags.len().ge(0) & n.chain.ne(None))).unwrap(),
            if way.name == "chain" { 3 } else { 0 }
        );
        assert_eq!(things.delete_where(Query::new()).unwrap(), 3);
    }
}

#[track_caller]
fn assert_too_deep<T>(way: &Way, what: &str, result: Result<T, Error>) {
    match result {
        Err(Error::TooLarge { type_name: "Nested", limit }) => {
            assert_eq!(limit, format!("at most {DOCUMENT_LEVELS} levels of nesting"));
        }
        Err(other) => panic!("{} {what}: {other}", way.name),
        Ok(_) => panic!("{} {what}: it was not refused", way.name),
    }
}

fn refuses<B: Backend>(store: &Store<B>, way: &Way, many: usize) {
    let (all, things) = (store.repo::<Nested>(), store.repo::<Thing>());
    let name = Name("a".into());
    let state = all.create(way.nested("a", 1, way.most())).unwrap();
    assert_too_deep(way, "create", all.create(way.nested("b", 2, many)));
    assert_too_deep(way, "create through the poly type", things.create(Thing::Nested(way.nested("b", 2, many))));
    assert_too_deep(way, "create_many", all.create_many([way.nested("b", 2, 1), way.nested("c", 3, many)]));
    let refused = all.update(state.clone().modify(|deeper| (way.make)(deeper, many))).unwrap_err();
    let deep = refused.into_parts();
    assert_too_deep::<()>(way, "update", Err(deep.0));
    let refused = all.patch(deep.1, Nested::props().mark.set(1)).map_err(Error::from);
    assert_too_deep(way, "patch of a state that is too deep", refused);
    assert_too_deep(way, "patch", all.patch(state.clone(), (way.set)(many)).map_err(Error::from));
    assert_too_deep(way, "patch_by", all.patch_by(&name, (way.set)(many)));
    assert_too_deep(way, "patch_by of two", all.patch_by(&name, (way.set)(many) & Nested::props().mark.set(1)));
    assert_too_deep(way, "update_where", all.update_where(Nested::query().all(), (way.set)(many)));
    if way.name == "chain" {
        assert_too_deep(way, "push", all.patch_by(&name, Nested::props().chains.push(chain(many))));
        assert_too_deep(way, "push", all.update_where(Query::new(), Nested::props().chains.push(chain(many))));
    }
    let found = things.find(Query::new()).unwrap();
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0].get(), Thing::Nested(nested) if nested == state.get()), "{}: it has changed", way.name);
    all.delete(state).unwrap();
}

fn documents_with_one_level_more_are_refused_by_all_writes<B: Backend>(store: &Store<B>) {
    for way in ways() {
        refuses(store, &way, way.most() + 1);
    }
}

// The user's own type is dropped by its own code, recursively, so the number of levels must fit the stack.
fn documents_of_a_thousand_levels_are_refused_by_all_writes<B: Backend>(store: &Store<B>) {
    for way in ways() {
        refuses(store, &way, 600 / way.each);
    }
}

fn rows_that_patches_wrote_in_place_can_be_updated<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    let (name, n) = (Name("a".into()), Nested::props());
    all.create(nested("a", 1)).unwrap();
    // The document is one level, and the list another.
    all.patch_by(&name, n.chains.push(chain(DOCUMENT_LEVELS - 2))).unwrap().unwrap();
    let state = all.patch_by(&name, n.chain.set(chain(DOCUMENT_LEVELS - 1))).unwrap().unwrap();
    let state = all.update(state.modify(|deepest| deepest.mark += 1)).unwrap();
    let refused = all.patch_by(&name, n.chains.push(chain(DOCUMENT_LEVELS - 1)));
    assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
    assert_eq!(all.retrieve_one(&name).unwrap().get(), state.get());
}
