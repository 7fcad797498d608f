//! The depth of values. A user's value can be nested as deeply as the heap has room, which is deeper than a stack can follow.

use std::cell::Cell;

use smallvec::SmallVec;

use super::{Composite, Value};
use crate::limits::DOCUMENT_LEVELS;

thread_local! {
    /// The number of values around the one that is being made.
    static AROUND: Cell<usize> = const { Cell::new(0) };
}

/// Counts one more surrounding value as long as it lives.
struct Around;

impl Around {
    fn one_more() -> Self {
        AROUND.set(AROUND.get() + 1);
        Self
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        AROUND.set(AROUND.get().saturating_sub(1));
    }
}

/// The owned form of a value. Every nested value comes through here, so that no more is read than the levels that a document
/// may have. A deeper value is replaced by a value that is itself too deep.
pub(super) fn to_value(value: &dyn Composite) -> Value {
    // A variant without content is a value in a value, but no level of a document.
    if AROUND.get() > DOCUMENT_LEVELS + 1 {
        return (0..=DOCUMENT_LEVELS).fold(Value::List(Vec::new()), |inner, _| Value::List(vec![inner]));
    }
    let _around = Around::one_more();
    value.to_value()
}

impl Value {
    /// The least number of levels of arrays and objects in a document with this value.
    pub fn levels(&self) -> usize {
        let is_composite =
            |value: &&Self| matches!(value, Self::List(_) | Self::Map(_) | Self::Record(_) | Self::Variant(..));
        // Without recursion, because the value may have any depth.
        let (mut levels, mut left) = (0, SmallVec::<[(&Self, usize); 4]>::from_slice(&[(self, 1)]));
        while let Some((value, level)) = left.pop() {
            let below = |value| (value, level + 1);
            match value {
                Self::List(values) => left.extend(values.iter().filter(is_composite).map(below)),
                Self::Map(entries) => {
                    let parts = entries.iter().flat_map(|(key, value)| [key, value]);
                    left.extend(parts.filter(is_composite).map(below));
                }
                Self::Record(fields) => {
                    left.extend(fields.iter().map(|(_, value)| value).filter(is_composite).map(below));
                }
                // A variant without content is stored as a string.
                Self::Variant(_, held) => match &**held {
                    Self::Record(fields) if fields.is_empty() => continue,
                    held => left.push(below(held)),
                },
                _ => continue,
            }
            levels = levels.max(level);
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (1..levels).fold(Value::List(Vec::new()), |inner, _| Value::List(vec![inner]))
    }

    #[test]
    fn a_value_has_as_many_levels_as_its_deepest_part() {
        let text = || Value::Text("a".into());
        assert_eq!((text().levels(), nested(1).levels(), nested(7).levels()), (0, 1, 7));
        assert_eq!(Value::List(vec![nested(3), text(), nested(2)]).levels(), 4);
        assert_eq!(Value::Map(vec![(nested(2), text())]).levels(), 3);
        assert_eq!(Value::Record(vec![("a", nested(1)), ("b", Value::None(3))]).levels(), 2);
        let variant = |held| Value::Variant("V", Box::new(held));
        assert_eq!((variant(text()).levels(), variant(Value::Record(Vec::new())).levels()), (1, 0));
        assert_eq!(Value::List(vec![variant(variant(Value::Record(Vec::new())))]).levels(), 2);
    }

    #[test]
    fn no_more_is_made_of_a_value_than_tells_that_it_is_too_deep() {
        let list = |levels| (1..levels).fold(Nest(Vec::new()), |inner, _| Nest(vec![inner]));
        for levels in [1, 2, DOCUMENT_LEVELS, DOCUMENT_LEVELS + 1] {
            assert_eq!(to_value(&list(levels)), nested(levels));
        }
        for levels in [DOCUMENT_LEVELS + 3, 500] {
            let made = to_value(&list(levels)).levels();
            assert!((DOCUMENT_LEVELS + 1..3 * DOCUMENT_LEVELS).contains(&made), "{made}");
        }
        assert_eq!(to_value(&list(2)), nested(2), "the earlier values left no trace");
    }

    struct Nest(Vec<Nest>);

    impl Composite for Nest {
        fn to_value(&self) -> Value {
            Value::List(self.0.iter().map(|inner| super::super::ValueRef::Composite(inner).to_value()).collect())
        }
    }
}
