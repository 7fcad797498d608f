//! Inline variants: the structs generated for them, and what those take over from the variants.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Generics, Ident, LitStr, Type, Variant, Visibility};

use super::Container;
use super::declaration::Declaration;
use super::field::Field;
use super::persistent::{PersistentStruct, Role, properties};
use crate::attributes::property::{Declared, PolyProp};
use crate::attributes::serde::{Absent, ContainerSerde};
use crate::attributes::{Argument, entries};
use crate::errors::Errors;
use crate::names::{did_you_mean, listed, plain, text};

/// The struct generated for an inline variant.
pub(crate) struct Inline {
    pub(crate) tree: PersistentStruct,
    /// The variant's own documentation.
    pub(crate) docs: Vec<Attribute>,
    /// The position of the field of each poly property; `None` after an error.
    pub(crate) props: Vec<Option<usize>>,
}

/// What inline variants need of their enum.
pub(crate) struct Around<'a> {
    pub(crate) container: &'a Container,
    pub(crate) serde: &'a ContainerSerde,
    pub(crate) props: &'a [PolyProp],
}

impl Inline {
    /// The checked tree of an inline variant.
    pub(crate) fn of(
        variant: &Variant,
        serde: &ContainerSerde,
        declared: Declared,
        around: &Around<'_>,
        errors: &mut Errors,
    ) -> Self {
        let fields = match &variant.fields {
            Fields::Named(fields) => {
                let case = serde.rename_all.or(around.serde.rename_all_fields);
                Field::named(&fields.named, "persistent", case, errors)
            }
            _ => Vec::new(),
        };
        let declaration = Declaration::of(declared, &properties(plain(&variant.ident), &fields), errors);
        let props = around.props.iter().map(|prop| position(variant, &fields, prop, around, errors)).collect();
        let fields = fields.into_iter().map(one_module_deeper).collect();
        let poly = &around.container.ident;
        let container = Container {
            ident: variant.ident.clone(),
            vis: seen_from_one_module_deeper(&around.container.vis),
            generics: Generics::default(),
            krate: around.container.krate.clone(),
            absent: None,
            predicates: Vec::new(),
            by_hand: false,
            flawed: false,
        };
        let role = Role::Derived { poly: Box::new(syn::parse_quote!(super::#poly)) };
        let docs = variant.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect();
        Self { tree: PersistentStruct { container, fields, role, declaration }, docs, props }
    }
}

/// The position of the field that is the poly property. The types are compared as they are written, because nothing else is known
/// here.
fn position(
    variant: &Variant,
    fields: &[Field],
    prop: &PolyProp,
    around: &Around<'_>,
    errors: &mut Errors,
) -> Option<usize> {
    let (name, ty, owner) = (plain(&prop.name), text(&prop.ty), around.container.name());
    let variant = &variant.ident;
    let Some(position) = fields.iter().position(|field| field.name == name) else {
        let mut meant = did_you_mean(&name, fields.iter().map(|field| field.name.as_str()));
        if meant.is_empty() {
            meant.push('.');
        }
        let there = listed(fields.iter().map(|field| &field.name));
        errors.on(
            variant,
            format_args!(
                "`{variant}` has no field `{name}`{meant} It has {there}, but every variant of `{owner}` needs the fields in its `props(..)`: add `{name}: {ty}`, or remove `{name}` from `props(..)`"
            ),
        );
        return None;
    };
    let there = text(&fields[position].ty);
    if there != ty {
        errors.on(
            &fields[position].ty,
            format_args!(
                "the `{name}` of `{variant}` is `{there}`, but `props(..)` of `{owner}` says `{ty}`: make them the same"
            ),
        );
        return None;
    }
    Some(position)
}

/// The field, with its type and the path of its default function rewritten to mean the same inside the generated module.
fn one_module_deeper(mut field: Field) -> Field {
    if let Some(Absent::Path(path)) = &mut field.absent
        && let Ok(inside) = syn::parse2(deeper(path.to_token_stream()))
    {
        *path = inside;
    }
    if let Ok(ty) = syn::parse2::<Type>(deeper(field.ty.to_token_stream())) {
        field.outer_ty = Some(std::mem::replace(&mut field.ty, ty));
    }
    field
}

/// The same visibility, as it is written one module deeper.
fn seen_from_one_module_deeper(vis: &Visibility) -> Visibility {
    match vis {
        Visibility::Public(_) => vis.clone(),
        Visibility::Inherited => syn::parse_quote!(pub(super)),
        Visibility::Restricted(restricted) if restricted.path.is_ident("crate") => vis.clone(),
        Visibility::Restricted(restricted) => {
            let path = deeper(restricted.path.to_token_stream());
            syn::parse_quote!(pub(in #path))
        }
    }
}

fn deeper(tokens: TokenStream) -> TokenStream {
    let mut after_path_separator = false;
    let mut deeper = TokenStream::new();
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if *ident == "self" => Ident::new("super", ident.span()).to_tokens(&mut deeper),
            TokenTree::Ident(ident) if *ident == "super" && !after_path_separator => {
                let ident = Ident::new("super", ident.span());
                quote!(#ident::#ident).to_tokens(&mut deeper);
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), self::deeper(group.stream()));
                inside.set_span(group.span());
                inside.to_tokens(&mut deeper);
            }
            other => other.to_tokens(&mut deeper),
        }
        after_path_separator = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    deeper
}

/// The attributes of a generated struct's field: its documentation, its serde name, and the other serde attributes that are
/// allowed.
pub(crate) fn field_attributes(field: &Field) -> TokenStream {
    let docs = field.attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let name = &field.serde_name;
    // Mistakes in the attributes were reported when the field was read.
    let mut reported = Errors::default();
    let entries = entries(&field.attributes, "serde", &mut reported);
    reported.discard();
    let kept = entries.into_iter().filter_map(|entry| {
        let word = entry.word();
        match (word.as_str(), &entry.argument, &field.absent) {
            ("default", _, Some(Absent::Path(path))) => {
                let path = LitStr::new(&text(path), path.span());
                Some(quote!(default = #path))
            }
            ("alias" | "default" | "bound", Argument::Word | Argument::Value(_), _) => Some(entry.to_token_stream()),
            _ => None,
        }
    });
    quote!(#(#docs)* #[serde(rename = #name #(, #kept)*)])
}

/// The path to a generated struct from the enum's module, located at the variant.
pub(crate) fn path(module: &str, variant: &Ident) -> Type {
    let module = format_ident!("{module}", span = variant.span());
    syn::parse_quote!(#module::#variant)
}
