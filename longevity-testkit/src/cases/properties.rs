//! The properties of a type, found from its shape: what a user's query could name, indexed or not.

use longevity_core::query::Predicate;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{Path, PersistentType, RootType, Value};

/// How deep components are entered: recursive ones have no end.
const DEPTH: usize = 4;

/// A property as the queries of a repository see it.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) path: Path,
    /// Whether the comparisons of order exist.
    pub(crate) ordered: bool,
    /// Whether `contains` exists.
    pub(crate) collection: bool,
    /// The variant that has it, where the repository sees others too.
    pub(crate) scope: Option<&'static [&'static str]>,
}

impl Property {
    /// The comparison, false on the rows of variants that lack the property.
    pub(crate) fn compare(&self, comparison: Comparison, operand: Value) -> Predicate {
        self.scoped(Predicate::Compare { path: self.path.clone(), comparison, operand })
    }

    /// Whether the collection holds the element.
    pub(crate) fn contains(&self, element: Value) -> Predicate {
        self.scoped(Predicate::Contains { path: self.path.clone(), element })
    }

    fn scoped(&self, predicate: Predicate) -> Predicate {
        match self.scope {
            Some(names) => Predicate::Discriminator(names).and(predicate),
            None => predicate,
        }
    }

    /// The value of a persistent, if it is of a variant that has the property.
    pub(crate) fn value<T: PersistentType>(&self, definition: &TableDefinition, value: &T) -> Option<Value> {
        let names = definition.variants.get(value.variant()).and_then(|variant| variant.discriminators);
        if self.scope.is_some() && self.scope != names {
            return None;
        }
        Some(value.value_at(self.path.steps()).to_value())
    }
}

/// All properties that a query of `T`'s repository can name.
pub(crate) fn properties<T: PersistentType>(definition: &TableDefinition) -> Vec<Property> {
    let mut properties = Vec::new();
    let root = T::Root::definition();
    if root.poly && T::DISCRIMINATORS.is_none() {
        for shared in &root.props {
            walk(shared.path.clone(), shared.shape, None, 0, &mut properties);
        }
    }
    for variant in &definition.variants {
        if T::DISCRIMINATORS.is_some() && T::DISCRIMINATORS != variant.discriminators {
            continue;
        }
        let scope = if T::DISCRIMINATORS.is_none() { variant.discriminators } else { None };
        if let Shape::Struct { fields, .. } = (variant.shape)() {
            for field in fields {
                walk(Path::root().then(field.step), field.shape, scope, 0, &mut properties);
            }
        }
    }
    properties
}

fn walk(
    path: Path,
    shape: ShapeFn,
    scope: Option<&'static [&'static str]>,
    depth: usize,
    properties: &mut Vec<Property>,
) {
    let property = |path, ordered, collection| Property { path, ordered, collection, scope };
    match shape() {
        Shape::Scalar(_) => properties.push(property(path, true, false)),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => walk(path, inner, scope, depth, properties),
        Shape::List(_) | Shape::Set(_) => properties.push(property(path, false, true)),
        Shape::Struct { fields, .. } => {
            properties.push(property(path.clone(), false, false));
            for field in fields.iter().filter(|_| depth < DEPTH) {
                walk(path.then(field.step), field.shape, scope, depth + 1, properties);
            }
        }
        _ => properties.push(property(path, false, false)),
    }
}
