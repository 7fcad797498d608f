//! The measurements that decide the layout of the SQLite back end: the planned layout against its alternatives, and against
//! itself with one thing changed. They use rusqlite without Longevity.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

mod layout;
mod path;
mod statements;
mod store;

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::time::Instant;

use layout::{Keys, Layout, Options, PLANNED};
use longevity_benches::rounds::{measuring, median};
use longevity_benches::work::digest;
use store::{PHASES, Store, users};

const ROUNDS: usize = 9;

fn main() {
    if !measuring() {
        // These measurements use no code of Longevity, so `cargo test` has nothing to check here.
        return;
    }
    let layouts = [
        Layout::new("a: JSON text, written columns", PLANNED),
        Layout::new("b: virtual generated columns", Options { keys: Keys::Virtual, ..PLANNED }),
        Layout::new("b: stored generated columns", Options { keys: Keys::Stored, ..PLANNED }),
        Layout::new("c: JSONB, written columns", Options { jsonb: true, ..PLANNED }),
        Layout::new("d: expression indexes", Options { keys: Keys::Expressions, ..PLANNED }),
        Layout::new("a without AUTOINCREMENT", Options { autoincrement: false, ..PLANNED }),
        Layout::new("a without CHECK", Options { check: false, ..PLANNED }),
        Layout::new("a, 12 variants", Options { variants: 12, ..PLANNED }),
        Layout::new("a, 12 variants, no CHECK", Options { variants: 12, check: false, ..PLANNED }),
        Layout::new("a, not STRICT", Options { strict: false, ..PLANNED }),
        Layout::new("a, no _type in the indexes", Options { type_in_index: false, ..PLANNED }),
        Layout::new("a, updates set all keys", Options { update_all: true, ..PLANNED }),
        Layout::new(
            "a, checkpoint at 4,000 pages",
            Options { pragmas: "PRAGMA wal_autocheckpoint = 4000;", ..PLANNED },
        ),
        Layout::new(
            "a, checkpoint at 10,000 pages",
            Options { pragmas: "PRAGMA wal_autocheckpoint = 10000;", ..PLANNED },
        ),
        Layout::new("a, memory-mapped", Options { pragmas: "PRAGMA mmap_size = 268435456;", ..PLANNED }),
        // This is the planned layout again, so the difference between the two is noise.
        Layout::new("a, again", PLANNED),
    ];
    println!("{} rows; medians of {ROUNDS} rounds, the layouts in turn in each phase", store::ROWS);
    println!("microseconds per operation, and the median ratio to the first layout in the same round\n");
    compare(&layouts);
    statements::compare(ROUNDS);
}

fn compare(layouts: &[Layout]) {
    let users = users();
    // The times by phase, layout and round.
    let mut times = vec![vec![Vec::new(); layouts.len()]; PHASES.len()];
    let mut sizes = Vec::new();
    for round in 0..=ROUNDS {
        let stores: Vec<_> = layouts.iter().map(Store::open).collect();
        for (phase, (what, name, operations)) in PHASES.into_iter().enumerate() {
            let mut digests = Vec::new();
            for turn in 0..stores.len() {
                // A different layout begins each round.
                let store = (turn + round) % stores.len();
                let start = Instant::now();
                let read = black_box(stores[store].run(what, &users));
                let time = start.elapsed().as_nanos() as f64 / 1e3 / operations as f64;
                let mut hasher = DefaultHasher::new();
                read.iter().for_each(|user| digest(&mut hasher, user));
                digests.push(hasher.finish());
                // The first round is a warm-up.
                if round > 0 {
                    times[phase][store].push(time);
                }
            }
            assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{name}: the layouts read different things");
        }
        sizes = stores.iter().map(Store::bytes_per_row).collect();
    }
    print!("{:<32}", "");
    PHASES.iter().for_each(|(_, name, _)| print!("{name:>15}"));
    println!("{:>15}", "bytes/row");
    for (number, layout) in layouts.iter().enumerate() {
        print!("{:<32}", layout.name);
        for phase in &times {
            let ratios = phase[number].iter().zip(&phase[0]).map(|(time, base)| time / base).collect();
            print!("{:>15}", format!("{:.2} ({:.2})", median(phase[number].clone()), median(ratios)));
        }
        println!("{:>15.0}", sizes[number]);
    }
}
