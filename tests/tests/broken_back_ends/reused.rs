//! Stores that cases reuse one after the other.

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

/// Reuses the store of one case for the next.
struct Reusing {
    free: Arc<Mutex<Option<Mem>>>,
    reused: Arc<AtomicUsize>,
    /// Whether flags are deleted after each case.
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
        self.reused.fetch_add(usize::from(free.is_some()), Ordering::Relaxed);
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

/// Runs the cases about flags. Returns their report and the number of times that a store was reused.
fn run(clears: bool) -> (Report, usize) {
    let reused = Arc::new(AtomicUsize::new(0));
    let reusing = Reusing { free: Arc::default(), reused: Arc::clone(&reused), clears };
    let report = RepoCrudSpec::<Library>::new().run_only(reusing, |name| name.starts_with("library::flag::create"));
    (report, reused.load(Ordering::Relaxed))
}

#[test]
fn a_cleared_store_can_be_reused_for_another_case() {
    let (report, reused) = run(true);
    assert!(report.has_passed(), "{report}");
    assert!(reused > 0);
}

#[test]
fn reuse_of_an_uncleared_store_is_detected() {
    let (report, reused) = run(false);
    assert!(!report.has_passed(), "{report}");
    assert!(reused > 0);
}
