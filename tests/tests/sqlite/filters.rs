//! Filters that SQLite answers as memory does.

use longevity::Mem;
use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Empty {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Holder {
    empty: Option<Empty>,
}

#[derive(DomainModel)]
#[domain_model(Holder)]
struct Model;

fn counts<B: Backend>(backend: B) -> [u64; 4] {
    let store = Longevity::<Model, _>::open(backend).unwrap();
    store.create_schema().unwrap();
    store.repo().create_many([None, None, Some(Empty {})].map(|empty| Holder { empty })).unwrap();
    let empty = || Holder::props().empty;
    [empty().eq(Some(Empty {})), empty().ne(Some(Empty {})), empty().eq(None), empty().ne(None)]
        .map(|filter| store.repo().count(Holder::query().filter(filter)).unwrap())
}

#[test]
fn a_component_without_fields_is_not_an_absent_one() {
    assert_eq!(counts(Mem::new()), [1, 2, 2, 1]);
    assert_eq!(counts(Sqlite::in_memory()), [1, 2, 2, 1]);
}
