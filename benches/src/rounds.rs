//! Rounds: each contender does all its phases on a store of its own, the contenders take turns, and what is compared is the
//! ratio within a round, because these figures move together when the machine does.

use std::time::{Duration, Instant};

/// One contender's work.
pub trait Contender {
    /// What the table calls it.
    fn name(&self) -> &'static str;

    /// Does all phases on a fresh store, timing each by [`Clock::phase`]. Gives a digest of all that was read, to be
    /// compared between contenders.
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

    /// What was timed elsewhere. A phase may come in parts, one after the other.
    pub fn add(&mut self, name: &'static str, operations: u64, time: Duration) {
        match self.phases.last_mut().filter(|(last, ..)| *last == name) {
            Some((_, in_all, so_far)) => (*in_all, *so_far) = (*in_all + operations, *so_far + time),
            None => self.phases.push((name, operations, time)),
        }
    }
}

/// Whether this is `cargo bench`. `cargo test` runs benchmarks too, where they have to be quick.
pub fn measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Runs the contenders in turn, `rounds` times after one warm-up, and prints each phase's median nanoseconds per operation
/// and the median ratio to the first contender.
///
/// Fails if the contenders did not read the same. Under `cargo test` the warm-up alone, for this reason.
pub fn compare(contenders: &[&dyn Contender], rounds: usize) -> Result<(), String> {
    let mut all: Vec<Vec<Clock>> = contenders.iter().map(|_| Vec::new()).collect();
    let rounds = if measuring() { rounds } else { 0 };
    for round in 0..=rounds {
        let mut digests = Vec::new();
        for turn in 0..contenders.len() {
            // Another one begins each round.
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

/// Prints each phase's median nanoseconds per operation and the median ratio to the first contender, from the clocks of each
/// contender's rounds.
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

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
