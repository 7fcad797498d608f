//! Simplifies queries, to find the simplest one that still fails.

use longevity_core::Value;
use longevity_core::backend::Direction;

use super::plain_query::{Condition, IsForm, JoinForm, PlainFilter, PlainQuery};

/// How many queries are tried.
const TRIES: usize = 3_000;

/// The simplest query found that still fails.
pub(crate) fn simplest(plain: PlainQuery, fails: impl Fn(&PlainQuery) -> bool) -> PlainQuery {
    let (mut simplest, mut tries) = (plain, TRIES);
    loop {
        let candidates = simpler(&simplest);
        let found = candidates.into_iter().take(tries).inspect(|_| tries -= 1).find(|candidate| fails(candidate));
        match found {
            Some(candidate) => simplest = candidate,
            None => return simplest,
        }
    }
}

/// Queries that are simpler than this one, the simplest first.
pub(crate) fn simpler(plain: &PlainQuery) -> Vec<PlainQuery> {
    let mut simpler = vec![PlainQuery::of(PlainFilter::All)];
    simpler.push(PlainQuery { order: Vec::new(), ties: Direction::Ascending, ..plain.clone() });
    simpler.push(PlainQuery { offset: 0, limit: None, ..plain.clone() });
    simpler.push(PlainQuery { offset: 0, ..plain.clone() });
    simpler.push(PlainQuery { limit: None, ..plain.clone() });
    simpler.push(PlainQuery { ties: Direction::Ascending, ..plain.clone() });
    for gone in 0..plain.order.len() {
        let mut fewer = plain.clone();
        fewer.order.remove(gone);
        simpler.push(fewer);
    }
    simpler.extend(simpler_filters(&plain.filter).into_iter().map(|filter| PlainQuery { filter, ..plain.clone() }));
    // A number is halved, or else reduced by one.
    let halves = |number: u64| [number / 2, number.saturating_sub(1)];
    simpler.extend(halves(plain.offset).map(|offset| PlainQuery { offset, ..plain.clone() }));
    if let Some(limit) = plain.limit {
        simpler.extend(halves(limit).map(|limit| PlainQuery { limit: Some(limit), ..plain.clone() }));
    }
    simpler.retain(|candidate| candidate != plain);
    simpler
}

fn simpler_filters(filter: &PlainFilter) -> Vec<PlainFilter> {
    let mut simpler = if *filter == PlainFilter::All { Vec::new() } else { vec![PlainFilter::All] };
    match filter {
        PlainFilter::Not(part) => {
            simpler.push((**part).clone());
            simpler.extend(simpler_filters(part).into_iter().map(|part| PlainFilter::Not(Box::new(part))));
        }
        PlainFilter::Widened(variant, part) => {
            simpler.push((**part).clone());
            let widened = |part| PlainFilter::Widened(*variant, Box::new(part));
            simpler.extend(simpler_filters(part).into_iter().map(widened));
        }
        PlainFilter::Joined { join, form, parts } => {
            let joined = |form, parts| PlainFilter::Joined { join: *join, form, parts };
            simpler.extend(simpler_parts(parts, |parts| joined(*form, parts)));
            simpler.extend((*form != JoinForm::Left).then(|| joined(JoinForm::Left, parts.clone())));
        }
        PlainFilter::Is { variant, form } if *form != IsForm::Is => {
            simpler.push(PlainFilter::Is { variant: *variant, form: IsForm::Is });
        }
        PlainFilter::Of(place, condition) => {
            simpler.extend(
                simpler_conditions(condition).into_iter().map(|condition| PlainFilter::Of(place.clone(), condition)),
            );
        }
        PlainFilter::All | PlainFilter::Nothing | PlainFilter::Id { .. } | PlainFilter::Is { .. } => {}
    }
    simpler
}

fn simpler_conditions(condition: &Condition) -> Vec<Condition> {
    match condition {
        Condition::Among { operands, negated } => {
            let among = |operands| Condition::Among { operands, negated: *negated };
            fewer(operands).into_iter().map(among).collect()
        }
        Condition::ContainsAny(parts) | Condition::ContainsAll(parts) if parts.len() == 1 => {
            vec![Condition::Contains(parts[0].clone())]
        }
        Condition::ContainsAny(parts) => fewer(parts).into_iter().map(Condition::ContainsAny).collect(),
        Condition::ContainsAll(parts) => fewer(parts).into_iter().map(Condition::ContainsAll).collect(),
        Condition::Text(test, text) => shorter(text).into_iter().map(|text| Condition::Text(*test, text)).collect(),
        Condition::Compare(comparison, Value::Text(text)) => {
            let operands = shorter(text).into_iter().map(|text| Value::Text(text.into()));
            operands.map(|operand| Condition::Compare(*comparison, operand)).collect()
        }
        _ => Vec::new(),
    }
}

fn simpler_parts(parts: &[PlainFilter], of: impl Fn(Vec<PlainFilter>) -> PlainFilter) -> Vec<PlainFilter> {
    let mut simpler = parts.to_vec();
    simpler.extend(fewer(parts).into_iter().map(&of));
    for (position, part) in parts.iter().enumerate() {
        simpler.extend(simpler_filters(part).into_iter().map(|part| {
            let mut parts = parts.to_vec();
            parts[position] = part;
            of(parts)
        }));
    }
    simpler
}

/// The list without a half or without one element. Of a long list, only an element at an end is removed.
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

/// The string without a half or without one character.
fn shorter(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    fewer(&characters).into_iter().filter(|shorter| !shorter.is_empty()).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use longevity_core::Step;
    use longevity_core::storable::ScalarType;

    use super::super::plain_query::{Join, Place, TextTest};
    use super::super::properties::{Hop, Kind, Property};
    use super::*;

    fn of_cats(condition: Condition) -> PlainFilter {
        const CATS: &Step = &Step::new("cats");
        let (hops, kind) = (vec![Hop::Field(CATS)], Kind::Scalar(ScalarType::I64));
        let property = Property { hops, kind, options: 0, in_variant: false, scope: None };
        PlainFilter::Of(Place { property, somes: 0 }, condition)
    }

    fn among(operands: impl IntoIterator<Item = i64>) -> PlainFilter {
        of_cats(Condition::Among { operands: operands.into_iter().map(Value::Int).collect(), negated: false })
    }

    #[test]
    fn irrelevant_parts_are_removed() {
        let joined = |join, parts| PlainFilter::Joined { join, form: JoinForm::Collected, parts };
        let both = joined(Join::And, vec![among(0..300), PlainFilter::All]);
        let ends = of_cats(Condition::Text(TextTest::EndsWith, "longer than one".into()));
        let filter = joined(Join::Or, vec![ends, PlainFilter::Not(Box::new(both))]);
        let plain = PlainQuery { offset: 40, limit: Some(7), ..PlainQuery::of(filter) };
        // Fails if 200 is among the operands, anywhere, and at least two rows are skipped.
        let fails = |plain: &PlainQuery| format!("{:?}", plain.filter).contains("Int(200)") && plain.offset > 1;
        let simplest = simplest(plain, fails);
        assert_eq!(simplest, PlainQuery { offset: 2, ..PlainQuery::of(among([200])) });
    }
}
