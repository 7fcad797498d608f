//! Placeholder impls for a type with mistakes. The mistakes are reported, and these impls keep the compiler from also reporting
//! that impls are missing.

use proc_macro2::TokenStream;
use quote::quote;

use crate::tree::Container;

/// A placeholder for the impl of `Storable`.
pub(crate) fn storable(container: &Container) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let name = container.name();
    quote! {
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #krate::storable::kind::Scalar;
            type Inner = Self;
            type Optional = ::core::option::Option<Self>;
            type This = Self;
            type Fields<__R: 'static> = #krate::storable::NoFields;
            const KEYABLE: ::core::primitive::bool = true;

            fn shape() -> #krate::storable::Shape {
                #krate::storable::Shape::Choice { name: #name, choices: ::std::vec![], aliases: ::std::vec![] }
            }

            fn fields<__R: 'static>(_: &#krate::Path) -> #krate::storable::NoFields {
                #krate::storable::NoFields
            }

            fn value_at(&self, _: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                #krate::ValueRef::NONE
            }
        }
    }
}
