//! Our own tree of what is derived, checked while it is built: what stands in it can be expanded.

pub(crate) mod component;
pub(crate) mod declaration;
pub(crate) mod field;
pub(crate) mod inline;
pub(crate) mod key_val;
pub(crate) mod model;
pub(crate) mod persistent;
pub(crate) mod poly;
pub(crate) mod projected;
pub(crate) mod unstorable;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Data, DeriveInput, GenericParam, Generics, Ident, Visibility, WherePredicate};

use crate::attributes::serde::{self, Absent, ContainerSerde, FieldSerde};
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
    /// Where fields come from that a document lacks and that have no default of their own.
    pub(crate) absent: Option<Absent>,
    /// What the values of absent fields ask of the type's parameters.
    pub(crate) predicates: Vec<WherePredicate>,
    /// Whether its `Deserialize` is written by hand, as the user says.
    pub(crate) by_hand: bool,
    /// Whether there are mistakes in it.
    pub(crate) flawed: bool,
}

impl Container {
    pub(crate) fn of(input: &DeriveInput, krate: TokenStream, errors: &mut Errors) -> Self {
        refuse_lifetimes(
            &input.generics,
            "a stored type owns what it holds: use an owned type instead of a reference",
            errors,
        );
        let generics = input.generics.clone();
        // What is wrong in serde's attributes is reported by those who read the fields.
        let unheard = &mut Errors::default();
        let absent = match &input.data {
            Data::Struct(_) => ContainerSerde::of(&input.attrs, serde::Container::Record, unheard).default,
            Data::Enum(_) | Data::Union(_) => None,
        };
        let mut container = Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            generics,
            krate,
            absent,
            predicates: Vec::new(),
            by_hand: false,
            flawed: false,
        };
        if !container.generics.params.is_empty() {
            container.predicates = container.needed(&input.data, unheard);
        }
        container
    }

    /// Of a generic type: `Default` of what has to have one and depends on a parameter, as serde's derive asks for it.
    fn needed(&self, data: &Data, errors: &mut Errors) -> Vec<WherePredicate> {
        let fields: Vec<&syn::Field> = match data {
            Data::Struct(data) => data.fields.iter().filter(|field| field.ident.is_some()).collect(),
            Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
            Data::Union(_) => Vec::new(),
        };
        let mut predicates = Vec::new();
        if let Some(Absent::Default) = self.absent {
            let this = self.this();
            predicates.push(syn::parse_quote!(#this: ::core::default::Default));
        }
        for field in fields {
            let ty = &field.ty;
            let by_default = matches!(FieldSerde::of(&field.attrs, errors).default, Some(Absent::Default));
            if by_default && self.generics.type_params().any(|param| mentions(quote!(#ty), &param.ident)) {
                predicates.push(syn::parse_quote!(#ty: ::core::default::Default));
            }
        }
        predicates
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
        if !self.predicates.is_empty() {
            generics.make_where_clause().predicates.extend(self.predicates.iter().cloned());
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
        self.bounded(&quote!(#krate::Encodable))
    }
}

/// Reports lifetimes: a type that has one gets no impls.
pub(crate) fn refuse_lifetimes(generics: &Generics, message: &str, errors: &mut Errors) {
    for param in &generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            errors.on(lifetime, message);
        }
    }
}

/// Whether the name stands somewhere in the tokens.
fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
