//! Descriptions of domain models, which a program can read and print as a diagram.

mod mermaid;

use std::any::TypeId;
use std::collections::BTreeSet;

use crate::definition::{
    Declaration, KeyDefinition, PrimaryKeyKind, PropertyDefinition, ReferenceDefinition, RootDefinition,
};
use crate::shape::{FieldShape, Shape, VariantShape};

pub use crate::table::{Check, OnDelete};

/// The description of a domain model.
#[derive(Clone, Debug)]
pub struct Description {
    /// The model's name.
    pub name: &'static str,
    /// The plain and poly types, in declaration order.
    pub types: Vec<TypeDescription>,
    /// The components, choices, newtypes and key values in these types, each once, ordered by name.
    pub components: Vec<Shape>,
}

/// The description of a plain or poly type.
#[derive(Clone, Debug)]
pub struct TypeDescription {
    /// The Rust type's name.
    pub name: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// Whether it is a poly type.
    pub poly: bool,
    /// The poly type's properties, or the plain type's fields.
    pub properties: Vec<PropertyDescription>,
    /// Its keys, without those of its derived types.
    pub keys: Vec<KeyDescription>,
    /// The properties of each of its indexes. `[]` after a property stands for its elements.
    pub indexes: Vec<Vec<String>>,
    /// Its references with integrity, without those of its derived types.
    pub references: Vec<ReferenceDescription>,
    /// The derived types of a poly type; empty for a plain type.
    pub derived: Vec<DerivedDescription>,
}

/// The description of a derived type.
#[derive(Clone, Debug)]
pub struct DerivedDescription {
    /// The Rust type's name.
    pub name: &'static str,
    /// The discriminator of its rows.
    pub discriminator: &'static str,
    /// The discriminators that older rows may have instead.
    pub aliases: Vec<&'static str>,
    /// Its fields.
    pub properties: Vec<PropertyDescription>,
    /// Its own keys, without those of its poly type.
    pub keys: Vec<KeyDescription>,
    /// The properties of each of its own indexes.
    pub indexes: Vec<Vec<String>>,
    /// Its own references with integrity, without those of its poly type.
    pub references: Vec<ReferenceDescription>,
}

/// The description of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyDescription {
    /// The Rust field's name.
    pub name: String,
    /// The stored name.
    pub stored_name: String,
    /// The type, as Rust writes it.
    pub type_name: String,
}

/// The description of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// The property's path.
    pub property: String,
    /// The key value's type.
    pub key_val: String,
    /// How it spreads rows, if it is the primary key.
    pub primary: Option<PrimaryKeyKind>,
}

/// The description of a reference with integrity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceDescription {
    /// The property's path.
    pub property: String,
    /// The type that it refers to: a plain, a poly or a derived type.
    pub target: &'static str,
    /// What happens when the target is deleted.
    pub on_delete: OnDelete,
    /// When the target must be there.
    pub check: Check,
}

impl Description {
    pub(crate) fn of(name: &'static str, roots: &[(TypeId, RootDefinition)]) -> Self {
        let mut components = Components::default();
        for variant in roots.iter().flat_map(|(_, root)| &root.variants) {
            components.collect_fields((variant.variant.shape)());
        }
        let types = roots.iter().map(|(_, root)| describe(root)).collect();
        Self { name, types, components: components.finish() }
    }

    /// The plain or poly type with this name.
    pub fn type_named(&self, name: &str) -> Option<&TypeDescription> {
        self.types.iter().find(|described| described.name == name)
    }

    /// A class diagram in the language of [Mermaid](https://mermaid.js.org/syntax/classDiagram.html).
    pub fn to_mermaid(&self) -> String {
        mermaid::class_diagram(self)
    }
}

