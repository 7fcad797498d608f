//! Projections.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Ident, Type};

use super::{ends, hidden};
use crate::tree::projected::{From, Projected, ProjectedField};

/// The impls of `Projected`, one for each type whose rows are read.
pub(crate) fn expand(tree: &Projected) -> TokenStream {
    let Projected { ident, generics, krate, of, fields } = tree;
    let (impl_generics, arguments, clause) = generics.split_for_impl();
    // Each source is written in one place, so that a mistake in it is reported once.
    let qualified = |of: &Type| {
        let functions = fields.iter().enumerate().map(|(position, field)| {
            let (name, ty, from) = (name(position), &field.ty, from(krate, of, field));
            quote_spanned! {first(&from)=>
                #[inline]
                fn #name #impl_generics () -> impl #krate::query::Projection<#of, Output = #ty> #clause { #from }
            }
        });
        quote!(#(#functions)*)
    };
    let turbofish = arguments.as_turbofish();
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let names: Vec<_> = (0..fields.len()).map(name).collect();
    let impls = of.iter().map(|of| {
        let qualified = qualified(of);
        let implemented = quote! {
            #[automatically_derived]
            impl #impl_generics #krate::query::Projected<#of> for #ident #arguments #clause {
                fn sources(__sources: &mut ::std::vec::Vec<#krate::query::Source>) {
                    #(#krate::query::field::sources::<#of, _>(&#names #turbofish(), __sources);)*
                }

                fn read(
                    __values: &mut #krate::query::Values<'_>,
                ) -> ::core::result::Result<Self, #krate::backend::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        #(#members: #krate::query::field::read::<#of, _>(#names #turbofish, __values)?,)*
                    })
                }
            }
        };
        hidden(quote!(#qualified #implemented))
    });
    quote!(#(#impls)*)
}

/// The name of the function that returns a field's source.
fn name(position: usize) -> Ident {
    format_ident!("__source_{position}")
}

fn first(tokens: impl ToTokens) -> Span {
    ends(tokens).0
}

/// The expression for the field's source.
fn from(krate: &TokenStream, of: &Type, field: &ProjectedField) -> TokenStream {
    match &field.from {
        From::Written(from) => quote!(#from),
        From::Named(name) => {
            quote_spanned!(name.span()=> <#of as #krate::PersistentType>::props().#name.clone())
        }
    }
}
