//! The derive macros of longevity.

mod attributes;
mod errors;
mod expand;
mod names;
mod pipeline;
mod tree;

use proc_macro::TokenStream;

/// Derives what makes a struct or an enum a component.
#[proc_macro_derive(Component, attributes(component))]
pub fn component(input: TokenStream) -> TokenStream {
    pipeline::component(input.into()).into()
}

/// Derives what makes a struct a key value.
#[proc_macro_derive(KeyVal, attributes(key_val))]
pub fn key_val(input: TokenStream) -> TokenStream {
    pipeline::key_val(input.into()).into()
}

/// Derives what makes a struct or an enum a persistent type.
#[proc_macro_derive(PersistentType, attributes(persistent))]
pub fn persistent_type(input: TokenStream) -> TokenStream {
    pipeline::persistent_type(input.into()).into()
}

/// Derives what makes a struct a domain model.
#[proc_macro_derive(DomainModel, attributes(domain_model))]
pub fn domain_model(input: TokenStream) -> TokenStream {
    pipeline::domain_model(input.into()).into()
}
