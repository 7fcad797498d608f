//! The acknowledged writes, and those that may or may not have happened when the writers died.

use std::collections::BTreeMap;
use std::fmt;

use longevity_core::RowId;

/// An event of a writer, before a write or after its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The thread is about to write to the tables at these positions: one write, or several in a transaction.
    Begin(usize, Vec<(usize, Op)>),
    /// The thread is about to write in a transaction that will be rolled back.
    Try(usize, Vec<(usize, Op)>),
    /// The thread's writes are acknowledged. Each wrote these rows, with these versions.
    Done(usize, Vec<Written>),
    /// The thread's transaction was rolled back.
    Undone(usize),
}

/// The rows that a write wrote, with their versions.
pub(crate) type Written = Vec<(RowId, u64)>;

/// A write. Values are numbers of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// New rows, all or none.
    Create(Vec<usize>),
    Update(RowId, usize),
    Delete(RowId),
}

/// The sample that a row holds, and the row's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) sample: usize,
    pub(crate) version: u64,
}

pub(crate) type Rows = BTreeMap<RowId, Entry>;

/// The rows that must exist according to the acknowledged writes.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    tables: Vec<Rows>,
    in_flight: BTreeMap<usize, InFlight>,
    acknowledged: usize,
}

/// Writes that were begun and have not ended.
#[derive(Clone, Debug)]
struct InFlight {
    ops: Vec<(usize, Op)>,
    /// Whether the writes may be in the store. Those to be rolled back may not.
    is_kept: bool,
}

