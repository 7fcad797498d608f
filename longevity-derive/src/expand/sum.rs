//! Enum components: controlled vocabularies, which are stored as a name, and poly components, which are stored as a name and the
//! data that the variant holds.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{encoding_plan, record, storable};
use crate::tree::Container;
use crate::tree::component::{Holds, Variant};

/// The impls that make an enum of units storable.
pub(crate) fn choice(container: &Container, variants: &[Variant]) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let stored: Vec<_> = variants.iter().map(|variant| &variant.stored).collect();
    let idents = variants.iter().map(|variant| &variant.ident);
    let aliases = variants.iter().flat_map(|variant| {
        let stored = &variant.stored;
        variant.aliases.iter().map(move |alias| quote!((#alias, #stored)))
    });
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #krate::storable::kind::Choice;
            type Inner = Self;
            type Optional = ::core::option::Option<Self>;
            type This = Self;
            type Fields<__R: 'static> = #krate::storable::NoFields;
            const KEYABLE: ::core::primitive::bool = true;

            fn shape() -> #krate::storable::Shape {
                #krate::storable::Shape::Choice {
                    name: #name,
                    choices: ::std::vec![#(#stored),*],
                    aliases: ::std::vec![#(#aliases),*],
                }
            }

            fn fields<__R: 'static>(_: &#krate::Path) -> #krate::storable::NoFields {
                #krate::storable::NoFields
            }

            fn value_at(&self, _: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                #krate::ValueRef::Text(match self {
                    #(Self::#idents => #stored,)*
                })
            }

            fn encoding_plan() -> ::core::option::Option<#krate::encoding::Plan> {
                ::core::option::Option::None
            }
        }
    }
}

/// The impls that make an enum with data storable.
pub(crate) fn sum(container: &Container, variants: &[Variant]) -> TokenStream {
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let generics = container.storable();
    let (impl_generics, _, clause) = generics.split_for_impl();
    let shapes = variants.iter().enumerate().map(|(position, variant)| {
        let Variant { ident, stored, aliases, .. } = variant;
        let (name, step, holds) = (crate::names::plain(ident), variant_step(position), holds(container, variant));
        quote!(#krate::storable::VariantShape {
            name: #name,
            serde_name: #stored,
            step: #step,
            aliases: &[#(#aliases),*],
            holds: #holds,
        })
    });
    let encoding_plan = encoding_plan(container);
    let (items, type_of_fields, read_fields) = properties(container, variants);
    let arms = variants.iter().enumerate().map(|(position, variant)| below(container, position, variant));
    let hashes = (0..variants.len()).map(|position| {
        let (hash, step) = (format_ident!("VARIANT_HASH_{position}"), variant_step(position));
        quote!(const #hash: ::core::primitive::u64 = #step.hash;)
    });
    let values = variants.iter().map(|variant| {
        let (pattern, value) = value(container, variant);
        let stored = &variant.stored;
        quote!(#pattern => #krate::Value::Variant(#stored, ::std::boxed::Box::new(#value)),)
    });
    quote! {
        #items
        #(#hashes)*

        #[automatically_derived]
        impl #impl_generics #krate::Storable for #this #clause {
            type Kind = #krate::storable::kind::PolyComponent;
            type Inner = Self;
            type Optional = ::core::option::Option<Self>;
            type This = Self;
            type Fields<__R: 'static> = #type_of_fields;
            const KEYABLE: ::core::primitive::bool = false;

            fn shape() -> #krate::storable::Shape {
                #krate::storable::Shape::Enum { name: #name, variants: ::std::vec![#(#shapes),*] }
            }

            fn fields<__R: 'static>(path: &#krate::Path) -> #type_of_fields {
                #read_fields
            }

            fn value_at(&self, path: &[&'static #krate::Step]) -> #krate::ValueRef<'_> {
                match path.split_first() {
                    ::core::option::Option::None => #krate::ValueRef::Composite(self),
                    ::core::option::Option::Some((step, rest)) => match (self, step.hash) {
                        #(#arms)*
                        _ => #krate::ValueRef::NONE,
                    },
                }
            }

            #encoding_plan
        }

        #[automatically_derived]
        impl #impl_generics #krate::value::Composite for #this #clause {
            fn to_value(&self) -> #krate::Value {
                match self {
                    #(#values)*
                }
            }
        }
    }
}

/// The name of the constant that is the step into the variant at this position.
fn variant_step(position: usize) -> syn::Ident {
    format_ident!("VARIANT_{position}")
}

