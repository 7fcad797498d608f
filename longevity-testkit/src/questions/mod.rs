//! Random queries over any type: every question that its properties can be asked, about values that rows have, about their
//! neighbours, and about what breaks stores.

mod filters;
mod ids;
mod meaning;
mod near;
mod operands;
mod properties;
mod simpler;
mod traps;
mod words;

use longevity_core::query::{Direction, OrderBy, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{PersistentType, Value};
use proptest::test_runner::TestRunner;

pub(crate) use self::ids::{with_ids, without_order_of_ids};
pub(crate) use self::meaning::agree;
pub(crate) use self::properties::{Kind, Property, properties};
pub(crate) use self::simpler::{simpler, simplest};
pub(crate) use self::words::told;
use crate::cases::whole;
use crate::strategies::combine::below;

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
