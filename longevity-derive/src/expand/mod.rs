//! The code generated from the checked trees. It names everything by its full path, and an anonymous constant keeps its own names
//! from the user.

pub(crate) mod component;
pub(crate) mod declaration;
pub(crate) mod inline;
pub(crate) mod model;
pub(crate) mod newtype;
pub(crate) mod persistent;
pub(crate) mod poly;
pub(crate) mod poly_props;
pub(crate) mod projected;
pub(crate) mod question;
pub(crate) mod record;
pub(crate) mod stub;
pub(crate) mod sum;
pub(crate) mod testkit;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Ident, Type};

use crate::tree::Container;

/// Wraps generated items, so that none of their names conflicts with the user's. Lints are allowed, because they would be
/// reported on the derive, where the user can do nothing about them.
pub(crate) fn hidden(items: TokenStream) -> TokenStream {
    quote! {
        #[allow(
            missing_docs,
            missing_debug_implementations,
            private_interfaces,
            private_bounds,
            unreachable_pub,
            dead_code,
            non_camel_case_types,
            non_upper_case_globals,
            non_snake_case,
            unused_qualifications,
            unused_imports,
            clippy::all,
            clippy::pedantic,
            clippy::restriction,
            clippy::nursery
        )]
        const _: () = {
            #items
        };
    }
}

/// The spans of a type's first and last token. The compiler underlines everything between them.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// `<Type as krate::Trait>::member`, underlined as the type. The compiler prints errors with the same text and place only once.
/// So all generated code uses the members of a user's type like this.
pub(crate) fn qualified(ty: &Type, of: TokenStream, member: &str) -> TokenStream {
    let (first, last) = ends(ty);
    let member = format_ident!("{member}", span = last);
    let open = quote_spanned!(first=> <);
    let close = quote_spanned!(last=> >::#member);
    quote!(#open #ty as #of #close)
}

/// [`asked`] of `Storable`.
pub(crate) fn storable(ty: &Type, krate: &TokenStream, member: &str) -> TokenStream {
    qualified(ty, quote!(#krate::Storable), member)
}

/// The type's plan for the encoding, kept in a static. A generic type has none, because all its instances would share it.
pub(crate) fn encoding_plan(container: &Container) -> TokenStream {
    if !container.generics.params.is_empty() {
        return TokenStream::new();
    }
    let krate = &container.krate;
    quote! {
        fn encoding_plan() -> ::core::option::Option<#krate::encoding::Plan> {
            static PLAN: #krate::encoding::PlanCell = #krate::encoding::PlanCell::new();
            PLAN.get(<Self as #krate::Storable>::shape)
        }
    }
}

/// The tokens, all located at this span.
pub(crate) fn located(tokens: TokenStream, span: Span) -> TokenStream {
    let located = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = TokenTree::Group(Group::new(group.delimiter(), located(group.stream(), span)));
        }
        token.set_span(span);
        token
    });
    located.collect()
}

/// The name of the constant that holds a field's step.
pub(crate) fn step(position: usize) -> Ident {
    format_ident!("STEP_{position}")
}
