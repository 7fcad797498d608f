//! Equality of a field by a filter's operators.

use longevity_core::Value;
use longevity_core::storable::Shape;
use mongodb::bson::{Bson, Document, doc};

use crate::encode::location::Field;
use crate::encode::shape::{is_flat, strip_options};
use crate::encode::values::{names_of_choice, of_type, scalar};
use crate::query::combine::all_of;

/// The condition that a field has a value; `None` if a filter's operators would mean something else. Without a field, the value is
/// the element that a condition is about, and it must have fields.
pub(crate) fn equals_at(field: &str, shape: &Shape, value: &Value) -> Option<Document> {
    match (shape, value) {
        (Shape::Scalar(_) | Shape::Choice { .. }, value) => Some(match names_of_choice(shape, value) {
            Some(names) => doc! { field: { "$in": names } },
            // The same as `$eq`, because no scalar is a regular expression.
            None => doc! { field: scalar(value.as_value_ref()) },
        }),
        // Each field is compared separately. As wholes, the objects would need the same fields in the same order.
        (Shape::Struct { fields, .. }, Value::Record(values)) => {
            let mut parts = Vec::new();
            // If a component is missing, its fields are `None` too.
            if !field.is_empty() && values.iter().all(|(_, value)| matches!(value, Value::None(0))) {
                parts.push(doc! { field: { "$type": "object" } });
            }
            for (name, value) in values {
                let known = fields.iter().find(|field| field.step.name == *name)?;
                if !Field::of(known).is_plain() {
                    return None;
                }
                let (options, leaf) = strip_options(known.shape);
                let below = if field.is_empty() { (*name).to_owned() } else { format!("{field}.{name}") };
                parts.push(match value {
                    Value::None(0) if matches!(leaf(), Shape::Scalar(_) | Shape::Choice { .. }) => {
                        doc! { below: { "$eq": Bson::Null } }
                    }
                    Value::None(_) => return None,
                    value if options <= 1 => equals_at(&below, &leaf(), value)?,
                    _ => return None,
                });
            }
            Some(all_of(parts))
        }
        // A list inside a list could match as one of its elements.
        (Shape::List(held), Value::List(values)) if is_flat(*held) => {
            Some(doc! { field: { "$eq": values.iter().map(|value| of_type(*held, value)).collect::<Vec<_>>() } })
        }
        _ => None,
    }
}
