//! The executable meaning of a predicate. Every back end's translation is held to it.

use super::Predicate;
use crate::path::Step;
use crate::row::RowId;
use crate::value::{Comparison, ValueRef, satisfies};

/// What a row is apart from its values.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its id.
    pub id: RowId,
    /// Its discriminator; `None` in the table of a plain type.
    pub discriminator: Option<&'a str>,
}

/// Whether a predicate is true of this row, whose values `value_at` reads.
pub fn evaluate<'a>(
    predicate: &Predicate,
    row: Subject<'_>,
    value_at: &dyn Fn(&[&'static Step]) -> ValueRef<'a>,
) -> bool {
    match predicate {
        Predicate::All => true,
        Predicate::Nothing => false,
        Predicate::Discriminator(names) => row.discriminator.is_some_and(|name| names.contains(&name)),
        Predicate::Compare { path, comparison, operand } => {
            satisfies(*comparison, path.value_in(value_at), operand.as_value_ref())
        }
        Predicate::In { path, operands, negated } => {
            let value = path.value_in(value_at);
            let equals = |operand: &crate::Value| satisfies(Comparison::Eq, value, operand.as_value_ref());
            operands.iter().any(equals) != *negated
        }
        Predicate::Text { path, test, text } => match path.value_in(value_at) {
            ValueRef::Text(value) => test.holds(value, text),
            _ => false,
        },
        Predicate::Contains { path, element } => match path.value_in(value_at) {
            ValueRef::Composite(list) => {
                list.any_element(&mut |value| satisfies(Comparison::Eq, value, element.as_value_ref()))
            }
            _ => false,
        },
        Predicate::Length { path, comparison, length } => {
            let found = match path.value_in(value_at) {
                ValueRef::Composite(composite) => composite.length(),
                _ => None,
            };
            let found = found.map_or(ValueRef::None(0), ValueRef::UInt);
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
        Predicate::And(parts) => parts.iter().all(|part| evaluate(part, row, value_at)),
        Predicate::Or(parts) => parts.iter().any(|part| evaluate(part, row, value_at)),
        Predicate::Not(part) => !evaluate(part, row, value_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;
    use crate::value::Value;

    const CATS: &Step = &Step::new("cats");
    const TAGS: &Step = &Step::new("tags");

    fn row(path: &[&'static Step]) -> ValueRef<'static> {
        thread_local! {
            static LIST: &'static Value = Box::leak(Box::new(Value::List(vec![Value::Text("a".into()), Value::None(0)])));
        }
        match path {
            [step] if **step == *CATS => ValueRef::Int(3),
            [step] if **step == *TAGS => LIST.with(|list| list.as_value_ref()),
            _ => ValueRef::None(0),
        }
    }

    fn compare(step: &'static Step, comparison: Comparison, operand: Value) -> Predicate {
        Predicate::Compare { path: Path::root().then(step), comparison, operand }
    }

    const MEMBER: Subject<'_> = Subject { id: RowId::from_u128(7), discriminator: Some("Member") };

    fn holds(predicate: &Predicate) -> bool {
        evaluate(predicate, MEMBER, &row)
    }

    #[test]
    fn a_property_of_a_sibling_is_false_whatever_the_comparison_and_its_negation_true() {
        let of_sibling = |predicate: Predicate| predicate.scoped_to(&["Commenter"]);
        for comparison in [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Ge] {
            let cats = || compare(CATS, comparison, Value::Int(3));
            assert!(!holds(&of_sibling(cats())));
            assert!(holds(&of_sibling(cats().negate())));
            assert!(holds(&of_sibling(cats().and(cats()).negate())));
            assert!(holds(&of_sibling(cats().or(cats().negate()))));
            assert!(!holds(&of_sibling(cats().and(cats().negate()))));
        }
        assert!(!evaluate(&Predicate::Discriminator(&["Member"]), Subject { discriminator: None, ..MEMBER }, &row));
    }

    #[test]
    fn a_conjunction_is_scoped_once() {
        let cats = || compare(CATS, Comparison::Eq, Value::Int(3));
        let scoped = cats().and(cats()).and(cats()).scoped_to(&["Member"]);
        assert_eq!(scoped, Predicate::And(vec![Predicate::Discriminator(&["Member"]), cats(), cats(), cats()]));
        assert!(holds(&scoped));
    }

    #[test]
    fn an_alias_is_in_scope() {
        assert!(holds(&Predicate::Discriminator(&["Person", "Member"])));
    }

    #[test]
    fn empty_conjunction_is_true_and_empty_disjunction_false() {
        assert!(holds(&Predicate::And(vec![])));
        assert!(!holds(&Predicate::Or(vec![])));
        assert!(holds(&Predicate::All) && !holds(&Predicate::Nothing));
    }

    #[test]
    fn contains_looks_at_elements_only() {
        let contains = |step, element| Predicate::Contains { path: Path::root().then(step), element };
        assert!(holds(&contains(TAGS, Value::Text("a".into()))));
        assert!(holds(&contains(TAGS, Value::None(0))));
        assert!(!holds(&contains(TAGS, Value::Text("b".into()))));
        assert!(!holds(&contains(CATS, Value::Int(3))));
    }

    #[test]
    fn equalities_of_one_property_are_one_question() {
        let cats = |number| compare(CATS, Comparison::Eq, Value::Int(number));
        let one_of = |numbers: [i64; 3]| {
            let operands = numbers.map(Value::Int).to_vec();
            Predicate::In { path: Path::root().then(CATS), operands, negated: false }
        };
        assert_eq!(cats(1).or(cats(2)).or(cats(3)), one_of([1, 2, 3]));
        assert_eq!(cats(1).or(cats(2).or(cats(3))), one_of([1, 2, 3]));
        assert!(matches!(cats(1).or(compare(TAGS, Comparison::Eq, Value::Int(1))), Predicate::Or(_)));
        assert!(matches!(cats(1).or(compare(CATS, Comparison::Ne, Value::Int(1))), Predicate::Or(_)));
        assert!(matches!(cats(1).negate().or(cats(2)), Predicate::Or(_)));
    }

    #[test]
    fn and_flattens_and_not_cancels() {
        let cats = || compare(CATS, Comparison::Eq, Value::Int(3));
        assert_eq!(cats().and(cats()).and(cats()).conjuncts().len(), 3);
        assert_eq!(cats().and(cats().and(cats())).conjuncts().len(), 3);
        assert_eq!(Predicate::All.and(cats()), cats());
        assert_eq!(cats().negate().negate(), cats());
    }
}
