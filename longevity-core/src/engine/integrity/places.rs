//! The key values in the types of a model that no declaration mentions. They are references without integrity, which may dangle.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::Link;
use crate::shape::Shape;
use crate::table::{Around, Check, OnDelete, Reference, ReferencePlace, ReferenceTarget, TableDefinition};
use crate::value::Path;

/// A key value in a type, wherever it is.
struct Found {
    place: ReferencePlace,
    identity: Identity,
}

/// A key value's type: its name, and the name of the type that it identifies.
type Identity = (&'static str, &'static str);

/// A key of a table.
#[derive(Clone, PartialEq, Eq)]
struct KeyOf {
    table: usize,
    index: usize,
}

/// The references of a model that are not declared. A key value whose key cannot be told from another one by name is left out.
pub(crate) fn undeclared(tables: &[(TypeId, &TableDefinition)], declared: &[Arc<Link>]) -> Vec<Arc<Link>> {
    let found: Vec<_> = tables.iter().map(|(_, definition)| in_variants(definition)).collect();
    let mut keys: HashMap<Identity, Vec<KeyOf>> = HashMap::new();
    for (table, ((_, definition), variants)) in tables.iter().zip(&found).enumerate() {
        for (variant, places) in variants.iter().enumerate() {
            for Found { place, identity } in places {
                if let Some(index) = own_key(definition, variant, place) {
                    let (key, known) = (KeyOf { table, index }, keys.entry(*identity).or_default());
                    if !known.contains(&key) {
                        known.push(key);
                    }
                }
            }
        }
    }
    let mut links = Vec::new();
    for ((root, definition), variants) in tables.iter().zip(found) {
        for (variant, places) in variants.into_iter().enumerate() {
            for Found { place, identity } in places {
                let is_declared = declared.iter().any(|link| {
                    let Reference { place: other, scope, .. } = &link.reference;
                    let in_scope = scope.is_none_or(|scope| scope.variant == variant);
                    link.source == *root && in_scope && other.head == place.head && other.through == place.through
                });
                if is_declared || own_key(definition, variant, &place).is_some() {
                    continue;
                }
                let Some([key]) = keys.get(&identity).map(Vec::as_slice) else { continue };
                links.extend(link(definition, *root, variant, place, identity, &tables[key.table], key.index));
            }
        }
    }
    links
}

fn link(
    definition: &TableDefinition,
    source: TypeId,
    variant: usize,
    place: ReferencePlace,
    (_, type_name): Identity,
    (root, target): &(TypeId, &TableDefinition),
    key: usize,
) -> Option<Arc<Link>> {
    let index = target.indexes.get(key)?;
    let declared_by = definition.variants.get(variant)?.type_name;
    let target = ReferenceTarget { type_name, root: *root, key_val: index.key_val?, scope: index.scope };
    let (on_delete, check) = (OnDelete::Restrict, Check::Immediate);
    let (name, scope) = (String::new(), definition.scope(variant));
    let columns = Vec::new();
    let reference = Reference { name, declared_by, scope, place, columns, target, on_delete, check, elements: None };
    Some(Arc::new(Link { position: 0, reference, source, key }))
}

/// The position of the key that this is a property of.
fn own_key(definition: &TableDefinition, variant: usize, place: &ReferencePlace) -> Option<usize> {
    let is_it = |index: &crate::table::Index| {
        let applies = index.scope.is_none_or(|scope| scope.variant == variant);
        index.key_val.is_some() && applies && index.properties.first() == Some(&place.head)
    };
    place.through.is_empty().then(|| definition.indexes.iter().position(is_it)).flatten()
}

fn in_variants(definition: &TableDefinition) -> Vec<Vec<Found>> {
    let of = |shape| {
        let (mut walk, mut found) = (Walk::default(), Vec::new());
        walk.through(shape, &Place::default(), &mut found);
        found
    };
    definition.variants.iter().map(|variant| of((variant.shape)())).collect()
}

/// Where the walk has come to.
#[derive(Clone)]
struct Place {
    /// The path to the outermost collection, then from the elements of each to the next one or to the end.
    parts: Vec<Path>,
    around: Around,
    /// Whether nothing but options is between the last collection and the end.
    is_element: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { parts: vec![Path::root()], around: Around::Nothing, is_element: false }
    }
}

/// A walk through the parts of a type.
#[derive(Default)]
struct Walk {
    /// The names of the types around. A type within itself is left out, so the walk ends, and its recursion is not deep.
    around: Vec<&'static str>,
}

impl Walk {
    fn through(&mut self, shape: Shape, place: &Place, found: &mut Vec<Found>) {
        match shape {
            Shape::Scalar(_) | Shape::Choice { .. } => {}
            Shape::Newtype { name, key_of: Some(of), .. } => found.extend(place.found((name, of))),
            Shape::Struct { name, key_of, fields } => {
                found.extend(key_of.and_then(|of| place.found((name, of))));
                // A field of a key value may refer to something else.
                self.within(name, |walk| {
                    for field in fields {
                        walk.through((field.shape)(), &place.then(field.step), found);
                    }
                });
            }
            Shape::Newtype { name, inner, .. } => self.within(name, |walk| walk.through(inner(), place, found)),
            Shape::Optional(inner) => {
                let around = if place.is_element { Around::Collection } else { Around::Option };
                self.through(inner(), &Place { around, ..place.clone() }, found);
            }
            Shape::List(inner) | Shape::Set(inner) | Shape::Map(_, inner) => {
                let mut place = Place { around: Around::Collection, is_element: true, ..place.clone() };
                place.parts.push(Path::root());
                self.through(inner(), &place, found);
            }
            Shape::Enum { name, variants } => self.within(name, |walk| {
                for variant in variants {
                    if let Some(holds) = variant.holds {
                        walk.through(holds(), &place.then(variant.step), found);
                    }
                }
            }),
        }
    }

    fn within(&mut self, name: &'static str, act: impl FnOnce(&mut Self)) {
        if self.around.contains(&name) {
            return;
        }
        self.around.push(name);
        act(self);
        self.around.pop();
    }
}

impl Place {
    fn found(&self, identity: Identity) -> Option<Found> {
        let (head, through) = self.parts.split_first()?;
        let (head, through, around) = (head.clone(), through.to_vec(), self.around);
        let place = ReferencePlace { head, through, required: false, around };
        Some(Found { place, identity })
    }

    fn then(&self, step: &'static crate::value::Step) -> Self {
        let mut parts = self.parts.clone();
        if let Some(path) = parts.last_mut() {
            *path = path.then(step);
        }
        Self { parts, around: Around::Nothing, is_element: false }
    }
}
