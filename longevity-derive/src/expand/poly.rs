//! Poly types.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{declaration, hidden, inline, poly_props, qualified, storable, testkit};
use crate::names::plain;
use crate::tree::poly::{Poly, PolyVariant, VariantForm};

/// The impls of a poly type.
pub(crate) fn expand(tree: &Poly) -> TokenStream {
    let props = poly_props::expand(tree);
    let persistent = persistent(tree);
    let root = root(tree);
    let variants = tree.variants.iter().enumerate().map(|(position, variant)| has_variant(tree, position, variant));
    let scopes = tree.variants.iter().map(|variant| scopes(tree, variant));
    let keys = keys(tree);
    let testkit = testkit::of_poly(tree);
    let composite = inline::composite(tree, &otherwise(tree));
    let module = inline::module(tree);
    let questions = declaration::questions(&tree.container.krate, &tree.declaration);
    let hidden =
        hidden(quote!(#questions #props #persistent #root #composite #(#variants)* #(#scopes)* #keys #testkit));
    quote!(#module #hidden)
}

/// An arm for the variants that were left out because of mistakes.
fn otherwise(tree: &Poly) -> TokenStream {
    if tree.incomplete { quote!(_ => ::core::unreachable!(),) } else { TokenStream::new() }
}

/// A member of `DerivedFrom` for a variant's struct, located at the struct in the variant.
fn of_derived(tree: &Poly, variant: &PolyVariant, member: &str) -> TokenStream {
    let krate = &tree.container.krate;
    let this = tree.container.this();
    qualified(&variant.ty, quote!(#krate::DerivedFrom<#this>), member)
}

fn persistent(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let generics = container.persistent();
    let (impl_generics, arguments, clause) = generics.split_for_impl();
    let idents: Vec<_> = tree.variants.iter().map(|variant| &variant.ident).collect();
    let positions = 0..tree.variants.len();
    let otherwise = otherwise(tree);
    let values = tree.variants.iter().map(|variant| {
        let ident = &variant.ident;
        match &variant.form {
            VariantForm::Inline(inline) => {
                let (fields, value) = (inline::fields(inline), inline::value_at(tree, inline));
                quote!(Self::#ident #fields => #value,)
            }
            VariantForm::Held | VariantForm::Boxed => {
                let value = of_derived(tree, variant, "value_in_poly");
                quote!(Self::#ident(derived) => #value(derived, path),)
            }
        }
    });
    let encodes = tree.variants.iter().map(|variant| {
        let (ident, encode) = (&variant.ident, of_derived(tree, variant, "encode_in_poly"));
        match &variant.form {
            VariantForm::Inline(inline) => {
                let (fields, copied) = (inline::fields(inline), inline::copied(variant, inline));
                quote!(Self::#ident #fields => #encode(&#copied, backend),)
            }
            VariantForm::Held | VariantForm::Boxed => quote!(Self::#ident(derived) => #encode(derived, backend),),
        }
    });
    let decodes = tree.variants.iter().map(|variant| {
        let (names, decode, ty) = (&variant.discriminators, of_derived(tree, variant, "decode_in_poly"), &variant.ty);
        quote! {
            #(#names)|* => ::core::option::Option::Some(
                #decode(backend, doc).map(<Self as #krate::HasVariant<#ty>>::wrap),
            ),
        }
    });
    let of_values = tree.variants.iter().enumerate().map(|(position, variant)| {
        let (of_value, ty) = (of_derived(tree, variant, "of_value_in_poly"), &variant.ty);
        quote!(#position => #of_value::<__B>(value).map(<Self as #krate::HasVariant<#ty>>::wrap),)
    });
    let (props, read_props) = if tree.props.is_empty() {
        (quote!(#krate::storable::NoFields), quote!(#krate::storable::NoFields))
    } else {
        let ident = poly_props::ident(tree);
        let names = tree.props.iter().map(|prop| &prop.name);
        let reads = tree.props.iter().enumerate().map(|(position, prop)| {
            let prop = storable(&prop.ty, krate, "prop");
            let step = poly_props::step(tree, position);
            quote!(#prop(&path, #step))
        });
        (
            quote!(#ident #arguments),
            quote!({
                let path = #krate::Path::root();
                #ident { #(#names: #reads,)* }
            }),
        )
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::PersistentType for #this #clause {
            type Root = Self;
            type Props = #props;
            const NAME: &'static ::core::primitive::str = #name;
            const SCOPE: ::core::option::Option<#krate::table::Scope> = ::core::option::Option::None;

            fn props() -> Self::Props {
                #read_props
            }

            fn variant(&self) -> ::core::primitive::usize {
                match self {
                    #(Self::#idents { .. } => #positions,)*
                    #otherwise
                }
            }

            fn value_at(&self, path: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                match self {
                    #(#values)*
                    #otherwise
                }
            }

            fn encode<__B: #krate::backend::Backend>(
                &self,
                backend: &__B,
            ) -> ::core::result::Result<__B::Document, #krate::Error> {
                match self {
                    #(#encodes)*
                    #otherwise
                }
            }

            fn of_value<__B: #krate::backend::Backend>(
                variant: ::core::primitive::usize,
                value: #krate::Value,
            ) -> ::core::result::Result<Self, #krate::backend::DecodeError> {
                match variant {
                    #(#of_values)*
                    _ => ::core::result::Result::Err(#krate::backend::DecodeError {
                        path: ::std::string::String::new(),
                        source: ::core::convert::Into::into("there is no such variant"),
                    }),
                }
            }

            fn decode<__B: #krate::backend::Backend>(
                backend: &__B,
                discriminator: ::core::option::Option<&::core::primitive::str>,
                doc: &__B::Document,
            ) -> ::core::option::Option<::core::result::Result<Self, #krate::backend::DecodeError>> {
                match discriminator? {
                    #(#decodes)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

fn root(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let table = &tree.table;
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let names = tree.props.iter().map(|prop| &prop.name);
    let declaration = declaration::declaration(krate, &this, &tree.declaration);
    let variants = tree.variants.iter().map(|variant| of_derived(tree, variant, "variant_of_poly"));
    let targets = declaration::targets(krate, &tree.declaration);
    let targets_of_variants = tree.variants.iter().map(|variant| of_derived(tree, variant, "TARGETS_IN_POLY"));
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::RootType for #this #clause {
            type This = Self;
            const TABLE: &'static ::core::primitive::str = #table;
            const TARGETS: &'static [&'static [#krate::definition::TargetTable]] =
                &[#targets, #(#targets_of_variants),*];

            fn definition() -> #krate::definition::RootDefinition {
                let props = <Self as #krate::PersistentType>::props();
                let _ = &props;
                #krate::definition::RootDefinition::poly::<Self>(
                    ::std::vec![#(#krate::definition::PropertyDefinition::of(&props.#names)),*],
                    #declaration,
                    ::std::vec![#(#variants()),*],
                )
            }
        }
    }
}

fn has_variant(tree: &Poly, position: usize, variant: &PolyVariant) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let PolyVariant { ident, discriminators, ty, form } = variant;
    let (wrap, pattern, unwrapped) = match form {
        VariantForm::Held => (quote!(Self::#ident(derived)), quote!((derived)), quote!(derived)),
        VariantForm::Boxed => {
            (quote!(Self::#ident(::std::boxed::Box::new(derived))), quote!((derived)), quote!(*derived))
        }
        VariantForm::Inline(inline) => {
            let fields = inline::fields(inline);
            let wrap = quote!({
                let #ty #fields = derived;
                Self::#ident #fields
            });
            (wrap, fields.clone(), quote!(#ty #fields))
        }
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::HasVariant<#ty> for #this #clause {
            type This = Self;
            const SCOPE: #krate::table::Scope =
                #krate::table::Scope { variant: #position, discriminators: &[#(#discriminators),*] };

            fn wrap(derived: #ty) -> Self {
                #wrap
            }

            fn extract(self) -> ::core::result::Result<#ty, Self> {
                // If there is only one variant, nothing is left for the second pattern.
                #[allow(unreachable_patterns)]
                match self {
                    Self::#ident #pattern => ::core::result::Result::Ok(#unwrapped),
                    other => ::core::result::Result::Err(other),
                }
            }
        }
    }
}

/// The impls that let filters and orders of the poly type and of one derived type be used together.
fn scopes(tree: &Poly, variant: &PolyVariant) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let ty = &variant.ty;
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let predicate = quote!(#krate::backend::Predicate);
    let scoped = quote!(<#this as #krate::HasVariant<#ty>>::scoped_to_variant(predicate));
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::FiltersRowsOf<#this> for #ty #clause {
            fn scoped(predicate: #predicate) -> #predicate {
                #scoped
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::FiltersRowsOf<#ty> for #this #clause {
            fn scoped(predicate: #predicate) -> #predicate {
                predicate
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::CombinesWith<#this> for #ty #clause {
            type Both = #this;

            fn widen_left(predicate: #predicate) -> #predicate {
                #scoped
            }

            fn widen_right(predicate: #predicate) -> #predicate {
                predicate
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::CombinesWith<#ty> for #this #clause {
            type Both = #this;

            fn widen_left(predicate: #predicate) -> #predicate {
                predicate
            }

            fn widen_right(predicate: #predicate) -> #predicate {
                #scoped
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::query::CoversRowsOf<#ty> for #this #clause {}
    }
}

/// The access to the poly type's keys, in its own values and in those of each derived type.
fn keys(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let generics = container.persistent();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let enum_ident = &container.ident;
    let impls = tree.declaration.keys.iter().map(|key| {
        let ty = &key.ty;
        let Some(prop) = tree.props.iter().position(|prop| plain(&prop.name) == plain(&key.path.first)) else {
            return TokenStream::new();
        };
        let access = |position: usize, from: TokenStream, mutable: bool| {
            let access = poly_props::access(tree, prop, position);
            let method = if mutable { format_ident!("field_mut") } else { format_ident!("field") };
            declaration::descend(krate, quote!((#access.#method)(#from)), key, mutable)
        };
        let arms = |mutable: bool| -> Vec<TokenStream> {
            let end = |place: TokenStream| if mutable { quote!(*#place = self) } else { place };
            let arm = |(position, variant): (usize, &PolyVariant)| {
                let ident = &variant.ident;
                let (pattern, place) = match &variant.form {
                    VariantForm::Held | VariantForm::Boxed => {
                        (quote!((derived)), access(position, quote!(derived), mutable))
                    }
                    VariantForm::Inline(inline) => match inline.props[prop] {
                        // The missing property was reported.
                        None => return quote!(#enum_ident::#ident { .. } => ::core::unreachable!(),),
                        Some(field) => {
                            let member = &inline.tree.fields[field].member;
                            (quote!({ #member: field, .. }), declaration::descend(krate, quote!(field), key, mutable))
                        }
                    },
                };
                let end = end(place);
                quote!(#enum_ident::#ident #pattern => #end,)
            };
            tree.variants.iter().enumerate().map(arm).collect()
        };
        let (reads, writes) = (arms(false), arms(true));
        let otherwise = otherwise(tree);
        let of_derived = tree.variants.iter().enumerate().filter(|(_, variant)| variant.has_prop(prop)).map(
            |(position, variant)| {
                let derived = &variant.ty;
                let (read, write) =
                    (access(position, quote!(persistent), false), access(position, quote!(persistent), true));
                quote! {
                    #[automatically_derived]
                    impl #impl_generics #krate::KeyFor<#derived> for #ty #clause {
                        fn of(persistent: &#derived) -> &Self {
                            #read
                        }

                        fn put(self, persistent: &mut #derived) {
                            *#write = self;
                        }
                    }
                }
            },
        );
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::KeyFor<#this> for #ty #clause {
                fn of(persistent: &#this) -> &Self {
                    match persistent {
                        #(#reads)*
                        #otherwise
                    }
                }

                fn put(self, persistent: &mut #this) {
                    match persistent {
                        #(#writes)*
                        #otherwise
                    }
                }
            }

            #(#of_derived)*
        }
    });
    quote!(#(#impls)*)
}
