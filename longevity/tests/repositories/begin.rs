//! What a back end is asked for a page: rows behind a place, with a bound for an index where the order has one.

use std::sync::{Arc, Mutex};

use longevity::backend::Select;
use longevity::backend::{ByKind, Session};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::Order;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Member, Site, site};

/// Notes what it is asked to find.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Decorator<Mem> for Asked {
    async fn find(
        &self,
        inner: &Mem,
        table: &<Mem as Session>::Table,
        select: Select,
    ) -> Result<Vec<longevity::backend::Row<<Mem as Session>::Document>>, Error> {
        self.0.lock().unwrap().push(format!("{:?}", select.predicate));
        inner.find(table, select).await
    }
}

/// What is asked for the second page of one by this order.
fn second(order: fn() -> Order<Member>) -> String {
    let (mem, _) = site();
    let asked = Asked::default();
    let store = Longevity::<Site, _>::open(Decorated::new(mem, asked.clone())).unwrap();
    let members = store.repo::<Member>();
    let query = || Member::query().order_by(order()).limit(1);
    let first = members.page(query(), None).unwrap();
    members.page(query(), first.next.as_ref()).unwrap();
    asked.0.lock().unwrap().pop().unwrap()
}

#[test]
fn a_page_begins_at_a_bound_if_one_comparison_says_it() {
    let bound = |comparison: &str| format!("Compare {{ path: Path(visits), comparison: {comparison}, operand: Int(");
    let begins = |order: fn() -> Order<Member>, with: &str| {
        let asked = second(order);
        let asked =
            asked.strip_prefix("And([Scope(Scope { variant: 0, discriminators: [\"Member\"] }), ").unwrap().to_owned();
        assert!(asked.starts_with(with), "{asked}");
    };
    begins(|| Member::props().visits.asc(), &bound("Ge"));
    begins(|| Member::props().visits.desc(), &bound("Le"));
    // No one comparison is true of what is absent and of what is there.
    begins(|| Member::props().note.asc(), "Or([");
    begins(|| Member::props().note.desc(), "Compare { path: Path(note), comparison: Eq, operand: None(0)");
}
