//! The queries of a history: like its steps, they name properties and operands by number.

use longevity_core::query::{Direction, OrderBy, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{PersistentType, Value};
use proptest::test_runner::TestRunner;

use super::step::ANY;
use crate::cases::Property;
use crate::strategies::combine::below;

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ALL: [Comparison; 6] =
    [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    filter: Term,
    /// Properties, and whether each is descending.
    order: Vec<(usize, bool)>,
    offset: u64,
    limit: Option<u64>,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    All,
    Leaf { property: usize, comparison: usize, operand: usize },
    Not(Box<Term>),
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
}

/// What a query can be about: the properties of a type, and values of it.
pub(super) struct Subject<'a, P> {
    pub(super) definition: &'a TableDefinition,
    pub(super) properties: &'a [Property],
    pub(super) samples: &'a [P],
}

impl Question {
    pub(super) fn random(chance: &mut TestRunner) -> Self {
        Self {
            filter: if below(6, chance) == 0 { Term::All } else { Term::random(2, chance) },
            order: (0..below(3, chance)).map(|_| (below(ANY, chance), below(2, chance) == 0)).collect(),
            offset: if below(3, chance) == 0 { below(4, chance) as u64 } else { 0 },
            limit: (below(3, chance) == 0).then(|| below(6, chance) as u64),
        }
    }

    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut simpler = vec![Self { filter: Term::All, order: Vec::new(), offset: 0, limit: None }];
        simpler.extend(self.filter.simpler().into_iter().map(|filter| Self { filter, ..self.clone() }));
        for gone in 0..self.order.len() {
            let mut fewer = self.clone();
            fewer.order.remove(gone);
            simpler.push(fewer);
        }
        simpler.push(Self { offset: 0, ..self.clone() });
        simpler.push(Self { limit: None, ..self.clone() });
        simpler.retain(|question| question != self);
        simpler
    }

    /// The query about this subject.
    pub(super) fn select<P: PersistentType>(&self, subject: &Subject<'_, P>) -> Select {
        // Rows of a poly type are ordered by what all variants have.
        let ordered = subject.properties.iter().filter(|property| property.ordered && property.scope.is_none());
        let ordered: Vec<_> = ordered.collect();
        let mut order: Vec<OrderBy> = Vec::new();
        for (property, descending) in self.order.iter().filter(|_| !ordered.is_empty()) {
            let path = ordered[property % ordered.len()].path.clone();
            if order.iter().all(|by| by.path != path) {
                let direction = if *descending { Direction::Descending } else { Direction::Ascending };
                order.push(OrderBy { path, direction });
            }
        }
        Select { order, offset: self.offset, limit: self.limit, ..Select::of(self.filter.predicate(subject)) }
    }
}

impl Term {
    fn random(depth: usize, chance: &mut TestRunner) -> Self {
        let inner = |chance: &mut TestRunner| Box::new(Self::random(depth - 1, chance));
        match below(if depth == 0 { 4 } else { 8 }, chance) {
            0..=4 => {
                Self::Leaf { property: below(ANY, chance), comparison: below(ANY, chance), operand: below(ANY, chance) }
            }
            5 => Self::Not(inner(chance)),
            6 => Self::And(inner(chance), inner(chance)),
            _ => Self::Or(inner(chance), inner(chance)),
        }
    }

    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::All => Vec::new(),
            Self::Leaf { .. } => vec![Self::All],
            Self::Not(term) => vec![Self::All, (**term).clone()],
            Self::And(left, right) | Self::Or(left, right) => vec![Self::All, (**left).clone(), (**right).clone()],
        }
    }

    fn predicate<P: PersistentType>(&self, subject: &Subject<'_, P>) -> Predicate {
        match self {
            Self::All => Predicate::All,
            Self::Leaf { property, comparison, operand } => {
                let Some(property) = subject.properties.get(property % subject.properties.len().max(1)) else {
                    return Predicate::All;
                };
                let of = |sample: &P| property.value(subject.definition, sample);
                let operands: Vec<_> = subject.samples.iter().filter_map(of).collect();
                // One more than there are: sometimes it is none.
                let value = operands.get(operand % (operands.len() + 1)).cloned().unwrap_or(Value::None(0));
                match value {
                    Value::List(elements) if property.collection && comparison % 3 == 0 && !elements.is_empty() => {
                        property.contains(elements[operand % elements.len()].clone())
                    }
                    value => {
                        let comparisons: &[Comparison] = if property.ordered { &ALL } else { &EQUALITY };
                        property.compare(comparisons[comparison % comparisons.len()], value)
                    }
                }
            }
            Self::Not(term) => term.predicate(subject).negate(),
            Self::And(left, right) => left.predicate(subject).and(right.predicate(subject)),
            Self::Or(left, right) => left.predicate(subject).or(right.predicate(subject)),
        }
    }
}
