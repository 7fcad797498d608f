//! Structs of some values of rows: where each field comes from.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, Expr, Ident, Index, Member, Type};

use super::model::listed;
use crate::attributes::Crate;
use crate::errors::Errors;

/// A struct of values of rows.
pub(crate) struct Projected {
    pub(crate) ident: Ident,
    pub(crate) generics: syn::Generics,
    pub(crate) krate: TokenStream,
    /// The types whose rows it is read from.
    pub(crate) of: Vec<Type>,
    pub(crate) fields: Vec<ProjectedField>,
}

/// A field of it.
pub(crate) struct ProjectedField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// What was written to read it from; without it, the property of the field's name.
    pub(crate) from: Option<Expr>,
}

impl Projected {
    /// The checked tree; `None` if there is nothing to expand.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        let mut krate = Crate::default();
        let mut of = listed(&input.attrs, "projected", &mut krate, errors);
        if !input.attrs.iter().any(is_ours) {
            errors.on(&input.ident, "say which type's rows it is read from: write `#[projected(Member)]` above it");
        }
        let Data::Struct(data) = &input.data else {
            errors.on(&input.ident, "a struct is read from rows: derive `Projected` on a struct");
            return None;
        };
        let mut fields = Vec::new();
        for (position, field) in data.fields.iter().enumerate() {
            let member = match &field.ident {
                Some(ident) => Member::Named(ident.clone()),
                None => Member::Unnamed(Index::from(position)),
            };
            let mut written = field.attrs.iter().filter(|attribute| is_ours(attribute));
            let from = written.next().and_then(|attribute| errors.ok(attribute.parse_args::<Expr>()));
            if let Some(second) = written.next() {
                errors.on(second, "a field has one source: remove one of the two");
            }
            if field.ident.is_none() && from.is_none() {
                of.clear();
                errors.on(
                    field,
                    "a field without a name has no property of its name: write `#[projected(..)]` before it",
                );
                continue;
            }
            fields.push(ProjectedField { member, ty: field.ty.clone(), from });
        }
        Some(Self { ident: input.ident.clone(), generics: input.generics.clone(), krate: krate.private(), of, fields })
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("projected")
}
