//! The values of some properties out of documents of any variant.

use super::reader::PropertyReader;
use crate::table::TableDefinition;
use crate::value::{Path, Value};

/// Reads the values of some properties out of the documents of a table. Make one per query.
#[derive(Debug)]
pub struct Projection<'a> {
    paths: &'a [Path],
    variants: Vec<InVariant>,
}

#[derive(Debug)]
struct InVariant {
    discriminators: Option<&'static [&'static str]>,
    /// One for each path; `None` where the variant does not have the property.
    readers: Vec<Option<PropertyReader>>,
}

impl<'a> Projection<'a> {
    /// The projection that reads the properties at these paths.
    pub fn new(definition: &TableDefinition, paths: &'a [Path]) -> Self {
        let variants = definition.variants.iter().map(|variant| InVariant {
            discriminators: variant.discriminators,
            readers: paths.iter().map(|path| PropertyReader::new(variant.shape, path)).collect(),
        });
        Self { paths, variants: variants.collect() }
    }

    /// The paths, in the order of the values.
    pub fn paths(&self) -> &'a [Path] {
        self.paths
    }

    /// The values of a row with this discriminator. The function reads the property at a position of the paths. A property that
    /// the variant does not have is absent.
    pub fn read<E>(
        &self,
        discriminator: Option<&str>,
        mut read: impl FnMut(usize, &PropertyReader) -> Result<Value, E>,
    ) -> Result<Vec<Value>, E> {
        let of_row = |variant: &&InVariant| match (variant.discriminators, discriminator) {
            (None, _) => true,
            (Some(names), Some(name)) => names.contains(&name),
            (Some(_), None) => false,
        };
        let Some(variant) = self.variants.iter().find(of_row) else {
            return Ok(vec![Value::NONE; self.paths.len()]);
        };
        let value = |(position, (path, reader)): (usize, (&Path, &Option<PropertyReader>))| {
            let Some(reader) = reader else { return Ok(Value::NONE) };
            let value = read(position, reader)?;
            Ok(match path.entry() {
                None => value.within(path.options()),
                Some(_) => path.value_in(&|_| value.as_value_ref()).to_value(),
            })
        };
        self.paths.iter().zip(&variant.readers).enumerate().map(value).collect()
    }
}