fn describe(root: &RootDefinition) -> TypeDescription {
    let mut described = TypeDescription {
        name: root.name,
        table: root.table,
        poly: root.poly,
        properties: root.props.iter().map(property).collect(),
        keys: keys(&root.declaration),
        indexes: indexes(&root.declaration),
        references: references(&root.declaration),
        derived: Vec::new(),
    };
    for variant in &root.variants {
        let properties = fields((variant.variant.shape)());
        match variant.variant.discriminators {
            Some([discriminator, aliases @ ..]) => described.derived.push(DerivedDescription {
                name: variant.variant.type_name,
                discriminator,
                aliases: aliases.to_vec(),
                properties,
                keys: keys(&variant.declaration),
                indexes: indexes(&variant.declaration),
                references: references(&variant.declaration),
            }),
            _ => {
                described.properties.extend(properties);
                described.keys.extend(keys(&variant.declaration));
                described.indexes.extend(indexes(&variant.declaration));
                described.references.extend(references(&variant.declaration));
            }
        }
    }
    described
}

fn property(property: &PropertyDefinition) -> PropertyDescription {
    let name = property.path.to_string();
    PropertyDescription { stored_name: name.clone(), name, type_name: (property.shape)().type_name() }
}

fn fields(shape: Shape) -> Vec<PropertyDescription> {
    let Shape::Struct { fields, .. } = shape else { return Vec::new() };
    let described = |field: &FieldShape| PropertyDescription {
        name: field.name.to_owned(),
        stored_name: field.step.name.to_owned(),
        type_name: (field.shape)().type_name(),
    };
    fields.iter().map(described).collect()
}

fn keys(declaration: &Declaration) -> Vec<KeyDescription> {
    let described = |key: &KeyDefinition| KeyDescription {
        property: key.property.path.to_string(),
        key_val: (key.property.shape)().type_name(),
        primary: key.primary.clone(),
    };
    declaration.keys.iter().map(described).collect()
}

fn indexes(declaration: &Declaration) -> Vec<Vec<String>> {
    let paths = |index: &Vec<PropertyDefinition>| index.iter().map(|property| property.path.to_string()).collect();
    let elements = declaration.element_indexes.iter().map(|property| vec![format!("{}[]", property.path)]);
    declaration.indexes.iter().map(paths).chain(elements).collect()
}

fn references(declaration: &Declaration) -> Vec<ReferenceDescription> {
    let described = |reference: &ReferenceDefinition| ReferenceDescription {
        property: reference.property.path.to_string(),
        target: reference.target.type_name,
        on_delete: reference.on_delete,
        check: reference.check,
    };
    declaration.references.iter().map(described).collect()
}

/// The named types that the persistent types use. Each is entered once, so that recursive types end.
#[derive(Default)]
struct Components {
    entered: BTreeSet<&'static str>,
    shapes: Vec<(&'static str, Shape)>,
}

impl Components {
    fn collect(&mut self, shape: Shape) {
        match &shape {
            Shape::Scalar(_) => {}
            Shape::Optional(inner) | Shape::List(inner) | Shape::Set(inner) => self.collect(inner()),
            Shape::Map(key, value) => {
                self.collect(key());
                self.collect(value());
            }
            Shape::Choice { name, .. }
            | Shape::Newtype { name, .. }
            | Shape::Struct { name, .. }
            | Shape::Enum { name, .. } => {
                let name = *name;
                if self.entered.insert(name) {
                    self.shapes.push((name, shape.clone()));
                    self.collect_fields(shape);
                }
            }
        }
    }

    fn collect_fields(&mut self, shape: Shape) {
        match shape {
            Shape::Struct { fields, .. } => fields.iter().for_each(|field| self.collect((field.shape)())),
            Shape::Newtype { inner, .. } => self.collect(inner()),
            Shape::Enum { variants, .. } => {
                let holds = |variant: &VariantShape| variant.holds;
                for inner in variants.iter().filter_map(holds) {
                    match inner() {
                        // The named fields of a variant are a struct without a name.
                        Shape::Struct { name: "", fields, .. } => {
                            fields.iter().for_each(|field| self.collect((field.shape)()));
                        }
                        other => self.collect(other),
                    }
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Vec<Shape> {
        self.shapes.sort_by_key(|(name, _)| *name);
        self.shapes.into_iter().map(|(_, shape)| shape).collect()
    }
}
