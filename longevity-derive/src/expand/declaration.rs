//! Keys and indexes: their definitions, and the access to key values.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{asked, ends, located};
use crate::attributes::property::{Primary, PropertyPath};
use crate::names::{hash, plain};
use crate::tree::declaration::{Declaration, Key};

/// An expression of type `Declaration` that reads the properties in `props`; `owner` is the type that declares them.
pub(crate) fn declaration(krate: &TokenStream, owner: &TokenStream, declaration: &Declaration) -> TokenStream {
    let keys = declaration.keys.iter().map(|key| {
        let define = asked(&key.ty, quote!(#krate::KeyValOf<#owner>), "key");
        let prop = property(&key.path);
        let (at, _) = ends(&key.ty);
        let reference = quote_spanned!(at=> &);
        let definition = quote_spanned!(at=> #define(#reference #prop));
        match &key.primary {
            None => definition,
            Some(primary) => {
                let kind = primary_kind(krate, &key.path, primary);
                quote!(#definition.primary(#kind))
            }
        }
    });
    let indexes = declaration.indexes.iter().map(|paths| {
        let properties = paths.iter().map(|path| {
            let prop = property(path);
            let span = path.segments().last().map_or_else(proc_macro2::Span::call_site, Ident::span);
            let define = located(quote!(#krate::definition::PropertyDefinition::indexed), span);
            let reference = quote_spanned!(span=> &);
            quote_spanned!(span=> #define(#reference #prop))
        });
        quote!(::std::vec![#(#properties),*])
    });
    quote! {
        #krate::definition::Declaration {
            keys: ::std::vec![#(#keys),*],
            indexes: ::std::vec![#(#indexes),*],
        }
    }
}

/// `props.profile.inner().tagline`, where `inner()` leads through options and boxes.
fn property(path: &PropertyPath) -> TokenStream {
    let first = &path.first;
    let mut expression = quote_spanned!(first.span()=> props.#first);
    for segment in &path.rest {
        expression = quote_spanned!(segment.span()=> #expression.inner().#segment);
    }
    expression
}

fn primary_kind(krate: &TokenStream, key: &PropertyPath, primary: &Primary) -> TokenStream {
    let kind = quote!(#krate::definition::PrimaryKeyKind);
    match primary {
        Primary::Ranged => quote!(#kind::Ranged),
        Primary::Hashed => quote!(#kind::Hashed),
        Primary::Partition(paths) => {
            let paths = paths.iter().map(|path| {
                let whole = PropertyPath {
                    first: key.first.clone(),
                    rest: key.rest.iter().chain(path.segments()).cloned().collect(),
                };
                let prop = property(&whole);
                quote!(::core::clone::Clone::clone(#prop.path()))
            });
            quote!(#kind::Partitioned(::std::vec![#(#paths),*]))
        }
    }
}

/// Leads from a reference to the value of a path's first property to that at its end, through the fields' impls of
/// `HasField`, as the fields may be private.
pub(crate) fn descend(krate: &TokenStream, from: TokenStream, key: &Key, mutable: bool) -> TokenStream {
    let method = if mutable { quote!(field_mut) } else { quote!(field) };
    let mut expression = from;
    let last = key.path.rest.len();
    for (position, segment) in key.path.rest.iter().enumerate() {
        let hash = hash(&plain(segment));
        let ty = &key.ty;
        let ty = if position + 1 == last { quote!(#ty) } else { quote!(_) };
        let step = located(quote!(#krate::HasField::<#hash, #ty>::#method), segment.span());
        expression = quote_spanned!(segment.span()=> #step(#expression));
    }
    expression
}
