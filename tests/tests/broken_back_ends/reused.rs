//! Stores that go from case to case.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use longevity::BoxError;
use longevity::Mem;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::testkit::decorate::Decorated;
use longevity::testkit::{Fixture, RepoCrudSpec, Report};
use longevity_tests::models::keys::{Flag, Library};

use crate::Sound;
use crate::erased::Erased;

type Broken = Decorated<Mem, Erased>;

fn sound(mem: Mem) -> Broken {
    Decorated::new(mem, Erased(Box::new(Sound)))
}

/// Gives the store of one case to the next.
struct Reusing {
    free: Arc<Mutex<Option<Mem>>>,
    given_again: Arc<AtomicUsize>,
    /// Whether the flags of a case are deleted after it.
    clears: bool,
}

struct Lent {
    free: Arc<Mutex<Option<Mem>>>,
    clears: bool,
    mem: Option<Mem>,
}

impl Fixture for Reusing {
    type Backend = Broken;
    type Guard = Option<Lent>;

    fn set_up(&self) -> Result<(Broken, Option<Lent>), BoxError> {
        Ok((sound(Mem::new()), None))
    }

    fn set_up_for_schema(&self) -> Result<(Broken, Option<Lent>), BoxError> {
        let free = self.free.lock().unwrap().take();
        self.given_again.fetch_add(usize::from(free.is_some()), Ordering::Relaxed);
        let mem = free.unwrap_or_default();
        let lent = Lent { free: Arc::clone(&self.free), clears: self.clears, mem: Some(mem.clone()) };
        Ok((sound(mem), Some(lent)))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mem) = self.mem.take() else { return };
        if self.clears {
            let library = Longevity::<Library, _>::open(sound(mem.clone())).unwrap();
            library.repo::<Flag>().delete_where(Flag::query().all()).unwrap();
        }
        *self.free.lock().unwrap() = Some(mem);
    }
}

/// The cases of flags, and how often a store was given again.
fn run(clears: bool) -> (Report, usize) {
    let given_again = Arc::new(AtomicUsize::new(0));
    let reusing = Reusing { free: Arc::default(), given_again: Arc::clone(&given_again), clears };
    let report = RepoCrudSpec::<Library>::new().run_only(reusing, |name| name.starts_with("library::flag::create"));
    (report, given_again.load(Ordering::Relaxed))
}

#[test]
fn a_store_that_is_cleared_can_be_given_to_another_case() {
    let (report, given_again) = run(true);
    assert!(report.has_passed(), "{report}");
    assert!(given_again > 0);
}

#[test]
fn a_store_that_is_not_cleared_is_found_out() {
    let (report, given_again) = run(false);
    assert!(!report.has_passed(), "{report}");
    assert!(given_again > 0);
}
