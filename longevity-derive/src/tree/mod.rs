//! Our own tree of what is derived, checked while it is built: what stands in it can be expanded.

pub(crate) mod component;
pub(crate) mod declaration;
pub(crate) mod field;
pub(crate) mod inline;
pub(crate) mod key_val;
pub(crate) mod model;
pub(crate) mod persistent;
pub(crate) mod poly;
pub(crate) mod unstorable;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, GenericParam, Generics, Ident, Visibility};

use crate::errors::Errors;
use crate::names::plain;

/// What every derived type has.
pub(crate) struct Container {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// As the user wrote them, but for lifetimes, which are refused.
    pub(crate) generics: Generics,
    /// The module that generated code reaches.
    pub(crate) krate: TokenStream,
}

impl Container {
    pub(crate) fn of(input: &DeriveInput, krate: TokenStream, errors: &mut Errors) -> Self {
        for param in &input.generics.params {
            if let GenericParam::Lifetime(lifetime) = param {
                errors.on(lifetime, "a stored type owns what it holds: use an owned type instead of a reference");
            }
        }
        let generics = input.generics.clone();
        Self { ident: input.ident.clone(), vis: input.vis.clone(), generics, krate }
    }

    /// The type's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        plain(&self.ident)
    }

    /// The type with its arguments.
    pub(crate) fn this(&self) -> TokenStream {
        let ident = &self.ident;
        let (_, arguments, _) = self.generics.split_for_impl();
        quote!(#ident #arguments)
    }

    /// The generics with this bound on each type parameter.
    pub(crate) fn bounded(&self, bound: &TokenStream) -> Generics {
        let mut generics = self.generics.clone();
        let params: Vec<_> = generics.type_params().map(|param| param.ident.clone()).collect();
        if !params.is_empty() {
            let clause = generics.make_where_clause();
            for param in params {
                clause.predicates.push(syn::parse_quote!(#param: #bound));
            }
        }
        generics
    }

    /// The generics of the impls of `Storable`.
    pub(crate) fn storable(&self) -> Generics {
        let krate = &self.krate;
        self.bounded(&quote!(#krate::Storable))
    }

    /// The generics of the impls of `PersistentType`.
    pub(crate) fn persistent(&self) -> Generics {
        let krate = &self.krate;
        self.bounded(&quote!(#krate::Document))
    }
}
