//! The key values of a reference in the value of a row: to read them, to change them, and to leave them out.

use longevity_core::storable::Shape;
use longevity_core::table::ReferencePlace;
use longevity_core::{Path, Step, Value};

/// The key values in a row.
pub(crate) fn keys_at(place: &ReferencePlace, row: &Value) -> Vec<Value> {
    let mut keys = Vec::new();
    place.each(&row.at(place.head.steps()).to_value(), &mut |key| keys.push(key.clone()));
    keys
}

/// Calls the function with each key value in a row.
pub(crate) fn change_keys(place: &ReferencePlace, row: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    if let Some(head) = value_mut(row, place.head.steps()) {
        change_each(head, &place.through, change);
    }
}

fn change_each(value: &mut Value, through: &[Path], change: &mut dyn FnMut(&mut Value)) {
    let Some((path, rest)) = through.split_first() else {
        if !value.is_none() {
            change(value);
        }
        return;
    };
    for element in elements_mut(value) {
        if let Some(held) = value_mut(element, path.steps()) {
            change_each(held, rest, change);
        }
    }
}

/// Removes a key value from the lists, sets and maps that hold it.
pub(crate) fn remove_key(place: &ReferencePlace, row: &mut Value, key: &Value) {
    fn remove(value: &mut Value, through: &[Path], key: &Value) {
        match (value, through) {
            (Value::List(elements), [_]) => elements.retain(|element| element != key),
            (Value::Map(entries), [_]) => entries.retain(|(_, element)| element != key),
            (value, [path, rest @ ..]) => {
                for element in elements_mut(value) {
                    if let Some(held) = value_mut(element, path.steps()) {
                        remove(held, rest, key);
                    }
                }
            }
            (_, []) => {}
        }
    }
    if let Some(head) = value_mut(row, place.head.steps()) {
        remove(head, &place.through, key);
    }
}

/// Takes all key values out of a row: an option becomes `None`, a list, a set or a map becomes empty. Returns whether there are
/// none left.
pub(super) fn clear(shape: Shape, place: &ReferencePlace, row: &mut Value) -> bool {
    let steps = place.head.steps();
    if place.through.is_empty()
        && let Some(length) = innermost_option(shape, steps)
        && let Some(option) = value_mut(row, &steps[..length])
    {
        *option = Value::NONE;
    }
    if !place.through.is_empty()
        && let Some(head) = value_mut(row, steps)
    {
        match head {
            Value::List(elements) => elements.clear(),
            Value::Map(entries) => entries.clear(),
            _ => {}
        }
    }
    keys_at(place, row).is_empty()
}

/// The number of steps that lead to the innermost option on the path.
fn innermost_option(mut shape: Shape, steps: &[&'static Step]) -> Option<usize> {
    let (mut taken, mut found) = (0, None);
    loop {
        shape = match shape {
            Shape::Optional(inner) => {
                found = Some(taken);
                inner()
            }
            Shape::Newtype { key_of: None, inner, .. } => inner(),
            shape => {
                let Some(step) = steps.get(taken) else { return found };
                taken += 1;
                match shape {
                    Shape::Struct { fields, .. } => (fields.iter().find(|field| field.step.hash == step.hash)?.shape)(),
                    Shape::Enum { variants, .. } => {
                        variants.iter().find(|variant| variant.serde_name == step.name)?.holds?()
                    }
                    _ => return found,
                }
            }
        };
    }
}

fn elements_mut(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::List(elements) => elements.iter_mut().collect(),
        Value::Map(entries) => entries.iter_mut().map(|(_, element)| element).collect(),
        _ => Vec::new(),
    }
}

/// The value at the end of the steps; `None` if it is absent.
fn value_mut<'a>(value: &'a mut Value, steps: &[&'static Step]) -> Option<&'a mut Value> {
    match (value, steps) {
        (value, []) => Some(value),
        (Value::Record(fields), [step, rest @ ..]) if !step.is_variant => {
            value_mut(&mut fields.iter_mut().find(|(name, _)| *name == step.name)?.1, rest)
        }
        (Value::Variant(name, held), [step, rest @ ..]) if step.is_variant && *name == step.name => {
            value_mut(held, rest)
        }
        _ => None,
    }
}
