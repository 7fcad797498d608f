//! Structs with named fields: their values, properties and structure.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{encoding_plan, qualified, step, storable};
use crate::attributes::serde::Absent;
use crate::tree::Container;
use crate::tree::field::Field;

/// What a struct with named fields is.
pub(crate) enum Role<'a> {
    Component,
    Persistent,
    KeyVal(&'a Type),
}

/// The impls that make a struct storable, with its properties and its fields.
pub(crate) fn expand(container: &Container, role: &Role<'_>, fields: &[Field]) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let kind = match role {
        Role::Component | Role::Persistent => quote!(Component),
        Role::KeyVal(_) => quote!(KeyRecord),
    };
    let key_of = key_of(match role {
        Role::KeyVal(of) => Some(of),
        _ => None,
    });
    let keyable = match role {
        Role::Persistent => quote!(false),
        _ => {
            let each = fields.iter().map(|field| storable(&field.ty, krate, "KEYABLE"));
            quote!(true #(&& #each)*)
        }
    };
    let steps = steps(krate, fields);
    let (struct_of_fields, type_of_fields, read_fields) = properties(container, fields);
    let shapes = field_shapes(container, fields);
    let arms = fields.iter().enumerate().map(|(position, field)| {
        let (hash, member, value_at) =
            (format_ident!("HASH_{position}"), &field.member, storable(&field.ty, krate, "value_at"));
        quote!(#hash => #value_at(&self.#member, rest),)
    });
    let hashes = (0..fields.len()).map(|position| {
        let (hash, step) = (format_ident!("HASH_{position}"), step(position));
        quote!(const #hash: ::core::primitive::u64 = #step.hash;)
    });
    let values = fields.iter().enumerate().map(|(position, field)| {
        let (step, member, value_at) = (step(position), &field.member, storable(&field.ty, krate, "value_at"));
        quote!((#step.name, #value_at(&self.#member, &[]).to_value()))
    });
    let has_fields = has_fields(container, fields);
    let encoding_plan = encoding_plan(container);
    quote! {
        #steps
        #(#hashes)*
        #struct_of_fields

        #[automatically_derived]
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #krate::storable::kind::#kind;
            type Inner = Self;
            type Optional = ::core::option::Option<Self>;
            type This = Self;
            type Fields<__R: 'static> = #type_of_fields;
            const KEYABLE: ::core::primitive::bool = #keyable;

            fn shape() -> #krate::storable::Shape {
                #krate::storable::Shape::Struct { name: #name, key_of: #key_of, fields: #shapes }
            }

            fn fields<__R: 'static>(path: &#krate::Path) -> Self::Fields<__R> {
                #read_fields
            }

            fn value_at(&self, path: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                match path.split_first() {
                    ::core::option::Option::None => #krate::ValueRef::Composite(self),
                    ::core::option::Option::Some((step, rest)) => match step.hash {
                        #(#arms)*
                        _ => #krate::ValueRef::NONE,
                    },
                }
            }

            #encoding_plan
        }

        #[automatically_derived]
        impl #impl_generics #krate::value::Composite for #this #clause {
            fn to_value(&self) -> #krate::Value {
                #krate::Value::Record(::std::vec![#(#values),*])
            }
        }

        #has_fields
    }
}

