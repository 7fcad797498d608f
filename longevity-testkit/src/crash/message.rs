//! The messages of a child to its parent, as lines of text.

use std::fmt::{self, Display};

use longevity_core::RowId;

use super::ledger::{Event, Op};

/// The start of each line. It distinguishes messages from other output of a test binary.
const MARK: &str = "longevity-crash";

/// A message of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Event(Event),
    /// The child cannot continue, for this reason.
    Failed(String),
}

impl Display for Message {
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

/// The message on a line; `None` if there is none, or the line is incomplete.
pub(super) fn parse(line: &str) -> Option<Message> {
    let rest = line.strip_suffix('\n')?;
    let rest = &rest[rest.find(MARK)? + MARK.len() + 1..];
    if let Some(error) = rest.strip_prefix("failed ") {
        return Some(Message::Failed(error.to_owned()));
    }
    let words: Vec<_> = rest.split(' ').collect();
    let number = |word: &str| word.parse::<usize>().ok();
    let id = |word: &str| u128::from_str_radix(word, 16).ok().map(RowId::from_u128);
    let list = |word: &'_ str| word.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    Some(Message::Event(match words.as_slice() {
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
    fn messages_survive_a_round_trip() {
        let id = RowId::from_u128;
        for message in [
            Message::Event(Event::Begin(3, vec![(1, Op::Create(vec![4, 5]))])),
            Message::Event(Event::Begin(0, vec![(0, Op::Update(id(u128::MAX), 7))])),
            Message::Event(Event::Begin(0, vec![(0, Op::Delete(id(0)))])),
            Message::Event(Event::Begin(
                0,
                vec![(0, Op::Delete(id(0))), (2, Op::Create(vec![1])), (1, Op::Create(vec![]))],
            )),
            Message::Event(Event::Try(0, vec![(0, Op::Delete(id(0))), (1, Op::Update(id(4), 1))])),
            Message::Event(Event::Done(2, vec![vec![(id(10), 0), (id(11), u64::MAX)]])),
            Message::Event(Event::Done(2, vec![vec![]])),
            Message::Event(Event::Done(2, vec![vec![], vec![(id(1), 2)], vec![]])),
            Message::Event(Event::Undone(7)),
            Message::Failed("it broke: twice".to_owned()),
        ] {
            assert_eq!(parse(&format!("{message}\n")), Some(message.clone()));
            // The harness of a test binary may print something before the message.
            assert_eq!(parse(&format!("test a ... {message}\n")), Some(message.clone()));
            assert_eq!(parse(&message.to_string()), None, "an incomplete line");
        }
        assert_eq!(parse("running 1 test\n"), None);
    }
}
