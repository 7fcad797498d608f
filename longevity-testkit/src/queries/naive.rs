//! The naive evaluation of plain queries, by a walk over plain values. It uses nothing of core's building and evaluation of
//! queries.

use std::cmp::Ordering;

use longevity_core::backend::Direction;
use longevity_core::value::Comparison;
use longevity_core::{PersistentType, Value};

use super::compare::{equal, equal_but_for_case, is_nan, order};
use super::plain_query::{Condition, IsForm, Join, Place, PlainFilter, PlainQuery, TextTest};
use super::properties::{Hop, Property};
use crate::values::whole;

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct PlainRow {
    /// Ids ascend with it.
    pub(crate) number: usize,
    pub(crate) variant: usize,
    pub(crate) value: Value,
}

impl PlainRow {
    pub(crate) fn of<T: PersistentType>(number: usize, value: &T) -> Self {
        Self { number, variant: value.variant(), value: whole(value) }
    }
}

/// The value of a property in a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum PropertyValue<'a> {
    /// `None` within this number of `Some`. A property is also `None` if a value on its path is absent.
    None(u8),
    Value(&'a Value),
}

impl<'a> PropertyValue<'a> {
    /// The value with `more` options around it.
    fn of(value: &'a Value, more: u8) -> Self {
        match value {
            Value::None(depth) => Self::None(depth + more),
            value => Self::Value(value),
        }
    }

    pub(super) fn to_value(self) -> Value {
        match self {
            Self::None(depth) => Value::None(depth),
            Self::Value(value) => value.clone(),
        }
    }

    fn equals(self, operand: &Value) -> bool {
        match (self, operand) {
            (Self::None(a), Value::None(b)) => a == *b,
            (Self::Value(value), operand) => !operand.is_none() && equal(value, operand),
            (Self::None(_), _) => false,
        }
    }

    /// An absent value is neither less nor greater than any other, and NaN compares with NaN only.
    fn compares(self, comparison: Comparison, operand: &Value) -> bool {
        let holds = |of: fn(Ordering) -> bool| match self {
            Self::Value(value) if !operand.is_none() && is_nan(value) == is_nan(operand) => of(order(value, operand)),
            _ => false,
        };
        match comparison {
            Comparison::Eq => self.equals(operand),
            Comparison::Ne => !self.equals(operand),
            Comparison::Lt => holds(Ordering::is_lt),
            Comparison::Le => holds(Ordering::is_le),
            Comparison::Gt => holds(Ordering::is_gt),
            Comparison::Ge => holds(Ordering::is_ge),
        }
    }

    fn text(self, holds: impl FnOnce(&str) -> bool) -> bool {
        matches!(self, Self::Value(Value::Text(text)) if holds(text))
    }

    fn list(self, holds: impl FnOnce(&[Value]) -> bool) -> bool {
        matches!(self, Self::Value(Value::List(elements)) if holds(elements))
    }

    /// The number of elements or entries.
    fn length(self) -> Option<u64> {
        match self {
            Self::Value(Value::List(elements)) => Some(elements.len() as u64),
            Self::Value(Value::Map(entries)) => Some(entries.len() as u64),
            _ => None,
        }
    }
}

impl Property {
    /// The property in a row with this value.
    pub(super) fn look<'a>(&self, row: &'a Value) -> PropertyValue<'a> {
        let mut found = PropertyValue::Value(row);
        for (position, hop) in self.hops.iter().enumerate() {
            let PropertyValue::Value(value) = found else { return PropertyValue::None(0) };
            let is_last = position + 1 == self.hops.len();
            found = match (hop, value) {
                (Hop::Field(step), Value::Record(fields)) => fields
                    .iter()
                    .find(|(name, _)| *name == step.name)
                    .map_or(PropertyValue::None(0), |(_, value)| PropertyValue::of(value, 0)),
                (Hop::Variant(step), Value::Variant(name, held)) if *name == step.name => {
                    // A variant around an option is the property of that option.
                    PropertyValue::of(held, u8::from(!(is_last && self.in_variant)))
                }
                (Hop::Entry(key), Value::Map(entries)) => entries
                    .iter()
                    .find(|(known, _)| equal(known, key))
                    .map_or(PropertyValue::None(0), |(_, value)| PropertyValue::of(value, 1)),
                _ => PropertyValue::None(0),
            };
        }
        found
    }
}

