//! Poly types: their properties, and the variants with what they hold.

use std::collections::HashMap;

use quote::{ToTokens, format_ident};
use syn::{Data, DataEnum, DeriveInput, Fields, GenericArgument, Ident, LitStr, PathArguments, Type};

use super::Container;
use super::declaration::{Declaration, Properties, Property, text};
use super::persistent::table_name;
use crate::attributes::persistent::{PersistentAttribute, VariantAttribute};
use crate::attributes::property::PolyProp;
use crate::attributes::serde::{self, ContainerSerde};
use crate::errors::Errors;
use crate::names::{plain, snake_case};

/// A poly type.
pub(crate) struct Poly {
    pub(crate) container: Container,
    pub(crate) table: String,
    pub(crate) props: Vec<PolyProp>,
    pub(crate) declaration: Declaration,
    pub(crate) variants: Vec<PolyVariant>,
}

/// A variant of a poly type.
pub(crate) struct PolyVariant {
    pub(crate) ident: Ident,
    /// The one that is written, then the aliases.
    pub(crate) discriminators: Vec<String>,
    /// The derived type that it holds.
    pub(crate) ty: Type,
    /// Whether it holds it in a box.
    pub(crate) boxed: bool,
}

impl Poly {
    /// The checked tree of an enum.
    pub(crate) fn of(input: &DeriveInput, data: &DataEnum, errors: &mut Errors) -> Self {
        let attribute = PersistentAttribute::of_enum(&input.attrs, errors);
        let container = Container::of(input, attribute.krate.private(), errors);
        if !attribute.poly {
            errors.on(
                &input.ident,
                "an enum is persistent as a poly type, whose variants share one table: write `#[persistent(poly)]`, or derive `Component` to embed it in other types",
            );
        }
        if data.variants.is_empty() {
            errors.on(&input.ident, "a poly type has a variant for each of its derived types: give it one");
        }
        let serde = ContainerSerde::of(&input.attrs, serde::Container::Poly, errors);
        let table = table_name(attribute.table.as_ref(), &container, errors);
        let props = distinct_props(attribute.props, errors);
        let properties = Properties {
            owner: container.name(),
            called: "poly property",
            all: props.iter().map(|prop| Property { name: &prop.name, ty: &prop.ty }).collect(),
            instead: "; declare it in `props(..)` if all variants have it, else on the variant's struct",
        };
        let declaration = Declaration::of(attribute.declared, &properties, errors);
        let variants = variants(data, &serde, errors);
        Self { container, table, props, declaration, variants }
    }
}

fn distinct_props(given: Vec<PolyProp>, errors: &mut Errors) -> Vec<PolyProp> {
    let mut props: Vec<PolyProp> = Vec::new();
    for prop in given {
        if props.iter().any(|other| plain(&other.name) == plain(&prop.name)) {
            errors.on(
                &prop.name,
                format_args!("`{}` is in `props(..)` already: remove one of the two", plain(&prop.name)),
            );
        } else {
            props.push(prop);
        }
    }
    props
}

fn variants(data: &DataEnum, serde: &ContainerSerde, errors: &mut Errors) -> Vec<PolyVariant> {
    let mut variants: Vec<PolyVariant> = Vec::new();
    let mut discriminators = HashMap::new();
    for variant in &data.variants {
        let attribute = VariantAttribute::of(&variant.attrs, errors);
        let of_variant = ContainerSerde::of(&variant.attrs, serde::Container::Poly, errors);
        let name = plain(&variant.ident);
        let given = attribute.discriminator.or(of_variant.rename);
        let first = match &given {
            Some(given) => (given.value(), given.to_token_stream()),
            None => {
                let name = serde.rename_all.map_or_else(|| name.clone(), |case| case.of_variant(&name));
                (name, variant.ident.to_token_stream())
            }
        };
        let aliases = attribute.aliases.iter().map(|alias: &LitStr| (alias.value(), alias.to_token_stream()));
        let mut names = Vec::new();
        for (value, token) in std::iter::once(first).chain(aliases) {
            if value.is_empty() {
                errors.on(&token, "a discriminator says which variant a row is: it is not empty");
            }
            match discriminators.insert(value.clone(), name.clone()) {
                Some(other) if other == name => {
                    errors.on(&token, format_args!("`{value}` is a discriminator of `{name}` already: remove one of the two"));
                }
                Some(other) => errors.on(
                    &token,
                    format_args!(
                        "`{value}` is the discriminator of `{other}` already, so its rows would be read as that: choose another with `#[persistent(discriminator = \"..\")]`"
                    ),
                ),
                None => {}
            }
            names.push(value);
        }
        let held = match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
            Fields::Unnamed(fields) => {
                errors.on(
                    fields.unnamed.iter().nth(1).map_or_else(|| variant.ident.to_token_stream(), ToTokens::to_token_stream),
                    format_args!(
                        "a variant holds one struct that derives `PersistentType`: write `{name}({name})`, or name the fields, `{name} {{ field: Type }}`"
                    ),
                );
                continue;
            }
            Fields::Named(_) | Fields::Unit => {
                errors.on(&variant.ident, "inline variants are not supported yet");
                continue;
            }
        };
        let (ty, boxed) = match boxed(held) {
            Some(inner) => (inner.clone(), true),
            None => (held.clone(), false),
        };
        if let Some(other) = variants.iter().find(|other| text(&other.ty) == text(&ty)) {
            let (other, ty) = (&other.ident, text(&ty));
            errors.on(
                &ty.parse::<proc_macro2::TokenStream>().map_or_else(|_| held.to_token_stream(), |_| held.to_token_stream()),
                format_args!("`{other}` holds `{ty}` already, and a derived type has one discriminator: give this variant a struct of its own"),
            );
            continue;
        }
        for key in &attribute.declared.keys {
            errors.on(
                &key.tokens,
                format_args!("this variant's keys stand on its struct: put `key(..)` on `{}`", text(&ty)),
            );
        }
        for index in attribute.declared.indexes.iter().flatten() {
            errors.on(
                index,
                format_args!("this variant's indexes stand on its struct: put `index(..)` on `{}`", text(&ty)),
            );
        }
        variants.push(PolyVariant { ident: variant.ident.clone(), discriminators: names, ty, boxed });
    }
    variants
}

/// What a box holds.
fn boxed(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Box" && arguments.args.len() == 1 => {
            match arguments.args.first()? {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The module of the structs that inline variants generate.
#[allow(dead_code)]
pub(crate) fn module_name(input: &DeriveInput) -> Ident {
    let _ = matches!(input.data, Data::Enum(_));
    format_ident!("{}", snake_case(&plain(&input.ident)))
}
