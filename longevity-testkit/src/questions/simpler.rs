//! Simpler queries, to find the smallest that still fails.

use longevity_core::Value;
use longevity_core::backend::Direction;

use super::asked::{Asked, IsForm, JoinForm, Question, What};

/// How many queries are tried.
const TRIES: usize = 3_000;

/// The simplest query found that still fails.
pub(crate) fn simplest(asked: Asked, fails: impl Fn(&Asked) -> bool) -> Asked {
    let (mut simplest, mut tries) = (asked, TRIES);
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
pub(crate) fn simpler(asked: &Asked) -> Vec<Asked> {
    let mut simpler = vec![Asked::of(Question::All)];
    simpler.push(Asked { order: Vec::new(), ties: Direction::Ascending, ..asked.clone() });
    simpler.push(Asked { offset: 0, limit: None, ..asked.clone() });
    simpler.push(Asked { offset: 0, ..asked.clone() });
    simpler.push(Asked { limit: None, ..asked.clone() });
    simpler.push(Asked { ties: Direction::Ascending, ..asked.clone() });
    for gone in 0..asked.order.len() {
        let mut fewer = asked.clone();
        fewer.order.remove(gone);
        simpler.push(fewer);
    }
    simpler.extend(simpler_questions(&asked.filter).into_iter().map(|filter| Asked { filter, ..asked.clone() }));
    // A number halves, and counts down where that does not fail.
    let halves = |number: u64| [number / 2, number.saturating_sub(1)];
    simpler.extend(halves(asked.offset).map(|offset| Asked { offset, ..asked.clone() }));
    if let Some(limit) = asked.limit {
        simpler.extend(halves(limit).map(|limit| Asked { limit: Some(limit), ..asked.clone() }));
    }
    simpler.retain(|candidate| candidate != asked);
    simpler
}

fn simpler_questions(question: &Question) -> Vec<Question> {
    let mut simpler = if *question == Question::All { Vec::new() } else { vec![Question::All] };
    match question {
        Question::Not(part) => {
            simpler.push((**part).clone());
            simpler.extend(simpler_questions(part).into_iter().map(|part| Question::Not(Box::new(part))));
        }
        Question::Widened(variant, part) => {
            simpler.push((**part).clone());
            let widened = |part| Question::Widened(*variant, Box::new(part));
            simpler.extend(simpler_questions(part).into_iter().map(widened));
        }
        Question::Joined { join, form, parts } => {
            let joined = |form, parts| Question::Joined { join: *join, form, parts };
            simpler.extend(simpler_parts(parts, |parts| joined(*form, parts)));
            simpler.extend((*form != JoinForm::Left).then(|| joined(JoinForm::Left, parts.clone())));
        }
        Question::Is { variant, form } if *form != IsForm::Is => {
            simpler.push(Question::Is { variant: *variant, form: IsForm::Is });
        }
        Question::Of(place, what) => {
            simpler.extend(simpler_whats(what).into_iter().map(|what| Question::Of(place.clone(), what)));
        }
        Question::All | Question::Nothing | Question::Id { .. } | Question::Is { .. } => {}
    }
    simpler
}

fn simpler_whats(what: &What) -> Vec<What> {
    match what {
        What::Among { operands, negated } => {
            let among = |operands| What::Among { operands, negated: *negated };
            fewer(operands).into_iter().map(among).collect()
        }
        What::ContainsAny(parts) | What::ContainsAll(parts) if parts.len() == 1 => {
            vec![What::Contains(parts[0].clone())]
        }
        What::ContainsAny(parts) => fewer(parts).into_iter().map(What::ContainsAny).collect(),
        What::ContainsAll(parts) => fewer(parts).into_iter().map(What::ContainsAll).collect(),
        What::Text(test, text) => shorter(text).into_iter().map(|text| What::Text(*test, text)).collect(),
        What::Compare(comparison, Value::Text(text)) => {
            let operands = shorter(text).into_iter().map(|text| Value::Text(text.into()));
            operands.map(|operand| What::Compare(*comparison, operand)).collect()
        }
        _ => Vec::new(),
    }
}

fn simpler_parts(parts: &[Question], of: impl Fn(Vec<Question>) -> Question) -> Vec<Question> {
    let mut simpler = parts.to_vec();
    simpler.extend(fewer(parts).into_iter().map(&of));
    for (position, part) in parts.iter().enumerate() {
        simpler.extend(simpler_questions(part).into_iter().map(|part| {
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
fn shorter(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    fewer(&characters).into_iter().filter(|shorter| !shorter.is_empty()).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use longevity_core::Step;
    use longevity_core::storable::ScalarType;

    use super::super::asked::{Join, Place, Test};
    use super::super::properties::{Hop, Kind, Property};
    use super::*;

    fn of_cats(what: What) -> Question {
        const CATS: &Step = &Step::new("cats");
        let (way, kind) = (vec![Hop::Field(CATS)], Kind::Scalar(ScalarType::I64));
        let property = Property { way, kind, options: 0, in_variant: false, scope: None };
        Question::Of(Place { property, somes: 0 }, what)
    }

    fn among(operands: impl IntoIterator<Item = i64>) -> Question {
        of_cats(What::Among { operands: operands.into_iter().map(Value::Int).collect(), negated: false })
    }

    #[test]
    fn what_does_not_matter_goes() {
        let joined = |join, parts| Question::Joined { join, form: JoinForm::Collected, parts };
        let both = joined(Join::And, vec![among(0..300), Question::All]);
        let ends = of_cats(What::Text(Test::EndsWith, "longer than one".into()));
        let filter = joined(Join::Or, vec![ends, Question::Not(Box::new(both))]);
        let asked = Asked { offset: 40, limit: Some(7), ..Asked::of(filter) };
        // Fails as soon as 200 is among the operands, somewhere, and two rows are skipped.
        let fails = |asked: &Asked| format!("{:?}", asked.filter).contains("Int(200)") && asked.offset > 1;
        let simplest = simplest(asked, fails);
        assert_eq!(simplest, Asked { offset: 2, ..Asked::of(among([200])) });
    }
}
