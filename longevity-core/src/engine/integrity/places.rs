//! The key values in the types of a model that no declaration mentions. They are references without integrity, which may dangle.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Link;
use crate::shape::{Shape, ShapeFn};
use crate::table::{
    Around, Check, Identity, OnDelete, Reference, ReferencePlace, ReferenceTarget, TableDefinition, Within,
};
use crate::value::Path;

/// A key value in a type, wherever it is.
struct Found {
    place: ReferencePlace,
    identity: Identity,
}

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
                    link.source == *root
                        && in_scope
                        && place.within.is_none()
                        && other.head == place.head
                        && other.through == place.through
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
    (place.through.is_empty() && place.within.is_none()).then(|| definition.indexes.iter().position(is_it)).flatten()
}

fn in_variants(definition: &TableDefinition) -> Vec<Vec<Found>> {
    let of = |shape| {
        let (mut walk, mut found) = (Walk::default(), Vec::new());
        walk.through(shape, &Place::default(), &mut found);
        found
    };
    definition.variants.iter().map(|variant| of(variant.shape)).collect()
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
    /// The names of the types around. The walk ends at a type within itself, so its recursion is not deep.
    around: Vec<&'static str>,
}

impl Walk {
    fn through(&mut self, of: ShapeFn, place: &Place, found: &mut Vec<Found>) {
        let shape = of();
        match shape {
            Shape::Scalar(_) | Shape::Choice { .. } => {}
            Shape::Newtype { name, key_of: Some(key_of), .. } => found.extend(place.found((name, key_of), None)),
            Shape::Struct { name, key_of, fields } => {
                found.extend(key_of.and_then(|key_of| place.found((name, key_of), None)));
                // A field of a key value may refer to something else.
                self.within(name, of, place, found, |walk, found| {
                    for field in fields {
                        walk.through(field.shape, &place.then(field.step), found);
                    }
                });
            }
            Shape::Newtype { name, inner, .. } => {
                self.within(name, of, place, found, |walk, found| walk.through(inner, place, found));
            }
            Shape::Optional(inner) => {
                let around = if place.is_element { Around::Collection } else { Around::Option };
                self.through(inner, &Place { around, ..place.clone() }, found);
            }
            Shape::List(inner) | Shape::Set(inner) | Shape::Map(_, inner) => {
                if let Shape::Map(key, _) = shape {
                    place.each_within(key, true, found);
                }
                let mut place = Place { around: Around::Collection, is_element: true, ..place.clone() };
                place.parts.push(Path::root());
                self.through(inner, &place, found);
            }
            Shape::Enum { name, variants } => self.within(name, of, place, found, |walk, found| {
                for variant in variants {
                    if let Some(holds) = variant.holds {
                        walk.through(holds, &place.then(variant.step), found);
                    }
                }
            }),
        }
    }

    fn within(
        &mut self,
        name: &'static str,
        of: ShapeFn,
        place: &Place,
        found: &mut Vec<Found>,
        act: impl FnOnce(&mut Self, &mut Vec<Found>),
    ) {
        if self.around.contains(&name) {
            place.each_within(of, false, found);
            return;
        }
        self.around.push(name);
        act(self, found);
        self.around.pop();
    }
}

/// The types of the key values within a type.
fn identities(shape: ShapeFn) -> BTreeSet<Identity> {
    let (mut known, mut identities, mut left) = (BTreeSet::new(), BTreeSet::new(), vec![shape]);
    while let Some(shape) = left.pop() {
        if !known.insert(shape as usize) {
            continue;
        }
        let shape = shape();
        if let Shape::Newtype { name, key_of: Some(of), .. } | Shape::Struct { name, key_of: Some(of), .. } = shape {
            identities.insert((name, of));
        }
        match shape {
            Shape::Scalar(_) | Shape::Choice { .. } => {}
            Shape::Optional(inner) | Shape::List(inner) | Shape::Set(inner) => left.push(inner),
            Shape::Map(key, inner) => left.extend([key, inner]),
            Shape::Newtype { inner, .. } => left.push(inner),
            Shape::Struct { fields, .. } => left.extend(fields.iter().map(|field| field.shape)),
            Shape::Enum { variants, .. } => left.extend(variants.iter().filter_map(|variant| variant.holds)),
        }
    }
    identities
}

impl Place {
    fn found(&self, identity: Identity, within: Option<Within>) -> Option<Found> {
        let (head, through) = self.parts.split_first()?;
        // What is within something else cannot be taken out of it.
        let around = if within.is_some() { Around::Nothing } else { self.around };
        let (head, through) = (head.clone(), through.to_vec());
        Some(Found { place: ReferencePlace { head, through, required: false, around, within }, identity })
    }

    /// The key values of each type that are somewhere within this type, or within it as the keys of a map.
    fn each_within(&self, shape: ShapeFn, of_keys: bool, found: &mut Vec<Found>) {
        for identity in identities(shape) {
            found.extend(self.found(identity, Some(Within { shape, of_keys, identity })));
        }
    }

    fn then(&self, step: &'static crate::value::Step) -> Self {
        let mut parts = self.parts.clone();
        if let Some(path) = parts.last_mut() {
            *path = path.then(step);
        }
        Self { parts, around: Around::Nothing, is_element: false }
    }
}
