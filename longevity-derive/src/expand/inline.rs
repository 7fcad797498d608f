//! Inline variants: the structs generated for them, and the conversions between the enum's values and those structs.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type};

use super::{persistent, storable};
use crate::tree::field::Field;
use crate::tree::inline::{Inline, field_attributes};
use crate::tree::poly::{Poly, PolyVariant, VariantForm};

/// The module of the generated structs; nothing if no variant is inline.
pub(crate) fn module(tree: &Poly) -> TokenStream {
    let inline: Vec<_> = tree
        .variants
        .iter()
        .filter_map(|variant| match &variant.form {
            VariantForm::Inline(inline) => Some(structure(tree, variant, inline)),
            VariantForm::Held | VariantForm::Boxed => None,
        })
        .collect();
    if inline.is_empty() {
        return TokenStream::new();
    }
    let vis = &tree.container.vis;
    let module = format_ident!("{}", tree.module);
    let doc = format!("The structs of the inline variants of `{}`.", tree.container.name());
    quote! {
        #[doc = #doc]
        // The variants may use nothing from `super`, and their privacy and style are up to the user.
        #[allow(unused_imports, unreachable_pub, private_interfaces, dead_code, clippy::all)]
        #vis mod #module {
            use super::*;

            #(#inline)*
        }
    }
}

fn structure(tree: &Poly, variant: &PolyVariant, inline: &Inline) -> TokenStream {
    let krate = &tree.container.krate;
    let poly = &tree.container.ident;
    let (vis, ident) = (&inline.tree.container.vis, &variant.ident);
    let serde = quote!(#krate::serde).to_string().replace(' ', "");
    let generated = format!("The variant `{}` of [`{}`].", inline.tree.container.name(), tree.container.name());
    let docs = if inline.docs.is_empty() {
        quote!(#[doc = #generated])
    } else {
        let docs = &inline.docs;
        quote!(#(#docs)*)
    };
    let fields = inline.tree.fields.iter().map(|field| {
        let (attributes, member, ty) = (field_attributes(field), &field.member, &field.ty);
        let doc = format!("`{}`", field.name);
        let doc =
            field.attributes.iter().all(|attribute| !attribute.path().is_ident("doc")).then(|| quote!(#[doc = #doc]));
        quote!(#doc #attributes pub #member: #ty)
    });
    let impls = persistent::expand(&inline.tree);
    quote! {
        #docs
        #[derive(
            ::core::clone::Clone,
            ::core::fmt::Debug,
            ::core::cmp::PartialEq,
            #krate::serde::Serialize,
            #krate::serde::Deserialize,
        )]
        #[serde(crate = #serde)]
        #vis struct #ident {
            #(#fields,)*
        }

        #impls

        #[automatically_derived]
        impl ::core::convert::From<#ident> for super::#poly {
            fn from(derived: #ident) -> Self {
                <Self as #krate::HasVariant<#ident>>::wrap(derived)
            }
        }

        #[automatically_derived]
        impl ::core::convert::TryFrom<super::#poly> for #ident {
            type Error = super::#poly;

            fn try_from(poly: super::#poly) -> ::core::result::Result<Self, super::#poly> {
                <super::#poly as #krate::HasVariant<Self>>::extract(poly)
            }
        }
    }
}

fn bindings(inline: &Inline) -> Vec<Ident> {
    (0..inline.tree.fields.len()).map(|position| format_ident!("field_{position}")).collect()
}

/// `{ radius: field_0 }`, as a pattern and as an expression.
pub(crate) fn fields(inline: &Inline) -> TokenStream {
    let members = inline.tree.fields.iter().map(|field| &field.member);
    let bindings = bindings(inline);
    quote!({ #(#members: #bindings),* })
}

/// The value at `path` in the fields of a variant, without building the struct generated for it.
pub(crate) fn value_at(tree: &Poly, inline: &Inline) -> TokenStream {
    let krate = &tree.container.krate;
    let arms = inline.tree.fields.iter().zip(bindings(inline)).map(|(field, binding)| {
        let (hash, value_at) = (crate::names::hash(&field.stored), value_of(tree, field, "value_at"));
        quote!(#hash => #value_at(#binding, rest),)
    });
    quote! {
        match path.split_first() {
            ::core::option::Option::None => #krate::ValueRef::Composite(self),
            ::core::option::Option::Some((step, rest)) => match step.hash {
                #(#arms)*
                _ => #krate::ValueRef::NONE,
            },
        }
    }
}

/// A member of `Storable` for the type of a variant's field.
fn value_of(tree: &Poly, field: &Field, member: &str) -> TokenStream {
    storable(&original(field), &tree.container.krate, member)
}

/// The field's type as the enum's module sees it.
fn original(field: &Field) -> Type {
    field.outer_ty.clone().unwrap_or_else(|| field.ty.clone())
}

/// A value of the struct generated for a variant, with clones of the variant's fields.
pub(crate) fn copied(variant: &PolyVariant, inline: &Inline) -> TokenStream {
    let ty = &variant.ty;
    let members = inline.tree.fields.iter().map(|field| &field.member);
    let bindings = bindings(inline);
    quote!(#ty { #(#members: ::core::clone::Clone::clone(#bindings)),* })
}

/// The impl of `Composite` for an enum with inline variants. A path without steps finds this value.
pub(crate) fn composite(tree: &Poly, otherwise: &TokenStream) -> TokenStream {
    if !tree.variants.iter().any(|variant| matches!(variant.form, VariantForm::Inline(_))) {
        return TokenStream::new();
    }
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let arms = tree.variants.iter().map(|variant| {
        let ident = &variant.ident;
        match &variant.form {
            VariantForm::Inline(inline) => {
                let pattern = fields(inline);
                let values = inline.tree.fields.iter().zip(bindings(inline)).map(|(field, binding)| {
                    let (stored, value_at) = (&field.stored, value_of(tree, field, "value_at"));
                    quote!((#stored, #value_at(#binding, &[]).to_value()))
                });
                quote!(Self::#ident #pattern => #krate::Value::Record(::std::vec![#(#values),*]),)
            }
            VariantForm::Held | VariantForm::Boxed => {
                quote!(Self::#ident(..) => #krate::PersistentType::value_at(self, &[]).to_value(),)
            }
        }
    });

    quote! {
        #[automatically_derived]
        impl #krate::value::Composite for #this {
            fn to_value(&self) -> #krate::Value {
                match self {
                    #(#arms)*
                    #otherwise
                }
            }
        }
    }
}
