//! Properties that have no column: a function of SQL reads them from the document, in the form that a column of theirs
//! would have, so that a filter means the same with and without an index.

use std::sync::{Arc, PoisonError, RwLock};

use longevity_core::encoding::PropertyReader;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::value::sortable;
use longevity_core::{Path, Value, ValueRef};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value as Owned;

use crate::encode::Doc;
use crate::form::{Form, owned};

/// `longevity_property(document, discriminator, number)`: the property's value.
pub(crate) const PROPERTY: &str = "longevity_property";
/// `longevity_contains(document, discriminator, number, element)`: whether the list or set has the element.
pub(crate) const CONTAINS: &str = "longevity_contains";

/// A property as it is in each variant of a table.
#[derive(Debug)]
pub(crate) struct Property {
    path: Path,
    variants: Vec<InVariant>,
}

#[derive(Debug)]
struct InVariant {
    discriminators: Option<&'static [&'static str]>,
    shape: ShapeFn,
    reader: PropertyReader,
}

impl Property {
    /// The property at the path; `None` if no variant has it.
    pub(crate) fn of(definition: &TableDefinition, path: &Path) -> Option<Self> {
        let variants = definition.variants.iter();
        let variants: Vec<_> = variants
            .filter_map(|variant| {
                let reader = PropertyReader::new(variant.shape, path)?;
                Some(InVariant { discriminators: variant.discriminators, shape: variant.shape, reader })
            })
            .collect();
        (!variants.is_empty()).then(|| Self { path: path.clone(), variants })
    }

    /// Whether both read the same from every row.
    fn reads_as(&self, other: &Self) -> bool {
        let alike = |(a, b): (&InVariant, &InVariant)| {
            a.discriminators == b.discriminators && std::ptr::fn_addr_eq(a.shape, b.shape)
        };
        self.path == other.path
            && self.variants.len() == other.variants.len()
            && self.variants.iter().zip(&other.variants).all(alike)
    }

    /// How its values are represented, in a row of these discriminators if they are given.
    pub(crate) fn form(&self, scope: Option<&[&str]>) -> Form {
        let in_scope = self.variants.iter().find(|variant| scope.is_some() && variant.discriminators == scope);
        in_scope.or(self.variants.first()).map_or(Form::Plain, |variant| form_of(&variant.reader))
    }

    /// The value in a row; absent if its variant has no such property or its document is unreadable.
    fn value(&self, doc: &str, discriminator: Option<&str>) -> Option<(Value, Form)> {
        let of_row = |variant: &&InVariant| match (variant.discriminators, discriminator) {
            (None, _) => true,
            (Some(names), Some(discriminator)) => names.contains(&discriminator),
            (Some(_), None) => false,
        };
        let reader = &self.variants.iter().find(of_row)?.reader;
        Some((Doc::read(doc, reader).ok()?, form_of(reader)))
    }
}

/// The form of the values that the reader reads.
pub(crate) fn form_of(reader: &PropertyReader) -> Form {
    match reader.shape() {
        Shape::Scalar(_) | Shape::Choice { .. } if !reader.nested_options() => Form::Plain,
        _ => Form::Sortable,
    }
}

/// All properties that statements name by their numbers. It grows with the number of properties that the program's queries
/// use, not with the number of queries, nor of times that the database is opened.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    all: RwLock<Vec<Arc<Property>>>,
}

impl Properties {
    /// A property and its number: the one that it has already, so that who opens the database again finds the statements
    /// that are prepared.
    pub(crate) fn number(&self, property: Property) -> (usize, Arc<Property>) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, known)) = all.iter().enumerate().find(|(_, known)| known.reads_as(&property)) {
            return (number, Arc::clone(known));
        }
        let property = Arc::new(property);
        all.push(Arc::clone(&property));
        (all.len() - 1, property)
    }

    fn get(&self, number: i64) -> Option<Arc<Property>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(usize::try_from(number).ok()?).cloned()
    }

    /// Gives the connection the functions.
    pub(crate) fn register(self: &Arc<Self>, connection: &Connection) -> rusqlite::Result<()> {
        // Direct only: a trigger or a view of somebody else's cannot call them.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
        let properties = Arc::clone(self);
        connection.create_scalar_function(PROPERTY, 3, flags, move |call| {
            Ok(properties.value(call)?.map_or(Owned::Null, |(value, form)| owned(value.as_value_ref(), form)))
        })?;
        let properties = Arc::clone(self);
        connection.create_scalar_function(CONTAINS, 4, flags, move |call| {
            let Some((Value::List(elements), _)) = properties.value(call)? else { return Ok(false) };
            let element = call.get_raw(3).as_blob().unwrap_or_default();
            Ok(elements.iter().any(|value| sortable_bytes(value.as_value_ref()).as_slice() == element))
        })
    }

    fn value(&self, call: &Context<'_>) -> rusqlite::Result<Option<(Value, Form)>> {
        let Some(property) = self.get(call.get(2)?) else { return Ok(None) };
        // A row that was edited by hand may hold anything: what cannot be read is absent.
        let Ok(doc) = call.get_raw(0).as_str() else { return Ok(None) };
        Ok(property.value(doc, call.get_raw(1).as_str().ok()))
    }
}

/// A value's bytes, equal where values are.
pub(crate) fn sortable_bytes(value: ValueRef<'_>) -> sortable::Buffer {
    let mut bytes = sortable::Buffer::new();
    sortable::encode(value, &mut bytes);
    bytes
}
