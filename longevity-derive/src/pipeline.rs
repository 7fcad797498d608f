//! What every derive does: parse, build the checked tree, expand it, and report all mistakes at the end.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use crate::errors::Errors;
use crate::expand;
use crate::opened::opened;
use crate::tree::component::Component;
use crate::tree::key_val::KeyVal;
use crate::tree::model::Model;
use crate::tree::persistent::PersistentStruct;
use crate::tree::poly::Poly;
use crate::tree::projected::Projected;

fn derive(input: TokenStream, expand: impl FnOnce(&DeriveInput, &mut Errors) -> TokenStream) -> TokenStream {
    match syn::parse2(opened(input)) {
        Ok(input) => {
            let mut errors = Errors::default();
            let mut code = expand(&input, &mut errors);
            // For unions and types with lifetimes, no impl would be correct, so none is generated.
            if matches!(input.data, Data::Union(_)) || input.generics.lifetimes().next().is_some() {
                code = TokenStream::new();
            }
            let errors = errors.finish();
            quote!(#code #errors)
        }
        Err(error) => error.into_compile_error(),
    }
}

/// `Component`
pub(crate) fn component(input: TokenStream) -> TokenStream {
    derive(input, |input, errors| {
        let (mut container, body) = Component::of(input, errors);
        container.flawed = errors.any();
        expand::component::component(&container, body.as_ref())
    })
}

/// `KeyVal`
pub(crate) fn key_val(input: TokenStream) -> TokenStream {
    derive(input, |input, errors| {
        let mut tree = KeyVal::of(input, errors);
        tree.container.flawed = errors.any();
        expand::component::key_val(&tree.container, tree.of.as_ref(), tree.body.as_ref())
    })
}

/// `PersistentType`
pub(crate) fn persistent_type(input: TokenStream) -> TokenStream {
    derive(input, |input, errors| match &input.data {
        Data::Struct(_) => {
            let mut tree = PersistentStruct::of(input, errors);
            tree.container.flawed = errors.any();
            expand::persistent::expand(&tree)
        }
        Data::Enum(data) => {
            let mut tree = Poly::of(input, data, errors);
            tree.set_flawed(errors.any());
            expand::poly::expand(&tree)
        }
        Data::Union(data) => {
            errors.on(
                data.union_token,
                "a union cannot be stored, because it does not say which of its fields is set: use an enum",
            );
            TokenStream::new()
        }
    })
}

/// `DomainModel`
pub(crate) fn domain_model(input: TokenStream) -> TokenStream {
    derive(input, |input, errors| {
        let mut tree = Model::of(input, errors);
        tree.container.flawed = errors.any();
        expand::model::expand(&tree)
    })
}

/// `Projected`
pub(crate) fn projected(input: TokenStream) -> TokenStream {
    derive(input, |input, errors| {
        Projected::of(input, errors).map(|tree| expand::projected::expand(&tree)).unwrap_or_default()
    })
}