/// The name of the persistent type that a key value identifies, for a shape.
pub(crate) fn key_of(of: Option<&Type>) -> TokenStream {
    match of {
        None => quote!(::core::option::Option::None),
        Some(of) => {
            let name = crate::names::text(of);
            quote!(::core::option::Option::Some(#name))
        }
    }
}

/// A constant for each field's step.
pub(crate) fn steps(krate: &TokenStream, fields: &[Field]) -> TokenStream {
    let steps = fields.iter().enumerate().map(|(position, field)| {
        let (step, stored) = (step(position), &field.stored);
        quote!(const #step: &#krate::Step = &#krate::Step::new(#stored);)
    });
    quote!(#(#steps)*)
}

/// The structure of the fields.
pub(crate) fn field_shapes(container: &Container, fields: &[Field]) -> TokenStream {
    let krate = &container.krate;
    let shapes = fields.iter().enumerate().map(|(position, field)| {
        let Field { name, serde_name, aliases, ty, .. } = field;
        let (step, shape) = (step(position), storable(ty, krate, "shape"));
        let serde_name = (serde_name != name).then(|| quote!(.serde_name(#serde_name)));
        let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
        let absent = absent(container, field).map(|value| quote!(.absent(|| #value)));
        let by_hand = container.by_hand.then(|| quote!(.by_hand()));
        quote!(#krate::storable::FieldShape::new(#name, #step, #shape) #serde_name #aliases #absent #by_hand)
    });
    quote!(::std::vec![#(#shapes),*])
}

/// The value of a field that a document lacks. serde's derive makes the same value.
fn absent(container: &Container, field: &Field) -> Option<TokenStream> {
    let Field { ty, member, .. } = field;
    let value_at = storable(ty, &container.krate, "value_at");
    let (of, value, field) = match (&field.absent, &container.absent) {
        (Some(absent), _) => (ty.to_token_stream(), made(absent, ty), TokenStream::new()),
        (None, Some(absent)) => {
            let this = container.this();
            (this.clone(), made(absent, &syn::parse_quote!(#this)), quote!(.#member))
        }
        (None, None) => return None,
    };
    Some(quote!({
        let absent: #of = #value;
        #value_at(&absent #field, &[]).to_value()
    }))
}

fn made(absent: &Absent, ty: &Type) -> TokenStream {
    match absent {
        Absent::Default => {
            let default = qualified(ty, quote!(::core::default::Default), "default");
            quote!(#default())
        }
        Absent::Path(path) => quote_spanned!(path.span()=> #path()),
    }
}

/// The struct of the properties, its type seen from `__R`, and an expression that makes a value of it.
fn properties(container: &Container, fields: &[Field]) -> (TokenStream, TokenStream, TokenStream) {
    let krate = &container.krate;
    if fields.is_empty() {
        let none = quote!(#krate::storable::NoFields);
        return (TokenStream::new(), none.clone(), quote!({ let _ = path; #none }));
    }
    let ident = format_ident!("{}Fields__", crate::names::plain(&container.ident));
    let doc = format!("The properties of `{}`.", container.name());
    struct_of_properties(container, &ident, &doc, fields)
}

/// The same as [`properties`], for some fields of the type.
pub(crate) fn struct_of_properties(
    container: &Container,
    ident: &syn::Ident,
    doc: &str,
    fields: &[Field],
) -> (TokenStream, TokenStream, TokenStream) {
    let krate = &container.krate;
    let generics = seen_from(container);
    let (_, arguments, clause) = generics.split_for_impl();
    let params = &generics.params;
    let props = fields.iter().map(|field| {
        let (name, ty) = (field.ident(), this(container, &field.ty));
        let doc = format!("The property of the field `{}`.", field.name);
        quote!(#[doc = #doc] pub #name: #krate::Prop<__R, #ty>)
    });
    let reads = fields.iter().enumerate().map(|(position, field)| {
        let (name, step) = (field.ident(), step(position));
        let prop = storable(&field.ty, krate, "prop");
        quote!(#name: #prop(path, #step))
    });
    // A variant may not use every parameter of its enum.
    let parameters: Vec<_> = container.generics.type_params().map(|param| &param.ident).collect();
    let (marker, mark) = if parameters.is_empty() {
        (TokenStream::new(), TokenStream::new())
    } else {
        (
            quote!(__of: ::core::marker::PhantomData<fn() -> (#(#parameters,)*)>,),
            quote!(__of: ::core::marker::PhantomData,),
        )
    };
    (
        quote! {
            #[doc = #doc]
            pub struct #ident <#params> #clause {
                #(#props,)*
                #marker
            }
        },
        quote!(#ident #arguments),
        quote!(#ident { #(#reads,)* #mark }),
    )
}

/// The type's generics, and the persistent type from which its properties are seen.
pub(crate) fn seen_from(container: &Container) -> syn::Generics {
    let mut generics = container.storable();
    generics.params.insert(0, syn::parse_quote!(__R: 'static));
    for param in &mut generics.params {
        // Defaults are allowed only on the user's type, not on generated items.
        match param {
            syn::GenericParam::Type(param) => param.default = None,
            syn::GenericParam::Const(param) => param.default = None,
            syn::GenericParam::Lifetime(_) => {}
        }
    }
    generics
}

/// The field's type, written so that the compiler reports only once that it cannot be stored.
pub(crate) fn this(container: &Container, ty: &Type) -> TokenStream {
    if container.generics.type_params().next().is_some() {
        // In a generic type the projection `<T as Storable>::This` is not resolved, so it would not be the user's type.
        return quote!(#ty);
    }
    storable(ty, &container.krate, "This")
}

/// An impl of `HasField` for each field, for derives of other types, which cannot see private fields.
pub(crate) fn has_fields(container: &Container, fields: &[Field]) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let impls = fields.iter().enumerate().map(|(position, field)| {
        let Field { name, member, ty, .. } = field;
        let (hash, step) = (crate::names::hash(name), step(position));
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::HasField<#hash, #ty> for #this #clause {
                const STEP: &'static #krate::Step = #step;

                fn field(&self) -> &#ty {
                    &self.#member
                }

                fn field_mut(&mut self) -> &mut #ty {
                    &mut self.#member
                }
            }
        }
    });
    quote!(#(#impls)*)
}
