//! What a repository requests from a back end for a page: the rows after a position, with a bound that an index can use if the
//! order allows one.

use std::sync::{Arc, Mutex};

use longevity::backend::Select;
use longevity::backend::{ByKind, Session};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::Order;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Member, Site, site};

/// Records the predicates that it is asked for.
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

/// The predicate of the second page, for this order and pages of one row.
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
fn a_page_begins_at_a_bound_if_one_comparison_expresses_it() {
    let bound = |comparison: &str| format!("Compare {{ path: Path(visits), comparison: {comparison}, operand: Int(");
    let begins = |order: fn() -> Order<Member>, with: &str| {
        let asked = second(order);
        let asked =
            asked.strip_prefix("And([Scope(Scope { variant: 0, discriminators: [\"Member\"] }), ").unwrap().to_owned();
        assert!(asked.starts_with(with), "{asked}");
    };
    begins(|| Member::props().visits.asc(), &bound("Ge"));
    begins(|| Member::props().visits.desc(), &bound("Le"));
    // No single comparison is true of both absent and present values.
    begins(|| Member::props().note.asc(), "Or([");
    begins(|| Member::props().note.desc(), "Compare { path: Path(note), comparison: Eq, operand: None(0)");
}