impl Ledger {
    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    /// Records an event of a writer.
    pub(crate) fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Begin(thread, ops) => self.begin(thread, InFlight { ops, is_kept: true }),
            Event::Try(thread, ops) => self.begin(thread, InFlight { ops, is_kept: false }),
            Event::Done(thread, written) => {
                let begun = self.in_flight.remove(&thread);
                let Some(begun) = begun.filter(|begun| begun.is_kept && begun.ops.len() == written.len()) else {
                    return Err(format!("thread {thread} acknowledges writes that it did not begin"));
                };
                self.acknowledged += 1;
                begun.ops.into_iter().zip(&written).for_each(|((table, op), written)| self.write(table, op, written));
                Ok(())
            }
            Event::Undone(thread) => match self.in_flight.remove(&thread) {
                Some(begun) if !begun.is_kept => Ok(()),
                _ => Err(format!("thread {thread} rolls back writes that it did not begin")),
            },
        }
    }

    fn begin(&mut self, thread: usize, begun: InFlight) -> Result<(), String> {
        match self.in_flight.insert(thread, begun) {
            None => Ok(()),
            Some(begun) => Err(format!("thread {thread} begins another write before {:?} is acknowledged", begun.ops)),
        }
    }

    fn write(&mut self, table: usize, op: Op, written: &[(RowId, u64)]) {
        if self.tables.len() <= table {
            self.tables.resize(table + 1, Rows::new());
        }
        let rows = &mut self.tables[table];
        let entry = |(id, version): &(RowId, u64), sample| (*id, Entry { sample, version: *version });
        match op {
            Op::Create(samples) => rows.extend(written.iter().zip(samples).map(|(row, sample)| entry(row, sample))),
            Op::Update(_, sample) => rows.extend(written.iter().map(|row| entry(row, sample))),
            Op::Delete(id) => drop(rows.remove(&id)),
        }
    }

    /// Checks the actual rows against the expected ones. The actual rows are then the expected ones for the next check.
    pub(crate) fn settle(&mut self, actual: Vec<Rows>) -> Vec<String> {
        let mut problems = Vec::new();
        self.tables.resize(actual.len(), Rows::new());
        for InFlight { ops, is_kept } in std::mem::take(&mut self.in_flight).into_values() {
            let mut done = Vec::new();
            for (table, op) in &ops {
                if let (Some(expected), Some(actual)) = (self.tables.get_mut(*table), actual.get(*table)) {
                    match resolve(op, expected, actual) {
                        Ok(is_done) => done.push(is_done),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            if done.contains(&true) && !is_kept {
                problems.push(format!(
                    "resurrected: writes of a transaction that was to be rolled back are in the store: {ops:?}: {done:?}"
                ));
            } else if done.contains(&true) && done.contains(&false) {
                problems.push(format!("torn: only some writes of a transaction are in the store: {ops:?}: {done:?}"));
            }
        }
        for (table, (expected, actual)) in self.tables.iter().zip(&actual).enumerate() {
            for (id, entry) in expected {
                match actual.get(id) {
                    None => problems.push(format!("lost: row {id} of table {table} is gone: {entry}")),
                    Some(other) if other != entry => {
                        problems
                            .push(format!("lost: row {id} of table {table} is {other}, but {entry} was acknowledged"));
                    }
                    Some(_) => {}
                }
            }
            for (id, entry) in actual.iter().filter(|(id, _)| !expected.contains_key(id)) {
                problems.push(format!(
                    "resurrected: row {id} of table {table} was deleted or never created, but is in the store: {entry}"
                ));
            }
        }
        self.tables = actual;
        problems
    }
}

/// Finds out whether a write that was in flight happened, and if so, adds it to the expected rows.
fn resolve(op: &Op, expected: &mut Rows, actual: &Rows) -> Result<bool, String> {
    match op {
        Op::Create(samples) => {
            let is_new = |sample: usize, id: &RowId, entry: &Entry| {
                *entry == Entry { sample, version: 0 } && !expected.contains_key(id)
            };
            let row = |sample: &usize| actual.iter().find(|(id, entry)| is_new(*sample, id, entry));
            let found: Vec<_> = samples.iter().filter_map(row).map(|(id, entry)| (*id, *entry)).collect();
            let is_done = !found.is_empty();
            let problem = format!("torn: {} rows of a batch of {} are in the store", found.len(), samples.len());
            let is_torn = is_done && found.len() < samples.len();
            expected.extend(found);
            if is_torn { Err(problem) } else { Ok(is_done) }
        }
        Op::Update(id, sample) => {
            let Some(entry) = expected.get_mut(id) else { return Ok(false) };
            let next = Entry { sample: *sample, version: entry.version + 1 };
            let is_done = actual.get(id) == Some(&next);
            if is_done {
                *entry = next;
            }
            Ok(is_done)
        }
        Op::Delete(id) => {
            let is_done = !actual.contains_key(id);
            if is_done {
                expected.remove(id);
            }
            Ok(is_done)
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample {} version {}", self.sample, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(id: u128) -> RowId {
        RowId::from_u128(id)
    }

    fn rows(rows: &[(u128, usize, u64)]) -> Vec<Rows> {
        vec![
            rows.iter()
                .map(|(number, sample, version)| (id(*number), Entry { sample: *sample, version: *version }))
                .collect(),
        ]
    }

    /// One row of sample 5 at version 1, a deleted row, and these operations in flight.
    fn ledger(in_flight: &[Op]) -> Ledger {
        let mut ledger = Ledger::default();
        let acknowledged = [
            (Op::Create(vec![4, 9]), vec![(id(1), 0), (id(2), 0)]),
            (Op::Update(id(1), 5), vec![(id(1), 1)]),
            (Op::Delete(id(2)), vec![]),
        ];
        for (op, written) in acknowledged {
            ledger.take(Event::Begin(0, vec![(0, op)])).unwrap();
            ledger.take(Event::Done(0, vec![written])).unwrap();
        }
        for (thread, op) in in_flight.iter().enumerate() {
            ledger.take(Event::Begin(thread, vec![(0, op.clone())])).unwrap();
        }
        ledger
    }

    #[track_caller]
    fn settles(in_flight: &[Op], actual: &[(u128, usize, u64)], problem: Option<&str>) {
        let problems = ledger(in_flight).settle(rows(actual));
        match problem {
            None => assert_eq!(problems, [""; 0]),
            Some(start) => assert!(problems.iter().any(|problem| problem.starts_with(start)), "{problems:?}"),
        }
    }

    #[test]
    fn acknowledged_writes_must_be_in_the_store() {
        settles(&[], &[(1, 5, 1)], None);
        settles(&[], &[], Some("lost"));
        settles(&[], &[(1, 4, 0)], Some("lost"));
        settles(&[], &[(1, 5, 0)], Some("lost"));
        settles(&[], &[(1, 5, 1), (2, 9, 0)], Some("resurrected"));
        settles(&[], &[(1, 5, 1), (3, 9, 0)], Some("resurrected"));
    }

    #[test]
    fn writes_in_flight_may_be_in_the_store_as_a_whole() {
        let batch = [Op::Create(vec![6, 7])];
        settles(&batch, &[(1, 5, 1)], None);
        settles(&batch, &[(1, 5, 1), (3, 6, 0), (4, 7, 0)], None);
        settles(&batch, &[(1, 5, 1), (3, 6, 0)], Some("torn"));
        settles(&batch, &[(1, 5, 1), (3, 6, 0), (4, 7, 1)], Some("torn"));
        let update = [Op::Update(id(1), 8)];
        settles(&update, &[(1, 5, 1)], None);
        settles(&update, &[(1, 8, 2)], None);
        settles(&update, &[(1, 8, 1)], Some("lost"));
        settles(&update, &[(1, 5, 2)], Some("lost"));
        settles(&update, &[], Some("lost"));
        let delete = [Op::Delete(id(1))];
        settles(&delete, &[(1, 5, 1)], None);
        settles(&delete, &[], None);
        settles(&delete, &[(1, 5, 0)], Some("lost"));
    }

    #[test]
    fn the_rows_found_are_expected_the_next_time() {
        let mut ledger = ledger(&[Op::Delete(id(1))]);
        assert_eq!(ledger.settle(rows(&[])), [""; 0]);
        assert_eq!(ledger.settle(rows(&[])), [""; 0]);
        assert_eq!(ledger.settle(rows(&[(1, 5, 1)])).len(), 1);
        assert_eq!(ledger.acknowledged(), 3);
    }

    #[test]
    fn writers_acknowledge_only_writes_that_they_began() {
        let mut ledger = Ledger::default();
        let delete = || Event::Begin(0, vec![(0, Op::Delete(id(1)))]);
        let undelete = || Event::Try(0, vec![(0, Op::Delete(id(1)))]);
        assert!(ledger.take(Event::Done(0, vec![])).is_err());
        assert!(ledger.take(Event::Undone(0)).is_err());
        ledger.take(delete()).unwrap();
        assert!(ledger.take(delete()).is_err());
        assert!(ledger.take(Event::Undone(0)).is_err());
        ledger.take(undelete()).unwrap();
        ledger.take(Event::Undone(0)).unwrap();
        ledger.take(undelete()).unwrap();
        assert!(ledger.take(Event::Done(0, vec![vec![]])).is_err());
        ledger.take(delete()).unwrap();
        assert!(ledger.take(Event::Done(0, vec![vec![], vec![]])).is_err());
    }

    /// A transaction deletes a row in one table, and creates and updates rows in another.
    #[test]
    fn a_transaction_is_in_the_store_as_a_whole_or_not_at_all() {
        let settled = |first: &[(u128, usize, u64)], second: &[(u128, usize, u64)]| {
            let mut ledger = ledger(&[]);
            ledger.take(Event::Begin(0, vec![(1, Op::Create(vec![3]))])).unwrap();
            ledger.take(Event::Done(0, vec![vec![(id(1), 0)]])).unwrap();
            let together = vec![(0, Op::Delete(id(1))), (1, Op::Create(vec![6])), (1, Op::Update(id(1), 7))];
            ledger.take(Event::Begin(1, together)).unwrap();
            ledger.settle([rows(first), rows(second)].concat())
        };
        let (old, new) = ([(1, 5, 1)], [(1, 7, 1), (2, 6, 0)]);
        assert_eq!(settled(&old, &[(1, 3, 0)]), [""; 0]);
        assert_eq!(settled(&[], &new), [""; 0]);
        for (first, second) in
            [(&old[..], &new[..]), (&[], &[(1, 3, 0)]), (&[], &new[..1]), (&old, &[(1, 3, 0), (2, 6, 0)])]
        {
            let problems = settled(first, second);
            assert!(problems.iter().any(|problem| problem.starts_with("torn")), "{problems:?}");
        }
        // Neither a transaction that was rolled back nor one that was about to be may be in the store.
        for is_undone in [true, false] {
            let mut ledger = ledger(&[]);
            ledger.take(Event::Try(0, vec![(0, Op::Delete(id(1)))])).unwrap();
            if is_undone {
                ledger.take(Event::Undone(0)).unwrap();
            }
            let problem = if is_undone { "lost" } else { "resurrected" };
            assert!(ledger.settle(rows(&[]))[0].starts_with(problem));
        }
    }
}
