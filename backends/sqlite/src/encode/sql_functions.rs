//! The SQL functions that read properties out of documents.

use std::sync::{Arc, PoisonError, RwLock};

use longevity_core::backend::TextTest;
use longevity_core::table::any_value;
use longevity_core::value::Composite as _;
use longevity_core::{Path, Value};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Owned, ValueRef as Sql};
use smallvec::SmallVec;

use crate::encode::column_value::{Representation, owned, sortable_bytes};
use crate::encode::property::Property;

/// `longevity_property(document, discriminator, number, key..)`: the property's value. The keys are those of the map entries that
/// the path leads through.
pub(crate) const PROPERTY: &str = "longevity_property";
/// `longevity_length(document, discriminator, number, key..)`: how many elements or entries the property has.
pub(crate) const LENGTH: &str = "longevity_length";
/// `longevity_text(text, test, other)`: whether a string passes a test.
pub(crate) const TEXT: &str = "longevity_text";
/// `longevity_text_at(document, discriminator, number, test, other, key..)`: whether the property is a string that passes a test.
pub(crate) const TEXT_AT: &str = "longevity_text_at";
/// `longevity_item(list, position)`: the value at a position of a list.
pub(crate) const ITEM: &str = "longevity_item";
/// `longevity_contains(document, discriminator, number, element, route, key..)`: whether the elements of the list, set or map lead to
/// the element.
pub(crate) const CONTAINS: &str = "longevity_contains";

/// A property and the number that statements call it by.
pub(crate) type Numbered = (usize, Arc<Property>);

/// All properties that statements refer to by number. It grows with the number of properties that the program's queries use, and
/// not with the number of queries or of times that the database is opened.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    all: RwLock<Vec<Arc<Property>>>,
    /// The ways from the elements of collections to values.
    routes: RwLock<Vec<Arc<[Path]>>>,
}

impl Properties {
    /// A property and its number. A known property keeps its number, so that a caller that opens the database again finds the
    /// prepared statements.
    pub(crate) fn number(&self, property: Property) -> Numbered {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, known)) = all.iter().enumerate().find(|(_, known)| known.reads_as(&property)) {
            return (number, Arc::clone(known));
        }
        let property = Arc::new(property);
        all.push(Arc::clone(&property));
        (all.len() - 1, property)
    }

    /// The number that statements call a way from the elements of a collection by.
    pub(crate) fn route(&self, through: &[Path]) -> usize {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.iter().position(|known| **known == *through) {
            return known;
        }
        routes.push(through.into());
        routes.len() - 1
    }

    fn route_at(&self, number: i64) -> Option<Arc<[Path]>> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(usize::try_from(number).ok()?).cloned()
    }

    fn get(&self, number: i64) -> Option<Arc<Property>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(usize::try_from(number).ok()?).cloned()
    }

    /// Registers the functions with the connection.
    pub(crate) fn register(self: &Arc<Self>, connection: &Connection) -> rusqlite::Result<()> {
        // Direct only, so that a trigger or a view of another program cannot call them.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
        let properties = Arc::clone(self);
        connection.create_scalar_function(PROPERTY, -1, flags, move |call| {
            Ok(properties
                .value(call, 3)?
                .map_or(Owned::Null, |(value, representation)| owned(value.as_value_ref(), representation)))
        })?;
        let properties = Arc::clone(self);
        connection.create_scalar_function(LENGTH, -1, flags, move |call| {
            Ok(properties.value(call, 3)?.and_then(|(value, _)| value.length()).and_then(|n| i64::try_from(n).ok()))
        })?;
        let properties = Arc::clone(self);
        connection.create_scalar_function(CONTAINS, -1, flags, move |call| {
            let Some((collection, _)) = properties.value(call, 5)? else { return Ok(false) };
            let Some(route) = properties.route_at(call.get(4)?) else { return Ok(false) };
            let element = call.get_raw(3).as_blob().unwrap_or_default();
            Ok(any_value(&collection, &route, &mut |value| sortable_bytes(value).as_slice() == element))
        })?;
        let properties = Arc::clone(self);
        connection.create_scalar_function(TEXT_AT, -1, flags, move |call| {
            let Some((Value::Text(text), _)) = properties.value(call, 5)? else { return Ok(false) };
            passes(call.get(3)?, &text, call.get_raw(4))
        })?;
        connection.create_scalar_function(TEXT, 3, flags, |call| {
            let Ok(text) = call.get_raw(0).as_str() else { return Ok(false) };
            passes(call.get(1)?, text, call.get_raw(2))
        })?;
        connection.create_scalar_function(ITEM, 2, flags, |call| {
            let position = call.get::<i64>(1).map(usize::try_from)?;
            let list =
                call.get_or_create_aux(0, |list| -> Result<_, std::convert::Infallible> { Ok(List::read(list)) })?;
            Ok(position.ok().and_then(|position| list.0.get(position)).cloned().unwrap_or(Owned::Null))
        })?;
        Ok(())
    }

    /// The value of the property that a call names. The keys start at this argument.
    fn value(&self, call: &Context<'_>, keys: usize) -> rusqlite::Result<Option<(Value, Representation)>> {
        let Some(property) = self.get(call.get(2)?) else { return Ok(None) };
        // A row that was edited by hand may hold anything. A document that cannot be read has no value.
        let Ok(doc) = call.get_raw(0).as_str() else { return Ok(None) };
        let keys = (keys..call.len()).map(|position| call.get_raw(position).as_blob().unwrap_or_default());
        let keys: SmallVec<[&[u8]; 2]> = keys.collect();
        Ok(property.value(doc, call.get_raw(1).as_str().ok(), &keys))
    }
}

