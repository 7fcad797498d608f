//! Another caller writes between what a repository reads and what it writes.

use std::sync::Mutex;

use longevity::backend::RowContent;
use longevity::backend::{AllWritten, Backend, ByKind, Lookup, Session, Target, WriteFailure, Writes};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, Decorator};

use super::model::{Guest, Member, Site, User, guest, name, site};

type Document = <Mem as Session>::Document;
type Table = <Mem as Session>::Table;
type Meddling = Box<dyn FnMut(&Longevity<Site, Mem>) + Send>;

/// Before each write, changes the same rows through another store.
struct Meddler {
    other: Longevity<Site, Mem>,
    meddling: Mutex<Meddling>,
}

impl Meddler {
    fn meddle(&self) {
        (self.meddling.lock().unwrap())(&self.other);
    }
}

impl Decorator<Mem> for Meddler {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent<Document>,
    ) -> Result<u64, WriteFailure> {
        self.meddle();
        inner.replace(table, target, content).await
    }

    async fn write_many(
        &self,
        inner: &Mem,
        table: &Table,
        writes: Writes<'_, Document>,
    ) -> Result<AllWritten<Document>, (usize, WriteFailure)> {
        self.meddle();
        inner.write(table, writes).await
    }
}

/// The site, seen by a caller that is always too late: `meddling` comes between its reads and its writes.
fn meddled(
    options: Options,
    meddling: impl FnMut(&Longevity<Site, Mem>) + Send + 'static,
) -> Longevity<Site, Decorated<Mem, Meddler>> {
    let (mem, other) = site();
    let meddler = Meddler { other, meddling: Mutex::new(Box::new(meddling)) };
    Longevity::open_with(Decorated::new(mem, meddler), options).unwrap()
}

/// The site, seen by a caller that is too late only once.
fn meddled_once(
    options: Options,
    meddling: impl Fn(&Longevity<Site, Mem>) + Send + 'static,
) -> Longevity<Site, Decorated<Mem, Meddler>> {
    let mut left = 1;
    meddled(options, move |other| {
        if left > 0 {
            left -= 1;
            meddling(other);
        }
    })
}

fn visit(other: &Longevity<Site, Mem>, user: &str, visits: i64) {
    let users = other.repo::<User>();
    users.patch_by(&name(user), User::props().visits.increment(visits)).unwrap().unwrap();
}

fn visits<B: Backend>(store: &Longevity<Site, B>) -> Vec<i64> {
    store.repo::<User>().project(User::query().all(), &User::props().visits).unwrap()
}

/// With and without optimistic locking. In both cases, a change of a row is based on the row as it was read.
fn options() -> [Options; 2] {
    [Options::default(), Options::default().optimistic_locking(false)]
}

#[test]
fn an_update_by_query_reads_a_changed_row_again() {
    for options in options() {
        let store = meddled_once(options, |other| visit(other, "bob", 100));
        let users = store.repo::<User>();
        assert_eq!(users.update_where(User::query().all(), User::props().visits.increment(10)).unwrap(), 3);
        assert_eq!(visits(&store), [11, 112, 13], "nothing is lost");
        // A row that no longer satisfies the query is left alone.
        let store = meddled_once(Options::default(), |other| visit(other, "bob", 100));
        let few = User::props().visits.lt(10);
        let all = User::query().filter(few);
        assert_eq!(store.repo::<User>().update_where(all, User::props().visits.increment(10)).unwrap(), 2);
        assert_eq!(visits(&store), [11, 102, 13]);
    }
}

#[test]
fn an_update_by_query_continues_without_a_deleted_row() {
    for options in options() {
        let store = meddled_once(options, |other| {
            other.repo::<User>().delete_where(User::query().filter(User::props().username.eq(name("ann")))).unwrap();
        });
        let users = store.repo::<User>();
        assert_eq!(users.update_where(User::query().all(), User::props().visits.increment(10)).unwrap(), 2);
        assert_eq!(visits(&store), [12, 13]);
    }
}

#[test]
fn a_delete_by_query_keeps_a_changed_row_and_continues_without_a_deleted_one() {
    for options in options() {
        let store = meddled_once(options, |other| {
            visit(other, "bob", 100);
            other.repo::<User>().delete_where(User::query().filter(User::props().username.eq(name("cec")))).unwrap();
        });
        let few = User::query().filter(User::props().visits.lt(10));
        assert_eq!(store.repo::<User>().delete_where(few).unwrap(), 1);
        assert_eq!(visits(&store), [102]);
    }
}

