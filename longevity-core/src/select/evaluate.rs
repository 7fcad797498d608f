//! The executable meaning of predicates. The translation of every back end is checked against it.

use super::Predicate;
use crate::row::RowId;
use crate::table::any_value;
use crate::value::{Comparison, Step, Value, ValueRef, compare, satisfies};

/// What identifies a row, apart from its values.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its id.
    pub id: RowId,
    /// Its discriminator; `None` in the table of a plain type.
    pub discriminator: Option<&'a str>,
}

/// Whether a predicate is true for this row, whose values `value_at` reads.
pub fn evaluate<'a>(
    predicate: &Predicate,
    row: Subject<'_>,
    value_at: &dyn Fn(&[&'static Step]) -> ValueRef<'a>,
) -> bool {
    holds(predicate, false, row, value_at)
}

/// A predicate that is evaluated for many rows. Its lists are sorted, so that a list of 10^5 operands costs at most 17
/// comparisons for each row.
#[derive(Clone, Debug)]
pub struct Prepared(Predicate);

impl Prepared {
    /// Sorts the lists of a predicate.
    pub fn new(mut predicate: Predicate) -> Self {
        let mut left = vec![&mut predicate];
        while let Some(part) = left.pop() {
            match part {
                Predicate::In { operands, .. } => {
                    operands.sort_unstable();
                    operands.dedup();
                }
                Predicate::And(parts) | Predicate::Or(parts) => left.extend(parts),
                Predicate::Not(part) => left.push(part),
                _ => {}
            }
        }
        Self(predicate)
    }

    /// The predicate, with the same meaning.
    pub fn predicate(&self) -> &Predicate {
        &self.0
    }

    /// Whether the predicate is true for this row, as [`evaluate`] defines it.
    pub fn evaluate<'a>(&self, row: Subject<'_>, value_at: &dyn Fn(&[&'static Step]) -> ValueRef<'a>) -> bool {
        holds(&self.0, true, row, value_at)
    }
}

/// Whether one of the operands equals the value.
fn is_among(value: ValueRef<'_>, operands: &[Value], in_order: bool) -> bool {
    match value {
        ValueRef::Composite(_) if in_order => {
            // Made once instead of for each comparison.
            let value = value.to_value();
            if let ValueRef::Composite(_) = value.as_value_ref() {
                return operands.binary_search(&value).is_ok();
            }
        }
        value if in_order => {
            return operands.binary_search_by(|operand| compare(operand.as_value_ref(), value)).is_ok();
        }
        _ => {}
    }
    operands.iter().any(|operand| satisfies(Comparison::Eq, value, operand.as_value_ref()))
}

/// `in_order` says whether the lists are sorted.
fn holds<'a>(
    predicate: &Predicate,
    in_order: bool,
    row: Subject<'_>,
    value_at: &dyn Fn(&[&'static Step]) -> ValueRef<'a>,
) -> bool {
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::Scope(scope) => scope.contains(row.discriminator),
        Predicate::Compare { path, comparison, operand } => {
            satisfies(*comparison, path.value_in(value_at), operand.as_value_ref())
        }
        Predicate::In { path, operands, negated } => is_among(path.value_in(value_at), operands, in_order) != *negated,
        Predicate::Text { path, test, text } => match path.value_in(value_at) {
            ValueRef::Text(value) => test.holds(value, text),
            _ => false,
        },
        Predicate::Contains { path, through, element } => match path.value_in(value_at) {
            ValueRef::Composite(collection) => {
                any_value(collection, through, &mut |value| satisfies(Comparison::Eq, value, element.as_value_ref()))
            }
            _ => false,
        },
        Predicate::Length { path, comparison, length } => {
            let found = match path.value_in(value_at) {
                ValueRef::Composite(composite) => composite.length(),
                _ => None,
            };
            let found = found.map_or(ValueRef::NONE, ValueRef::UInt);
            satisfies(*comparison, found, ValueRef::UInt(*length))
        }
        Predicate::Id { comparison, id } => {
            let ordering = row.id.cmp(id);
            match comparison {
                Comparison::Eq => ordering.is_eq(),
                Comparison::Ne => ordering.is_ne(),
                Comparison::Lt => ordering.is_lt(),
                Comparison::Le => ordering.is_le(),
                Comparison::Gt => ordering.is_gt(),
                Comparison::Ge => ordering.is_ge(),
            }
        }
        Predicate::And(parts) => parts.iter().all(|part| holds(part, in_order, row, value_at)),
        Predicate::Or(parts) => parts.iter().any(|part| holds(part, in_order, row, value_at)),
        Predicate::Not(part) => !holds(part, in_order, row, value_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;
    use crate::value::Path;

    const CATS: &Step = &Step::new("cats");
    const TAGS: &Step = &Step::new("tags");

    fn row(path: &[&'static Step]) -> ValueRef<'static> {
        thread_local! {
            static LIST: &'static Value = Box::leak(Box::new(Value::List(vec![Value::Text("a".into()), Value::NONE])));
        }
        match path {
            [step] if **step == *CATS => ValueRef::Int(3),
            [step] if **step == *TAGS => LIST.with(|list| list.as_value_ref()),
            _ => ValueRef::NONE,
        }
    }

    const MEMBERS: Scope = Scope { variant: 0, discriminators: &["Member"] };

    fn compare(step: &'static Step, comparison: Comparison, operand: Value) -> Predicate {
        Predicate::Compare { path: Path::root().then(step), comparison, operand }
    }

    const MEMBER: Subject<'_> = Subject { id: RowId::from_u128(7), discriminator: Some("Member") };

    fn holds(predicate: &Predicate) -> bool {
        evaluate(predicate, MEMBER, &row)
    }

    #[test]
    fn a_property_of_a_sibling_is_false_whatever_the_comparison_and_its_negation_true() {
        let of_sibling =
            |predicate: Predicate| predicate.scoped_to(Scope { variant: 1, discriminators: &["Commenter"] });
        for comparison in [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Ge] {
            let cats = || compare(CATS, comparison, Value::Int(3));
            assert!(!holds(&of_sibling(cats())));
            assert!(holds(&of_sibling(cats().negate())));
            assert!(holds(&of_sibling(cats().and(cats()).negate())));
            assert!(holds(&of_sibling(cats().or(cats().negate()))));
            assert!(!holds(&of_sibling(cats().and(cats().negate()))));
        }
        assert!(!evaluate(&Predicate::Scope(MEMBERS), Subject { discriminator: None, ..MEMBER }, &row));
    }

    #[test]
    fn a_conjunction_is_scoped_once() {
        let cats = || compare(CATS, Comparison::Eq, Value::Int(3));
        let scoped = cats().and(cats()).and(cats()).scoped_to(MEMBERS);
        assert_eq!(scoped, Predicate::And(vec![Predicate::Scope(MEMBERS), cats(), cats(), cats()]));
        assert!(holds(&scoped));
        // A conjunction with one part left becomes that part.
        let all = || Predicate::And(vec![Predicate::True, Predicate::True]);
        assert_eq!(all().scoped_to(MEMBERS), Predicate::True);
        let one = Predicate::And(vec![Predicate::True, Predicate::False]);
        assert_eq!(one.scoped_to(MEMBERS), Predicate::False);
    }

    #[test]
    fn an_alias_is_in_scope() {
        assert!(holds(&Predicate::Scope(Scope { variant: 0, discriminators: &["Person", "Member"] })));
    }

    #[test]
    fn empty_conjunction_is_true_and_empty_disjunction_false() {
        assert!(holds(&Predicate::And(vec![])));
        assert!(!holds(&Predicate::Or(vec![])));
        assert!(holds(&Predicate::True) && !holds(&Predicate::False));
    }

    #[test]
    fn contains_looks_at_elements_only() {
        let contains = |step, element| Predicate::contains(Path::root().then(step), element);
        assert!(holds(&contains(TAGS, Value::Text("a".into()))));
        assert!(holds(&contains(TAGS, Value::NONE)));
        assert!(!holds(&contains(TAGS, Value::Text("b".into()))));
        assert!(!holds(&contains(CATS, Value::Int(3))));
    }

    #[test]
    fn a_list_in_order_has_what_the_list_has() {
        let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
        let values = [
            Value::NONE,
            Value::None(1),
            Value::Int(-3),
            Value::Int(7),
            Value::UInt(7),
            Value::UInt(u64::MAX),
            Value::Float(f64::NAN),
            Value::Float(-f64::NAN),
            Value::Float(0.0),
            Value::Float(-0.0),
            Value::Float(f64::NEG_INFINITY),
            Value::Text("".into()),
            Value::Text("a".into()),
            list(&[]),
            list(&[1, 2]),
            Value::Record(vec![("a", Value::Int(1)), ("b", Value::NONE)]),
            Value::Variant("A", Box::new(Value::Int(1))),
        ];
        for operands in 0..1_u32 << values.len() {
            // The multiplication spreads the numbers, because not all sets need to be tried.
            let chosen = operands.wrapping_mul(0x9e37_79b1) >> 15;
            if operands % 97 != 0 {
                continue;
            }
            let mut operands: Vec<_> = values
                .iter()
                .enumerate()
                .filter(|(at, _)| chosen >> at & 1 == 1)
                .map(|(_, value)| value.clone())
                .collect();
            operands.extend(operands.first().cloned());
            operands.reverse();
            for negated in [false, true] {
                let path = Path::root().then(CATS);
                let asked = Predicate::In { path, operands: operands.clone(), negated };
                let prepared = Prepared::new(asked.clone().negate().and(Predicate::True).negate());
                for value in &values {
                    let row = |_: &[&'static Step]| value.as_value_ref();
                    let expected = evaluate(&asked, MEMBER, &row);
                    assert_eq!(prepared.evaluate(MEMBER, &row), expected, "{value:?} among {operands:?}");
                }
            }
        }
    }

    #[test]
    fn equalities_of_one_property_are_one_question() {
        let cats = |number| compare(CATS, Comparison::Eq, Value::Int(number));
        let one_of = |numbers: [i64; 3]| {
            let operands = numbers.map(Value::Int).to_vec();
            Predicate::In { path: Path::root().then(CATS), operands, negated: false }
        };
        assert_eq!(cats(1).or(cats(2)).or(cats(3)), one_of([1, 2, 3]));
        assert_eq!(cats(1).or(cats(2).or(cats(3))), one_of([2, 3, 1]));
        assert!(matches!(cats(1).or(compare(TAGS, Comparison::Eq, Value::Int(1))), Predicate::Or(_)));
        assert!(matches!(cats(1).or(compare(CATS, Comparison::Ne, Value::Int(1))), Predicate::Or(_)));
        assert!(matches!(cats(1).negate().or(cats(2)), Predicate::Or(_)));
    }

    #[test]
    fn and_flattens_and_not_cancels() {
        let cats = || compare(CATS, Comparison::Eq, Value::Int(3));
        assert_eq!(cats().and(cats()).and(cats()).conjuncts().len(), 3);
        assert_eq!(cats().and(cats().and(cats())).conjuncts().len(), 3);
        assert_eq!(Predicate::True.and(cats()), cats());
        assert_eq!(cats().negate().negate(), cats());
    }
}
