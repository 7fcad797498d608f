//! The properties of a type, found from its shape: what a user's query could name, indexed or not.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use longevity_core::storable::{ScalarType, Shape, ShapeFn};
use longevity_core::table::TableDefinition;
use longevity_core::{PersistentType, RootType, Step, Value};

use super::traps::range;

/// How deep components are entered: recursive ones have no end.
const DEPTH: usize = 4;
/// How many options are around a property at most that is asked about: there are types for so many.
const OPTIONS: u8 = 4;

/// A property as the queries of a repository see it.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) way: Vec<Hop>,
    /// What is there, behind newtypes and options.
    pub(crate) kind: Kind,
    /// How many options are around it. A variant around one value is one, and so is an entry.
    pub(crate) options: u8,
    /// Whether a variant holds its outermost option, which is `None` in a value of another variant too.
    pub(crate) in_variant: bool,
    /// The variant of the table that has it, where the repository sees others too.
    pub(crate) scope: Option<usize>,
}

/// A part of the way to a property. Options, boxes and newtypes on the way are none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hop {
    Field(&'static Step),
    /// Into a variant of a poly component.
    Variant(&'static Step),
    /// To the entry of a map.
    Entry(Value),
}

/// What a property is, as far as it decides what can be asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Scalar(ScalarType),
    List(ShapeFn),
    Set(ShapeFn),
    /// By its keys and its values.
    Map(ShapeFn, ShapeFn),
    /// A component, a poly component, a choice, or a key value of several fields.
    Other,
    /// A variant that holds nothing, or fields without a name for all of them: it is there or not.
    Variant,
}

// What it is follows from where it is.
impl PartialEq for Property {
    fn eq(&self, other: &Self) -> bool {
        self.way == other.way && self.scope == other.scope
    }
}

impl Property {
    /// Whether the comparisons of order exist.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    /// Whether it has a value, and is not a variant that is there or not.
    pub(crate) fn has_value(&self) -> bool {
        !matches!(self.kind, Kind::Variant)
    }

    /// Whether it is a number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Scalar(scalar) if scalar.is_float() || range(scalar).is_some())
    }

    /// Whether `is` asks for the variant at its end.
    pub(super) fn ends_in_a_variant(&self) -> bool {
        matches!(self.way.last(), Some(Hop::Variant(_)))
    }

    /// The properties within the values of this map, as those of its entry with this key.
    pub(super) fn of_entry(&self, key: &Value, values: ShapeFn) -> Vec<Self> {
        let mut within = Vec::new();
        let way = self.way.iter().cloned().chain([Hop::Entry(key.clone())]).collect();
        walk(way, values, self.scope, 1, &mut within);
        if let Some(entry) = within.first_mut() {
            entry.options += 1;
        }
        within.retain(|property| property.options <= OPTIONS);
        within
    }
}

/// All properties that a query of `T`'s repository can name, without those within entries of maps.
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

/// Adds the property at the end of the way, and those within it. Gives how many options are around it, outside of newtypes.
fn walk(way: Vec<Hop>, shape: ShapeFn, scope: Option<usize>, depth: usize, properties: &mut Vec<Property>) -> u8 {
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
    properties.push(Property { way: way.clone(), kind, options, in_variant: false, scope });
    if depth >= DEPTH {
        return outer;
    }
    let on = |hop: Hop| way.iter().cloned().chain([hop]).collect::<Vec<_>>();
    match shape {
        Shape::Struct { fields, .. } => {
            for field in fields {
                walk(on(Hop::Field(field.step)), field.shape, scope, depth + 1, properties);
            }
        }
        Shape::Enum { variants, .. } => {
            for variant in variants {
                let way = on(Hop::Variant(step_into(variant.serde_name)));
                let Some(shape) = variant.holds else {
                    properties.push(Property { way, kind: Kind::Variant, options: 1, in_variant: false, scope });
                    continue;
                };
                let position = properties.len();
                // Twice as deep: what stands within itself mostly does so through variants.
                let outer = walk(way, shape, scope, depth + 2, properties);
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

/// The step into a variant, each made once: paths are made of steps that live for ever.
fn step_into(variant: &'static str) -> &'static Step {
    static STEPS: LazyLock<Mutex<BTreeMap<&'static str, &'static Step>>> = LazyLock::new(Mutex::default);
    let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    steps.entry(variant).or_insert_with(|| Box::leak(Box::new(Step::variant(variant))))
}
