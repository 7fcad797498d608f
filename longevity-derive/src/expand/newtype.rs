//! Newtypes: components and key values that are stored as what they hold.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{encoding_plan, record, storable};
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
    let encoding_plan = encoding_plan(container);
    let Field { ty, member, .. } = field;
    let [kind, fields_of, keyable, shape, fields, value_at] =
        ["Kind", "Fields", "KEYABLE", "shape", "fields", "value_at"].map(|member| storable(ty, krate, member));
    let mut through = generics.clone();
    through.params.push(syn::parse_quote!(const __NAME: ::core::primitive::u64));
    through.params.push(syn::parse_quote!(__T));
    through.make_where_clause().predicates.push(syn::parse_quote!(#ty: #krate::HasField<__NAME, __T>));
    let (through_generics, _, through_clause) = through.split_for_impl();
    quote! {
        // A path leads through a newtype without a step, so the fields of the held type are found here too.
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #through_generics #krate::HasField<__NAME, __T> for #this #through_clause {
            const STEP: &'static #krate::Step = <#ty as #krate::HasField<__NAME, __T>>::STEP;

            fn field(&self) -> &__T {
                <#ty as #krate::HasField<__NAME, __T>>::field(&self.#member)
            }

            fn field_mut(&mut self) -> &mut __T {
                <#ty as #krate::HasField<__NAME, __T>>::field_mut(&mut self.#member)
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #kind;
            type Inner = Self;
            type Optional = ::core::option::Option<Self>;
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

            #encoding_plan
        }
    }
}
