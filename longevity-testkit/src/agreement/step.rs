//! The steps of a history. They name rows and values by number, modulo what exists when they run, so that a history stays valid
//! when steps are removed.

use std::fmt;

use crate::queries::{ChangeKind, Place, PlainQuery, simpler};

/// How many of the first samples are tried in place of a later one.
const FIRST_SAMPLES: usize = 3;

/// A history: the options of the stores, and the steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct History {
    pub(super) optimistic_locking: bool,
    pub(super) timestamps: bool,
    pub(super) steps: Vec<Step>,
}

/// One operation of one repository.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) table: usize,
    pub(super) view: usize,
    pub(super) operation: Operation,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    Create(ValueChoice),
    CreateMany(Vec<ValueChoice>),
    Update {
        state: StateChoice,
        value: ValueChoice,
        kept: KeptKeys,
    },
    Delete(StateChoice),
    Retrieve {
        key: usize,
        value: ValueChoice,
    },
    /// Patches the row with a key of the value. A property changes by the value that a sample has there.
    Patch {
        key: usize,
        value: ValueChoice,
        by: Alteration,
    },
    /// Gives the row the value's key value. References to its old one follow.
    RenameKey {
        key: usize,
        value: ValueChoice,
        state: StateChoice,
    },
    /// Gives the row the value's key value, in exchange with the row that has it. References stay as they are.
    Repoint {
        key: usize,
        value: ValueChoice,
        state: StateChoice,
    },
    /// Ids in the query are row numbers.
    Query {
        kind: QueryKind,
        query: PlainQuery,
    },
    UpdateWhere {
        query: PlainQuery,
        by: Alteration,
    },
    DeleteWhere(PlainQuery),
}

impl Operation {
    /// Whether it may change rows.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::Retrieve { .. } | Self::Query { .. })
    }

    /// Whether it may change the key values of several rows.
    pub(super) fn moves_keys(&self) -> bool {
        matches!(self, Self::RenameKey { .. } | Self::Repoint { .. })
    }
}

/// A change of a property by the value that a sample has there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alteration {
    pub(super) property: usize,
    /// How many of its options lead to the changed value.
    pub(super) somes: usize,
    pub(super) sample: usize,
    pub(super) kind: ChangeKind,
}

/// A value: a sample, perhaps with a key of a remembered state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ValueChoice {
    pub(super) sample: usize,
    /// The key, and the state that has it.
    pub(super) key: Option<(usize, usize)>,
}

/// A state: the last of an existing row, or any remembered one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StateChoice {
    pub(super) any: bool,
    pub(super) index: usize,
}

/// Which keys an update keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum KeptKeys {
    All,
    Primary,
    None,
}

/// The operation that a query runs with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum QueryKind {
    Find,
    Stream,
    Count,
    Exists,
    /// Pages of this size, forwards and back.
    Pages(u64),
    /// The values of some properties.
    Values(Vec<Place>),
    /// Aggregates over groups.
    Aggregates(Vec<Place>),
}

impl History {
    /// The steps that write, and the one at this position.
    pub(super) fn with_only(&self, position: usize) -> Self {
        let kept = |(at, step): &(usize, &Step)| *at == position || !matches!(step.operation, Operation::Query { .. });
        let steps = self.steps.iter().enumerate().take(position + 1).filter(kept).map(|(_, step)| step.clone());
        Self { steps: steps.collect(), ..*self }
    }
}

