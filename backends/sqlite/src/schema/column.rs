//! The columns that a table has for keys and indexes.

use longevity_core::encoding::PropertyReader;
use longevity_core::table::{Column, TableDefinition};

use crate::encode::column_value::{Representation, declared_type, representation_of};
use crate::schema::names::quoted;

/// A realized column: it holds a property's value, for keys and indexes.
#[derive(Clone, Debug)]
pub(crate) struct Realized {
    pub(crate) name: String,
    /// The name, quoted.
    pub(crate) quoted: String,
    pub(crate) declared: &'static str,
    pub(crate) representation: Representation,
}

impl Realized {
    /// The column of a definition, under the name that it has in the database.
    pub(crate) fn new(definition: &TableDefinition, column: &Column, name: String) -> Self {
        let variant = definition.variants.get(column.variant.unwrap_or(0));
        let reader = variant.and_then(|variant| PropertyReader::new(variant.shape, &column.path));
        let representation = reader.as_ref().map_or(Representation::Plain, |reader| representation_of(reader.leaf()));
        Self { quoted: quoted(&name), name, declared: declared_type(&column.shape, representation), representation }
    }
}
