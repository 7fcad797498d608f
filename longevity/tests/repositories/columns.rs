//! The values that a back end is given along with a document: the values of the row's own variant, and of no other.

use std::sync::{Arc, Mutex};

use longevity::RowId;
use longevity::backend::{ByKind, Session, WriteFailure};
use longevity::backend::{RowContent, Value};
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Guest, Member, Site, guest, member};

type Document = <Mem as Session>::Document;

/// Records the columns of each row that is inserted.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Vec<Value>>>>);

impl Decorator<Mem> for Notes {
    async fn insert(
        &self,
        inner: &Mem,
        table: &<Mem as Session>::Table,
        content: RowContent<Document>,
    ) -> Result<RowId, WriteFailure> {
        self.0.lock().unwrap().push(content.columns.clone());
        inner.insert(table, content).await
    }
}

#[test]
fn a_row_has_the_values_of_its_variant_and_none_of_a_sibling() {
    let notes = Notes::default();
    let decorated = Decorated::new(Mem::new(), notes.clone());
    let store = longevity::blocking::Longevity::<Site, _>::open(decorated).unwrap();
    store.create_schema().unwrap();
    store.repo::<Member>().create(member("ann", 1)).unwrap();
    store.repo::<Guest>().create(guest("cec", 3)).unwrap();
    let text = |text: &str| Value::Text(text.into());
    let own = [vec![text("ann"), text("ann@example.com")], vec![text("cec"), Value::NONE]];
    assert_eq!(*notes.0.lock().unwrap(), own);
}
