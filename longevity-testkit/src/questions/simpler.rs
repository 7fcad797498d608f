//! Simpler queries, to find the smallest that still fails.

use longevity_core::Value;
use longevity_core::query::{Direction, Predicate, Select};

/// How many queries are tried.
const TRIES: usize = 3_000;

/// The simplest query found that still fails.
pub(crate) fn simplest(select: Select, fails: impl Fn(&Select) -> bool) -> Select {
    let (mut simplest, mut tries) = (select, TRIES);
    loop {
        let candidates = simpler(&simplest);
        let found = candidates.into_iter().take(tries).inspect(|_| tries -= 1).find(|candidate| fails(candidate));
        match found {
            Some(candidate) => simplest = candidate,
            None => return simplest,
        }
    }
}

/// Queries that ask less than this one, those that ask least first.
pub(crate) fn simpler(select: &Select) -> Vec<Select> {
    let mut simpler = vec![Select::of(Predicate::All)];
    simpler.push(Select { order: Vec::new(), ties: Direction::Ascending, ..select.clone() });
    simpler.push(Select { offset: 0, limit: None, ..select.clone() });
    simpler.push(Select { offset: 0, ..select.clone() });
    simpler.push(Select { limit: None, ..select.clone() });
    simpler.push(Select { ties: Direction::Ascending, ..select.clone() });
    for gone in 0..select.order.len() {
        let mut fewer = select.clone();
        fewer.order.remove(gone);
        simpler.push(fewer);
    }
    let predicates = simpler_predicates(&select.predicate).into_iter();
    simpler.extend(predicates.map(|predicate| Select { predicate, ..select.clone() }));
    // A number halves, and counts down where that does not fail.
    let halves = |number: u64| [number / 2, number.saturating_sub(1)];
    simpler.extend(halves(select.offset).map(|offset| Select { offset, ..select.clone() }));
    if let Some(limit) = select.limit {
        simpler.extend(halves(limit).map(|limit| Select { limit: Some(limit), ..select.clone() }));
    }
    simpler.retain(|candidate| candidate != select);
    simpler
}

fn simpler_predicates(predicate: &Predicate) -> Vec<Predicate> {
    let mut simpler = if *predicate == Predicate::All { Vec::new() } else { vec![Predicate::All] };
    match predicate {
        Predicate::Not(part) => {
            simpler.push((**part).clone());
            simpler.extend(simpler_predicates(part).into_iter().map(|part| Predicate::Not(Box::new(part))));
        }
        Predicate::And(parts) => simpler.extend(simpler_parts(parts, Predicate::And)),
        Predicate::Or(parts) => simpler.extend(simpler_parts(parts, Predicate::Or)),
        Predicate::In { path, operands, negated } => {
            let among = |operands| Predicate::In { path: path.clone(), operands, negated: *negated };
            simpler.extend(fewer(operands).into_iter().map(among));
        }
        Predicate::Text { path, test, text } => {
            let tests = shorter(text).into_iter().map(|text| Predicate::Text { path: path.clone(), test: *test, text });
            simpler.extend(tests);
        }
        Predicate::Compare { path, comparison, operand: Value::Text(text) } => {
            let operands = shorter(text).into_iter().map(Value::Text);
            simpler.extend(operands.map(|operand| Predicate::Compare {
                path: path.clone(),
                comparison: *comparison,
                operand,
            }));
        }
        _ => {}
    }
    simpler
}

fn simpler_parts(parts: &[Predicate], of: fn(Vec<Predicate>) -> Predicate) -> Vec<Predicate> {
    let mut simpler = parts.to_vec();
    simpler.extend(fewer(parts).into_iter().map(of));
    for (position, part) in parts.iter().enumerate() {
        simpler.extend(simpler_predicates(part).into_iter().map(|part| {
            let mut parts = parts.to_vec();
            parts[position] = part;
            of(parts)
        }));
    }
    simpler
}

/// Half of them, or one less: of a long list, only halves and its ends.
fn fewer<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.is_empty() {
        return Vec::new();
    }
    let half = all.len() / 2;
    let mut fewer = vec![Vec::new(), all[..half].to_vec(), all[half..].to_vec()];
    let ends = [0, all.len() - 1];
    let gone = (0..all.len()).filter(|gone| all.len() <= 12 || ends.contains(gone));
    fewer.extend(gone.map(|gone| [&all[..gone], &all[gone + 1..]].concat()));
    fewer.retain(|fewer| fewer.len() < all.len());
    fewer
}

/// Either half of it, or without its first or its last character.
fn shorter(text: &str) -> Vec<Box<str>> {
    let characters: Vec<char> = text.chars().collect();
    fewer(&characters)
        .into_iter()
        .filter(|shorter| !shorter.is_empty())
        .map(|characters| String::from_iter(characters).into())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use longevity_core::query::TextTest;
    use longevity_core::{Path, Step};

    fn among(operands: impl IntoIterator<Item = i64>) -> Predicate {
        const CATS: &Step = &Step::new("cats");
        let operands = operands.into_iter().map(Value::Int).collect();
        Predicate::In { path: Path::root().then(CATS), operands, negated: false }
    }

    #[test]
    fn what_does_not_matter_goes() {
        let ends = Predicate::Text { path: Path::root(), test: TextTest::EndsWith, text: "longer than one".into() };
        let filter =
            Predicate::Or(vec![ends, Predicate::Not(Box::new(Predicate::And(vec![among(0..300), Predicate::All])))]);
        let select = Select { offset: 40, limit: Some(7), ..Select::of(filter) };
        // Fails as soon as 200 is among the operands, somewhere, and two rows are skipped.
        let fails = |select: &Select| format!("{:?}", select.predicate).contains("Int(200)") && select.offset > 1;
        let simplest = simplest(select, fails);
        assert_eq!(simplest, Select { offset: 2, ..Select::of(among([200])) });
    }
}