impl Place {
    /// The place in a row with this value.
    pub(super) fn look<'a>(&self, row: &'a Value) -> PropertyValue<'a> {
        match self.property.look(row) {
            // An option that is unwrapped may be `None`, or the next one.
            PropertyValue::None(depth) => PropertyValue::None(depth.saturating_sub(self.somes)),
            value => value,
        }
    }

    /// The value there.
    pub(crate) fn value(&self, row: &PlainRow) -> Value {
        self.look(&row.value).to_value()
    }

    /// Whether rows of this variant have the property.
    fn is_of(&self, variant: usize) -> bool {
        self.property.scope.is_none_or(|scope| scope == variant)
    }
}

impl Condition {
    fn holds(&self, place: &Place, row: &Value) -> bool {
        let found = place.look(row);
        match self {
            Self::Compare(comparison, operand) => found.compares(*comparison, operand),
            Self::Among { operands, negated } => operands.iter().any(|operand| found.equals(operand)) != *negated,
            Self::Between(low, high) => found.compares(Comparison::Ge, low) && found.compares(Comparison::Le, high),
            Self::IsNone => matches!(found, PropertyValue::None(0)),
            Self::IsSome => !matches!(found, PropertyValue::None(0)),
            Self::IsVariant => place.property.is_of_its_variant(row),
            Self::Text(test, operand) => found.text(|text| match test {
                TextTest::StartsWith => text.starts_with(operand),
                TextTest::EndsWith => text.ends_with(operand),
                TextTest::Contains => text.contains(operand),
                TextTest::EqIgnoreCase => equal_but_for_case(text, operand),
            }),
            Self::Contains(part) => found.list(|elements| elements.iter().any(|element| equal(element, part))),
            Self::ContainsAny(parts) => {
                found.list(|elements| parts.iter().any(|part| elements.iter().any(|element| equal(element, part))))
            }
            Self::ContainsAll(parts) => {
                found.list(|elements| parts.iter().all(|part| elements.iter().any(|element| equal(element, part))))
            }
            Self::ContainsKey(key) => {
                matches!(found, PropertyValue::Value(Value::Map(entries)) if entries.iter().any(|(known, _)| equal(known, key)))
            }
            Self::Length(comparison, length) => match found.length() {
                Some(found) => of_numbers(*comparison, found, *length),
                None => *comparison == Comparison::Ne,
            },
            Self::LengthBetween(low, high) => found.length().is_some_and(|found| *low <= found && found <= *high),
            Self::IsEmpty => found.length() == Some(0),
        }
    }
}

impl Property {
    /// Whether the value that the last variant of the path applies to is of that variant.
    fn is_of_its_variant(&self, row: &Value) -> bool {
        let Some((Hop::Variant(step), before)) = self.hops.split_last() else { return false };
        let before = Self { hops: before.to_vec(), ..self.clone() };
        matches!(before.look(row), PropertyValue::Value(Value::Variant(name, _)) if *name == step.name)
    }
}

fn of_numbers<T: Ord>(comparison: Comparison, a: T, b: T) -> bool {
    match comparison {
        Comparison::Eq => a == b,
        Comparison::Ne => a != b,
        Comparison::Lt => a < b,
        Comparison::Le => a <= b,
        Comparison::Gt => a > b,
        Comparison::Ge => a >= b,
    }
}

impl PlainFilter {
    /// Whether the filter holds for the row. `created` is the number of row numbers.
    fn holds(&self, row: &PlainRow, created: usize) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Is { variant, form } => (row.variant == *variant) == (*form != IsForm::NoneOf),
            Self::Id { comparison, number } => {
                of_numbers(*comparison, row.number, number.checked_rem(created).unwrap_or(*number))
            }
            // A condition on a property that the row's variant does not have is false.
            Self::Of(place, condition) => place.is_of(row.variant) && condition.holds(place, &row.value),
            Self::Not(part) => !part.holds(row, created),
            Self::Joined { join: Join::And, parts, .. } => parts.iter().all(|part| part.holds(row, created)),
            Self::Joined { join: Join::Or, parts, .. } => parts.iter().any(|part| part.holds(row, created)),
            Self::Widened(_, part) => part.holds(row, created),
        }
    }
}

impl PlainQuery {
    /// The positions of the rows that the query finds, in its order, without a window.
    pub(crate) fn all_of(&self, rows: &[impl AsRef<PlainRow>], created: usize) -> Vec<usize> {
        let row = |position: usize| rows[position].as_ref();
        let mut found: Vec<_> = (0..rows.len()).filter(|at| self.filter.holds(row(*at), created)).collect();
        found.sort_by(|a, b| self.order_of(row(*a), row(*b)));
        found
    }

