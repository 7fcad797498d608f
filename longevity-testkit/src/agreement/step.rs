//! The steps of a history. They name rows and values by number, whatever there is when they run, so that a history stays
//! one when steps are taken out of it.

use std::fmt;

use crate::questions::{Asked, How, Place, simpler};

/// How many samples are tried in place of another.
const SHORT: usize = 3;

/// A history: how the stores are opened, and what is done.
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
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Create(Pick),
    CreateMany(Vec<Pick>),
    Update {
        state: Choice,
        value: Pick,
        keep: Keep,
    },
    Delete(Choice),
    Retrieve {
        key: usize,
        value: Pick,
    },
    /// Of the one with a key of the value: a property changes by what the other value has.
    Patch {
        key: usize,
        value: Pick,
        by: Alteration,
    },
    /// Ids in the query are numbers of rows.
    Ask {
        way: Way,
        asked: Asked,
    },
    UpdateWhere {
        asked: Asked,
        by: Alteration,
    },
    DeleteWhere(Asked),
}

/// A change of a property by the value that a sample has there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alteration {
    pub(super) property: usize,
    /// Within how many of its options.
    pub(super) somes: usize,
    pub(super) sample: usize,
    pub(super) how: How,
}

/// A value: a sample, with a key of a remembered state or without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pick {
    pub(super) sample: usize,
    /// Which key, and of which state.
    pub(super) key: Option<(usize, usize)>,
}

/// A state: the last of a row that is there, or any that there ever was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) any: bool,
    pub(super) index: usize,
}

/// Which keys an update keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Keep {
    All,
    Primary,
    None,
}

/// How a query is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    Find,
    Stream,
    Count,
    Exists,
    /// By pages of so many rows, to and fro.
    Pages(u64),
    /// For the values of some properties.
    Values(Vec<Place>),
    /// For aggregates over groups.
    Aggregates(Vec<Place>),
}

impl History {
    /// The steps that write, and the one at this position.
    pub(super) fn with_only(&self, position: usize) -> Self {
        let kept = |(at, step): &(usize, &Step)| *at == position || !matches!(step.what, What::Ask { .. });
        let steps = self.steps.iter().enumerate().take(position + 1).filter(kept).map(|(_, step)| step.clone());
        Self { steps: steps.collect(), ..*self }
    }
}

impl Step {
    /// Simpler steps to try in its place.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let whats = match &self.what {
            What::Create(pick) => pick.simpler().map(What::Create).collect(),
            What::CreateMany(picks) => {
                let without = |gone: usize| {
                    let left = picks.iter().enumerate().filter(|(position, _)| *position != gone);
                    left.map(|(_, pick)| *pick).collect()
                };
                let mut whats: Vec<_> = picks.first().map(|pick| What::Create(*pick)).into_iter().collect();
                whats.extend((0..picks.len()).map(without).map(What::CreateMany));
                for (position, pick) in picks.iter().enumerate() {
                    whats.extend(pick.simpler().map(|simpler| {
                        let mut picks = picks.clone();
                        picks[position] = simpler;
                        What::CreateMany(picks)
                    }));
                }
                whats
            }
            What::Update { state, value, keep } => {
                let update = |value, keep| What::Update { state: *state, value, keep };
                let mut whats: Vec<_> = value.simpler().map(|value| update(value, *keep)).collect();
                whats.extend((*keep != Keep::All).then(|| update(*value, Keep::All)));
                whats
            }
            What::Delete(_) => Vec::new(),
            What::Retrieve { key, value } => value.simpler().map(|value| What::Retrieve { key: *key, value }).collect(),
            What::Patch { key, value, by } => {
                let patch = |value, by| What::Patch { key: *key, value, by };
                let mut whats: Vec<_> = value.simpler().map(|value| patch(value, by.clone())).collect();
                whats.extend(by.simpler().map(|by| patch(*value, by)));
                whats
            }
            What::Ask { way, asked } => {
                let ways = way.simpler().into_iter().map(|way| What::Ask { way, asked: asked.clone() });
                ways.chain(simpler(asked).into_iter().map(|asked| What::Ask { way: way.clone(), asked })).collect()
            }
            What::UpdateWhere { asked, by } => {
                let queries = simpler(asked).into_iter();
                let mut whats: Vec<_> = queries.map(|asked| What::UpdateWhere { asked, by: by.clone() }).collect();
                whats.extend(by.simpler().map(|by| What::UpdateWhere { asked: asked.clone(), by }));
                whats
            }
            What::DeleteWhere(asked) => simpler(asked).into_iter().map(What::DeleteWhere).collect(),
        };
        whats.into_iter().map(|what| Self { what, ..self.clone() }).collect()
    }
}

impl Pick {
    fn simpler(self) -> impl Iterator<Item = Self> {
        let without_key = self.key.is_some().then_some(Self { key: None, ..self });
        // The first samples are the shortest.
        let first = (0..SHORT.min(self.sample)).map(move |sample| Self { sample, ..self });
        without_key.into_iter().chain(first)
    }
}

impl Alteration {
    fn simpler(&self) -> impl Iterator<Item = Self> {
        let set = (self.how != How::Set).then(|| Self { how: How::Set, ..self.clone() });
        let of = self.clone();
        set.into_iter().chain((0..SHORT.min(self.sample)).map(move |sample| Self { sample, ..of.clone() }))
    }
}

impl Way {
    /// First as most would ask.
    fn simpler(&self) -> Vec<Self> {
        let fewer = |places: &[Place], way: fn(Vec<Place>) -> Self| {
            let without = |gone: usize| {
                let left = places.iter().enumerate().filter(|(position, _)| *position != gone);
                way(left.map(|(_, place)| place.clone()).collect())
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

/// As a report says it: `find where ..`.
impl fmt::Display for Way {
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
