//! The properties of a type that a user's query could name, indexed or not. They are found from the type's shape.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::{PersistentType, RootType, Step, Value};

use super::hostile_values::range;

/// How deep components are entered: recursive ones have no end.
const DEPTH: usize = 4;
/// The greatest number of options around a property that queries use. `with_prop!` has types for this number.
const OPTIONS: u8 = 4;

/// A property as the queries of a repository see it.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) hops: Vec<Hop>,
    /// Its kind, inside newtypes and options.
    pub(crate) kind: Kind,
    /// How many options are around it. A variant with one value counts as one, and so does an entry.
    pub(crate) options: u8,
    /// Whether a variant holds its outermost option, which is `None` in a value of another variant too.
    pub(crate) in_variant: bool,
    /// The variant of the table that has it, if the repository sees other variants too.
    pub(crate) scope: Option<usize>,
}

/// A step on the path to a property. Options, boxes and newtypes are not steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hop {
    Field(&'static Step),
    /// Into a variant of a poly component.
    Variant(&'static Step),
    /// To the entry of a map.
    Entry(Value),
}

/// The kind of a property, which decides the conditions that it has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Scalar(ScalarType),
    List(ShapeFn),
    Set(ShapeFn),
    /// By its keys and its values.
    Map(ShapeFn, ShapeFn),
    /// A component, a poly component, a choice, or a key value of several fields.
    Other,
    /// A variant that holds no single value. It is there or not.
    Variant,
}

// The other fields follow from these.
impl PartialEq for Property {
    fn eq(&self, other: &Self) -> bool {
        self.hops == other.hops && self.scope == other.scope
    }
}

impl Property {
    /// Whether it has comparisons of order.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    /// Whether it has a value. A variant that is there or not has none.
    pub(crate) fn has_value(&self) -> bool {
        !matches!(self.kind, Kind::Variant)
    }

    /// Whether it is a number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Scalar(scalar) if scalar.is_float() || range(scalar).is_some())
    }

    /// Whether it ends in a variant, which `is` can test.
    pub(super) fn ends_in_a_variant(&self) -> bool {
        matches!(self.hops.last(), Some(Hop::Variant(_)))
    }

    /// The properties in the entry of this map with this key.
    pub(super) fn of_entry(&self, key: &Value, values: ShapeFn) -> Vec<Self> {
        let mut within = Vec::new();
        let hops = self.hops.iter().cloned().chain([Hop::Entry(key.clone())]).collect();
        walk(hops, values, self.scope, 1, &mut within);
        if let Some(entry) = within.first_mut() {
            entry.options += 1;
        }
        within.retain(|property| property.options <= OPTIONS);
        within
    }
}

/// All properties that a query of `T`'s repository can name, except those in entries of maps.
pub(crate) fn properties<T: PersistentType>(definition: &TableDefinition) -> Vec<Property> {
    let mut properties = Vec::new();
    let root = T::Root::definition();
    if root.poly && T::SCOPE.is_none() {
        for shared in &root.props {
            let hop = |step: &&'static Step| if step.is_variant { Hop::Variant(step) } else { Hop::Field(step) };
            walk(shared.path.steps().iter().map(hop).collect(), shared.shape, None, 0, &mut properties);
        }
    }
    for (position, variant) in definition.variants.iter().enumerate() {
        if T::SCOPE.is_some_and(|scope| scope.variant != position) {
            continue;
        }
        let scope = (T::SCOPE.is_none() && variant.discriminators.is_some()).then_some(position);
        if let Shape::Struct { fields, .. } = (variant.shape)() {
            for field in fields {
                walk(vec![Hop::Field(field.step)], field.shape, scope, 0, &mut properties);
            }
        }
    }
    properties.retain(|property| property.options <= OPTIONS);
    properties
}

/// Adds the property at the end of the path, and those within it. Returns how many options are around it, outside of newtypes.
fn walk(hops: Vec<Hop>, shape: ShapeFn, scope: Option<usize>, depth: usize, properties: &mut Vec<Property>) -> u8 {
    let (mut shape, mut options, mut outer, mut in_newtype) = (shape(), 0, 0, false);
    loop {
        shape = match shape {
            Shape::Newtype { inner, .. } => {
                in_newtype = true;
                inner()
            }
            Shape::Optional(inner) => {
                options += 1;
                outer += u8::from(!in_newtype);
                inner()
            }
            _ => break,
        };
    }
    let kind = match &shape {
        Shape::Scalar(scalar) => Kind::Scalar(*scalar),
        Shape::List(element) => Kind::List(*element),
        Shape::Set(element) => Kind::Set(*element),
        Shape::Map(key, value) => Kind::Map(*key, *value),
        _ => Kind::Other,
    };
    properties.push(Property { hops: hops.clone(), kind, options, in_variant: false, scope });
    if depth >= DEPTH {
        return outer;
    }
    let on = |hop: Hop| hops.iter().cloned().chain([hop]).collect::<Vec<_>>();
    match shape {
        Shape::Struct { fields, .. } => {
            for field in fields {
                walk(on(Hop::Field(field.step)), field.shape, scope, depth + 1, properties);
            }
        }
        Shape::Enum { variants, .. } => {
            for variant in variants {
                let hops = on(Hop::Variant(step_into(variant.serde_name)));
                let Some(shape) = variant.holds else {
                    properties.push(Property { hops, kind: Kind::Variant, options: 1, in_variant: false, scope });
                    continue;
                };
                let position = properties.len();
                // A variant counts as two levels, because most recursive types recurse through variants.
                let outer = walk(hops, shape, scope, depth + 2, properties);
                let held = &mut properties[position];
                held.in_variant = outer > 0;
                held.options += u8::from(outer == 0);
                // The struct of a variant with fields of its own.
                if matches!(shape(), Shape::Struct { name: "", .. }) {
                    held.kind = Kind::Variant;
                }
            }
        }
        _ => {}
    }
    outer
}

/// The step into a variant. Each is made once, because paths need steps with a static lifetime.
fn step_into(variant: &'static str) -> &'static Step {
    static STEPS: LazyLock<Mutex<BTreeMap<&'static str, &'static Step>>> = LazyLock::new(Mutex::default);
    let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    steps.entry(variant).or_insert_with(|| Box::leak(Box::new(Step::variant(variant))))
}
