//! Newtypes: components and key values that are stored as what they hold.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{record, storable};
use crate::tree::Container;
use crate::tree::field::Field;

/// The impls that make a newtype storable as what it holds.
pub(crate) fn expand(container: &Container, key_of: Option<&Type>, field: &Field) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let key_of = record::key_of(key_of);
    let Field { ty, member, .. } = field;
    let [kind, fields_of, keyable, shape, fields, value_at] =
        ["Kind", "Fields", "KEYABLE", "shape", "fields", "value_at"].map(|member| storable(ty, krate, member));
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #kind;
            type Inner = Self;
            type This = Self;
            type Fields<__R: 'static> = #fields_of<__R>;
            const KEYABLE: ::core::primitive::bool = #keyable;

            fn shape() -> #krate::storable::Shape {
                #krate::storable::Shape::Newtype { name: #name, key_of: #key_of, inner: #shape }
            }

            fn fields<__R: 'static>(path: &#krate::Path) -> Self::Fields<__R> {
                #fields::<__R>(path)
            }

            fn value_at(&self, path: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                #value_at(&self.#member, path)
            }
        }
    }
}
