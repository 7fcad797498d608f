//! Domain models.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{ends, hidden, qualified, testkit};
use crate::tree::model::Model;

/// The impls of a domain model.
pub(crate) fn expand(tree: &Model) -> TokenStream {
    let container = &tree.container;
    let krate = &container.krate;
    let this = container.this();
    let name = container.name();
    let (impl_generics, _, clause) = container.generics.split_for_impl();
    let roots = &tree.roots;
    // Missing impls are reported once, as both places have the same error.
    let owners: Vec<_> = roots.iter().map(|root| qualified(root, quote!(#krate::RootType), "This")).collect();
    let distinct = roots.iter().enumerate().skip(1).map(|(position, root)| {
        let (first, _) = ends(root);
        let message = format!(
            "the table of `{}` has the same name, ignoring case, as another table of this domain model: rename one of them with `#[persistent(table = \"..\")]`",
            crate::names::text(root)
        );
        quote_spanned!(first=> const _: () = ::core::assert!(#krate::has_table_of_its_own(ROOTS, #position), #message);)
    });
    let complete = roots.iter().enumerate().map(|(position, root)| {
        let (first, _) = ends(root);
        let message = format!(
            "`{}` refers to a type that is not in the domain model `{name}`: add the types in its `reference(..)` to `#[domain_model(..)]`",
            crate::names::text(root)
        );
        quote_spanned!(first=> const _: () = ::core::assert!(#krate::has_its_targets(ROOTS, #position), #message);)
    });
    let count = roots.len();
    let testkit = testkit::of_model(tree);
    hidden(quote! {
        const ROOTS: &[#krate::Root; #count] = &[#(#krate::Root::of::<#owners>()),*];

        #[automatically_derived]
        impl #impl_generics #krate::DomainModel for #this #clause {
            const NAME: &'static ::core::primitive::str = #name;
            const ROOTS: &'static [#krate::Root] = ROOTS;

            fn register(model: &mut #krate::ModelBuilder) {
                for root in ROOTS {
                    model.add_root(root);
                }
            }

            fn visit_roots(__visitor: &mut impl #krate::RootVisitor) {
                #(__visitor.visit_root::<#owners>();)*
            }
        }

        #(
            #[automatically_derived]
            impl #impl_generics #krate::InModel<#this> for #roots #clause {}
        )*

        #(#distinct)*
        #(#complete)*

        #testkit
    })
}
