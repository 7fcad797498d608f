//! Random queries over any type: every question that its properties can be asked, about values that rows have, about their
//! neighbours, and about what breaks stores.

mod filters;
mod ids;
mod meaning;
mod near;
mod operands;
mod properties;
mod results;
mod simpler;
mod traps;
mod words;

use longevity_core::query::{Direction, Op, OrderBy, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Path, PersistentType, Value};
use proptest::test_runner::TestRunner;

pub(crate) use self::ids::{with_ids, without_order_of_ids};
pub(crate) use self::meaning::{Ways, agree};
pub(crate) use self::properties::{Kind, Property, properties};
pub(crate) use self::simpler::{simpler, simplest};
pub(crate) use self::words::told;
use crate::cases::whole;
use crate::strategies::combine::below;
use crate::untyped::Change;

/// How many properties a projection has at most.
const SOME: usize = 3;

/// How a property is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Set,
    /// If it is a number.
    Increment,
    /// If it is a list or a set.
    Push,
}

/// How many properties an order has at most.
const ORDERS: usize = 3;

/// What the queries of a repository can be about: the properties of its type, and rows.
///
/// It knows values only, no types of the model, so that it is compiled once.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    definition: TableDefinition,
    properties: Vec<Property>,
    rows: Vec<Known>,
    /// Those of each variant of the table.
    discriminators: Vec<&'static [&'static str]>,
}

/// A row whose values become operands.
#[derive(Clone, Debug)]
struct Known {
    discriminators: Option<&'static [&'static str]>,
    value: Value,
}

impl Questions {
    /// Questions to `T`'s repository, with operands from these rows of its table.
    pub(crate) fn about<'a, T: PersistentType, R: PersistentType>(
        definition: &TableDefinition,
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Self {
        let known = |row: &R| {
            let discriminators = definition.variants.get(row.variant()).and_then(|variant| variant.discriminators);
            Known { discriminators, value: whole(row) }
        };
        let discriminators = definition.variants.iter().filter_map(|variant| variant.discriminators).collect();
        let (properties, rows) = (properties::<T>(definition), rows.into_iter().map(known).collect());
        Self { definition: definition.clone(), properties, rows, discriminators }
    }

    /// The table that they are about.
    pub(crate) fn definition(&self) -> &TableDefinition {
        &self.definition
    }

    /// A random query. Ids in it are numbers of rows, for [`with_ids`].
    pub(crate) fn select(&self, chance: &mut TestRunner) -> Select {
        let rows = self.rows.len();
        let predicate = self.filter(chance);
        let order = if below(2, chance) == 0 { Vec::new() } else { self.order(chance) };
        Select {
            order,
            ties: direction(below(4, chance) == 0),
            offset: match below(6, chance) {
                0 => below(4, chance) as u64,
                1 => below(rows + 3, chance) as u64,
                _ => 0,
            },
            limit: match below(8, chance) {
                0 => Some(below(3, chance) as u64),
                1 => Some(below(rows + 3, chance) as u64),
                2 => Some([u64::MAX, 1 << 63, 1 << 32][below(3, chance)]),
                _ => None,
            },
            ..Select::of(predicate)
        }
    }

    /// Some properties that all rows of the repository have, for projections and figures.
    pub(crate) fn some(&self, chance: &mut TestRunner) -> Vec<Path> {
        // A variant is asked whether it is there, not for its value.
        let wanted = |property: &Property| property.scope.is_none() && !matches!(property.kind, Kind::Variant);
        let some = (0..1 + below(SOME, chance)).filter_map(|_| Some(self.property(wanted, chance)?.path));
        some.collect()
    }

    /// A change that a user could write of a property that all rows of the repository have, by the value that a persistent
    /// has there; `None` if there is none.
    pub(crate) fn change<R: PersistentType>(&self, property: usize, by: &R, how: How) -> Option<Change> {
        let all: Vec<_> = self.properties.iter().filter(|property| property.scope.is_none()).collect();
        let property = *all.get(property.checked_rem(all.len())?)?;
        let value = property.value(&self.definition, by)?;
        let op = match (how, value) {
            _ if matches!(property.kind, Kind::Variant) => return None,
            (How::Increment, value @ (Value::Int(_) | Value::UInt(_) | Value::Float(_))) => Op::Increment(value),
            (How::Push, Value::List(elements)) if property.is_collection() => Op::Push(elements.into_iter().next()?),
            // What is absent may be so because of something on the way.
            (_, value) if value.is_none() && property.path.steps().len() > 1 => return None,
            (_, value) => Op::Set(value),
        };
        Some(Change { path: property.path.clone(), op })
    }

    /// By properties that all variants have, through options, variants and entries.
    fn order(&self, chance: &mut TestRunner) -> Vec<OrderBy> {
        let orders = 1 + below(ORDERS, chance);
        let by = |property: Property, chance: &mut TestRunner| OrderBy {
            path: property.path,
            direction: direction(below(2, chance) == 0),
        };
        let properties = (0..orders).filter_map(|_| {
            let property = self.property(|property| property.scope.is_none() && property.is_ordered(), chance)?;
            Some(by(property, chance))
        });
        properties.collect()
    }
}

fn direction(descending: bool) -> Direction {
    if descending { Direction::Descending } else { Direction::Ascending }
}
