//! Poly types: their properties, and their variants with the structs that these hold.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{DataEnum, DeriveInput, Fields, GenericArgument, Ident, LitStr, PathArguments, Type, Variant};

use super::Container;
use super::declaration::{Declaration, Properties, Property};
use super::inline::{self, Around, Inline};
use super::persistent::table_name;
use crate::attributes::persistent::{PersistentAttribute, VariantAttribute};
use crate::attributes::property::PolyProp;
use crate::attributes::serde::{self, ContainerSerde};
use crate::errors::Errors;
use crate::names::{plain, snake_case, text};

/// A poly type.
pub(crate) struct Poly {
    pub(crate) container: Container,
    pub(crate) table: String,
    /// The name of the module for the structs of inline variants.
    pub(crate) module: String,
    pub(crate) props: Vec<PolyProp>,
    pub(crate) declaration: Declaration,
    pub(crate) variants: Vec<PolyVariant>,
    /// Whether variants were left out because of mistakes in them.
    pub(crate) incomplete: bool,
}

/// A variant of a poly type.
pub(crate) struct PolyVariant {
    pub(crate) ident: Ident,
    /// The discriminator that is written, followed by the aliases.
    pub(crate) discriminators: Vec<String>,
    /// The derived type.
    pub(crate) ty: Type,
    pub(crate) form: VariantForm,
}

impl PolyVariant {
    /// Whether generated code may use the poly property at this position in the variant's struct. It is false for an inline
    /// variant without the property, which is reported already.
    pub(crate) fn has_prop(&self, position: usize) -> bool {
        match &self.form {
            VariantForm::Held | VariantForm::Boxed => true,
            VariantForm::Inline(inline) => inline.props[position].is_some(),
        }
    }
}

/// How a variant is written.
pub(crate) enum VariantForm {
    /// `Member(Member)`
    Held,
    /// `Member(Box<Member>)`
    Boxed,
    /// `Circle { radius: f64 }`, or a unit.
    Inline(Box<Inline>),
}

impl Poly {
    /// The checked tree of an enum.
    pub(crate) fn of(input: &DeriveInput, data: &DataEnum, errors: &mut Errors) -> Self {
        let attribute = PersistentAttribute::of_enum(&input.attrs, errors);
        let container = Container::of(input, attribute.krate.private(), errors);
        if !attribute.poly {
            errors.on(
                &input.ident,
                "a persistent enum is a poly type, whose variants share one table: write `#[persistent(poly)]`, or derive `Component` instead to embed the enum in other types",
            );
        }
        if data.variants.is_empty() {
            errors.on(&input.ident, "a poly type needs at least one variant: add one for each of its derived types");
        }
        let serde = ContainerSerde::of(&input.attrs, serde::Container::Poly, errors);
        let table = table_name(attribute.table.as_ref(), &container, errors);
        let module = module_name(attribute.module.as_ref(), &container, errors);
        let props = distinct_props(attribute.props, errors);
        let properties = Properties {
            owner: container.name(),
            called: "poly property",
            all: props.iter().map(|prop| Property { name: &prop.name, ty: &prop.ty }).collect(),
            instead: "; if all variants have it, add it to `props(..)`, and if not, declare the key, index or reference on the variant's struct",
        };
        let declaration = Declaration::of(attribute.declared, &properties, errors);
        let around = Around { container: &container, serde: &serde, props: &props };
        let variants = variants(data, &module, &around, errors);
        let incomplete = variants.is_empty() || variants.len() < data.variants.len();
        Self { container, table, module, props, declaration, variants, incomplete }
    }
}

impl Poly {
    /// Sets whether there are mistakes in the enum, and passes it on to the structs of its inline variants.
    pub(crate) fn set_flawed(&mut self, flawed: bool) {
        self.container.flawed = flawed;
        for variant in &mut self.variants {
            if let VariantForm::Inline(inline) = &mut variant.form {
                inline.tree.container.flawed = flawed;
            }
        }
    }
}

/// The module's name: the given name, or the enum's name in snake case.
fn module_name(given: Option<&LitStr>, container: &Container, errors: &mut Errors) -> String {
    let default = || {
        let name = snake_case(&container.name());
        // The enum's name may be a keyword in snake case.
        if syn::parse_str::<Ident>(&name).is_ok() { name } else { format!("r#{name}") }
    };
    match given {
        None => default(),
        Some(given) if syn::parse_str::<Ident>(&given.value()).is_ok() => given.value(),
        Some(given) => {
            errors.on(
                given,
                format_args!("`{}` cannot be the name of a module: write `module = \"{}\"`", given.value(), default()),
            );
            default()
        }
    }
}

fn distinct_props(given: Vec<PolyProp>, errors: &mut Errors) -> Vec<PolyProp> {
    let mut props: Vec<PolyProp> = Vec::new();
    for prop in given {
        if props.iter().any(|other| plain(&other.name) == plain(&prop.name)) {
            errors.on(
                &prop.name,
                format_args!("`{}` is already in `props(..)`: remove one of the two", plain(&prop.name)),
            );
        } else {
            props.push(prop);
        }
    }
    props
}