/// The steps and the structs of the variants' properties, the type of all of them together, and an expression that makes its
/// value.
fn properties(container: &Container, variants: &[Variant]) -> (TokenStream, TokenStream, TokenStream) {
    let krate = &container.krate;
    let name = crate::names::plain(&container.ident);
    let mut items = TokenStream::new();
    let (mut props, mut reads) = (Vec::new(), Vec::new());
    for (position, variant) in variants.iter().enumerate() {
        let (step, stored, field) = (variant_step(position), &variant.stored, &variant.property);
        items.extend(quote!(const #step: &#krate::Step = &#krate::Step::variant(#stored);));
        let (held, read) = match &variant.holds {
            Holds::Record(fields) if !fields.is_empty() => {
                let ident = format_ident!("{name}{}Fields__", crate::names::plain(&variant.ident));
                let doc = format!("The properties of the variant `{}`.", variant.ident);
                let (of_variant, ty, read) = record::struct_of_properties(container, &ident, &doc, fields);
                items.extend(of_variant);
                let steps = record::steps(krate, fields);
                (ty, quote!({ #steps #read }))
            }
            Holds::Newtype(field) => {
                let (held, ty) = (&field.ty, storable(&field.ty, krate, "Optional"));
                (quote!(#krate::Prop<__R, #ty>), quote!(#krate::Prop::in_variant::<#held>(path)))
            }
            Holds::Record(_) | Holds::Unit => {
                (quote!(#krate::storable::NoFields), quote!({ let _ = path; #krate::storable::NoFields }))
            }
        };
        let doc = format!("The variant `{}`.", variant.ident);
        props.push(quote!(#[doc = #doc] pub #field: #krate::query::VariantProp<__R, #held>));
        reads.push(quote!(#field: #krate::query::VariantProp::at(path, #step, |path| #read)));
    }
    let ident = format_ident!("{name}Fields__");
    let doc = format!("The variants of `{}`.", container.name());
    let generics = record::seen_from(container);
    let (_, arguments, clause) = generics.split_for_impl();
    let params = &generics.params;
    items.extend(quote! {
        #[doc = #doc]
        pub struct #ident <#params> #clause {
            #(#props,)*
        }
    });
    (items, quote!(#ident #arguments), quote!(#ident { #(#reads,)* }))
}

/// The arm that reads a value in a variant, which works like a value in an option.
fn below(container: &Container, position: usize, variant: &Variant) -> TokenStream {
    let krate = &container.krate;
    let ident = &variant.ident;
    let hash = format_ident!("VARIANT_HASH_{position}");
    let unit = quote!(#krate::value::UNIT.as_value_ref());
    match &variant.holds {
        Holds::Unit => quote!((Self::#ident, #hash) if rest.is_empty() => #unit,),
        Holds::Newtype(field) => {
            let value_at = storable(&field.ty, krate, "value_at");
            quote!((Self::#ident(held), #hash) => #krate::value::in_option(#value_at(held, rest), rest.is_empty()),)
        }
        Holds::Record(fields) => {
            let steps = record::steps(krate, fields);
            let arms = fields.iter().enumerate().map(|(position, field)| {
                let (step, member) = (super::step(position), &field.member);
                let value_at = storable(&field.ty, krate, "value_at");
                quote! {
                    Self::#ident { #member: field, .. } if step.hash == #step.hash => #value_at(field, rest),
                }
            });
            quote! {
                (Self::#ident { .. }, #hash) => {
                    #steps
                    match rest.split_first() {
                        // The unit value says that the variant is present. No caller needs the record as a whole.
                        ::core::option::Option::None => #unit,
                        ::core::option::Option::Some((step, rest)) => match self {
                            #(#arms)*
                            _ => {
                                let _ = (step, rest);
                                #krate::ValueRef::NONE
                            }
                        },
                    }
                }
            }
        }
    }
}

/// The shape of what a variant holds.
fn holds(container: &Container, variant: &Variant) -> TokenStream {
    let krate = &container.krate;
    match &variant.holds {
        Holds::Unit => quote!(::core::option::Option::None),
        Holds::Newtype(field) => {
            let shape = storable(&field.ty, krate, "shape");
            quote!(::core::option::Option::Some(#shape))
        }
        Holds::Record(fields) => {
            // A function item cannot use the parameters of the impl around it, so it has parameters of its own.
            let generics = container.storable();
            let (impl_generics, arguments, clause) = generics.split_for_impl();
            let turbofish = arguments.as_turbofish();
            let steps = record::steps(krate, fields);
            let shapes = record::field_shapes(container, fields);
            quote!({
                fn __shape #impl_generics () -> #krate::storable::Shape #clause {
                    #steps
                    #krate::storable::Shape::Struct {
                        name: "",
                        key_of: ::core::option::Option::None,
                        fields: #shapes,
                    }
                }
                ::core::option::Option::Some(__shape #turbofish)
            })
        }
    }
}

/// A pattern for a variant, and its value.
fn value(container: &Container, variant: &Variant) -> (TokenStream, TokenStream) {
    let krate = &container.krate;
    let ident = &variant.ident;
    match &variant.holds {
        Holds::Unit => (quote!(Self::#ident), quote!(#krate::Value::Record(::std::vec![]))),
        Holds::Newtype(field) => {
            let value_at = storable(&field.ty, krate, "value_at");
            (quote!(Self::#ident(held)), quote!(#value_at(held, &[]).to_value()))
        }
        Holds::Record(fields) => {
            let bindings: Vec<_> = (0..fields.len()).map(|position| format_ident!("field_{position}")).collect();
            let members = fields.iter().map(|field| &field.member);
            let values = fields.iter().zip(&bindings).map(|(field, binding)| {
                let (stored, value_at) = (&field.stored, storable(&field.ty, krate, "value_at"));
                quote!((#stored, #value_at(#binding, &[]).to_value()))
            });
            (
                quote!(Self::#ident { #(#members: #bindings),* }),
                quote!(#krate::Value::Record(::std::vec![#(#values),*])),
            )
        }
    }
}
