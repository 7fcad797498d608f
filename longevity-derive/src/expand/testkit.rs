//! What the conformance suite needs of each type: a strategy for its values, and a visit to its keys.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Generics, Type};

use crate::tree::Container;
use crate::tree::component::{Body, Holds};
use crate::tree::declaration::Declaration;
use crate::tree::field::Field;
use crate::tree::model::Model;
use crate::tree::persistent::{PersistentStruct, Role};
use crate::tree::poly::{Poly, VariantForm};

/// Keeps the items where the facade has its `testkit` feature on.
fn if_testkit(container: &Container, items: TokenStream) -> TokenStream {
    let krate = &container.krate;
    quote!(#krate::if_testkit! { #items })
}

/// The strategy of a component or a key value.
pub(crate) fn of_body(container: &Container, body: &Body) -> TokenStream {
    let strategy = match body {
        Body::Newtype(field) => mapped(container, std::slice::from_ref(field), quote!(Self)),
        Body::Record(fields) => mapped(container, fields, quote!(Self)),
        Body::Choice(variants) | Body::Sum(variants) => {
            let kit = kit(container);
            let each = variants.iter().map(|variant| {
                let ident = &variant.ident;
                match &variant.holds {
                    Holds::Unit => quote!(#kit::just(Self::#ident)),
                    Holds::Newtype(field) => mapped(container, std::slice::from_ref(field), quote!(Self::#ident)),
                    Holds::Record(fields) => mapped(container, fields, quote!(Self::#ident)),
                }
            });
            quote!(#kit::one_of(::std::vec![#(#each),*]))
        }
    };
    generate(container, strategy)
}

/// What the suite needs of a persistent struct.
pub(crate) fn of_persistent(tree: &PersistentStruct) -> TokenStream {
    let container = &tree.container;
    let generate = generate(container, mapped(container, &tree.fields, quote!(Self)));
    let keys = keys(container, &tree.declaration);
    let root = match &tree.role {
        Role::Plain { .. } => root(container, quote!(visitor.plain::<Self>();)),
        Role::Derived { .. } => TokenStream::new(),
    };
    quote!(#generate #keys #root)
}

/// What the suite needs of a poly type.
pub(crate) fn of_poly(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let kit = kit(container);
    let this = container.this();
    let each = tree.variants.iter().map(|variant| {
        let (ident, ty) = (&variant.ident, &variant.ty);
        let mapped = |held: TokenStream| quote!(#kit::map(#kit::field!(generators, #ty), |held| Self::#ident(#held)));
        match &variant.form {
            VariantForm::Held => mapped(quote!(held)),
            VariantForm::Boxed => mapped(quote!(::std::boxed::Box::new(held))),
            VariantForm::Inline(_) => quote! {
                #kit::map(#kit::field!(generators, #ty), |held| <Self as #krate::HasVariant<#ty>>::wrap(held))
            },
        }
    });
    let generate = generate(container, quote!(#kit::one_of(::std::vec![#(#each),*])));
    let keys = keys(container, &tree.declaration);
    let derived = tree.variants.iter().map(|variant| &variant.ty);
    let root = root(container, quote!(visitor.poly::<Self>(); #(visitor.derived::<Self, #derived>();)*));
    let generics = generated(container);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let visits = visits(&tree.declaration);
    let shared = tree.variants.iter().map(|variant| {
        let ty = &variant.ty;
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecDerived<#ty> for #this #clause {
                fn scope() -> #kit::Scope {
                    #kit::Scope::of::<Self, #ty>()
                }

                fn visit_shared_keys<__V: #kit::KeyVisitor<#ty>>(visitor: &mut __V) {
                    let _ = &visitor;
                    #visits
                }
            }
        }
    });
    let shared = if_testkit(container, quote!(#(#shared)*));
    quote!(#generate #keys #root #shared)
}

/// What the suite needs of a domain model.
pub(crate) fn of_model(tree: &Model) -> TokenStream {
    let container = &tree.container;
    let kit = kit(container);
    let this = container.this();
    let roots = &tree.roots;
    let visits = quote!(#(<#roots as #kit::SpecRoot>::visit::<Self, __V>(visitor);)*);
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #kit::SpecModel for #this {
                fn visit<__V: #kit::SpecVisitor<Self>>(visitor: &mut __V) {
                    let _ = &visitor;
                    #visits
                }
            }
        },
    )
}

/// The generics of what the suite needs of a persistent type.
fn generated(container: &Container) -> Generics {
    let (kit, krate) = (kit(container), &container.krate);
    container.bounded(&quote!(#krate::Document + #kit::Generate))
}

fn kit(container: &Container) -> TokenStream {
    let krate = &container.krate;
    quote!(#krate::testkit)
}

fn generate(container: &Container, strategy: TokenStream) -> TokenStream {
    let (kit, krate, this) = (kit(container), &container.krate, container.this());
    let generics = container.bounded(&quote!(#krate::Storable + #kit::Generate));
    let (impl_generics, _, clause) = generics.split_for_impl();
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::Generate for #this #clause {
                fn strategy(generators: &#kit::Generators) -> #kit::BoxedStrategy<Self> {
                    let generators = &generators.deeper();
                    let _ = generators;
                    #strategy
                }
            }
        },
    )
}

/// The strategies of the fields, nested pair by pair, mapped to a value.
fn mapped(container: &Container, fields: &[Field], constructor: TokenStream) -> TokenStream {
    let kit = kit(container);
    let mut strategy = quote!(#kit::nil());
    let mut pattern = quote!(());
    for (position, field) in fields.iter().enumerate().rev() {
        let (binding, ty): (_, &Type) = (format_ident!("field_{position}"), &field.ty);
        strategy = quote!((#kit::field!(generators, #ty), #strategy));
        pattern = quote!((#binding, #pattern));
    }
    let members = fields.iter().map(|field| &field.member);
    let bindings = (0..fields.len()).map(|position| format_ident!("field_{position}"));
    quote!(#kit::map(#strategy, |#pattern| #constructor { #(#members: #bindings),* }))
}

fn keys(container: &Container, declaration: &Declaration) -> TokenStream {
    let (kit, this) = (kit(container), container.this());
    let generics = generated(container);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let visits = visits(declaration);
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecKeys for #this #clause {
                fn visit_keys<__V: #kit::KeyVisitor<Self>>(visitor: &mut __V) {
                    let _ = &visitor;
                    #visits
                }
            }
        },
    )
}

fn visits(declaration: &Declaration) -> TokenStream {
    let visits = declaration.keys.iter().map(|key| {
        let (ty, path) = (&key.ty, key.path.text());
        quote!(visitor.key::<#ty>(#path);)
    });
    quote!(#(#visits)*)
}

fn root(container: &Container, visits: TokenStream) -> TokenStream {
    let (kit, krate, this) = (kit(container), &container.krate, container.this());
    let generics = generated(container);
    let (impl_generics, _, clause) = generics.split_for_impl();
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecRoot for #this #clause {
                fn visit<__M, __V: #kit::SpecVisitor<__M>>(visitor: &mut __V)
                where
                    Self: #krate::InModel<__M>,
                {
                    #visits
                }
            }
        },
    )
}