#[test]
fn a_row_that_takes_another_type_is_not_changed_as_its_old_type() {
    let morph = |other: &Longevity<Site, Mem>| {
        let ann = other.repo::<User>().retrieve_one(&name("ann")).unwrap();
        other.repo::<User>().update(ann.set(User::Guest(guest("ann", 7)))).unwrap();
    };
    let store = meddled_once(Options::default(), morph);
    let members = store.repo::<Member>();
    assert_eq!(members.update_where(Member::query().all(), User::props().visits.increment(10)).unwrap(), 1);
    assert_eq!(visits(&store), [7, 12, 3]);

    let store = meddled_once(Options::default(), morph);
    assert_eq!(store.repo::<Member>().delete_where(Member::query().all()).unwrap(), 1);
    assert_eq!(visits(&store), [7, 3]);

    let store = meddled_once(Options::default(), morph);
    let patched = store.repo::<Member>().patch_by(&name("ann"), User::props().visits.increment(10)).unwrap();
    assert!(patched.is_none(), "{patched:?}");
    assert_eq!(visits(&store), [7, 2, 3]);
}

#[test]
fn a_patch_by_key_reads_a_changed_row_again_with_and_without_locking() {
    for options in options() {
        let store = meddled_once(options, |other| visit(other, "ann", 100));
        let patched = store.repo::<User>().patch_by(&name("ann"), User::props().visits.increment(10)).unwrap();
        assert_eq!(patched.unwrap().row_version(), 2);
        assert_eq!(visits(&store), [111, 2, 3], "nothing is lost");
    }
    // Another caller deletes the row meanwhile.
    for options in options() {
        let store = meddled_once(options, |other| {
            let ann = other.repo::<User>().retrieve_one(&name("ann")).unwrap();
            other.repo::<User>().delete(ann).unwrap();
        });
        let patched = store.repo::<User>().patch_by(&name("ann"), User::props().visits.increment(10)).unwrap();
        assert!(patched.is_none());
        assert_eq!(visits(&store), [2, 3]);
    }
}

#[test]
fn a_caller_that_is_always_too_late_gets_an_error() {
    let store = meddled(Options::default(), |other| visit(other, "ann", 1));
    let users = store.repo::<User>();
    let one_more = || User::props().visits.increment(1);
    let contended = |error: Error| assert!(matches!(error, Error::Contended { tries: 100, .. }), "{error}");
    contended(users.update_where(User::query().all(), one_more()).unwrap_err());
    contended(users.patch_by(&name("ann"), one_more()).unwrap_err());
    contended(users.delete_where(User::query().all()).unwrap_err());
    assert_eq!(visits(&store), [301, 2, 3]);
}

#[test]
fn other_failures_are_not_tried_again() {
    let store = meddled(Options::default(), |_| {});
    let users = store.repo::<User>();
    let taken = || User::props().username.set(name("bob"));
    assert!(users.patch_by(&name("ann"), taken()).unwrap_err().is_duplicate_key());
    assert!(users.update_where(User::query().all(), taken()).unwrap_err().is_duplicate_key());
    let too_much = User::props().visits.increment(i64::MAX);
    assert!(matches!(users.update_where(User::query().all(), too_much.clone()), Err(Error::InvalidPatch { .. })));
    assert!(matches!(users.patch_by(&name("ann"), too_much), Err(Error::InvalidPatch { .. })));
    assert_eq!(visits(&store), [1, 2, 3]);
    let _: Option<PState<Guest>> = store.repo::<Guest>().patch_by(&name("ann"), User::props().visits.set(9)).unwrap();
    assert_eq!(visits(&store), [1, 2, 3], "no guest");
}

/// A back end without batches, which has to refuse the operations that need them.
struct WithoutBatches;

impl Decorator<Mem> for WithoutBatches {
    fn capabilities(&self, _: &Mem) -> longevity::backend::Capabilities {
        longevity::backend::Capabilities::none()
    }

    async fn get(
        &self,
        inner: &Mem,
        table: &Table,
        lookup: Lookup<'_>,
    ) -> Result<Option<longevity::backend::Row<Document>>, Error> {
        inner.get(table, lookup).await
    }
}

#[test]
fn without_batches_the_operations_that_need_them_are_refused_and_change_nothing() {
    let (mem, before) = site();
    let store = Longevity::<Site, _>::open(Decorated::new(mem, WithoutBatches)).unwrap();
    let users = store.repo::<User>();
    let refused = |error: Error, wanted: &str| {
        assert!(matches!(error, Error::Unsupported { operation, .. } if operation == wanted), "{error}");
    };
    refused(users.update_where(User::query().all(), User::props().visits.increment(1)).unwrap_err(), "update_where");
    refused(users.delete_where(User::query().all()).unwrap_err(), "delete_where");
    refused(users.create_many([User::Guest(guest("dan", 4))]).unwrap_err(), "create_many");
    refused(users.explain(User::query().all()).unwrap_err(), "explain");
    assert!(users.patch_by(&name("ann"), User::props().visits.increment(1)).unwrap().is_some());
    assert_eq!(visits(&before), [2, 2, 3]);
}
