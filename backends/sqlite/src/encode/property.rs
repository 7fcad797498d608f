//! Properties that have no column. Their values are read from the document, in the form that a column would have, so that a
//! filter means the same with and without an index.

use longevity_core::encoding::PropertyReader;
use longevity_core::storable::{Leaf, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::value::in_option;
use longevity_core::{Path, Value};

use crate::encode::column_value::{Representation, representation_of, sortable_bytes};
use crate::encode::document::SqliteDocument;

/// A property as it is in each variant of a table.
#[derive(Debug)]
pub(crate) struct Property {
    path: Path,
    /// The rest of the path after each entry of a map. The keys of the entries come with each call.
    rests: Vec<Path>,
    /// How many options the path leads into at its end.
    options: u8,
    variants: Vec<InVariant>,
}

#[derive(Debug)]
struct InVariant {
    position: usize,
    discriminators: Option<&'static [&'static str]>,
    shape: ShapeFn,
    reader: PropertyReader,
    representation: Representation,
}

impl Property {
    /// The property at the path, whatever the keys of entries in it; `None` if no variant has it.
    pub(crate) fn of(definition: &TableDefinition, path: &Path) -> Option<Self> {
        let variants = definition.variants.iter().enumerate();
        let variants: Vec<_> = variants
            .filter_map(|(position, variant)| {
                let reader = PropertyReader::new(variant.shape, path)?;
                let representation = representation_of(&Leaf::of(variant.shape, path)?);
                Some(InVariant {
                    position,
                    discriminators: variant.discriminators,
                    shape: variant.shape,
                    reader,
                    representation,
                })
            })
            .collect();
        let rests = entries(path).map(|(_, rest)| rest.before_entry()).collect();
        (!variants.is_empty()).then(|| Self { path: path.before_entry(), rests, options: path.options(), variants })
    }

    /// Whether both properties read the same value from every row.
    pub(crate) fn reads_as(&self, other: &Self) -> bool {
        let alike = |(a, b): (&InVariant, &InVariant)| {
            a.discriminators == b.discriminators && std::ptr::fn_addr_eq(a.shape, b.shape)
        };
        self.path == other.path
            && self.rests == other.rests
            && self.options == other.options
            && self.variants.len() == other.variants.len()
            && self.variants.iter().zip(&other.variants).all(alike)
    }

    /// The form of its values, in rows of the variant at this position if one is given.
    pub(crate) fn representation(&self, scope: Option<usize>) -> Representation {
        let in_scope = self.variants.iter().find(|variant| Some(variant.position) == scope);
        in_scope.or(self.variants.first()).map_or(Representation::Plain, |variant| variant.representation)
    }

    /// The value in a row, for these keys of the entries on its path; absent if the row's variant has no such property or its
    /// document cannot be read.
    pub(crate) fn value(
        &self,
        doc: &str,
        discriminator: Option<&str>,
        keys: &[&[u8]],
    ) -> Option<(Value, Representation)> {
        let of_row = |variant: &&InVariant| match (variant.discriminators, discriminator) {
            (None, _) => true,
            (Some(names), Some(discriminator)) => names.contains(&discriminator),
            (Some(_), None) => false,
        };
        let variant = self.variants.iter().find(of_row)?;
        let mut value = SqliteDocument::read(doc, &variant.reader).ok()?;
        for (position, (rest, key)) in self.rests.iter().zip(keys).enumerate() {
            let Value::Map(entries) = &value else { return None };
            let (_, held) = entries.iter().find(|(k, _)| sortable_bytes(k.as_value_ref()).as_slice() == *key)?;
            let at_its_end = rest.is_root() && position + 1 == self.rests.len();
            value = in_option(held.at(rest.steps()), at_its_end).to_value();
        }
        Some((value.within(self.options), variant.representation))
    }
}

/// The entries that a path leads through: the key of each, and the rest of the path after its value.
pub(crate) fn entries(path: &Path) -> impl Iterator<Item = (&Value, &Path)> {
    std::iter::successors(path.entry(), |(_, rest)| rest.entry())
}
