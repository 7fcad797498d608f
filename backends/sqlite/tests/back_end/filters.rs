//! Filters that find the same rows on SQLite as in memory.

use std::collections::BTreeMap;

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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Pupil {
    marks: BTreeMap<String, f64>,
}

#[derive(DomainModel)]
#[domain_model(Holder, Pupil)]
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

#[test]
fn a_filter_on_an_entry_that_no_row_can_satisfy_finds_nothing() {
    let store = Longevity::<Model, _>::open(Sqlite::in_memory()).unwrap();
    store.create_schema().unwrap();
    let marks = || Pupil::props().marks.entry("maths");
    store.repo().create(Pupil { marks: BTreeMap::from([("maths".to_owned(), 2.0)]) }).unwrap();
    // If the key of the entry were bound but not used in the statement, SQLite would report an error.
    for filter in [marks().gt(None), marks().le(None), marks().lt(f64::NAN), marks().gt(Some(f64::NAN))] {
        assert_eq!(store.repo().count(Pupil::query().filter(filter.clone())).unwrap(), 0, "{filter:?}");
        assert_eq!(store.repo().count(Pupil::query().filter(!filter)).unwrap(), 1);
    }
    assert_eq!(store.repo().count(Pupil::query().filter(marks().le(2.0))).unwrap(), 1);
}
