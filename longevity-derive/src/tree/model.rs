//! Domain models: the types that they list.

use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Meta, Token, Type};

use super::Container;
use crate::attributes::Crate;
use crate::errors::Errors;
use crate::names::text;
use crate::opened::opened;

/// A domain model.
pub(crate) struct Model {
    pub(crate) container: Container,
    pub(crate) roots: Vec<Type>,
}

impl Model {
    /// The checked tree of a domain model.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut krate = Crate::default();
        let mut roots: Vec<Type> = Vec::new();
        for ty in listed(&input.attrs, "domain_model", &mut krate, errors) {
            if roots.iter().any(|other| text(other) == text(&ty)) {
                errors.on(&ty, format_args!("`{}` is already in the model: remove one of the two", text(&ty)));
            } else {
                roots.push(ty);
            }
        }
        if !input.attrs.iter().any(|attribute| attribute.path().is_ident("domain_model")) {
            errors
                .on(&input.ident, "a domain model names its persistent types: write `#[domain_model(User)]` above it");
        }
        let container = Container::of(input, krate.private(), errors);
        if let Some(param) = input.generics.params.first() {
            errors.on(param, "a domain model cannot be generic: remove its parameters");
        }
        Self { container, roots }
    }
}

/// The types in an attribute that lists types. A `crate = ".."` among them is put into `krate`.
pub(crate) fn listed(attributes: &[Attribute], name: &str, krate: &mut Crate, errors: &mut Errors) -> Vec<Type> {
    let mut types = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let Meta::List(list) = &attribute.meta else {
            errors.on(attribute, format_args!("`{name}` takes types: write `#[{name}(User)]`"));
            continue;
        };
        let parser = Punctuated::<Listed, Token![,]>::parse_terminated;
        for listed in errors.ok(syn::parse::Parser::parse2(parser, opened(list.tokens.clone()))).into_iter().flatten() {
            match listed {
                Listed::Type(ty) => types.push(ty),
                Listed::Crate(path) => krate.set_path(path),
            }
        }
    }
    types
}

enum Listed {
    Type(Type),
    Crate(syn::Path),
}

impl syn::parse::Parse for Listed {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            let text: syn::LitStr = input.parse()?;
            return Ok(Self::Crate(text.parse_with(syn::Path::parse_mod_style)?));
        }
        Ok(Self::Type(input.parse()?))
    }
}
