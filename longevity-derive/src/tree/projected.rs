//! Projections: structs whose fields are values of rows, and where each field comes from.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Ident, Index, Member, Type};

use super::model::listed;
use super::refuse_lifetimes;
use crate::attributes::Crate;
use crate::errors::Errors;

/// A projection.
pub(crate) struct Projected {
    pub(crate) ident: Ident,
    pub(crate) generics: syn::Generics,
    pub(crate) krate: TokenStream,
    /// The types whose rows it is read from.
    pub(crate) of: Vec<Type>,
    pub(crate) fields: Vec<ProjectedField>,
}

/// A field of a projection.
pub(crate) struct ProjectedField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) from: From,
}

/// Where a field comes from.
pub(crate) enum From {
    /// The expression in the attribute.
    Written(Expr),
    /// The property with the field's name.
    Named(Ident),
}

impl Projected {
    /// The checked tree; `None` if there is nothing to expand.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        let mut krate = Crate::default();
        let mut of = listed(&input.attrs, "projected", &mut krate, errors);
        if !input.attrs.iter().any(is_ours) {
            errors.on(
                &input.ident,
                "a projection names the type whose rows it is read from: write `#[projected(Member)]` above it",
            );
        }
        let Data::Struct(data) = &input.data else {
            errors.on(&input.ident, "only a struct can be a projection: derive `Projected` on a struct");
            return None;
        };
        refuse_lifetimes(
            &input.generics,
            "a projection owns its data: use an owned type instead of a reference",
            errors,
        );
        let mut fields = Vec::new();
        for (position, field) in data.fields.iter().enumerate() {
            match source(field, errors) {
                Some(from) => {
                    let member = field.ident.clone().map_or_else(|| Index::from(position).into(), Member::Named);
                    fields.push(ProjectedField { member, ty: field.ty.clone(), from });
                }
                // A struct without one of its fields cannot be built, so there are no impls.
                None => of.clear(),
            }
        }
        Some(Self { ident: input.ident.clone(), generics: input.generics.clone(), krate: krate.private(), of, fields })
    }
}

/// Where the field comes from; `None` after an error.
fn source(field: &Field, errors: &mut Errors) -> Option<From> {
    let mut written = field.attrs.iter().filter(|attribute| is_ours(attribute));
    let first = written.next();
    if let Some(second) = written.next() {
        errors.on(second, "a field can have only one source: remove one of the two");
    }
    match (first, &field.ident) {
        (Some(attribute), _) => errors.ok(attribute.parse_args()).map(From::Written),
        (None, Some(name)) => Some(From::Named(name.clone())),
        (None, None) => {
            let message = "a field without a name needs a source: write `#[projected(..)]` before it";
            errors.on(field, message);
            None
        }
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("projected")
}
