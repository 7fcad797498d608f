//! The properties of a poly type, and the check that each variant's struct has them.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use super::question::{Answer, Question};
use super::{ends, qualified, record};
use crate::attributes::property::PolyProp;
use crate::names::{hash, plain, text};
use crate::tree::poly::{Poly, PolyVariant};

/// The name of the struct of the properties.
pub(crate) fn ident(tree: &Poly) -> Ident {
    format_ident!("{}Props__", plain(&tree.container.ident))
}

/// The step to a property, which is the step to the first variant's field.
pub(crate) fn step(tree: &Poly, prop: usize) -> TokenStream {
    let Some(first) = tree.variants.iter().position(|variant| variant.has_prop(prop)) else {
        let (krate, name) = (&tree.container.krate, plain(&tree.props[prop].name));
        return quote!(const { &#krate::Step::new(#name) });
    };
    let access = access(tree, prop, first);
    quote!(#access.step)
}

/// The access to a property in a variant's struct.
pub(crate) fn access(tree: &Poly, prop: usize, variant: usize) -> TokenStream {
    if tree.container.generics.params.is_empty() {
        return constant(prop, variant).into_token_stream();
    }
    // A constant cannot use the parameters of the impl around it, so a generic type looks the fields up directly.
    let krate = &tree.container.krate;
    let (prop, derived) = (&tree.props[prop], &tree.variants[variant].ty);
    let (hash, ty) = (hash(&plain(&prop.name)), &prop.ty);
    quote!(#krate::FieldAccess::<#derived, #ty>::of::<#hash>())
}

fn constant(prop: usize, variant: usize) -> Ident {
    format_ident!("PROP_{prop}_{variant}")
}

/// The struct of the properties, and the accesses.
pub(crate) fn expand(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    if tree.props.is_empty() {
        return TokenStream::new();
    }
    let krate = &container.krate;
    let this = container.this();
    let ident = ident(tree);
    let doc = format!("The properties of `{}`.", container.name());
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let props = tree.props.iter().map(|prop| {
        let (name, ty) = (&prop.name, record::this(container, &prop.ty));
        let doc = format!("The property `{}`.", plain(name));
        quote!(#[doc = #doc] pub #name: #krate::Prop<#this, #ty>)
    });
    let questions = tree.props.iter().enumerate().map(|(position, prop)| question(tree, position, prop));
    let questions = container.generics.params.is_empty().then(|| quote!(#(#questions)*));
    quote! {
        #[doc = #doc]
        pub struct #ident #impl_generics #clause {
            #(#props,)*
        }
        #questions
    }
}

/// Asks each variant's struct, once, for the property as a field of the right type.
fn question(tree: &Poly, position: usize, prop: &PolyProp) -> TokenStream {
    let krate = &tree.container.krate;
    let owner = tree.container.name();
    let PolyProp { name, ty } = prop;
    let (name, expected) = (plain(name), text(ty));
    let question = Question {
        label: name.clone(),
        field: name.clone(),
        ty,
        of_named: true,
        missing: Answer {
            message: format!("`{{Self}}` has no field `{name}`"),
            label: format!("every variant of `{owner}` needs the fields in its `props(..)`"),
            note: format!("add `{name}: {expected}` to `{{Self}}`, or remove `{name}` from `props(..)` of `{owner}`"),
        },
        other_type: Answer {
            message: format!("the `{name}` of `{{__S}}` is `{{Self}}`, not `{expected}`"),
            label: format!("the `{name}` of this struct is `{{Self}}`"),
            note: format!(
                "`props(..)` of `{owner}` says `{name}: {expected}`, and every variant needs that type: make them the same"
            ),
        },
    };
    let ask = question.ask();
    let variants = || tree.variants.iter().enumerate().filter(|(_, variant)| variant.has_prop(position));
    let first = variants().next().map(|(variant, _)| constant(position, variant));
    let asks = variants().map(|(variant, held)| {
        let constant = constant(position, variant);
        let derived = &held.ty;
        let (at, _) = ends(derived);
        let checked = of_derived(tree, held);
        let same_name = (first.as_ref() != Some(&constant)).then(|| {
            let message = format!(
                "the stored name of `{name}` differs from its stored name in the first variant of `{owner}`: give both fields the same `#[persistent(name = \"..\")]`"
            );
            quote_spanned!(at=> const _: () = ::core::assert!(#constant.step.hash == #first.step.hash, #message);)
        });
        let ask = Ident::new(&ask.to_string(), at);
        let call = quote_spanned!(at=> #ask::<#checked, _>());
        quote! {
            const #constant: #krate::FieldAccess<#derived, #ty> = #call;
            #same_name
        }
    });
    let definition = question.define(krate);
    quote!(#definition #(#asks)*)
}

fn of_derived(tree: &Poly, variant: &PolyVariant) -> TokenStream {
    let krate = &tree.container.krate;
    let this = tree.container.this();
    qualified(&variant.ty, quote!(#krate::DerivedFrom<#this>), "This")
}