    /// The positions that the window shows.
    pub(crate) fn window(&self, found: &[usize]) -> Vec<usize> {
        let number = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        found.iter().copied().skip(number(self.offset)).take(self.limit.map_or(usize::MAX, number)).collect()
    }

    fn order_of(&self, a: &PlainRow, b: &PlainRow) -> Ordering {
        let turned = |direction, ordering: Ordering| match direction {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        };
        for by in &self.order {
            let ordering = match (by.place.look(&a.value), by.place.look(&b.value)) {
                (PropertyValue::None(a), PropertyValue::None(b)) => a.cmp(&b),
                (PropertyValue::None(_), PropertyValue::Value(_)) => Ordering::Less,
                (PropertyValue::Value(_), PropertyValue::None(_)) => Ordering::Greater,
                (PropertyValue::Value(a), PropertyValue::Value(b)) => order(a, b),
            };
            if ordering.is_ne() {
                return turned(by.direction, ordering);
            }
        }
        turned(self.ties, a.number.cmp(&b.number))
    }
}

impl AsRef<Self> for PlainRow {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::Step;
    use longevity_core::storable::ScalarType;

    use super::super::properties::Kind;
    use super::*;

    const OO: &Step = &Step::new("oo");
    const E: &Step = &Step::new("e");
    const PCT: &Step = &Step::variant("Pct");
    const M: &Step = &Step::new("m");

    /// `oo: Option<Option<i64>>`, `e`, which may be a `Pct(Option<i64>)`, and `m: BTreeMap<i64, Option<i64>>`.
    fn rows() -> Vec<PlainRow> {
        let pct = |held| Value::Variant("Pct", Box::new(held));
        let entry = |held| Value::Map(vec![(Value::Int(1), held)]);
        let idle = || Value::Variant("Idle", Box::new(Value::Record(Vec::new())));
        let rows = [
            (Value::NONE, idle(), Value::Map(Vec::new())),
            (Value::None(1), pct(Value::NONE), entry(Value::NONE)),
            (Value::Int(5), pct(Value::Int(5)), entry(Value::Int(5))),
            (Value::NONE, idle(), Value::Map(Vec::new())),
        ];
        let row = |(number, (oo, e, m))| {
            let value = Value::Record(vec![("oo", oo), ("e", e), ("m", m)]);
            PlainRow { number, variant: 0, value }
        };
        rows.into_iter().enumerate().map(row).collect()
    }

    fn found(hops: Vec<Hop>, options: u8, in_variant: bool, somes: u8, condition: Condition) -> Vec<usize> {
        let property = Property { hops, kind: Kind::Scalar(ScalarType::I64), options, in_variant, scope: None };
        PlainQuery::of(PlainFilter::Of(Place { property, somes }, condition)).all_of(&rows(), 4)
    }

    #[test]
    fn a_value_in_an_option_that_is_none_is_absent() {
        let oo = |somes, condition| found(vec![Hop::Field(OO)], 2, false, somes, condition);
        assert_eq!(oo(0, Condition::IsNone), [0, 3]);
        assert_eq!(oo(1, Condition::IsNone), [0, 1, 3]);
        assert_eq!(oo(1, Condition::IsSome), [2]);
        assert_eq!(oo(2, Condition::Compare(Comparison::Ne, Value::Int(5))), [0, 1, 3]);
        assert_eq!(oo(2, Condition::Compare(Comparison::Le, Value::Int(5))), [2]);
        assert_eq!(oo(0, Condition::Compare(Comparison::Eq, Value::None(1))), [1]);
        assert_eq!(oo(1, Condition::Among { operands: vec![Value::NONE], negated: true }), [2]);
        let pct = |somes, condition| found(vec![Hop::Field(E), Hop::Variant(PCT)], 1, true, somes, condition);
        assert_eq!(pct(0, Condition::IsNone), [0, 1, 3]);
        assert_eq!(pct(0, Condition::IsVariant), [1, 2]);
        assert_eq!(pct(1, Condition::Compare(Comparison::Eq, Value::Int(5))), [2]);
        let entry =
            |somes, condition| found(vec![Hop::Field(M), Hop::Entry(Value::Int(1))], 2, false, somes, condition);
        assert_eq!(entry(0, Condition::IsNone), [0, 3]);
        assert_eq!(entry(1, Condition::IsNone), [0, 1, 3]);
        assert_eq!(entry(1, Condition::IsSome), [2]);
    }
}
