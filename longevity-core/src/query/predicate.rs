//! The untyped filter that a back end answers.

use crate::path::Path;
use crate::value::{Comparison, Value};

/// A filter as a back end sees it: over rows with a discriminator and stored fields. It knows nothing of poly types.
///
/// Logic is two-valued: every node is true or false of every row, and [`evaluate`](super::evaluate) says which.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Predicate {
    /// True of every row.
    All,
    /// True of no row.
    Nothing,
    /// The row's discriminator is one of these.
    Discriminator(&'static [&'static str]),
    /// The value at the path compares to the operand as [`satisfies`](crate::value::satisfies) says.
    Compare {
        /// Where the value is.
        path: Path,
        /// How it is compared.
        comparison: Comparison,
        /// What it is compared with.
        operand: Value,
    },
    /// The list or set at the path holds an element that equals this one.
    Contains {
        /// Where the list or set is.
        path: Path,
        /// The element.
        element: Value,
    },
    /// All are true; true when empty.
    And(Vec<Predicate>),
    /// Any is true; false when empty.
    Or(Vec<Predicate>),
    /// It is false.
    Not(Box<Predicate>),
}

impl Predicate {
    /// Both are true. Flattens, so that a chain of `&` is one node and a planner sees all conjuncts at once.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (Self::And(mut these), Self::And(those)) => {
                these.extend(those);
                Self::And(these)
            }
            (Self::And(mut these), other) => {
                these.push(other);
                Self::And(these)
            }
            (this, Self::And(mut those)) => {
                those.insert(0, this);
                Self::And(those)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }

    /// Either is true. Flattens like [`and`](Self::and).
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, other) | (other, Self::Nothing) => other,
            (Self::Or(mut these), Self::Or(those)) => {
                these.extend(those);
                Self::Or(these)
            }
            (Self::Or(mut these), other) => {
                these.push(other);
                Self::Or(these)
            }
            (this, Self::Or(mut those)) => {
                those.insert(0, this);
                Self::Or(those)
            }
            (this, other) => Self::Or(vec![this, other]),
        }
    }

    /// It is false. Two negations cancel.
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::All => Self::Nothing,
            Self::Nothing => Self::All,
            other => Self::Not(Box::new(other)),
        }
    }

    /// The predicate as it reads in a query over more variants than it was written for: what it asks of a value is false of
    /// a row with none of these discriminators. Each question is scoped by itself, so that a negation around one is true of
    /// such a row.
    pub fn scoped_to(self, discriminators: &'static [&'static str]) -> Self {
        match self {
            Self::All | Self::Nothing | Self::Discriminator(_) => self,
            Self::Compare { .. } | Self::Contains { .. } => Self::Discriminator(discriminators).and(self),
            Self::And(parts) => {
                let mut scoped = Self::All;
                for part in parts {
                    match part.scoped_to(discriminators) {
                        // A conjunction needs its scope once.
                        Self::And(conjuncts)
                            if conjuncts.first().is_some_and(|scope| scoped.conjuncts().contains(scope)) =>
                        {
                            scoped = conjuncts.into_iter().skip(1).fold(scoped, Self::and);
                        }
                        part => scoped = scoped.and(part),
                    }
                }
                scoped
            }
            Self::Or(parts) => Self::Or(parts.into_iter().map(|part| part.scoped_to(discriminators)).collect()),
            Self::Not(part) => Self::Not(Box::new(part.scoped_to(discriminators))),
        }
    }

    /// The conjuncts at the top: the parts of an `And`, or the predicate itself.
    pub fn conjuncts(&self) -> &[Predicate] {
        match self {
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }
}