/// The number of a test in a statement.
pub(crate) fn number_of(test: TextTest) -> i64 {
    match test {
        TextTest::EndsWith => 0,
        TextTest::Contains => 1,
        TextTest::EqIgnoreCase => 2,
    }
}

fn passes(test: i64, text: &str, operand: Sql<'_>) -> rusqlite::Result<bool> {
    let tests = [TextTest::EndsWith, TextTest::Contains, TextTest::EqIgnoreCase];
    let test = tests.into_iter().find(|known| number_of(*known) == test);
    let test = test.ok_or_else(|| rusqlite::Error::UserFunctionError("no such test of a string".into()))?;
    Ok(operand.as_str().is_ok_and(|operand| test.holds(text, operand)))
}

/// The values of a long list, read once per statement.
struct List(Vec<Owned>);

impl List {
    /// Reads the length, the kind and the bytes of each value in turn.
    fn read(list: Sql<'_>) -> Self {
        let (mut values, mut rest) = (Vec::new(), list.as_blob().unwrap_or_default());
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((value, after)) = after.split_at_checked(length) else { break };
            values.push(value_of(value).unwrap_or(Owned::Null));
            rest = after;
        }
        Self(values)
    }
}

/// Encodes a list as one value to bind.
pub(crate) fn list_of(values: impl Iterator<Item = Owned>) -> Owned {
    let mut list = Vec::new();
    for value in values {
        let (kind, bytes): (u8, &[u8]) = match &value {
            Owned::Null => (0, &[]),
            Owned::Integer(value) => (1, &value.to_le_bytes()),
            Owned::Real(value) => (2, &value.to_le_bytes()),
            Owned::Text(value) => (3, value.as_bytes()),
            Owned::Blob(value) => (4, value),
        };
        list.extend_from_slice(&(bytes.len() as u64 + 1).to_le_bytes());
        list.push(kind);
        list.extend_from_slice(bytes);
    }
    Owned::Blob(list)
}

fn value_of(kind_and_bytes: &[u8]) -> Option<Owned> {
    let (kind, bytes) = kind_and_bytes.split_first()?;
    match kind {
        1 => Some(Owned::Integer(i64::from_le_bytes(bytes.try_into().ok()?))),
        2 => Some(Owned::Real(f64::from_le_bytes(bytes.try_into().ok()?))),
        3 => Some(Owned::Text(std::str::from_utf8(bytes).ok()?.to_owned())),
        4 => Some(Owned::Blob(bytes.to_vec())),
        _ => None,
    }
}
