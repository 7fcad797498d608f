//! Persistent structs, both plain and derived.

use syn::{Data, DeriveInput, Fields, LitStr, Type};

use super::Container;
use super::declaration::{Declaration, Properties, Property};
use super::field::Field;
use crate::attributes::persistent::PersistentAttribute;
use crate::attributes::serde::{self, ContainerSerde};
use crate::errors::Errors;
use crate::names::{reserved, snake_case};

/// A persistent struct.
pub(crate) struct PersistentStruct {
    pub(crate) container: Container,
    pub(crate) fields: Vec<Field>,
    pub(crate) role: Role,
    pub(crate) declaration: Declaration,
}

/// Whether a persistent struct owns its table.
pub(crate) enum Role {
    Plain { table: String },
    Derived { poly: Box<Type> },
}

impl PersistentStruct {
    /// The checked tree of a struct.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> Self {
        let attribute = PersistentAttribute::of_struct(&input.attrs, errors);
        let mut container = Container::of(input, attribute.krate.private(), errors);
        container.by_hand = attribute.by_hand;
        let mut fields = fields(input, errors);
        let role = match attribute.derived {
            Some(poly) => {
                if let Some(table) = &attribute.table {
                    errors.on(table, "a derived type is stored in the table of its poly type: move `table` there");
                }
                for key in attribute.declared.keys.iter().filter(|key| key.primary.is_some()) {
                    errors.on(
                        &key.tokens,
                        "a primary key identifies every row of the table: declare it on the poly type, for one of the properties in its `props(..)`, or write `key(..)` here",
                    );
                }
                Role::Derived { poly: Box::new(poly) }
            }
            None => Role::Plain { table: table_name(attribute.table.as_ref(), &container, errors) },
        };
        let declaration = Declaration::of(attribute.declared, &properties(container.name(), &fields), errors);
        let declaration = declaration.without_refused(&fields);
        fields.retain(|field| !field.refused);
        Self { container, fields, role, declaration }
    }
}

/// The fields of a struct as properties.
pub(crate) fn properties(owner: String, fields: &[Field]) -> Properties<'_> {
    let all = fields.iter().filter_map(|field| match &field.member {
        syn::Member::Named(name) => Some(Property { name, ty: &field.ty }),
        syn::Member::Unnamed(_) => None,
    });
    Properties { owner, called: "field", all: all.collect(), instead: "" }
}

/// The table's name: the given name, or the type's name in snake case.
pub(crate) fn table_name(given: Option<&LitStr>, container: &Container, errors: &mut Errors) -> String {
    let name = given.map_or_else(|| snake_case(&container.name()), LitStr::value);
    if let Some(problem) = reserved(&name, &['$']) {
        let span = given.map_or_else(|| container.ident.span(), LitStr::span);
        errors.at(
            span,
            format_args!(
                "the table name `{}` {problem}: choose another with `#[persistent(table = \"..\")]`",
                name.escape_debug()
            ),
        );
    }
    name
}

fn fields(input: &DeriveInput, errors: &mut Errors) -> Vec<Field> {
    let Data::Struct(data) = &input.data else { return Vec::new() };
    let serde = ContainerSerde::of(&input.attrs, serde::Container::Record, errors);
    match &data.fields {
        Fields::Named(fields) => Field::named(&fields.named, "persistent", serde.rename_all, errors),
        Fields::Unnamed(fields) if !fields.unnamed.is_empty() => {
            errors.on(
                &fields.unnamed,
                "a persistent type needs names for its fields, under which they are stored: write `struct Name { field: Type }`",
            );
            Vec::new()
        }
        Fields::Unnamed(_) => {
            errors.on(&input.ident, "a persistent type without fields needs braces: write `struct Name {}`");
            Vec::new()
        }
        Fields::Unit => {
            errors.on(
                &input.ident,
                "a persistent type is stored as a document of its fields: write `struct Name {}` if it has none",
            );
            Vec::new()
        }
    }
}
