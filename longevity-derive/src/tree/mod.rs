//! The trees of the derived items. They are checked while they are built, so that everything in them can be expanded.

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

/// The parts that all items with one of these derives have in common.
pub(crate) struct Container {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The generics as the user wrote them. Lifetimes are refused.
    pub(crate) generics: Generics,
    /// The module that generated code refers to.
    pub(crate) krate: TokenStream,
    /// Where the values of absent fields come from if the fields have no default of their own.
    pub(crate) absent: Option<Absent>,
    /// The bounds that the values of absent fields need.
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
            "a stored type owns its data: use an owned type instead of a reference",
            errors,
        );
        let generics = input.generics.clone();
        // Mistakes in serde's attributes are reported when the fields are read.
        let mut reported_later = Errors::default();
        let absent = match &input.data {
            Data::Struct(_) => ContainerSerde::of(&input.attrs, serde::Container::Record, &mut reported_later).default,
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
            container.predicates = container.needed(&input.data, &mut reported_later);
        }
        reported_later.discard();
        container
    }

    /// The `Default` bounds of a generic type: for each type that needs a default and depends on a parameter, as serde's derive
    /// requires it.
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

/// Reports lifetimes. A type with a lifetime gets no impls.
pub(crate) fn refuse_lifetimes(generics: &Generics, message: &str, errors: &mut Errors) {
    for param in &generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            errors.on(lifetime, message);
        }
    }
}

/// Whether the tokens contain the name.
fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
