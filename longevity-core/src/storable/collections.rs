//! Lists, sets and maps.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use super::{NoFields, Shape, Storable, kind};
use crate::value::{Comparison, Composite, Path, Step, Value, ValueRef, in_option, satisfies};

/// A list or a set: it has `contains`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list or a set",
    label = "only lists and sets have elements"
)]
pub trait Collection: Storable {
    /// The type of the elements.
    type Element: Storable;
}

/// A map: it has `entry` and `contains_key`.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a map", label = "only maps have entries")]
pub trait MapOf: Storable {
    /// The type of the keys.
    type Key: Storable;
    /// The type of the entries' values.
    type Value: Storable;
}

/// The value of a collection at the end of a path. A longer path finds nothing, because elements have no path.
fn at_root<'a>(composite: &'a dyn Composite, path: &[&'static Step]) -> ValueRef<'a> {
    if path.is_empty() { ValueRef::Composite(composite) } else { ValueRef::NONE }
}

fn owned<'a, T: Storable>(elements: impl Iterator<Item = &'a T>) -> Vec<Value> {
    elements.map(|element| element.value_at(&[]).to_value()).collect()
}

macro_rules! collection {
    ($([$($generics:tt)*] $type:ty, $kind:ident, $sort:literal;)*) => {$(
        impl<$($generics)*> Storable for $type {
            type Kind = kind::$kind;
            type Inner = Self;
            type Optional = Option<Self>;
            type This = Self;
            type Fields<R: 'static> = NoFields;
            const KEYABLE: bool = false;

            fn shape() -> Shape {
                Shape::$kind(T::shape)
            }

            fn fields<R: 'static>(_: &Path) -> NoFields {
                NoFields
            }

            fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
                at_root(self, path)
            }
        }

        impl<$($generics)*> Collection for $type {
            type Element = T;
        }

        impl<$($generics)*> Composite for $type {
            fn to_value(&self) -> Value {
                let mut elements = owned(self.iter());
                if $sort {
                    elements.sort();
                }
                Value::List(elements)
            }

            fn any_element(&self, predicate: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                self.iter().any(|element| predicate(element.value_at(&[])))
            }

            fn length(&self) -> Option<u64> {
                Some(self.len() as u64)
            }
        }
    )*};
}

collection! {
    [T: Storable] Vec<T>, List, false;
    [T: Storable + Ord] BTreeSet<T>, Set, true;
    [T: Storable + Eq + Hash, S: BuildHasher + Clone + Send + Sync + 'static] HashSet<T, S>, Set, true;
}

macro_rules! map {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Storable for $type {
            type Kind = kind::Map;
            type Inner = Self;
            type Optional = Option<Self>;
            type This = Self;
            type Fields<R: 'static> = NoFields;
            const KEYABLE: bool = false;

            fn shape() -> Shape {
                Shape::Map(K::shape, V::shape)
            }

            fn fields<R: 'static>(_: &Path) -> NoFields {
                NoFields
            }

            fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
                at_root(self, path)
            }
        }

        impl<$($generics)*> MapOf for $type {
            type Key = K;
            type Value = V;
        }

        impl<$($generics)*> Composite for $type {
            fn to_value(&self) -> Value {
                let mut entries: Vec<_> = self
                    .iter()
                    .map(|(key, value)| (key.value_at(&[]).to_value(), value.value_at(&[]).to_value()))
                    .collect();
                entries.sort();
                Value::Map(entries)
            }

            fn any_element(&self, predicate: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                self.iter().any(|(_, value)| predicate(value.value_at(&[])))
            }

            fn length(&self) -> Option<u64> {
                Some(self.len() as u64)
            }

            fn entry(&self, key: &Value, rest: &Path) -> ValueRef<'_> {
                let is_it = |(known, _): &(&K, &V)| satisfies(Comparison::Eq, known.value_at(&[]), key.as_value_ref());
                match self.iter().find(is_it) {
                    Some((_, value)) => in_option(rest.value_in(&|steps| value.value_at(steps)), rest.is_root()),
                    None => ValueRef::NONE,
                }
            }
        }
    )*};
}

map! {
    [K: Storable + Ord, V: Storable] BTreeMap<K, V>;
    [K: Storable + Eq + Hash, V: Storable, S: BuildHasher + Clone + Send + Sync + 'static] HashMap<K, V, S>;
}
