//! `Component` and `KeyVal`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;

use super::{hidden, newtype, record, storable, stub, sum, testkit};
use crate::tree::Container;
use crate::tree::component::Body;
use crate::tree::field::Field;

/// The impls of a component.
pub(crate) fn component(container: &Container, body: Option<&Body>) -> TokenStream {
    hidden(match body {
        None => stub::storable(container),
        Some(body) => {
            let storable = match body {
                Body::Newtype(field) => newtype::expand(container, None, field),
                Body::Record(fields) => record::expand(container, &record::Role::Component, fields),
                Body::Choice(variants) => sum::choice(container, variants),
                Body::Sum(variants) => sum::sum(container, variants),
            };
            let generate = testkit::of_body(container, body);
            quote!(#storable #generate)
        }
    })
}

/// The impls of a key value.
pub(crate) fn key_val(container: &Container, of: Option<&Type>, body: Option<&Body>) -> TokenStream {
    let storable = match body {
        Some(Body::Newtype(field)) => newtype::expand(container, of, field),
        Some(Body::Record(fields)) => match of {
            Some(of) => record::expand(container, &record::Role::KeyVal(of), fields),
            None => record::expand(container, &record::Role::Component, fields),
        },
        Some(Body::Choice(variants)) => sum::choice(container, variants),
        Some(Body::Sum(_)) | None => stub::storable(container),
    };
    let keyable = match body {
        Some(Body::Newtype(field)) => assert_keyable(container, std::slice::from_ref(field)),
        Some(Body::Record(fields)) => assert_keyable(container, fields),
        _ => TokenStream::new(),
    };
    let generate = body.map(|body| testkit::of_body(container, body));
    let key_val = of.map(|of| identifies(container, of));
    hidden(quote!(#storable #key_val #keyable #generate))
}

fn identifies(container: &Container, of: &Type) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let generics = container.bounded(&quote!(#krate::Storable + ::core::cmp::Eq + ::core::hash::Hash));
    let (impl_generics, _, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::KeyVal for #this #clause {
            type Of = #of;
        }

        #[automatically_derived]
        impl #impl_generics #krate::KeyValOf<#of> for #this #clause {}
    }
}

/// Refuses field types that no key value may hold, at the field's type. In a generic type this cannot be checked here.
fn assert_keyable(container: &Container, fields: &[Field]) -> TokenStream {
    if !container.generics.params.is_empty() {
        return TokenStream::new();
    }
    let name = container.name();
    let asserts = fields.iter().map(|field| {
        let keyable = storable(&field.ty, &container.krate, "KEYABLE");
        let message = format!(
            "the key value `{name}` cannot hold `{}`: equal keys need the same stored form, so use text, integers, timestamps, UUIDs, or structs and enums of units, but no float, option, collection or enum with data",
            crate::names::text(&field.ty)
        );
        let (first, _) = super::ends(&field.ty);
        let assert = quote_spanned!(first=> ::core::assert!(#keyable, #message));
        quote!(const _: () = #assert;)
    });
    quote!(#(#asserts)*)
}
