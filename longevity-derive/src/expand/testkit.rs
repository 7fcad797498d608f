//! What the conformance suite needs of each type: a strategy for its values, and a visit to its keys.
//!
//! This code must not change which programs compile, nor the errors of programs that do not. So nothing is generated for a type
//! with mistakes; an impl that one type needs of another is optional, and its absence is an error only when the suite is run; and
//! the generated names are not ones that a user would choose.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Generics, Type};

use crate::names::text;
use crate::tree::Container;
use crate::tree::component::{Body, Holds};
use crate::tree::declaration::Declaration;
use crate::tree::field::Field;
use crate::tree::model::Model;
use crate::tree::persistent::{PersistentStruct, Role};
use crate::tree::poly::{Poly, VariantForm};

/// Keeps the items if the facade's `testkit` feature is on and the type has no mistakes.
fn if_testkit(container: &Container, items: TokenStream) -> TokenStream {
    if container.flawed {
        return TokenStream::new();
    }
    let krate = &container.krate;
    quote!(#krate::if_testkit! { #items })
}

/// The strategy of a component or a key value.
pub(crate) fn of_body(container: &Container, body: &Body) -> TokenStream {
    let strategy = match body {
        Body::Newtype(field) => drawn(container, std::slice::from_ref(field), quote!(Self)),
        Body::Record(fields) => drawn(container, fields, quote!(Self)),
        Body::Choice(variants) | Body::Sum(variants) => {
            let kit = kit(container);
            let each = variants.iter().map(|variant| {
                let ident = &variant.ident;
                match &variant.holds {
                    Holds::Unit => quote!(#kit::just(Self::#ident)),
                    Holds::Newtype(field) => drawn(container, std::slice::from_ref(field), quote!(Self::#ident)),
                    Holds::Record(fields) => drawn(container, fields, quote!(Self::#ident)),
                }
            });
            quote!(#kit::one_of(::std::vec![#(__generators.alternative(|__generators| #each)),*]))
        }
    };
    let fields = match body {
        Body::Newtype(field) => vec![&**field],
        Body::Record(fields) => fields.iter().collect(),
        Body::Choice(variants) | Body::Sum(variants) => {
            let held = variants.iter().map(|variant| match &variant.holds {
                Holds::Unit => &[][..],
                Holds::Newtype(field) => std::slice::from_ref(&**field),
                Holds::Record(fields) => fields,
            });
            held.flatten().collect::<Vec<_>>()
        }
    };
    generate(container, fields.into_iter().map(|field| &field.ty), strategy)
}

/// What the suite needs of a persistent struct.
pub(crate) fn of_persistent(tree: &PersistentStruct) -> TokenStream {
    let container = &tree.container;
    let kit = kit(container);
    let types = tree.fields.iter().map(|field| &field.ty);
    let generate = generate(container, types, drawn(container, &tree.fields, quote!(Self)));
    let keys = keys(container, &tree.declaration, [].iter(), quote!(#kit::field!(__generators, Self)));
    let root = match &tree.role {
        Role::Plain { .. } => root(container, quote!(__visitor.plain::<Self>();)),
        Role::Derived { .. } => TokenStream::new(),
    };
    quote!(#generate #keys #root)
}

/// What the suite needs of a poly type. This does not implement `Generate`, which the enum implements if it is a component too.
pub(crate) fn of_poly(tree: &Poly) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let kit = kit(container);
    let this = container.this();
    let each = tree.variants.iter().map(|variant| {
        let (ident, ty) = (&variant.ident, &variant.ty);
        let wrapped = match &variant.form {
            VariantForm::Held => quote!(Self::#ident(__held)),
            VariantForm::Boxed => quote!(Self::#ident(::std::boxed::Box::new(__held))),
            VariantForm::Inline(_) => quote!(<Self as #krate::HasVariant<#ty>>::wrap(__held)),
        };
        quote!(__generators.alternative(|__generators| #kit::map(#kit::field!(__generators, #ty), |__held| #wrapped)))
    });
    let rows = quote!(__generators.rows(|__generators| #kit::one_of(::std::vec![#(#each),*])));
    let keys = keys(container, &tree.declaration, tree.variants.iter().map(|variant| &variant.ty), rows);
    let derived = tree.variants.iter().map(|variant| &variant.ty);
    let root = root(container, quote!(__visitor.poly::<Self>(); #(#kit::shown!(derived Self, #derived, __visitor);)*));
    let visits = visits(&tree.declaration);
    let shared = tree.variants.iter().map(|variant| {
        let ty = &variant.ty;
        let mut generics = generated(container, &quote!(#krate::HasVariant<#ty, This = #this>));
        // If a variant holds something else, other generated code reports it.
        let holds_derived = syn::parse_quote!(for<'__any> #ty: #krate::PersistentType<Root = #this>);
        generics.make_where_clause().predicates.push(holds_derived);
        let (impl_generics, _, clause) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecDerived<#ty> for #this #clause {
                fn scope() -> #kit::Scope {
                    #kit::Scope::of::<Self, #ty>()
                }

                fn visit_shared_keys<__V: #kit::KeyVisitor<#ty>>(__visitor: &mut __V) {
                    let _ = &__visitor;
                    #visits
                }
            }
        }
    });
    let shared = if_testkit(container, quote!(#(#shared)*));
    quote!(#keys #root #shared)
}

/// What the suite needs of a domain model.
pub(crate) fn of_model(tree: &Model) -> TokenStream {
    let container = &tree.container;
    let kit = kit(container);
    let this = container.this();
    let (krate, roots) = (&container.krate, &tree.roots);
    let generics = if_it_is(container, Generics::default(), &quote!(#krate::DomainModel));
    let (_, _, clause) = generics.split_for_impl();
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #kit::SpecModel for #this #clause {
                fn visit<__V: #kit::SpecVisitor<Self>>(__visitor: &mut __V) {
                    let _ = &__visitor;
                    #(#kit::shown!(root #roots, __visitor);)*
                }
            }
        },
    )
}

/// The generics of the suite's impls for a persistent type, on the condition that the type implements `is`.
fn generated(container: &Container, is: &TokenStream) -> Generics {
    let (kit, krate) = (kit(container), &container.krate);
    if_it_is(container, container.bounded(&quote!(#krate::Encodable + #kit::Generate)), is)
}

/// Adds the condition that the type implements `is`. If it does not, for example because `Debug` is missing, other generated code
/// reports it, and here the impl just does not apply. The `for<'__any>` makes this work: a condition without a lifetime of its
/// own is an error if it does not hold.
fn if_it_is(container: &Container, mut generics: Generics, is: &TokenStream) -> Generics {
    let this = container.this();
    generics.make_where_clause().predicates.push(syn::parse_quote!(for<'__any> #this: #is));
    generics
}

/// Adds the condition that these types implement `Debug`.
fn if_shown<'a>(generics: &mut Generics, types: impl Iterator<Item = &'a Type>) {
    let mut known = std::collections::HashSet::new();
    for ty in types.filter(|ty| known.insert(text(ty))) {
        let shown = syn::parse_quote!(for<'__any> #ty: ::core::fmt::Debug + 'static);
        generics.make_where_clause().predicates.push(shown);
    }
}

fn kit(container: &Container) -> TokenStream {
    let krate = &container.krate;
    quote!(#krate::testkit)
}

fn generate<'a>(container: &Container, types: impl Iterator<Item = &'a Type>, strategy: TokenStream) -> TokenStream {
    let (kit, krate, this) = (kit(container), &container.krate, container.this());
    let generics = container.bounded(&quote!(#krate::Storable + #kit::Generate));
    let mut generics = if_it_is(container, generics, &quote!(#krate::Storable));
    if_shown(&mut generics, types);
    let (impl_generics, _, clause) = generics.split_for_impl();
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::Generate for #this #clause {
                fn strategy(__generators: &#kit::Generators) -> #kit::BoxedStrategy<Self> {
                    let _ = __generators;
                    #strategy
                }
            }
        },
    )
}

/// The strategy that draws each field and makes a value of them. It is flat, because types nested field by field would have one
/// level for each field and exceed the compiler's recursion limit.
fn drawn(container: &Container, fields: &[Field], constructor: TokenStream) -> TokenStream {
    let kit = kit(container);
    let members = fields.iter().map(|field| &field.member);
    let types = fields.iter().map(|field| &field.ty);
    let bindings: Vec<_> = (0..fields.len()).map(|position| format_ident!("__field_{position}")).collect();
    quote!({
        #(let #bindings = #kit::field!(__generators, #types);)*
        #kit::draw(move |__runner| {
            let _ = &__runner;
            #(let #bindings = #kit::drawn(&#bindings, __runner)?;)*
            ::core::result::Result::Ok(::std::boxed::Box::new(move || #constructor { #(#members: #bindings()),* }))
        })
    })
}

fn keys<'a>(
    container: &Container,
    declaration: &Declaration,
    types: impl Iterator<Item = &'a Type>,
    rows: TokenStream,
) -> TokenStream {
    let (kit, krate, this) = (kit(container), &container.krate, container.this());
    let mut generics = generated(container, &quote!(#krate::PersistentType));
    if_shown(&mut generics, types);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let visits = visits(declaration);
    let key_vals = declaration.keys.iter().map(|key| &key.ty);
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecKeys for #this #clause {
                fn rows(__generators: &#kit::Generators) -> #kit::BoxedStrategy<Self> {
                    #rows
                }

                fn visit_keys<__V: #kit::KeyVisitor<Self>>(__visitor: &mut __V) {
                    let _ = &__visitor;
                    #visits
                }

                fn visit_key_vals<__V: #kit::KeyValVisitor<Self>>(__visitor: &mut __V) {
                    let _ = &__visitor;
                    #(#kit::shown_key_val!(#key_vals, __visitor);)*
                }
            }
        },
    )
}

fn visits(declaration: &Declaration) -> TokenStream {
    let visits = declaration.keys.iter().map(|key| {
        let (ty, path) = (&key.ty, key.path.text());
        quote!(__visitor.key::<#ty>(#path);)
    });
    quote!(#(#visits)*)
}

fn root(container: &Container, visits: TokenStream) -> TokenStream {
    let (kit, krate, this) = (kit(container), &container.krate, container.this());
    let generics = generated(container, &quote!(#krate::RootType + #kit::SpecKeys));
    let (impl_generics, _, clause) = generics.split_for_impl();
    if_testkit(
        container,
        quote! {
            #[automatically_derived]
            impl #impl_generics #kit::SpecRoot for #this #clause {
                fn visit<__M, __V: #kit::SpecVisitor<__M>>(__visitor: &mut __V)
                where
                    Self: #krate::InModel<__M>,
                {
                    #visits
                }
            }
        },
    )
}
