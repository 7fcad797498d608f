//! Components and key values: what they are and what they hold.

use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Ident};

use super::Container;
use super::field::Field;
use crate::attributes::serde::{self, ContainerSerde};
use crate::attributes::{Crate, entries};
use crate::errors::Errors;
use crate::names::{plain, snake_case_ident};

/// A component.
pub(crate) struct Component;

/// What a component or a key value is made of.
pub(crate) enum Body {
    /// A tuple struct with one field, stored as what it holds.
    Newtype(Box<Field>),
    /// A struct with named fields, or without fields.
    Record(Vec<Field>),
    /// An enum of units.
    Choice(Vec<Variant>),
    /// An enum whose variants hold data.
    Sum(Vec<Variant>),
}

/// A variant of an enum component.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name of its property.
    pub(crate) property: Ident,
    /// The stored name, which is serde's.
    pub(crate) stored: String,
    /// Other names under which it can be read.
    pub(crate) aliases: Vec<String>,
    pub(crate) holds: Holds,
}

/// What a variant holds.
pub(crate) enum Holds {
    Unit,
    Newtype(Box<Field>),
    Record(Vec<Field>),
}

impl Component {
    /// The checked tree of a component. There is no body if mistakes leave nothing to expand.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> (Container, Option<Body>) {
        let (mut krate, mut by_hand) = (Crate::default(), false);
        for entry in entries(&input.attrs, "component", errors) {
            match entry.word().as_str() {
                "crate" => krate.set(&entry, errors),
                "deserialized_by_hand" => {
                    entry.alone(errors);
                    by_hand = true;
                }
                _ => entry.unknown("component", &["deserialized_by_hand", "crate"], errors),
            }
        }
        let mut container = Container::of(input, krate.private(), errors);
        container.by_hand = by_hand;
        let body = match &input.data {
            Data::Struct(data) => of_struct(input, &data.fields, "component", errors),
            Data::Enum(_) => of_enum(input, "component", errors),
            Data::Union(data) => {
                errors.on(
                    data.union_token,
                    "a union cannot be stored, because it does not say which of its fields is set: use an enum",
                );
                None
            }
        };
        (container, body)
    }
}

/// The body of a struct. `attribute` is the name of the derive's own attribute.
pub(crate) fn of_struct(input: &DeriveInput, fields: &Fields, attribute: &str, errors: &mut Errors) -> Option<Body> {
    match fields {
        Fields::Named(fields) => {
            let serde = ContainerSerde::of(&input.attrs, serde::Container::Record, errors);
            let mut fields = Field::named(&fields.named, attribute, serde.rename_all, errors);
            fields.retain(|field| !field.refused);
            Some(Body::Record(fields))
        }
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            ContainerSerde::of(&input.attrs, serde::Container::Newtype, errors);
            let field = Field::of_newtype(&fields.unnamed[0], attribute, errors);
            (!field.refused).then(|| Body::Newtype(Box::new(field)))
        }
        Fields::Unnamed(fields) if !fields.unnamed.is_empty() => {
            ContainerSerde::of(&input.attrs, serde::Container::Record, errors);
            errors.on(
                &fields.unnamed[1],
                "a struct with several fields needs names for them, under which they are stored: write `struct Name { first: Type, second: Type }`",
            );
            None
        }
        Fields::Unnamed(_) | Fields::Unit => {
            ContainerSerde::of(&input.attrs, serde::Container::Record, errors);
            Some(Body::Record(Vec::new()))
        }
    }
}

/// The body of an enum. `attribute` is the name of the derive's own attribute.
pub(crate) fn of_enum(input: &DeriveInput, attribute: &str, errors: &mut Errors) -> Option<Body> {
    let Data::Enum(data) = &input.data else { return None };
    let serde = ContainerSerde::of(&input.attrs, serde::Container::Enum, errors);
    if data.variants.is_empty() {
        errors.on(&input.ident, "an enum without variants has no values to store: add a variant");
        return None;
    }
    let mut known = Vec::new();
    let mut whole = true;
    let mut variants = Vec::new();
    for variant in &data.variants {
        for entry in entries(&variant.attrs, attribute, errors) {
            errors.on(&entry, "a variant is stored under its serde name: set it with `#[serde(rename = \"..\")]`");
        }
        let of_variant = ContainerSerde::of(&variant.attrs, serde::Container::Variant, errors);
        let stored = match &of_variant.rename {
            Some(rename) => rename.value(),
            None => {
                let name = plain(&variant.ident);
                serde.rename_all.map_or_else(|| name.clone(), |case| case.of_variant(&name))
            }
        };
        let token =
            of_variant.rename.as_ref().map_or_else(|| variant.ident.to_token_stream(), ToTokens::to_token_stream);
        if stored.is_empty() {
            errors.on(&token, "the stored name of a variant cannot be empty: choose another name");
        }
        if known.contains(&stored) {
            errors.on(&token, format_args!("another variant is stored as `{stored}` too: choose another name"));
        }
        known.push(stored.clone());
        let holds = match &variant.fields {
            Fields::Unit => Some(Holds::Unit),
            Fields::Named(fields) => {
                let case = of_variant.rename_all.or(serde.rename_all_fields);
                let fields = Field::named(&fields.named, attribute, case, errors);
                fields.iter().all(|field| !field.refused).then_some(Holds::Record(fields))
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = Field::of_newtype(&fields.unnamed[0], attribute, errors);
                (!field.refused).then(|| Holds::Newtype(Box::new(field)))
            }
            Fields::Unnamed(fields) => {
                let name = &variant.ident;
                let message = format!(
                    "a variant with several fields needs names for them, under which they are stored: write `{name} {{ first: Type, second: Type }}`, or `{name}` if it holds nothing"
                );
                errors.on(
                    fields.unnamed.iter().nth(1).map_or_else(|| name.to_token_stream(), ToTokens::to_token_stream),
                    message,
                );
                None
            }
        };
        match holds {
            Some(holds) => {
                let aliases = of_variant.aliases.iter().map(syn::LitStr::value).collect();
                let property = snake_case_ident(&variant.ident);
                variants.push(Variant { ident: variant.ident.clone(), property, stored, aliases, holds });
            }
            None => whole = false,
        }
    }
    // The snake case names of two variants may be the same. Then the property of the later variant has the variant's own name.
    for position in 1..variants.len() {
        let (before, rest) = variants.split_at_mut(position);
        if before.iter().any(|other| other.property == rest[0].property) {
            rest[0].property = rest[0].ident.clone();
        }
    }
    let body =
        if variants.iter().all(|variant| matches!(variant.holds, Holds::Unit)) { Body::Choice } else { Body::Sum };
    whole.then(|| body(variants))
}
