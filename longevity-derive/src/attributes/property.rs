//! Paths to properties as they are written in attributes, and the keys, indexes and references made of them.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, Token, Type};

use crate::names::{did_you_mean, listed, plain};

/// `profile.tagline`: at least one segment.
#[derive(Clone)]
pub(crate) struct PropertyPath {
    pub(crate) first: Ident,
    pub(crate) rest: Vec<Ident>,
}

impl PropertyPath {
    /// The segments, outermost first.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &Ident> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// As the user wrote it.
    pub(crate) fn text(&self) -> String {
        self.segments().map(plain).collect::<Vec<_>>().join(".")
    }
}

impl Parse for PropertyPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let segment = |input: ParseStream<'_>| {
            input.call(Ident::parse_any).map_err(|error| {
                syn::Error::new(error.span(), "expected a property, such as `username` or `profile.tagline`")
            })
        };
        let first = segment(input)?;
        let mut rest = Vec::new();
        while input.peek(Token![.]) {
            input.parse::<Token![.]>()?;
            rest.push(segment(input)?);
        }
        Ok(Self { first, rest })
    }
}

impl ToTokens for PropertyPath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for segment in self.segments() {
            segment.to_tokens(tokens);
        }
    }
}

/// `email`, or `account.email: Email`.
pub(crate) struct TypedPath {
    pub(crate) path: PropertyPath,
    pub(crate) ty: Option<Type>,
}

impl Parse for TypedPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.parse()?;
        let ty = if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { path, ty })
    }
}

/// What `key(..)` holds.
pub(crate) struct KeyList(pub(crate) TypedPath);

impl Parse for KeyList {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error(
                "a key is one property: write a `key(..)` for each property, or use one key value with several fields",
            ));
        }
        Ok(Self(path))
    }
}

/// How a primary key spreads rows.
pub(crate) enum Primary {
    Ranged,
    Hashed,
    /// The paths start at the key's property.
    Partition(Vec<PropertyPath>),
}

/// What `primary_key(..)` holds.
pub(crate) struct PrimaryKeyList(pub(crate) TypedPath, pub(crate) Primary);

impl Parse for PrimaryKeyList {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let usage = "expected `primary_key(id)`, `primary_key(id, hashed)` or `primary_key(id, partition(region))`";
        let path = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if input.is_empty() {
            return Ok(Self(path, Primary::Ranged));
        }
        let word: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), usage))?;
        let primary = match word.to_string().as_str() {
            "hashed" => Primary::Hashed,
            "partition" if input.peek(syn::token::Paren) => {
                let list;
                syn::parenthesized!(list in input);
                let paths = Punctuated::<PropertyPath, Token![,]>::parse_terminated(&list)?;
                if paths.is_empty() {
                    return Err(syn::Error::new(
                        word.span(),
                        "`partition` lists fields of the key value: write `partition(region)`",
                    ));
                }
                Primary::Partition(paths.into_iter().collect())
            }
            _ => return Err(syn::Error::new(word.span(), usage)),
        };
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error(usage));
        }
        Ok(Self(path, primary))
    }
}

/// What `index(..)` holds.
pub(crate) enum IndexList {
    /// `num_cats, username`.
    Properties(Vec<PropertyPath>),
    /// `tags[]`.
    Elements(PropertyPath),
}

impl Parse for IndexList {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut paths = Vec::new();
        while !input.is_empty() {
            let path: PropertyPath = input.parse()?;
            if input.peek(syn::token::Bracket) {
                let within;
                let bracket = syn::bracketed!(within in input);
                input.parse::<Option<Token![,]>>()?;
                let name = path.text();
                if !within.is_empty() || !input.is_empty() || !paths.is_empty() {
                    return Err(syn::Error::new(
                        bracket.span.join(),
                        format!(
                            "an index of elements has nothing but the elements of one list or set: write `index({name}[])`"
                        ),
                    ));
                }
                return Ok(Self::Elements(path));
            }
            paths.push(path);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self::Properties(paths))
    }
}

/// What `reference(..)` holds: `author`, or `series: Series, on_delete = cascade, check = at_commit`.
pub(crate) struct ReferenceEntry {
    pub(crate) path: PropertyPath,
    /// The derived type that the target must have.
    pub(crate) derived: Option<Type>,
    /// What happens when the target is deleted; `restrict` if not given.
    pub(crate) on_delete: Option<Ident>,
    /// When the target must be there; `immediate` if not given.
    pub(crate) check: Option<Ident>,
}

const ON_DELETE: &[&str] = &["restrict", "cascade", "set_none", "remove"];
const CHECK: &[&str] = &["immediate", "at_commit"];

impl Parse for ReferenceEntry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let TypedPath { path, ty: derived } = input.parse()?;
        let (mut on_delete, mut check) = (None, None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let option: Ident = input.call(Ident::parse_any)?;
            let (place, known) = match option.to_string().as_str() {
                "on_delete" => (&mut on_delete, ON_DELETE),
                "check" => (&mut check, CHECK),
                name => {
                    let meant = did_you_mean(name, ["on_delete", "check"]);
                    let message = format!(
                        "`reference({}, ..)` has no `{name}`{meant}: it takes `on_delete = ..` and `check = ..`; write a `reference(..)` for each property",
                        path.text()
                    );
                    return Err(syn::Error::new(option.span(), message));
                }
            };
            input.parse::<Token![=]>()?;
            let word: Ident = input.call(Ident::parse_any)?;
            if !known.contains(&word.to_string().as_str()) {
                let name = word.to_string();
                let meant = did_you_mean(&name, known.iter().copied());
                let message = format!("`{option}` cannot be `{name}`{meant}: it is one of {}", listed(known));
                return Err(syn::Error::new(word.span(), message));
            }
            if place.replace(word).is_some() {
                let message = format!("`{option}` is given twice: remove one of the two");
                return Err(syn::Error::new(option.span(), message));
            }
        }
        Ok(Self { path, derived, on_delete, check })
    }
}

/// A poly type's property: `username: Username`.
pub(crate) struct PolyProp {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

/// What `props(..)` holds.
pub(crate) struct PropsList(pub(crate) Vec<PolyProp>);

impl Parse for PropsList {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let prop = |input: ParseStream<'_>| {
            let name = input.call(Ident::parse_any)?;
            if !input.peek(Token![:]) {
                let message = format!(
                    "a poly property needs a type: write `{}: Type`, with the type of that field in the variants' structs",
                    plain(&name)
                );
                return Err(syn::Error::new(name.span(), message));
            }
            input.parse::<Token![:]>()?;
            Ok(PolyProp { name, ty: input.parse()? })
        };
        Ok(Self(Punctuated::<PolyProp, Token![,]>::parse_terminated_with(input, prop)?.into_iter().collect()))
    }
}

/// A key as it is declared.
pub(crate) struct KeyEntry {
    pub(crate) path: TypedPath,
    pub(crate) primary: Option<Primary>,
    /// The whole entry, for errors about it.
    pub(crate) tokens: TokenStream,
}

/// The keys, indexes and references of one type as they are declared.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) keys: Vec<KeyEntry>,
    pub(crate) indexes: Vec<Vec<PropertyPath>>,
    pub(crate) element_indexes: Vec<PropertyPath>,
    pub(crate) references: Vec<ReferenceEntry>,
}
