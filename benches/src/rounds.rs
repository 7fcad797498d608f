//! Rounds. Each contender does all its phases on a store of its own, and the contenders take turns. The ratios within a round are
//! compared, because the times of a round change together when the speed of the machine changes.

use std::time::{Duration, Instant};

/// One contender's work.
pub trait Contender {
    /// The contender's name in the table.
    fn name(&self) -> &'static str;

    /// Does all phases on a fresh store and times each with [`Clock::phase`]. Returns a digest of everything that was read, to
    /// compare the contenders.
    fn round(&self, clock: &mut Clock) -> u64;
}

/// Collects the time of each phase.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    phases: Vec<(&'static str, u64, Duration)>,
}

impl Clock {
    /// Times `operations` operations.
    pub fn phase<T>(&mut self, name: &'static str, operations: u64, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = std::hint::black_box(work());
        self.add(name, operations, start.elapsed());
        result
    }

    /// Adds a time that was measured elsewhere. A phase may be added in parts, one after the other.
    pub fn add(&mut self, name: &'static str, operations: u64, time: Duration) {
        match self.phases.last_mut().filter(|(last, ..)| *last == name) {
            Some((_, in_all, so_far)) => (*in_all, *so_far) = (*in_all + operations, *so_far + time),
            None => self.phases.push((name, operations, time)),
        }
    }
}

/// Whether this is `cargo bench`. `cargo test` also runs benchmarks, which have to be quick then.
pub fn measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Runs the contenders in turn, `rounds` times after one warm-up, and prints each phase's median nanoseconds per operation
/// and the median ratio to the first contender.
///
/// Fails if the contenders read different things. `cargo test` runs only the warm-up, to check this.
pub fn compare(contenders: &[&dyn Contender], rounds: usize) -> Result<(), String> {
    let mut all: Vec<Vec<Clock>> = contenders.iter().map(|_| Vec::new()).collect();
    let rounds = if measuring() { rounds } else { 0 };
    for round in 0..=rounds {
        let mut digests = Vec::new();
        for turn in 0..contenders.len() {
            // A different contender begins each round.
            let contender = (turn + round) % contenders.len();
            let mut clock = Clock::default();
            digests.push(contenders[contender].round(&mut clock));
            if round > 0 {
                all[contender].push(clock);
            }
        }
        if digests.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!("the contenders read different things: {digests:x?}"));
        }
    }
    if rounds > 0 {
        let names: Vec<_> = contenders.iter().map(|contender| contender.name()).collect();
        print(&names, &all);
    }
    Ok(())
}

/// Prints each phase's median nanoseconds per operation and the median ratio to the first contender, from the clocks of all
/// rounds of each contender.
pub fn print(contenders: &[&str], all: &[Vec<Clock>]) {
    print!("{:<28}", "ns per operation, median");
    for name in contenders {
        print!("{name:>16}");
    }
    println!("{:>24}", "ratio (min, max)");
    let Some(phases) = all.first().and_then(|clocks| clocks.first()).map(|clock| clock.phases.len()) else { return };
    for phase in 0..phases {
        let nanoseconds = |clock: &Clock| {
            let (_, operations, time) = clock.phases[phase];
            time.as_nanos() as f64 / operations as f64
        };
        print!("{:<28}", all[0][0].phases[phase].0);
        for clocks in all {
            print!("{:>16.0}", median(clocks.iter().map(nanoseconds).collect()));
        }
        for clocks in &all[1..] {
            let ratios: Vec<_> =
                clocks.iter().zip(&all[0]).map(|(clock, base)| nanoseconds(clock) / nanoseconds(base)).collect();
            let (min, max) =
                ratios.iter().fold((f64::MAX, f64::MIN), |(min, max), ratio| (min.min(*ratio), max.max(*ratio)));
            print!("{:>24}", format!("{:.2} ({min:.2}, {max:.2})", median(ratios)));
        }
        println!();
    }
}

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
