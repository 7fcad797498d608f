//! What a random query asks, over plain Rust values. It is kept beside the query that the public operators make of it, so that
//! an error in them is seen: [`judge`](super::judge) says what was asked for, [`build`](super::build) makes the query.

use longevity_core::Value;
use longevity_core::backend::Direction;
use longevity_core::value::Comparison;

use super::properties::Property;

/// A filter, an order, and a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) filter: Question,
    pub(crate) order: Vec<By>,
    /// Which end of the ids comes first among rows that the order leaves equal.
    pub(crate) ties: Direction,
    pub(crate) offset: u64,
    pub(crate) limit: Option<u64>,
}

/// An order by one property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct By {
    pub(crate) place: Place,
    pub(crate) direction: Direction,
}

/// A property, within so many of the options that are around it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) property: Property,
    pub(crate) somes: u8,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    All,
    Nothing,
    /// The row is of the derived type in this variant, or is not.
    Is {
        variant: usize,
        form: IsForm,
    },
    /// The row's id compares to that of the row with this number, modulo the rows that there are.
    Id {
        comparison: Comparison,
        number: usize,
    },
    Of(Place, What),
    Not(Box<Question>),
    Joined {
        join: Join,
        form: JoinForm,
        parts: Vec<Question>,
    },
    /// Over the derived type in this variant alone, and widened as a whole.
    Widened(usize, Box<Question>),
}

/// How a derived type is asked for.
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

/// By which operators several filters become one.
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

/// What is asked of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Compare(Comparison, Value),
    Among {
        operands: Vec<Value>,
        negated: bool,
    },
    Between(Value, Value),
    IsNone,
    IsSome,
    /// Of a variant: whether the value is of it.
    IsVariant,
    Text(Test, String),
    Contains(Value),
    ContainsAny(Vec<Value>),
    ContainsAll(Vec<Value>),
    ContainsKey(Value),
    Length(Comparison, u64),
    LengthBetween(u64, u64),
    IsEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Test {
    StartsWith,
    EndsWith,
    Contains,
    EqIgnoreCase,
}

impl Asked {
    /// All rows of a filter, by id.
    pub(crate) const fn of(filter: Question) -> Self {
        Self { filter, order: Vec::new(), ties: Direction::Ascending, offset: 0, limit: None }
    }

    /// Whether it gives only some of what it finds.
    pub(crate) fn is_windowed(&self) -> bool {
        self.offset > 0 || self.limit.is_some()
    }

    /// The places of its order and its filter, each once, that have a value of their own in rows of all types that it finds.
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

    /// The same with no question that depends on how ids are ordered.
    pub(crate) fn without_order_of_ids(&self) -> Self {
        Self { filter: self.filter.without_order_of_ids(), ..self.clone() }
    }
}

impl Question {
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
    /// How many options are around it still.
    pub(crate) fn options(&self) -> u8 {
        self.property.options.saturating_sub(self.somes)
    }
}
