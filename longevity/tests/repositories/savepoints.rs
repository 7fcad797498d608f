//! A back end with transactions that cannot be nested.

use longevity::backend::{Backend, Capabilities};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Guest, Site, guest, site};

struct WithoutSavepoints;

impl Decorator<Mem> for WithoutSavepoints {
    fn capabilities(&self, inner: &Mem) -> Capabilities {
        let mut capabilities = inner.capabilities();
        capabilities.savepoints = false;
        capabilities
    }
}

#[test]
fn a_nested_transaction_is_refused_by_name_and_the_outer_one_continues() {
    let (mem, _) = site();
    let store = Longevity::<Site, _>::open(Decorated::new(mem, WithoutSavepoints)).unwrap();
    let before = store.repo::<Guest>().count(Guest::query().all()).unwrap();
    store
        .transaction(|tx| {
            let refused = tx.transaction(|tx| tx.repo::<Guest>().create(guest("nested", 0))).unwrap_err();
            assert!(
                matches!(refused, Error::Unsupported { backend: "mem", operation: "nested transactions" }),
                "{refused}"
            );
            tx.repo::<Guest>().create(guest("outer", 0))
        })
        .unwrap();
    assert_eq!(store.repo::<Guest>().count(Guest::query().all()).unwrap(), before + 1);
}
