//! Fields, with their names in Rust, in serde and in the store.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, Index, LitStr, Member, Token, Type};

use super::unstorable::unstorable;
use crate::attributes::case::Case;
use crate::attributes::entries;
use crate::attributes::serde::{Absent, FieldSerde, Renamed};
use crate::errors::Errors;
use crate::names::{Distinct, plain};

/// A field.
pub(crate) struct Field {
    pub(crate) member: Member,
    /// Rust's name, without `r#`.
    pub(crate) name: String,
    /// serde's name.
    pub(crate) serde_name: String,
    /// The stored name.
    pub(crate) stored: String,
    /// Other names under which it can be read.
    pub(crate) aliases: Vec<String>,
    /// Where its value comes from if a document lacks the field.
    pub(crate) absent: Option<Absent>,
    pub(crate) ty: Type,
    /// The type as the enum's module sees it, if the field is in a struct generated for an inline variant.
    pub(crate) outer_ty: Option<Type>,
    pub(crate) attributes: Vec<Attribute>,
    /// Whether its type was refused. Then no code is generated for the field.
    pub(crate) refused: bool,
}

impl Field {
    /// The fields of a struct or variant with named fields. `attribute` is the derive's own attribute, which may rename a field.
    pub(crate) fn named(
        fields: &Punctuated<syn::Field, Token![,]>,
        attribute: &str,
        rename_all: Option<Case>,
        errors: &mut Errors,
    ) -> Vec<Self> {
        let mut distinct = Distinct::new();
        let mut named = Vec::new();
        let mut aliases: Vec<(usize, LitStr)> = Vec::new();
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let name = plain(ident);
            let by_serde = FieldSerde::of(&field.attrs, errors);
            aliases.extend(by_serde.aliases.iter().map(|alias| (named.len(), alias.clone())));
            let serde = by_serde.rename.map(Renamed::from).unwrap_or_else(|| Renamed {
                name: rename_all.map_or_else(|| name.clone(), |case| case.of_field(&name)),
                span: ident.span(),
            });
            let ours = stored_name(&field.attrs, attribute, errors);
            let serde_name = serde.name.clone();
            let stored = ours.unwrap_or(serde);
            distinct.field(&stored.name, stored.span, attribute, errors);
            named.push(Self {
                member: Member::Named(ident.clone()),
                name,
                serde_name,
                stored: stored.name,
                aliases: by_serde.aliases.iter().map(LitStr::value).collect(),
                absent: by_serde.default,
                ty: field.ty.clone(),
                outer_ty: None,
                attributes: field.attrs.clone(),
                refused: refuse(&field.ty, errors),
            });
        }
        ambiguous(&aliases, &named, errors);
        named
    }

    /// The field of a newtype, which has no name in the store.
    pub(crate) fn of_newtype(field: &syn::Field, attribute: &str, errors: &mut Errors) -> Self {
        // There is nothing to rename, but this reports attributes that are not allowed.
        FieldSerde::of(&field.attrs, errors);
        for entry in entries(&field.attrs, attribute, errors) {
            entry.unknown(attribute, &[], errors);
        }
        Self {
            member: Member::Unnamed(Index { index: 0, span: field.ty.span() }),
            name: String::new(),
            serde_name: String::new(),
            stored: String::new(),
            aliases: Vec::new(),
            absent: None,
            ty: field.ty.clone(),
            outer_ty: None,
            attributes: field.attrs.clone(),
            refused: refuse(&field.ty, errors),
        }
    }

    /// The field's name as an identifier.
    pub(crate) fn ident(&self) -> Ident {
        match &self.member {
            Member::Named(ident) => ident.clone(),
            Member::Unnamed(index) => quote::format_ident!("field_{}", index.index),
        }
    }
}

/// Reports aliases that are also names of another field. Each alias comes with the position of its own field.
fn ambiguous(aliases: &[(usize, LitStr)], fields: &[Field], errors: &mut Errors) {
    for (own, alias) in aliases {
        let name = alias.value();
        let other = fields.iter().enumerate().find(|(position, other)| {
            let earlier_alias = position < own && other.aliases.contains(&name);
            position != own && (other.stored == name || other.serde_name == name || earlier_alias)
        });
        if let Some((_, other)) = other {
            errors.on(
                alias,
                format_args!(
                    "`{name}` is also a name of the field `{}`, so documents would be ambiguous: choose another alias",
                    other.name
                ),
            );
        }
    }
}

/// Reports a type that is known not to be storable.
fn refuse(ty: &Type, errors: &mut Errors) -> bool {
    let refused = unstorable(ty);
    if let Some((token, message)) = &refused {
        errors.on(token, message);
    }
    refused.is_some()
}

/// The name that the derive's own attribute gives the field.
fn stored_name(attributes: &[Attribute], attribute: &str, errors: &mut Errors) -> Option<Renamed> {
    let mut name = None;
    for entry in entries(attributes, attribute, errors) {
        match entry.word().as_str() {
            "name" => name = entry.text(errors).map(Renamed::from),
            word @ ("key" | "index" | "primary_key") => errors.on(
                &entry,
                format_args!(
                    "keys and indexes are declared on the persistent type: write `#[persistent({word}(..))]` above it"
                ),
            ),
            _ => entry.unknown(attribute, &["name"], errors),
        }
    }
    name
}
