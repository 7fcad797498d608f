//! Random queries to a repository.

use longevity_core::PersistentType;
use longevity_core::backend::Direction;
use longevity_core::table::TableDefinition;
use proptest::test_runner::TestRunner;

use super::naive::PlainRow;
use super::plain_query::{IsForm, Place, PlainFilter, PlainOrder, PlainQuery};
use super::properties::{Property, properties};
use super::scopes::Scope;
use crate::strategies::combine::below;

/// The greatest number of properties in a projection.
const PLACES: usize = 3;

/// The greatest number of properties in an order.
const ORDERS: usize = 3;

/// Makes random queries to a repository, about the properties of its type and the values of rows.
///
/// It uses untyped values and no types of the model, so that it is compiled once.
#[derive(Clone, Debug)]
pub(crate) struct RandomQueries {
    pub(super) properties: Vec<Property>,
    /// Rows whose values become operands.
    pub(super) rows: Vec<PlainRow>,
    /// The names of the table's types, variant by variant.
    names: Vec<&'static str>,
    /// The derived types of the table.
    pub(super) scopes: Vec<Scope>,
    /// The variant of the table whose rows the repository sees; `None` if it sees all.
    pub(crate) variant: Option<usize>,
}

impl RandomQueries {
    /// Random queries to `T`'s repository, with operands from these rows of its table.
    pub(crate) fn about<'a, T: PersistentType, R: PersistentType>(
        definition: &TableDefinition,
        scopes: &[Scope],
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Self {
        Self {
            properties: properties::<T>(definition),
            rows: rows.into_iter().enumerate().map(|(number, row)| PlainRow::of(number, row)).collect(),
            names: definition.variants.iter().map(|variant| variant.type_name).collect(),
            scopes: scopes.to_vec(),
            variant: T::SCOPE.map(|scope| scope.variant),
        }
    }

    /// The name of the type of a row.
    pub(crate) fn type_of(&self, row: &PlainRow) -> &'static str {
        self.names.get(row.variant).copied().unwrap_or_default()
    }

    /// A filter for each derived type.
    pub(crate) fn types(&self) -> Vec<PlainFilter> {
        self.scopes.iter().map(|scope| PlainFilter::Is { variant: scope.variant, form: IsForm::Is }).collect()
    }

    /// A random query.
    pub(crate) fn draw_query(&self, chance: &mut TestRunner) -> PlainQuery {
        let rows = self.rows.len();
        let filter = self.filter(chance);
        let order = if below(2, chance) == 0 { Vec::new() } else { self.order(chance) };
        PlainQuery {
            filter,
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
        }
    }

    /// Some properties that all rows of the repository have, for projections and aggregates.
    pub(crate) fn draw_places(&self, chance: &mut TestRunner) -> Vec<Place> {
        // A variant without a value cannot be projected.
        let wanted = |property: &Property| property.scope.is_none() && property.has_value();
        (0..1 + below(PLACES, chance))
            .filter_map(|_| Some(at_a_level(self.property(wanted, chance)?, chance)))
            .collect()
    }

    /// A random order by properties that all variants have, through options, variants and entries.
    fn order(&self, chance: &mut TestRunner) -> Vec<PlainOrder> {
        let by = |property: Property, chance: &mut TestRunner| {
            let place = at_a_level(property, chance);
            PlainOrder { place, direction: direction(below(2, chance) == 0) }
        };
        let properties = (0..1 + below(ORDERS, chance)).filter_map(|_| {
            let property = self.property(|property| property.scope.is_none() && property.is_ordered(), chance)?;
            Some(by(property, chance))
        });
        properties.collect()
    }
}

/// The property with some of its options unwrapped.
fn at_a_level(property: Property, chance: &mut TestRunner) -> Place {
    let somes = below(usize::from(property.options) + 1, chance);
    Place { property, somes: u8::try_from(somes).unwrap_or_default() }
}

fn direction(descending: bool) -> Direction {
    if descending { Direction::Descending } else { Direction::Ascending }
}
