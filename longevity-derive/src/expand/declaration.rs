//! Keys, indexes and references: their definitions, and the access to key values.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::question::{Answer, Question};
use super::{ends, located, qualified};
use crate::attributes::property::{Primary, PropertyPath, ReferenceEntry};
use crate::names::{hash, plain, text};
use crate::tree::declaration::{Declaration, Key};

/// An expression of type `Declaration` that reads the properties in `props`; `owner` is the type that declares them.
pub(crate) fn declaration(krate: &TokenStream, owner: &TokenStream, declaration: &Declaration) -> TokenStream {
    let keys = declaration.keys.iter().map(|key| {
        let define = qualified(&key.ty, quote!(#krate::KeyValOf<#owner>), "key");
        let prop = key_property(key);
        let (at, _) = ends(&key.ty);
        let reference = quote_spanned!(at=> &);
        let definition = quote_spanned!(at=> #define(#reference #prop));
        match &key.primary {
            None => definition,
            Some(primary) => {
                let kind = primary_kind(krate, &key.path, primary);
                quote!(#definition.primary(#kind))
            }
        }
    });
    let indexes = declaration.indexes.iter().map(|paths| {
        let properties = paths.iter().map(|path| {
            let prop = property(path);
            let span = path.segments().last().map_or_else(proc_macro2::Span::call_site, Ident::span);
            let define = located(quote!(#krate::definition::PropertyDefinition::indexed), span);
            let reference = quote_spanned!(span=> &);
            quote_spanned!(span=> #define(#reference #prop))
        });
        quote!(::std::vec![#(#properties),*])
    });
    let element_indexes = declaration.element_indexes.iter().map(|path| {
        let prop = property(path);
        let span = path.segments().last().map_or_else(proc_macro2::Span::call_site, Ident::span);
        let define = located(quote!(#krate::definition::PropertyDefinition::indexed_elements), span);
        let reference = quote_spanned!(span=> &);
        quote_spanned!(span=> #define(#reference #prop))
    });
    let references = declaration.references.iter().map(|entry| reference(krate, entry));
    let of_keys = declaration.keys.iter().map(|key| &key.path);
    let of_references = declaration.references.iter().map(|reference| &reference.path);
    let indexed = declaration.indexes.iter().flatten().chain(&declaration.element_indexes);
    let paths = of_keys.chain(indexed).chain(of_references);
    let names = paths.map(|path| named_where(&path.first));
    let fields_of_variants = leads_through_fields(krate, declaration);
    quote! {
        {
            #fields_of_variants
            #(let #names = &props;)*
            #krate::definition::Declaration {
                keys: ::std::vec![#(#keys),*],
                indexes: ::std::vec![#(#indexes),*],
                element_indexes: ::std::vec![#(#element_indexes),*],
                references: ::std::vec![#(#references),*],
            }
        }
    }
}

/// An expression of type `ReferenceDefinition`.
fn reference(krate: &TokenStream, entry: &ReferenceEntry) -> TokenStream {
    let ReferenceEntry { path, derived, on_delete, check } = entry;
    let mut expression = reference_to(krate, path);
    if let Some(derived) = derived {
        let (first, last) = ends(derived);
        let open = quote_spanned!(first=> .derived::<);
        let close = quote_spanned!(last=> >());
        expression = quote!(#expression #open #derived #close);
    }
    // These are the defaults.
    let given = |word: &&Ident| *word != "restrict" && *word != "immediate";
    for word in on_delete.iter().chain(check).filter(given) {
        expression = quote_spanned!(word.span()=> #expression.#word());
    }
    quote!(#expression.into_definition())
}

/// An expression of type `ReferenceTo`.
fn reference_to(krate: &TokenStream, path: &PropertyPath) -> TokenStream {
    let prop = held_property(path);
    let span = path.segments().last().map_or_else(proc_macro2::Span::call_site, Ident::span);
    let declare = located(quote!(#krate::ReferenceTo::of), span);
    let reference = quote_spanned!(span=> &);
    quote_spanned!(span=> #declare(#reference #prop))
}

/// An expression of type `&'static [TargetTable]`: the tables that the references lead to.
pub(crate) fn targets(krate: &TokenStream, declaration: &Declaration) -> TokenStream {
    let targets = declaration.references.iter().map(|ReferenceEntry { path, .. }| {
        let (props, declared) = (named_where(&path.first), reference_to(krate, path));
        quote!(#krate::ReferenceTo::target_table(|#props: &<Self as #krate::PersistentType>::Props| #declared))
    });
    let fields_of_variants = leads_through_fields(krate, declaration);
    quote!({ #fields_of_variants &[#(#targets),*] })
}

/// Paths of references may lead through the named fields of a variant.
fn leads_through_fields(krate: &TokenStream, declaration: &Declaration) -> TokenStream {
    let nested = declaration.references.iter().any(|reference| !reference.path.rest.is_empty());
    if nested { quote!(use #krate::query::HeldFields as _;) } else { TokenStream::new() }
}

/// `props.reviews.held().by`, where `held()` leads through options, boxes, lists, sets and the values of maps.
fn held_property(path: &PropertyPath) -> TokenStream {
    let first = &path.first;
    let props = named_where(first);
    let mut expression = quote_spanned!(first.span()=> #props.#first);
    for segment in &path.rest {
        expression = quote_spanned!(segment.span()=> #expression.held().#segment);
    }
    expression
}

/// The name of the properties, with the span of this field's name, which may come from a user's macro. Every token of an
/// expression needs such a span, or its errors would not point at it.
fn named_where(first: &Ident) -> Ident {
    Ident::new("props", first.span())
}

/// `props.profile.inner().tagline`, where `inner()` leads through options and boxes.
fn property(path: &PropertyPath) -> TokenStream {
    let first = &path.first;
    let props = named_where(first);
    let mut expression = quote_spanned!(first.span()=> #props.#first);
    for segment in &path.rest {
        expression = quote_spanned!(segment.span()=> #expression.inner().#segment);
    }
    expression
}

fn primary_kind(krate: &TokenStream, key: &PropertyPath, primary: &Primary) -> TokenStream {
    let kind = quote!(#krate::definition::PrimaryKeyKind);
    match primary {
        Primary::Ranged => quote!(#kind::Ranged),
        Primary::Hashed => quote!(#kind::Hashed),
        Primary::Partition(paths) => {
            let paths = paths.iter().map(|path| {
                let whole = PropertyPath {
                    first: key.first.clone(),
                    rest: key.rest.iter().chain(path.segments()).cloned().collect(),
                };
                let prop = property(&whole);
                quote!(::core::clone::Clone::clone(#prop.path()))
            });
            quote!(#kind::Partitioned(::std::vec![#(#paths),*]))
        }
    }
}

/// The property of a key.
fn key_property(key: &Key) -> TokenStream {
    match (nested_key(key), key.path.rest.split_last()) {
        (Some(question), Some((last, between))) => {
            let outer = property(&PropertyPath { first: key.path.first.clone(), rest: between.to_vec() });
            let ask = Ident::new(&question.ask().to_string(), last.span());
            quote_spanned!(last.span()=> #outer.inner().field(&#ask::<_, _>()))
        }
        _ => property(&key.path),
    }
}

/// The questions that the nested keys ask.
pub(crate) fn questions(krate: &TokenStream, declaration: &Declaration) -> TokenStream {
    declaration.keys.iter().filter_map(nested_key).map(|question| question.define(krate)).collect()
}

/// The question for the field at the end of a nested key's path; `None` if the key is not nested.
fn nested_key(key: &Key) -> Option<Question<'_>> {
    let name = plain(key.path.rest.last()?);
    let (path, expected) = (key.path.text(), text(&key.ty));
    Some(Question {
        label: key.path.segments().map(plain).collect::<Vec<_>>().join("_"),
        ty: &key.ty,
        of_named: false,
        missing: Answer {
            message: format!("`{{Self}}` has no field `{name}`"),
            label: format!("the key `{path}` needs this field"),
            note: "the path to a key leads through components, newtypes and boxes, not through options or collections"
                .to_owned(),
        },
        other_type: Answer {
            message: format!("the `{name}` of `{{__S}}` is `{{Self}}`, not `{expected}`"),
            label: format!("the key `{path}` is declared with the type `{expected}`"),
            note: format!("make them the same: change the type of the field, or the type in `key({path}: {expected})`"),
        },
        field: name,
    })
}

/// Leads from a reference to the value of a path's first property to the value at the path's end. It uses the fields' impls of
/// `HasField`, because the fields may be private.
pub(crate) fn descend(krate: &TokenStream, from: TokenStream, key: &Key, mutable: bool) -> TokenStream {
    let Some((last, between)) = key.path.rest.split_last() else { return from };
    let method = if mutable { quote!(field_mut) } else { quote!(field) };
    let mut expression = from;
    for segment in between {
        let hash = hash(&plain(segment));
        let step = located(quote!(#krate::HasField::<#hash, _>::#method), segment.span());
        expression = quote_spanned!(segment.span()=> #step(#expression));
    }
    let question = nested_key(key).map(|question| Ident::new(&question.ask().to_string(), last.span()));
    quote_spanned!(last.span()=> (#question::<_, _>().#method)(#expression))
}
