//! Queries as plain data. The public operators make the same query from it, so that an error in them is found:
//! [`naive`](super::naive) evaluates the plain query, [`build`](super::build) makes the other.

use longevity_core::Value;
use longevity_core::backend::Direction;
use longevity_core::value::Comparison;

use super::properties::Property;

/// A filter, an order, and a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlainQuery {
    pub(crate) filter: PlainFilter,
    pub(crate) order: Vec<PlainOrder>,
    /// The direction of ids among rows that the order leaves equal.
    pub(crate) ties: Direction,
    pub(crate) offset: u64,
    pub(crate) limit: Option<u64>,
}

/// An order by one property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlainOrder {
    pub(crate) place: Place,
    pub(crate) direction: Direction,
}

/// A property, and how many of the options around it are unwrapped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) property: Property,
    pub(crate) somes: u8,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PlainFilter {
    All,
    Nothing,
    /// Whether the row is of the derived type in this variant, or not.
    Is {
        variant: usize,
        form: IsForm,
    },
    /// A comparison of the row's id with that of the row with this number, modulo the number of rows.
    Id {
        comparison: Comparison,
        number: usize,
    },
    Of(Place, Condition),
    Not(Box<PlainFilter>),
    Joined {
        join: Join,
        form: JoinForm,
        parts: Vec<PlainFilter>,
    },
    /// A filter over the derived type in this variant alone, which is widened as a whole.
    Widened(usize, Box<PlainFilter>),
}

/// The operator that tests for a derived type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum IsForm {
    Is,
    AnyOf,
    NoneOf,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Join {
    And,
    Or,
}

/// The operators that join several filters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum JoinForm {
    /// `(a & b) & c`.
    Left,
    /// `a & (b & c)`.
    Right,
    /// `a.and_some(Some(b)).and_some(None)`.
    Some,
    /// `Filter::all_of([a, b])`.
    Collected,
    /// `Filter::all_of([Some(a), None, Some(b)])`.
    Optional,
}

/// A condition on a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Compare(Comparison, Value),
    Among {
        operands: Vec<Value>,
        negated: bool,
    },
    Between(Value, Value),
    IsNone,
    IsSome,
    /// Whether the value is of the variant at the end of the path.
    IsVariant,
    Text(TextTest, String),
    Contains(Value),
    ContainsAny(Vec<Value>),
    ContainsAll(Vec<Value>),
    ContainsKey(Value),
    Length(Comparison, u64),
    LengthBetween(u64, u64),
    IsEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
    EqIgnoreCase,
}

impl PlainQuery {
    /// A query for all rows of a filter, by id.
    pub(crate) const fn of(filter: PlainFilter) -> Self {
        Self { filter, order: Vec::new(), ties: Direction::Ascending, offset: 0, limit: None }
    }

    /// Whether it returns only some of the rows that the filter finds.
    pub(crate) fn is_windowed(&self) -> bool {
        self.offset > 0 || self.limit.is_some()
    }

    /// The places in its order and its filter, each once, that have a value in rows of every type.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places: Vec<_> = self.order.iter().map(|by| by.place.clone()).collect();
        self.filter.each_place(&mut |place| {
            if !places.contains(place) {
                places.push(place.clone());
            }
        });
        places.retain(|place| place.property.has_value() && place.property.scope.is_none());
        places
    }

    /// The query without conditions that depend on the order of ids.
    pub(crate) fn without_order_of_ids(&self) -> Self {
        Self { filter: self.filter.without_order_of_ids(), ..self.clone() }
    }
}

impl PlainFilter {
    fn each_place(&self, take: &mut impl FnMut(&Place)) {
        match self {
            Self::Of(place, _) => take(place),
            Self::Not(part) | Self::Widened(_, part) => part.each_place(take),
            Self::Joined { parts, .. } => parts.iter().for_each(|part| part.each_place(take)),
            Self::All | Self::Nothing | Self::Is { .. } | Self::Id { .. } => {}
        }
    }

    fn without_order_of_ids(&self) -> Self {
        match self {
            Self::Id { comparison: Comparison::Eq | Comparison::Le | Comparison::Ge, number } => {
                Self::Id { comparison: Comparison::Eq, number: *number }
            }
            Self::Id { number, .. } => Self::Id { comparison: Comparison::Ne, number: *number },
            Self::Not(part) => Self::Not(Box::new(part.without_order_of_ids())),
            Self::Widened(variant, part) => Self::Widened(*variant, Box::new(part.without_order_of_ids())),
            Self::Joined { join, form, parts } => {
                let parts = parts.iter().map(Self::without_order_of_ids).collect();
                Self::Joined { join: *join, form: *form, parts }
            }
            Self::All | Self::Nothing | Self::Is { .. } | Self::Of(..) => self.clone(),
        }
    }
}

impl Place {
    /// How many options are left around it.
    pub(crate) fn options(&self) -> u8 {
        self.property.options.saturating_sub(self.somes)
    }
}
