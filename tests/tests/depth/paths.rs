//! Properties deeper and deeper within types that contain themselves.

use longevity::backend::Backend;
use longevity::limits::DOCUMENT_LEVELS;
use longevity::{Error, PersistentType, Prop};

use crate::model::{Chain, Folder, Nested, Thing, chain, folder, nested};
use crate::stores::{Store, ask_everything, assert_refused, assert_too_large, on_each_back_end};

on_each_back_end! {
    properties_as_deep_as_documents_are_answered_or_refused_by_name
    deeper_properties_are_refused
}

fn link(steps: usize) -> Prop<Nested, Chain> {
    (1..steps).fold(Nested::props().chain.some(), |link, _| link.next.some().inner())
}

fn inner_folder(steps: usize) -> Prop<Nested, Folder> {
    (1..steps).fold(Nested::props().folder, |folder, _| folder.folders.entry("f").some())
}

fn properties_as_deep_as_documents_are_answered_or_refused_by_name<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    let mut deep = nested("a", 1);
    deep.chain = Some(chain(DOCUMENT_LEVELS - 1));
    deep.folder = folder(DOCUMENT_LEVELS / 2 - 1);
    all.create(deep).unwrap();
    all.create(nested("b", 2)).unwrap();
    for steps in [1, 2, 10, 30, 48, DOCUMENT_LEVELS - 1] {
        // Links are numbered from the end.
        let at = link(steps);
        let number = (DOCUMENT_LEVELS - 1 - steps) as i64;
        let (here, optional) = (inner_folder(steps), inner_folder(steps).optional());
        let results = [
            all.count(Nested::query().filter(at.link.eq(number))),
            all.count(Nested::query().filter(!at.link.eq(number))),
            all.find(Nested::query().order_by(at.link.desc())).map(|states| u64::from(states[0].name.0 == "a")),
            all.project(Nested::query().order_by(Nested::props().number.asc()), at.link.optional())
                .map(|links| u64::from(links == [Some(number), None])),
            all.patch_by(&crate::model::Name("a".into()), at.link.set(number)).map(|state| u64::from(state.is_some())),
            all.explain(Nested::query().filter(at.link.eq(number)).order_by(at.link.asc())).map(|_| 1),
        ];
        for (question, result) in results.into_iter().enumerate() {
            match result {
                Ok(rows) => assert_eq!(rows, 1, "question {question} at {steps}"),
                Err(Error::QueryTooLarge { .. }) if B::NAME == "mongo" => {}
                Err(error) => panic!("question {question} at {steps}: {error}"),
            }
        }
        let is_there = 2 * steps < DOCUMENT_LEVELS - 1;
        let results = [
            all.count(Nested::query().filter(here.folders.len().ge(0) & Nested::props().number.eq(1))),
            all.project(Nested::query().filter(Nested::props().number.eq(1)), &optional)
                .map(|folders| u64::from(folders[0].is_some())),
        ];
        for (question, result) in results.into_iter().enumerate() {
            match result {
                Ok(rows) => assert_eq!(rows, u64::from(is_there), "folder, question {question} at {steps}"),
                Err(Error::QueryTooLarge { .. }) => {}
                Err(error) => panic!("folder, question {question} at {steps}: {error}"),
            }
        }
        for (operation, result) in ask_everything(store, &|| Thing::query().filter(here.folders.contains_key("f"))) {
            match result {
                Ok(_) | Err(Error::QueryTooLarge { .. }) => {}
                Err(error) => panic!("{operation} at {steps}: {error}"),
            }
        }
    }
}

fn deeper_properties_are_refused<B: Backend>(store: &Store<B>) {
    let all = store.repo::<Nested>();
    let state = all.create(nested("a", 1)).unwrap();
    let limit = format!("{DOCUMENT_LEVELS} levels");
    for steps in [DOCUMENT_LEVELS + 1, 1_000, 20_000] {
        let (at, folder) = (link(steps), inner_folder(steps));
        assert_refused(store, &|| Thing::query().filter(at.link.eq(1)), &limit);
        assert_refused(store, &|| Thing::query().filter(!folder.folders.is_empty()), &limit);
        assert_refused(store, &|| Thing::query().filter(!folder.folders.contains_key("f")), &limit);
        assert_too_large(all.find(Nested::query().order_by(at.link.asc())), &limit, "order");
        assert_too_large(all.project(Nested::query().all(), at.link.optional()), &limit, "project");
        assert_too_large(all.distinct(Nested::query().all(), &at.link.optional()), &limit, "distinct");
        assert_too_large(all.aggregate(Nested::query().all(), at.link.max()), &limit, "aggregate");
        assert_too_large(all.group(Nested::query().all(), at.link.optional(), at.link.sum()), &limit, "group");
        assert_too_large(all.update_where(Nested::query().all(), at.link.set(1)), &limit, "update_where");
        assert_too_large(all.patch(state.clone(), at.link.set(1)).map_err(Error::from), &limit, "patch");
        let patched =
            all.patch_by(&crate::model::Name("a".into()), folder.folders.set(std::collections::BTreeMap::new()));
        assert_too_large(patched, &limit, "patch_by");
        assert!(!format!("{at:?} {folder:?}").is_empty());
        drop((at.clone(), folder.clone()));
    }
}