impl Step {
    /// Simpler steps to try instead.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let operations = match &self.operation {
            Operation::Create(choice) => choice.simpler().map(Operation::Create).collect(),
            Operation::CreateMany(choices) => {
                let without = |gone: usize| {
                    let left = choices.iter().enumerate().filter(|(position, _)| *position != gone);
                    left.map(|(_, choice)| *choice).collect()
                };
                let mut operations: Vec<_> =
                    choices.first().map(|choice| Operation::Create(*choice)).into_iter().collect();
                operations.extend((0..choices.len()).map(without).map(Operation::CreateMany));
                for (position, choice) in choices.iter().enumerate() {
                    operations.extend(choice.simpler().map(|simpler| {
                        let mut choices = choices.clone();
                        choices[position] = simpler;
                        Operation::CreateMany(choices)
                    }));
                }
                operations
            }
            Operation::Update { state, value, kept } => {
                let update = |value, kept| Operation::Update { state: *state, value, kept };
                let mut operations: Vec<_> = value.simpler().map(|value| update(value, *kept)).collect();
                operations.extend((*kept != KeptKeys::All).then(|| update(*value, KeptKeys::All)));
                operations
            }
            Operation::Delete(_) => Vec::new(),
            Operation::Retrieve { key, value } => {
                value.simpler().map(|value| Operation::Retrieve { key: *key, value }).collect()
            }
            Operation::Patch { key, value, by } => {
                let patch = |value, by| Operation::Patch { key: *key, value, by };
                let mut operations: Vec<_> = value.simpler().map(|value| patch(value, by.clone())).collect();
                operations.extend(by.simpler().map(|by| patch(*value, by)));
                operations
            }
            Operation::RenameKey { key, value, state } => {
                value.simpler().map(|value| Operation::RenameKey { key: *key, value, state: *state }).collect()
            }
            Operation::Repoint { key, value, state } => {
                value.simpler().map(|value| Operation::Repoint { key: *key, value, state: *state }).collect()
            }
            Operation::Query { kind, query } => {
                let ways = kind.simpler().into_iter().map(|kind| Operation::Query { kind, query: query.clone() });
                ways.chain(simpler(query).into_iter().map(|query| Operation::Query { kind: kind.clone(), query }))
                    .collect()
            }
            Operation::UpdateWhere { query, by } => {
                let queries = simpler(query).into_iter();
                let mut operations: Vec<_> =
                    queries.map(|query| Operation::UpdateWhere { query, by: by.clone() }).collect();
                operations.extend(by.simpler().map(|by| Operation::UpdateWhere { query: query.clone(), by }));
                operations
            }
            Operation::DeleteWhere(query) => simpler(query).into_iter().map(Operation::DeleteWhere).collect(),
        };
        operations.into_iter().map(|operation| Self { operation, ..self.clone() }).collect()
    }
}

impl ValueChoice {
    fn simpler(self) -> impl Iterator<Item = Self> {
        let without_key = self.key.is_some().then_some(Self { key: None, ..self });
        // The first samples are the shortest.
        let first = (0..FIRST_SAMPLES.min(self.sample)).map(move |sample| Self { sample, ..self });
        without_key.into_iter().chain(first)
    }
}

impl Alteration {
    fn simpler(&self) -> impl Iterator<Item = Self> {
        let set = (self.kind != ChangeKind::Set).then(|| Self { kind: ChangeKind::Set, ..self.clone() });
        let of = self.clone();
        set.into_iter().chain((0..FIRST_SAMPLES.min(self.sample)).map(move |sample| Self { sample, ..of.clone() }))
    }
}

impl QueryKind {
    /// Simpler operations, the most common one first.
    fn simpler(&self) -> Vec<Self> {
        let fewer = |places: &[Place], kind: fn(Vec<Place>) -> Self| {
            let without = |gone: usize| {
                let left = places.iter().enumerate().filter(|(position, _)| *position != gone);
                kind(left.map(|(_, place)| place.clone()).collect())
            };
            (0..places.len()).map(without).collect::<Vec<_>>()
        };
        let mut simpler = match self {
            Self::Find | Self::Stream | Self::Count | Self::Exists => return Vec::new(),
            Self::Pages(size) => (1..*size).map(Self::Pages).collect(),
            Self::Values(places) => fewer(places, Self::Values),
            Self::Aggregates(places) => fewer(places, Self::Aggregates),
        };
        simpler.insert(0, Self::Find);
        simpler
    }
}

/// As in a report: `find where ..`.
impl fmt::Display for QueryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |places: &[Place]| places.iter().map(Place::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Find => f.write_str("find"),
            Self::Stream => f.write_str("stream"),
            Self::Count => f.write_str("count"),
            Self::Exists => f.write_str("exists"),
            Self::Pages(size) => write!(f, "pages of {size}"),
            Self::Values(of) => write!(f, "values of {}", listed(of)),
            Self::Aggregates(of) => write!(f, "aggregates of {}", listed(of)),
        }
    }
}
