//! A property as it is in each type of a table.

use longevity_core::Path;
use longevity_core::table::TableDefinition;

use crate::encode::location::Location;

/// A property and its locations in the types of a table.
#[derive(Debug)]
pub(crate) struct Property {
    cases: Vec<Case>,
}

/// A location that the property has in some of the table's types.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) location: Location,
    /// The discriminators of those types; empty in the table of a plain type.
    pub(crate) discriminators: Vec<&'static [&'static str]>,
    /// The positions of those types.
    variants: Vec<usize>,
    /// Whether all types of the table are among them.
    pub(crate) is_everywhere: bool,
}

impl Property {
    /// The property at the path; `None` if no type has it.
    pub(crate) fn of(definition: &TableDefinition, path: &Path) -> Option<Self> {
        let mut cases: Vec<Case> = Vec::new();
        for (position, variant) in definition.variants.iter().enumerate() {
            let Some(location) = Location::of(variant.shape, path) else { continue };
            match cases.iter_mut().find(|case| case.location.is_same(&location)) {
                Some(case) => {
                    case.variants.push(position);
                    case.discriminators.extend(variant.discriminators);
                }
                None => cases.push(Case {
                    location,
                    discriminators: variant.discriminators.into_iter().collect(),
                    variants: vec![position],
                    is_everywhere: false,
                }),
            }
        }
        for case in &mut cases {
            case.is_everywhere = case.variants.len() == definition.variants.len();
        }
        (!cases.is_empty()).then_some(Self { cases })
    }

    /// The cases that are possible in rows of this variant, or of any variant; empty if the variant has no such property.
    pub(crate) fn cases(&self, scope: Option<usize>) -> Vec<&Case> {
        let possible = |case: &&Case| scope.is_none_or(|variant| case.variants.contains(&variant));
        self.cases.iter().filter(possible).collect()
    }
}
