//! Random queries over any type: every question that its properties can be asked, about values that rows have, about their
//! neighbours, and about what breaks stores.

mod anything;
mod asked;
mod build;
mod changes;
mod compare;
mod filters;
mod given;
mod ids;
mod judge;
mod levels;
mod meaning;
mod near;
mod operands;
mod properties;
mod results;
mod scopes;
mod simpler;
mod traps;
mod words;

use longevity_core::PersistentType;
use longevity_core::backend::Direction;
use longevity_core::table::TableDefinition;
use proptest::test_runner::TestRunner;

pub(crate) use self::asked::{Asked, By, Join, JoinForm, Place, Question, What};
pub(crate) use self::changes::{Change, How};
pub(crate) use self::given::agree_as_evaluated;
pub(crate) use self::ids::with_ids;
pub(crate) use self::judge::Plain;
pub(crate) use self::meaning::{Ways, agree};
pub(crate) use self::properties::{Kind, Property, properties};
pub(crate) use self::results::{groups_of, pages_of};
pub use self::scopes::Scope;
pub(crate) use self::simpler::{simpler, simplest};
use crate::strategies::combine::below;

/// How many properties a projection has at most.
const SOME: usize = 3;

/// How many properties an order has at most.
const ORDERS: usize = 3;

/// What the queries of a repository can be about: the properties of its type, and rows.
///
/// It knows values only, no types of the model, so that it is compiled once.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    properties: Vec<Property>,
    /// Rows whose values become operands.
    rows: Vec<Plain>,
    /// The names of the table's types, variant by variant.
    names: Vec<&'static str>,
    /// The derived types of the table.
    scopes: Vec<Scope>,
    /// The variant of the table whose rows the repository sees; `None` if it sees all.
    pub(crate) variant: Option<usize>,
}

impl Questions {
    /// Questions to `T`'s repository, with operands from these rows of its table.
    pub(crate) fn about<'a, T: PersistentType, R: PersistentType>(
        definition: &TableDefinition,
        scopes: &[Scope],
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Self {
        Self {
            properties: properties::<T>(definition),
            rows: rows.into_iter().enumerate().map(|(number, row)| Plain::of(number, row)).collect(),
            names: definition.variants.iter().map(|variant| variant.type_name).collect(),
            scopes: scopes.to_vec(),
            variant: T::SCOPE.map(|scope| scope.variant),
        }
    }

    /// The name of the type of a row.
    pub(crate) fn type_of(&self, row: &Plain) -> &'static str {
        self.names.get(row.variant).copied().unwrap_or_default()
    }

    /// Whether rows are of each derived type.
    pub(crate) fn types(&self) -> Vec<Question> {
        self.scopes.iter().map(|scope| Question::Is { variant: scope.variant, form: asked::IsForm::Is }).collect()
    }

    /// A random query.
    pub(crate) fn ask(&self, chance: &mut TestRunner) -> Asked {
        let rows = self.rows.len();
        let filter = self.filter(chance);
        let order = if below(2, chance) == 0 { Vec::new() } else { self.order(chance) };
        Asked {
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
    pub(crate) fn some(&self, chance: &mut TestRunner) -> Vec<Place> {
        // A variant is asked whether it is there, not for its value.
        let wanted = |property: &Property| property.scope.is_none() && property.has_value();
        (0..1 + below(SOME, chance)).filter_map(|_| Some(at_a_level(self.property(wanted, chance)?, chance))).collect()
    }

    /// By properties that all variants have, through options, variants and entries.
    fn order(&self, chance: &mut TestRunner) -> Vec<By> {
        let by = |property: Property, chance: &mut TestRunner| {
            let place = at_a_level(property, chance);
            By { place, direction: direction(below(2, chance) == 0) }
        };
        let properties = (0..1 + below(ORDERS, chance)).filter_map(|_| {
            let property = self.property(|property| property.scope.is_none() && property.is_ordered(), chance)?;
            Some(by(property, chance))
        });
        properties.collect()
    }
}

/// The property within some of its options.
fn at_a_level(property: Property, chance: &mut TestRunner) -> Place {
    let somes = below(usize::from(property.options) + 1, chance);
    Place { property, somes: u8::try_from(somes).unwrap_or_default() }
}

fn direction(descending: bool) -> Direction {
    if descending { Direction::Descending } else { Direction::Ascending }
}
