//! Persistent structs, plain and derived.

use proc_macro2::TokenStream;
use quote::quote;

use super::{declaration, hidden, qualified, record, testkit};
use crate::names::{hash, plain};
use crate::tree::persistent::{PersistentStruct, Role};

/// The impls of a persistent struct.
pub(crate) fn expand(tree: &PersistentStruct) -> TokenStream {
    let storable = record::expand(&tree.container, &record::Role::Persistent, &tree.fields);
    let persistent = persistent(tree);
    let keys = keys(tree);
    let testkit = testkit::of_persistent(tree);
    let questions = declaration::questions(&tree.container.krate, &tree.declaration);
    hidden(quote!(#questions #storable #persistent #keys #testkit))
}

/// The impls of `PersistentType` and the traits that belong to it.
pub(crate) fn persistent(tree: &PersistentStruct) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (root, scope, variant, decode) = match &tree.role {
        Role::Plain { .. } => (
            quote!(Self),
            quote!(::core::option::Option::None),
            quote!(0),
            quote!({
                let _ = discriminator;
                ::core::option::Option::Some(backend.decode::<Self>(doc))
            }),
        ),
        Role::Derived { poly } => {
            let [root, scope] =
                ["This", "SCOPE"].map(|member| qualified(poly, quote!(#krate::HasVariant<#this>), member));
            (
                quote!(#root),
                quote!(::core::option::Option::Some(#scope)),
                quote!(#scope.variant),
                quote!({
                    #scope.contains(discriminator).then(|| backend.decode::<Self>(doc))
                }),
            )
        }
    };
    let targets = targets(tree);
    let (own_targets, in_root) = match &targets {
        None => (TokenStream::new(), TokenStream::new()),
        Some(targets) => (
            quote!(const TARGETS: &'static [#krate::definition::TargetTable] = #targets;),
            quote!(const TARGETS: &'static [&'static [#krate::definition::TargetTable]] =
                &[<Self as #krate::PersistentStruct>::TARGETS];),
        ),
    };
    let declaration = declaration::declaration(krate, &this, &tree.declaration);
    let role = match &tree.role {
        Role::Plain { table } => quote! {
            #[automatically_derived]
            impl #impl_generics #krate::RootType for #this #clause {
                type This = Self;
                const TABLE: &'static ::core::primitive::str = #table;
                #in_root

                fn definition() -> #krate::definition::RootDefinition {
                    #krate::definition::RootDefinition::plain::<Self>()
                }
            }
        },
        Role::Derived { poly } => quote! {
            #[automatically_derived]
            impl #impl_generics #krate::DerivedFrom<#poly> for #this #clause {
                type This = Self;
            }
        },
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::PersistentType for #this #clause {
            type Root = #root;
            type Props = <Self as #krate::Storable>::Fields<Self>;
            const NAME: &'static ::core::primitive::str = #name;
            const SCOPE: ::core::option::Option<#krate::table::Scope> = #scope;

            fn props() -> Self::Props {
                <Self as #krate::Storable>::fields::<Self>(&#krate::Path::root())
            }

            fn variant(&self) -> ::core::primitive::usize {
                #variant
            }

            fn value_at(&self, path: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                #krate::Storable::value_at(self, path)
            }

            fn encode<__B: #krate::backend::Backend>(
                &self,
                backend: &__B,
            ) -> ::core::result::Result<__B::Document, #krate::Error> {
                backend.encode(self)
            }

            fn of_value<__B: #krate::backend::Backend>(
                _: ::core::primitive::usize,
                value: #krate::Value,
            ) -> ::core::result::Result<Self, #krate::backend::DecodeError> {
                #krate::document::from_value(value)
            }

            fn decode<__B: #krate::backend::Backend>(
                backend: &__B,
                discriminator: ::core::option::Option<&::core::primitive::str>,
                doc: &__B::Document,
            ) -> ::core::option::Option<::core::result::Result<Self, #krate::backend::DecodeError>> {
                #decode
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::PersistentStruct for #this #clause {
            #own_targets

            fn declaration() -> #krate::definition::Declaration {
                let props = <Self as #krate::PersistentType>::props();
                let _ = &props;
                #declaration
            }
        }

        #role
    }
}

/// The tables that the struct's references lead to; `None` if it declares none.
fn targets(tree: &PersistentStruct) -> Option<TokenStream> {
    let has_references = !tree.declaration.references.is_empty();
    has_references.then(|| declaration::targets(&tree.container.krate, &tree.declaration))
}

/// The access to the struct's own keys.
fn keys(tree: &PersistentStruct) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let impls = tree.declaration.keys.iter().map(|key| {
        let (ty, first_ty, hash) = (&key.ty, &key.first_ty, hash(&plain(&key.path.first)));
        let read =
            declaration::descend(krate, quote!(#krate::HasField::<#hash, #first_ty>::field(persistent)), key, false);
        let write =
            declaration::descend(krate, quote!(#krate::HasField::<#hash, #first_ty>::field_mut(persistent)), key, true);
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::KeyFor<#this> for #ty #clause {
                fn of(persistent: &#this) -> &Self {
                    #read
                }

                fn put(self, persistent: &mut #this) {
                    *#write = self;
                }
            }
        }
    });
    quote!(#(#impls)*)
}
