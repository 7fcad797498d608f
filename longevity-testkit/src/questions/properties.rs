//! The properties of a type, found from its shape: what a user's query could name, indexed or not.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use longevity_core::query::Predicate;
use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{Path, PersistentType, RootType, Step, Value};

/// How deep components are entered: recursive ones have no end.
const DEPTH: usize = 4;

/// A property as the queries of a repository see it.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) path: Path,
    /// What is there, behind newtypes and options.
    pub(crate) kind: Kind,
    /// How many options are around it. A variant on whose value the path ends is one, and so is an entry.
    pub(crate) options: usize,
    /// The variant that has it, where the repository sees others too.
    pub(crate) scope: Option<&'static [&'static str]>,
}

/// What a property is, as far as it decides what can be asked of it.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(ScalarType),
    /// A list or a set, by its elements.
    Collection(ShapeFn),
    /// By its keys and its values.
    Map(ShapeFn, ShapeFn),
    /// A component, a poly component, a choice, or a key value of several fields.
    Other,
    /// A variant that holds nothing, or fields without a name for all of them: it is there or not.
    Variant,
}

impl Property {
    /// Whether the comparisons of order exist.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    /// Whether `contains` asks for an element.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self.kind, Kind::Collection(_))
    }

    /// The comparison, false on the rows of variants that lack the property.
    pub(crate) fn compare(&self, comparison: Comparison, operand: Value) -> Predicate {
        self.scoped(Predicate::Compare { path: self.path.clone(), comparison, operand })
    }

    /// Whether the collection holds the element.
    pub(crate) fn contains(&self, element: Value) -> Predicate {
        self.scoped(Predicate::Contains { path: self.path.clone(), element })
    }

    /// The question as it reads in a query of the repository.
    pub(crate) fn scoped(&self, predicate: Predicate) -> Predicate {
        match self.scope {
            Some(names) => predicate.scoped_to(names),
            None => predicate,
        }
    }

    /// The value of a persistent, if it is of a variant that has the property.
    pub(crate) fn value<T: PersistentType>(&self, definition: &TableDefinition, value: &T) -> Option<Value> {
        let names = definition.variants.get(value.variant()).and_then(|variant| variant.discriminators);
        if self.scope.is_some() && self.scope != names {
            return None;
        }
        Some(self.path.value_in(&|steps| value.value_at(steps)).to_value())
    }

    /// The properties within the values of this map, as those of its entry with this key.
    pub(super) fn of_entry(&self, key: &Value, values: ShapeFn) -> Vec<Self> {
        let mut within = Vec::new();
        walk(Path::root(), values, self.scope, 1, &mut within);
        for property in &mut within {
            property.options += usize::from(property.path.is_root());
            let entry = self.path.at_key(key.clone());
            property.path = property.path.steps().iter().fold(entry, |path, step| path.then(step));
        }
        within
    }
}

/// All properties that a query of `T`'s repository can name, without those within entries of maps.
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
    let (mut shape, mut options) = (shape(), 0);
    loop {
        shape = match shape {
            Shape::Newtype { inner, .. } => inner(),
            Shape::Optional(inner) => {
                options += 1;
                inner()
            }
            _ => break,
        };
    }
    let kind = match &shape {
        Shape::Scalar(scalar) => Kind::Scalar(*scalar),
        Shape::List(element) | Shape::Set(element) => Kind::Collection(*element),
        Shape::Map(key, value) => Kind::Map(*key, *value),
        _ => Kind::Other,
    };
    properties.push(Property { path: path.clone(), kind, options, scope });
    if depth >= DEPTH {
        return;
    }
    match shape {
        Shape::Struct { fields, .. } => {
            for field in fields {
                walk(path.then(field.step), field.shape, scope, depth + 1, properties);
            }
        }
        Shape::Enum { variants, .. } => {
            for variant in variants {
                let path = path.then(step_into(variant.serde_name));
                match variant.holds {
                    None => properties.push(Property { path, kind: Kind::Variant, options: 1, scope }),
                    Some(shape) => {
                        let position = properties.len();
                        // Twice as deep: what stands within itself mostly does so through variants.
                        walk(path, shape, scope, depth + 2, properties);
                        let held = &mut properties[position];
                        held.options += 1;
                        // The struct of a variant with fields of its own.
                        if matches!(shape(), Shape::Struct { name: "", .. }) {
                            held.kind = Kind::Variant;
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// The step into a variant, each made once: paths are made of steps that live for ever.
fn step_into(variant: &'static str) -> &'static Step {
    static STEPS: LazyLock<Mutex<BTreeMap<&'static str, &'static Step>>> = LazyLock::new(Mutex::default);
    let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    steps.entry(variant).or_insert_with(|| Box::leak(Box::new(Step::variant(variant))))
}
