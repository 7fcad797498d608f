//! Events as lines of text: what a child writes for its parent to read.

use std::fmt::{self, Display};

use longevity_core::RowId;

use super::ledger::{Event, Op};

/// In front of each line, so that whatever else a test binary prints is passed over.
const MARK: &str = "longevity-crash";

/// What a child says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Event(Event),
    /// It cannot go on; nothing is wrong with it but this.
    Failed(String),
}

impl Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: Vec<String>| parts.join(",");
        let hex = |id: &RowId| format!("{:x}", id.as_u128());
        match self {
            Self::Event(event @ (Event::Begin(thread, ops) | Event::Try(thread, ops))) => {
                let verb = if matches!(event, Event::Begin(..)) { "begin" } else { "try" };
                write!(f, "{MARK} {verb} {thread}")?;
                ops.iter().try_for_each(|(table, op)| match op {
                    Op::Create(samples) => {
                        write!(f, " {table} create {} -", joined(samples.iter().map(usize::to_string).collect()))
                    }
                    Op::Update(id, sample) => write!(f, " {table} update {} {sample}", hex(id)),
                    Op::Delete(id) => write!(f, " {table} delete {} -", hex(id)),
                })
            }
            Self::Event(Event::Done(thread, written)) => {
                write!(f, "{MARK} done {thread}")?;
                written.iter().try_for_each(|rows| {
                    let rows = rows.iter().map(|(id, version)| format!("{}:{version}", hex(id)));
                    write!(f, " {}", joined(rows.collect()))
                })
            }
            Self::Event(Event::Undone(thread)) => write!(f, "{MARK} undone {thread}"),
            Self::Failed(error) => write!(f, "{MARK} failed {}", error.replace(['\n', '\r'], " ")),
        }
    }
}

/// What a line says; `None` if it is not a child's, or not whole.
pub(super) fn parse(line: &str) -> Option<Said> {
    let rest = line.strip_suffix('\n')?;
    let rest = &rest[rest.find(MARK)? + MARK.len() + 1..];
    if let Some(error) = rest.strip_prefix("failed ") {
        return Some(Said::Failed(error.to_owned()));
    }
    let words: Vec<_> = rest.split(' ').collect();
    let number = |word: &str| word.parse::<usize>().ok();
    let id = |word: &str| u128::from_str_radix(word, 16).ok().map(RowId::from_u128);
    let list = |word: &'_ str| word.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    Some(Said::Event(match words.as_slice() {
        [verb @ ("begin" | "try"), thread, ops @ ..] => {
            let op = |words: &[&str]| {
                let [table, rest @ ..] = words else { return None };
                let op = match rest {
                    ["create", samples, "-"] => {
                        Op::Create(list(samples).iter().map(|sample| number(sample)).collect::<Option<_>>()?)
                    }
                    ["update", row, sample] => Op::Update(id(row)?, number(sample)?),
                    ["delete", row, "-"] => Op::Delete(id(row)?),
                    _ => return None,
                };
                Some((number(table)?, op))
            };
            let (thread, ops) = (number(thread)?, ops.chunks(4).map(op).collect::<Option<_>>()?);
            if *verb == "begin" { Event::Begin(thread, ops) } else { Event::Try(thread, ops) }
        }
        ["done", thread, written @ ..] => {
            let row = |part: &String| {
                let (row, version) = part.split_once(':')?;
                Some((id(row)?, version.parse().ok()?))
            };
            let rows = |rows: &&str| list(rows).iter().map(row).collect::<Option<_>>();
            Event::Done(number(thread)?, written.iter().map(rows).collect::<Option<_>>()?)
        }
        ["undone", thread] => Event::Undone(number(thread)?),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_was_said() {
        let id = RowId::from_u128;
        for said in [
            Said::Event(Event::Begin(3, vec![(1, Op::Create(vec![4, 5]))])),
            Said::Event(Event::Begin(0, vec![(0, Op::Update(id(u128::MAX), 7))])),
            Said::Event(Event::Begin(0, vec![(0, Op::Delete(id(0)))])),
            Said::Event(Event::Begin(
                0,
                vec![(0, Op::Delete(id(0))), (2, Op::Create(vec![1])), (1, Op::Create(vec![]))],
            )),
            Said::Event(Event::Try(0, vec![(0, Op::Delete(id(0))), (1, Op::Update(id(4), 1))])),
            Said::Event(Event::Done(2, vec![vec![(id(10), 0), (id(11), u64::MAX)]])),
            Said::Event(Event::Done(2, vec![vec![]])),
            Said::Event(Event::Done(2, vec![vec![], vec![(id(1), 2)], vec![]])),
            Said::Event(Event::Undone(7)),
            Said::Failed("it broke: twice".to_owned()),
        ] {
            assert_eq!(parse(&format!("{said}\n")), Some(said.clone()));
            // As the harness of a test binary may print before it.
            assert_eq!(parse(&format!("test a ... {said}\n")), Some(said.clone()));
            assert_eq!(parse(&said.to_string()), None, "not whole");
        }
        assert_eq!(parse("running 1 test\n"), None);
    }
}
