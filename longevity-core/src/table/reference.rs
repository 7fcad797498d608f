//! References with integrity from the rows of a table.

use std::any::TypeId;
use std::fmt;

use super::elements::{ElementColumn, each_value};
use crate::scope::Scope;
use crate::shape::{Shape, ShapeFn};
use crate::value::{Path, Value};

/// What happens to the references to a row when the row is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// The row is not deleted: the delete is an [`Error::Referenced`](crate::Error::Referenced).
    #[default]
    Restrict,
    /// The rows that refer to it are deleted too.
    Cascade,
    /// The reference, which is an option, becomes `None`.
    SetNone,
    /// The reference is removed from its list, set or map.
    Remove,
}

/// When a reference must have its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Check {
    /// After each operation.
    #[default]
    Immediate,
    /// When the transaction is committed. Outside of a transaction, this is the same as after each operation.
    AtCommit,
}

/// What a reference refers to.
#[derive(Clone, Debug)]
pub struct ReferenceTarget {
    /// The type that the target must have: a plain, a poly or a derived type.
    pub type_name: &'static str,
    /// The type that owns the target's table.
    pub root: TypeId,
    /// The key value's type.
    pub key_val: TypeId,
    /// The rows that can be the target; all rows of the table if `None`.
    pub scope: Option<Scope>,
}

/// A reference with integrity: a place in the rows of a table that contains key values of rows that must be there.
#[derive(Clone, Debug)]
pub struct Reference {
    /// A name that is unique in the store: the table, the declaring type if it is a derived type, the property, and
    /// `reference`, with dots between them.
    pub name: String,
    /// The type that declares it.
    pub declared_by: &'static str,
    /// The only variant whose rows have it; all rows if `None`.
    pub scope: Option<Scope>,
    /// Where the key values are.
    pub place: ReferencePlace,
    /// The single values of a key value: one, or those of its fields, in their order.
    pub columns: Vec<ElementColumn>,
    /// What it refers to.
    pub target: ReferenceTarget,
    /// What happens when the target is deleted.
    pub on_delete: OnDelete,
    /// When the target must be there.
    pub check: Check,
    /// The position in [`element_indexes`](crate::table::TableDefinition::element_indexes) of the index that finds the rows that
    /// refer to a key, if the place leads through lists, sets or maps.
    pub elements: Option<usize>,
}

/// Where the key values of a reference are in the value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencePlace {
    /// The path to the key value or, if the reference leads through elements, to the outermost list, set or map.
    pub head: Path,
    /// For each list, set or map, the path from one of its elements to the next one or to the key value. In a map, the elements
    /// are the values.
    pub through: Vec<Path>,
    /// Whether the key value is a required field, so that each row has one.
    pub required: bool,
    /// What is around the key value.
    pub(crate) around: Around,
    /// What the key value is within, if the place is not its own.
    pub(crate) within: Option<Within>,
}

/// What key values are within, where no path leads to all of them: a type that contains itself, or the keys of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    /// The type, or that of the keys.
    pub(crate) shape: ShapeFn,
    pub(crate) of_keys: bool,
    pub(crate) identity: Identity,
}

/// A key value's type: its name, and the name of the type that it identifies.
pub(crate) type Identity = (&'static str, &'static str);

// The type follows from the place.
impl PartialEq for Within {
    fn eq(&self, other: &Self) -> bool {
        (self.of_keys, self.identity) == (other.of_keys, other.identity)
    }
}

impl Eq for Within {}

/// What is around a key value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// Nothing: the struct around it has one.
    Nothing,
    /// An option.
    Option,
    /// It is an element of a list or a set, or a value of a map.
    Collection,
}

/// Shows the stored names with dots between them, and brackets for the elements of a list, a set or a map.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place.head)?;
        self.place.through.iter().try_for_each(|path| {
            let dot = if path.is_root() { "" } else { "." };
            write!(f, "[]{dot}{path}")
        })?;
        match self.place.within {
            Some(Within { of_keys: true, .. }) => f.write_str("[key]"),
            Some(Within { identity: (name, _), .. }) => write!(f, "..{name}"),
            None => Ok(()),
        }
    }
}

impl ReferencePlace {
    /// Passes each key value to the function, given the value at the head.
    pub fn each(&self, head: &Value, take: &mut dyn FnMut(&Value)) {
        each_value(head, &self.through, &mut |value| match (self.within, value) {
            (None, value) => take(value),
            (Some(Within { shape, of_keys: false, identity }), value) => search(shape(), value, identity, take),
            (Some(Within { shape, identity, .. }), Value::Map(entries)) => {
                entries.iter().for_each(|(key, _)| search(shape(), key, identity, take));
            }
            (Some(_), _) => {}
        });
    }

    /// Changes the value of a row: replaces each key value that equals `key`, or takes it away.
    pub(crate) fn change(&self, row: &mut Value, key: &Value, change: &KeyChange<'_>) {
        if let Some(head) = row.at_mut(self.head.steps()) {
            change_each(head, &self.through, key, change);
        }
    }
}

/// Passes on all key values of a type that are within a value. The recursion is as deep as the value, whose levels are limited.
fn search(shape: Shape, value: &Value, identity: Identity, take: &mut dyn FnMut(&Value)) {
    if let Shape::Newtype { name, key_of: Some(of), .. } | Shape::Struct { name, key_of: Some(of), .. } = &shape
        && (*name, *of) == identity
        && !value.is_none()
    {
        take(value);
    }
    match (shape, value) {
        (Shape::Newtype { inner, .. } | Shape::Optional(inner), value) => search(inner(), value, identity, take),
        (Shape::List(inner) | Shape::Set(inner), Value::List(elements)) => {
            elements.iter().for_each(|element| search(inner(), element, identity, take));
        }
        (Shape::Map(key, inner), Value::Map(entries)) => {
            for (own_key, held) in entries {
                search(key(), own_key, identity, take);
                search(inner(), held, identity, take);
            }
        }
        (Shape::Struct { fields, .. }, Value::Record(values)) => {
            for (name, held) in values {
                if let Some(field) = fields.iter().find(|field| field.step.name == *name) {
                    search((field.shape)(), held, identity, take);
                }
            }
        }
        (Shape::Enum { variants, .. }, Value::Variant(name, held)) => {
            let variant = variants.iter().find(|variant| variant.serde_name == *name);
            if let Some(holds) = variant.and_then(|variant| variant.holds) {
                search(holds(), held, identity, take);
            }
        }
        _ => {}
    }
}

/// What happens to a key value in a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyChange<'a> {
    /// It becomes `None`.
    SetNone,
    /// It is removed from the list, set or map around it.
    Remove,
    /// Another key value takes its place.
    Replace(&'a Value),
}

/// The paths are as long as the declared property, so the recursion is not deep.
fn change_each(value: &mut Value, through: &[Path], key: &Value, change: &KeyChange<'_>) {
    let Some((path, rest)) = through.split_first() else {
        if value == key {
            match change {
                KeyChange::SetNone | KeyChange::Remove => *value = Value::NONE,
                KeyChange::Replace(new) => *value = (*new).clone(),
            }
        }
        return;
    };
    let mut next = |element: &mut Value| {
        if let Some(held) = element.at_mut(path.steps()) {
            change_each(held, rest, key, change);
        }
    };
    let removes = rest.is_empty() && matches!(change, KeyChange::Remove);
    match value {
        Value::List(elements) if removes => elements.retain(|element| element != key),
        Value::Map(entries) if removes => entries.retain(|(_, element)| element != key),
        Value::List(elements) => elements.iter_mut().for_each(&mut next),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, element)| next(element)),
        _ => {}
    }
}
