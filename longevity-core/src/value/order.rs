//! Equality and order of values, which every back end has to follow.

use std::cmp::Ordering;

use super::{Value, ValueRef};

/// A comparison between a property and an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal. `None` equals `None`, `-0.0` equals `0.0`, NaN equals NaN.
    Eq,
    /// Not equal: true wherever [`Eq`](Self::Eq) is false, so an absent value differs from every present one.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
}

/// Whether `value` compares to `operand` in this manner.
///
/// Logic is two-valued. The four order comparisons are false when either side is absent, and when exactly one side is NaN.
pub fn satisfies(comparison: Comparison, value: ValueRef<'_>, operand: ValueRef<'_>) -> bool {
    let ordering = compare(value, operand);
    let in_order = || !value.is_none() && !operand.is_none() && is_nan(value) == is_nan(operand);
    match comparison {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Lt => in_order() && ordering.is_lt(),
        Comparison::Le => in_order() && ordering.is_le(),
        Comparison::Gt => in_order() && ordering.is_gt(),
        Comparison::Ge => in_order() && ordering.is_ge(),
    }
}

fn is_nan(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Float(number) if number.is_nan())
}

/// The total order of values. The values of one property are of one kind or absent; values of different kinds are only ordered
/// to make the order total.
pub(crate) fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    use ValueRef as V;
    match (a, b) {
        (V::None(a), V::None(b)) => a.cmp(&b),
        (V::Bool(a), V::Bool(b)) => a.cmp(&b),
        (V::Int(a), V::Int(b)) => a.cmp(&b),
        (V::UInt(a), V::UInt(b)) => a.cmp(&b),
        (V::Int(a), V::UInt(b)) => i128::from(a).cmp(&i128::from(b)),
        (V::UInt(a), V::Int(b)) => i128::from(a).cmp(&i128::from(b)),
        (V::Float(a), V::Float(b)) => compare_floats(a, b),
        (V::Char(a), V::Char(b)) => a.cmp(&b),
        (V::Text(a), V::Text(b)) => a.cmp(b),
        (V::Bytes(a), V::Bytes(b)) => a.cmp(b),
        (V::Uuid(a), V::Uuid(b)) => a.cmp(&b),
        (V::Timestamp(a), V::Timestamp(b)) => a.cmp(&b),
        (V::Composite(a), V::Composite(b)) => compare_composites(&a.to_value(), &b.to_value()),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// NaN comes first and equals itself; the zeros are equal.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn compare_composites(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.cmp(b),
        (Value::Map(a), Value::Map(b)) => a.cmp(b),
        (Value::Record(a), Value::Record(b)) => a.cmp(b),
        (Value::Variant(a, x), Value::Variant(b, y)) => a.cmp(b).then_with(|| x.cmp(y)),
        // A composite may own a plain value: it is a newtype around one.
        (Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Variant(..), _)
        | (_, Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Variant(..)) => {
            composite_rank(a).cmp(&composite_rank(b))
        }
        _ => compare(a.as_value_ref(), b.as_value_ref()),
    }
}

fn composite_rank(value: &Value) -> u8 {
    match value {
        Value::List(_) => 1,
        Value::Map(_) => 2,
        Value::Record(_) => 3,
        Value::Variant(..) => 4,
        _ => 0,
    }
}

fn rank(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::None(_) => 0,
        ValueRef::Bool(_) => 1,
        ValueRef::Int(_) | ValueRef::UInt(_) => 2,
        ValueRef::Float(_) => 3,
        ValueRef::Char(_) => 4,
        ValueRef::Text(_) => 5,
        ValueRef::Bytes(_) => 6,
        ValueRef::Uuid(_) => 7,
        ValueRef::Timestamp(_) => 8,
        ValueRef::Composite(_) => 9,
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // These common cases of index entries skip the conversion to the borrowed form.
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            _ if composite_rank(self) > 0 && composite_rank(other) > 0 => compare_composites(self, other),
            _ => compare(self.as_value_ref(), other.as_value_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(comparison: Comparison, a: Value, b: Value) -> bool {
        satisfies(comparison, a.as_value_ref(), b.as_value_ref())
    }

    #[test]
    fn none_differs_from_everything_and_orders_with_nothing() {
        assert!(holds(Comparison::Ne, Value::NONE, Value::Int(1)));
        assert!(holds(Comparison::Eq, Value::NONE, Value::NONE));
        assert!(holds(Comparison::Ne, Value::NONE, Value::None(1)));
        for comparison in [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge] {
            assert!(!holds(comparison, Value::NONE, Value::Int(1)));
            assert!(!holds(comparison, Value::Int(1), Value::NONE));
            assert!(!holds(comparison, Value::NONE, Value::NONE));
        }
        assert!(Value::NONE < Value::Bool(false));
    }

    #[test]
    fn floats_have_one_zero_and_nan_is_apart() {
        let nan = Value::Float(f64::NAN);
        assert!(holds(Comparison::Eq, Value::Float(0.0), Value::Float(-0.0)));
        assert!(!Value::Float(0.0).is_identical(&Value::Float(-0.0)));
        assert!(holds(Comparison::Eq, nan.clone(), nan.clone()));
        assert!(holds(Comparison::Le, nan.clone(), nan.clone()));
        assert!(!holds(Comparison::Lt, nan.clone(), nan.clone()));
        for comparison in [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge] {
            assert!(!holds(comparison, nan.clone(), Value::Float(1.0)));
            assert!(!holds(comparison, Value::Float(1.0), nan.clone()));
        }
        assert!(nan < Value::Float(f64::NEG_INFINITY));
    }

    #[test]
    fn text_compares_by_bytes_and_integers_over_their_whole_range() {
        assert!(Value::Text("Z".into()) < Value::Text("a".into()));
        assert!(Value::Text("".into()) > Value::NONE);
        assert!(Value::UInt(u64::MAX) > Value::UInt(i64::MAX as u64));
        assert!(Value::Int(-1) < Value::UInt(0));
    }

    #[test]
    fn composites_compare_element_by_element() {
        let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
        assert!(list(&[1, 2]) < list(&[1, 3]));
        assert!(list(&[1]) < list(&[1, 0]));
        assert!(holds(Comparison::Eq, list(&[1, 2]), list(&[1, 2])));
        assert!(holds(Comparison::Ne, list(&[1, 2]), Value::NONE));
    }
}
