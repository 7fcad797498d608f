//! Conditions on the elements of lists, sets and maps.

use longevity_core::encoding::is_object_key;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Path, Value};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::elements::plain_location;
use crate::encode::expression::{self, Expressions, element, entries, get, list};
use crate::encode::location::Location;
use crate::encode::shape::{is_flat, is_instant};
use crate::encode::values::of_type;
use crate::query::combine::nothing;
use crate::query::equal_field::equals_at;

/// The condition that the elements of the list, set or map at a location, followed through these paths, lead to a value.
pub(crate) fn contains(location: &Location, through: &[Path], value: &Value) -> Document {
    if let Value::None(depth) = value
        && usize::from(*depth) >= options_at(location.leaf, through)
    {
        return nothing();
    }
    let plainly = location.field_of_values().filter(|_| location.has_elements_in_one_place()).zip(plainly(
        location.leaf,
        through,
        value,
    ));
    if let Some((field, condition)) = plainly {
        return doc! { field: { "$elemMatch": condition } };
    }
    let mut expressions = Expressions::new();
    let collection = expressions.value(location);
    expression::filter(expressions.leads_to(collection, location.leaf, through, value))
}

/// How many options are around the value that the paths lead to.
fn options_at(collection: ShapeFn, through: &[Path]) -> usize {
    let end = |(held, path): (ShapeFn, &Path)| Location::of(held, path);
    let Some((path, rest)) = through.split_first() else { return 0 };
    let (Shape::List(held) | Shape::Set(held) | Shape::Map(_, held)) = collection() else { return 0 };
    match end((held, path)) {
        Some(location) if rest.is_empty() => location.options,
        Some(location) => options_at(location.leaf, rest),
        None => 0,
    }
}

/// The condition on an element by a filter's operators, which an index serves; `None` if these would mean something else.
fn plainly(collection: ShapeFn, through: &[Path], value: &Value) -> Option<Document> {
    let (path, rest) = through.split_first()?;
    let (Shape::List(held) | Shape::Set(held)) = collection() else { return None };
    let location = plain_location(held, path)?;
    let condition = match rest {
        [] => None,
        rest => Some(doc! { "$elemMatch": plainly(location.leaf, rest, value)? }),
    };
    match (condition, path.is_root()) {
        (Some(condition), true) => Some(condition),
        (Some(condition), false) => Some(doc! { location.field_of_values()?: condition }),
        (None, true) if is_flat(held) && !is_instant(&(location.leaf)()) => Some(doc! { "$eq": of_type(held, value) }),
        // MongoDB also applies a condition to the elements of a list, and `null` is equal to what is missing.
        (None, is_root) => match (location.leaf)() {
            Shape::Scalar(_) | Shape::Choice { .. } | Shape::Struct { .. } if !value.is_none() => {
                let field = if is_root { String::new() } else { location.field_of_values()? };
                let is_of_fields = !is_root || matches!(value, Value::Record(fields) if !fields.is_empty());
                equals_at(&field, &(location.leaf)(), value).filter(|_| is_of_fields)
            }
            _ => None,
        },
    }
}

impl Expressions {
    /// Whether the elements of a stored list, set or map, followed through these paths, lead to a value.
    fn leads_to(&mut self, stored: Bson, collection: ShapeFn, through: &[Path], value: &Value) -> Bson {
        let Some((path, rest)) = through.split_first() else { return Bson::Boolean(false) };
        let kind = collection();
        let (Shape::List(held) | Shape::Set(held) | Shape::Map(_, held)) = kind else { return Bson::Boolean(false) };
        let Some(location) = Location::of(held, path) else { return Bson::Boolean(false) };
        self.with(stored, |this, stored| {
            let elements = match kind {
                Shape::Map(key, _) if is_object_key(key) => entries(stored),
                _ => list(stored),
            };
            this.any_of(elements, |this, found| {
                let found = match kind {
                    Shape::Map(key, _) if is_object_key(key) => get("v", found),
                    Shape::Map(..) => element(list(found), 1),
                    _ => found,
                };
                if rest.is_empty() {
                    let property = this.property_of(found, &location);
                    this.equals_in_options(property, location.options, location.leaf, value)
                } else {
                    let next = this.value_of(found, &location);
                    this.leads_to(next, location.leaf, rest, value)
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::Storable;

    use super::*;

    #[test]
    fn only_elements_that_are_in_one_place_have_a_plain_condition() {
        let of = |shape, through: &[Path]| plainly(shape, through, &Value::Int(1));
        assert_eq!(of(Vec::<u8>::shape, &[Path::root()]), Some(doc! { "$eq": 1_i64 }));
        let nested = of(Vec::<Vec<u8>>::shape, &[Path::root(), Path::root()]);
        assert_eq!(nested, Some(doc! { "$elemMatch": { "$eq": 1_i64 } }));
        assert_eq!(of(<std::collections::BTreeMap<String, u8>>::shape, &[Path::root()]), None);
        assert_eq!(of(Vec::<Option<Option<u8>>>::shape, &[Path::root()]), None);
    }
}
