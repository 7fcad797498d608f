//! The rows after a row in an order, for pages that begin at a cursor.

use super::{Direction, OrderBy, Predicate};
use crate::row::RowId;
use crate::shape::{Leaf, ScalarType, Shape};
use crate::table::TableDefinition;
use crate::value::{Comparison, Value};

/// A place in an order: between two rows, or at one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// The values of the row at the order's paths.
    pub(crate) values: Vec<Value>,
    /// The row's id.
    pub(crate) id: RowId,
    /// Whether the row itself is after the place.
    pub(crate) inclusive: bool,
}

impl Direction {
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// True for the rows after the place, whatever was written since the row was there. The order is total, so every other row is
/// before or after the place.
pub(crate) fn rows_after(definition: &TableDefinition, order: &[OrderBy], ties: Direction, place: &Place) -> Predicate {
    let comparison = match (ties, place.inclusive) {
        (Direction::Ascending, false) => Comparison::Gt,
        (Direction::Ascending, true) => Comparison::Ge,
        (Direction::Descending, false) => Comparison::Lt,
        (Direction::Descending, true) => Comparison::Le,
    };
    let mut predicate = Predicate::Id { comparison, id: place.id };
    for (position, (by, value)) in order.iter().zip(&place.values).enumerate().rev() {
        let property = Property::of(definition, by);
        let equal = compare(by, Comparison::Eq, value.clone());
        predicate = property.after(by, value).or(equal.and(predicate));
        // This condition follows from both parts. It is added as a conjunct of its own, so that an index finds where to begin.
        if position == 0
            && let Some(bound) = property.bound(by, value)
        {
            predicate = bound.and(predicate);
        }
    }
    predicate
}

fn compare(by: &OrderBy, comparison: Comparison, operand: Value) -> Predicate {
    Predicate::compare(&by.path.into_options(0), by.path.options(), comparison, operand)
}

/// The facts about a property that its order depends on, in addition to its present values.
struct Property {
    /// How many kinds of absent value there are: one for each option around the value, and one for an option on the path.
    nones: u8,
    /// Whether NaN is among the values.
    float: bool,
}

impl Property {
    fn of(definition: &TableDefinition, by: &OrderBy) -> Self {
        let mut property = Self { nones: 0, float: false };
        for variant in &definition.variants {
            let leaf = Leaf::of(variant.shape, &by.path);
            let around = leaf.as_ref().map_or(1, |leaf| leaf.options.max(u8::from(leaf.optional)));
            // The options that the path leads into have one absent value.
            let nones = around.saturating_sub(by.path.options()).max(around.min(1));
            property.nones = property.nones.max(nones);
            property.float |=
                matches!(leaf.map(|leaf| leaf.shape), Some(Shape::Scalar(ScalarType::F32 | ScalarType::F64)));
        }
        property
    }

    fn absent(&self, by: &OrderBy, depths: std::ops::Range<u8>) -> Predicate {
        if depths.is_empty() {
            return Predicate::False;
        }
        Predicate::among(&by.path.into_options(0), by.path.options(), depths.map(Value::None), false)
    }

    /// True for the rows whose value is after this one.
    fn after(&self, by: &OrderBy, value: &Value) -> Predicate {
        match (by.direction, value) {
            (Direction::Ascending, Value::None(depth)) => self.absent(by, 0..depth.saturating_add(1)).negate(),
            // NaN sorts first, and nothing is greater than NaN.
            (Direction::Ascending, Value::Float(number)) if number.is_nan() => {
                compare(by, Comparison::Ge, Value::Float(f64::NEG_INFINITY))
            }
            (Direction::Ascending, value) => compare(by, Comparison::Gt, value.clone()),
            (Direction::Descending, Value::None(depth)) => self.absent(by, 0..*depth),
            (Direction::Descending, Value::Float(number)) if number.is_nan() => self.absent(by, 0..self.nones),
            (Direction::Descending, value) => {
                let less = compare(by, Comparison::Lt, value.clone());
                let nan =
                    if self.float { compare(by, Comparison::Eq, Value::Float(f64::NAN)) } else { Predicate::False };
                less.or(nan).or(self.absent(by, 0..self.nones))
            }
        }
    }

    /// True for the rows whose value is this one or after it, if one comparison can express that.
    fn bound(&self, by: &OrderBy, value: &Value) -> Option<Predicate> {
        let is_nan = matches!(value, Value::Float(number) if number.is_nan());
        match by.direction {
            _ if value.is_none() || is_nan => None,
            Direction::Ascending => Some(compare(by, Comparison::Ge, value.clone())),
            Direction::Descending if self.nones == 0 && !self.float => Some(compare(by, Comparison::Le, value.clone())),
            Direction::Descending => None,
        }
    }
}