fn variants(data: &DataEnum, module: &str, around: &Around<'_>, errors: &mut Errors) -> Vec<PolyVariant> {
    let mut taken = Discriminators::default();
    let mut variants: Vec<PolyVariant> = Vec::new();
    for variant in &data.variants {
        let attribute = VariantAttribute::of(&variant.attrs, errors);
        let serde = ContainerSerde::of(&variant.attrs, serde::Container::Poly, errors);
        let discriminators = taken.of_variant(variant, &attribute, &serde, around, errors);
        let ident = variant.ident.clone();
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                let (ty, form) = match boxed(&field.ty) {
                    Some(inner) => (inner.clone(), VariantForm::Boxed),
                    None => (field.ty.clone(), VariantForm::Held),
                };
                let name = text(&ty);
                if let Some(other) = variants.iter().find(|other| text(&other.ty) == name) {
                    let other = &other.ident;
                    errors.on(
                        &field.ty,
                        format_args!(
                            "`{other}` already holds `{name}`, and a derived type can have only one discriminator: give `{ident}` a struct of its own"
                        ),
                    );
                    continue;
                }
                let declared = attribute.declared;
                let tokens = declared.keys.iter().map(|key| key.tokens.clone());
                let tokens = tokens.chain(declared.indexes.iter().flatten().map(ToTokens::to_token_stream));
                let tokens = tokens.chain(declared.element_indexes.iter().map(ToTokens::to_token_stream));
                let tokens = tokens.chain(declared.references.iter().map(|it| it.path.to_token_stream()));
                for tokens in tokens {
                    errors.on(
                        tokens,
                        format_args!(
                            "the keys, indexes and references of this variant are declared on its struct: move this to `{name}`"
                        ),
                    );
                }
                variants.push(PolyVariant { ident, discriminators, ty, form });
            }
            Fields::Unnamed(fields) => {
                errors.on(
                    fields.unnamed.iter().nth(1).map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream),
                    format_args!(
                        "a variant holds one struct that derives `PersistentType`: write `{ident}({ident})`, or name the fields, `{ident} {{ field: Type }}`"
                    ),
                );
            }
            Fields::Named(_) | Fields::Unit if !around.container.generics.params.is_empty() => {
                errors.on(
                    &ident,
                    format_args!(
                        "a generic enum cannot have inline variants, because it is not known which of its parameters the generated struct would use: write `{ident}({ident})` and declare the struct"
                    ),
                );
            }
            Fields::Named(_) | Fields::Unit => {
                let inline = Inline::of(variant, &serde, attribute.declared, around, errors);
                if inline.tree.fields.iter().any(|field| field.refused) {
                    continue;
                }
                let ty = inline::path(module, &ident);
                variants.push(PolyVariant { ident, discriminators, ty, form: VariantForm::Inline(Box::new(inline)) });
            }
        }
    }
    variants
}

/// The discriminators of all variants so far, each with the name of its variant.
#[derive(Default)]
struct Discriminators(HashMap<String, String>);

impl Discriminators {
    /// The variant's discriminator, followed by its aliases. The discriminator comes from our attribute, or else from serde's, or
    /// else from the variant's name.
    fn of_variant(
        &mut self,
        variant: &Variant,
        attribute: &VariantAttribute,
        serde: &ContainerSerde,
        around: &Around<'_>,
        errors: &mut Errors,
    ) -> Vec<String> {
        let name = plain(&variant.ident);
        let first = match attribute.discriminator.as_ref().or(serde.rename.as_ref()) {
            Some(given) => (given.value(), given.to_token_stream()),
            None => {
                let by_serde = around.serde.rename_all.map(|case| case.of_variant(&name));
                (by_serde.unwrap_or_else(|| name.clone()), variant.ident.to_token_stream())
            }
        };
        let aliases = attribute.aliases.iter().map(|alias| (alias.value(), alias.to_token_stream()));
        let mut values = Vec::new();
        for (value, token) in std::iter::once(first).chain(aliases) {
            if self.take(&value, &name, token, errors) {
                values.push(value);
            }
        }
        values
    }

    fn take(&mut self, value: &str, variant: &str, token: TokenStream, errors: &mut Errors) -> bool {
        if value.is_empty() {
            errors.on(
                &token,
                "a discriminator cannot be empty, because it says which variant a row is: write `discriminator = \"..\"`",
            );
        }
        match self.0.get(value) {
            None => {
                self.0.insert(value.to_owned(), variant.to_owned());
                true
            }
            Some(other) if other == variant => {
                errors.on(
                    token,
                    format_args!("`{value}` is already a discriminator of `{variant}`: remove one of the two"),
                );
                false
            }
            Some(other) => {
                errors.on(
                    token,
                    format_args!(
                        "`{value}` is already a discriminator of `{other}`, so rows of `{variant}` would be read as `{other}`: choose another with `#[persistent(discriminator = \"..\")]`"
                    ),
                );
                false
            }
        }
    }
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
