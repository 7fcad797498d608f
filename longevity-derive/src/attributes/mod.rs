//! Reading attributes. Each entry of a list is parsed on its own, so that one wrong entry does not hide the next.

pub(crate) mod case;
pub(crate) mod persistent;
pub(crate) mod property;
pub(crate) mod serde;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parse;
use syn::{Attribute, Ident, LitStr, Meta};

use crate::errors::Errors;
use crate::names::{did_you_mean, listed, plain};

/// One entry of an attribute's list: `poly`, `table = "users"` or `key(email)`.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) argument: Argument,
    tokens: TokenStream,
}

/// What follows an entry's name.
pub(crate) enum Argument {
    Word,
    Value(TokenStream),
    List(TokenStream),
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

impl Entry {
    /// The entry's name, without `r#`.
    pub(crate) fn word(&self) -> String {
        plain(&self.name)
    }

    /// The string after `=`.
    pub(crate) fn text(&self, errors: &mut Errors) -> Option<LitStr> {
        match &self.argument {
            Argument::Value(value) => match syn::parse2::<LitStr>(value.clone()) {
                Ok(text) => Some(text),
                Err(_) => {
                    errors.on(
                        value,
                        format_args!("`{}` takes a string in quotes: write `{} = \"..\"`", self.name, self.name),
                    );
                    None
                }
            },
            _ => {
                errors.on(self, format_args!("`{}` takes a string: write `{} = \"..\"`", self.name, self.name));
                None
            }
        }
    }

    /// What is between the parentheses.
    pub(crate) fn list<T: Parse>(&self, example: &str, errors: &mut Errors) -> Option<T> {
        match &self.argument {
            Argument::List(list) if !list.is_empty() => errors.ok(syn::parse2(list.clone())),
            _ => {
                errors.on(self, format_args!("`{}` takes a list: write `{example}`", self.name));
                None
            }
        }
    }

    /// Reports a value or a list after a name that takes neither.
    pub(crate) fn alone(&self, errors: &mut Errors) {
        if !matches!(self.argument, Argument::Word) {
            errors.on(self, format_args!("`{}` takes no value and no list: write just `{}`", self.name, self.name));
        }
    }

    /// Reports a name that is not known here.
    pub(crate) fn unknown(&self, attribute: &str, known: &[&str], errors: &mut Errors) {
        let name = self.word();
        let meant = did_you_mean(&name, known.iter().copied());
        let message = match known {
            [] => format!("`#[{attribute}(..)]` takes nothing here: remove `{name}`"),
            known if meant.is_empty() => {
                format!("`#[{attribute}(..)]` has no `{name}` here: it takes {}", listed(known))
            }
            known => format!("`#[{attribute}(..)]` has no `{name}` here{meant} It takes {}", listed(known)),
        };
        errors.on(&self.name, message);
    }
}

/// The entries of all attributes of this name.
pub(crate) fn entries(attributes: &[Attribute], name: &str, errors: &mut Errors) -> Vec<Entry> {
    let mut entries = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        match &attribute.meta {
            Meta::List(list) => {
                for chunk in split_at_commas(list.tokens.clone()) {
                    entries.extend(entry(chunk, name, errors));
                }
            }
            other => errors.on(other, format_args!("`{name}` takes a list: write `#[{name}(..)]`")),
        }
    }
    entries
}

fn entry(tokens: TokenStream, attribute: &str, errors: &mut Errors) -> Option<Entry> {
    let mut rest = tokens.clone().into_iter();
    let name = match rest.next() {
        // Keywords are names too: `crate = ".."`.
        Some(TokenTree::Ident(name)) => name,
        _ => {
            errors.on(tokens, format_args!("expected a name, as in `#[{attribute}(name, name = \"..\", name(..))]`"));
            return None;
        }
    };
    let argument = match (rest.next(), rest.next()) {
        (None, _) => Argument::Word,
        (Some(TokenTree::Punct(equals)), Some(value)) if equals.as_char() == '=' => {
            Argument::Value(std::iter::once(value).chain(rest).collect())
        }
        (Some(TokenTree::Group(group)), None) => Argument::List(group.stream()),
        (Some(other), _) => {
            errors.on(other, format_args!("expected `,`, `=` or `(` after `{name}`"));
            return None;
        }
    };
    Some(Entry { name, argument, tokens })
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut chunks = vec![TokenStream::new()];
    for token in tokens {
        match (&token, chunks.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => chunks.push(TokenStream::new()),
            (_, Some(chunk)) => chunk.extend([token]),
            (_, None) => {}
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// The path in `crate = "..."`, or `::longevity` without one.
#[derive(Default)]
pub(crate) struct Crate(Option<syn::Path>);

impl Crate {
    /// Takes `crate = "..."`.
    pub(crate) fn set(&mut self, entry: &Entry, errors: &mut Errors) {
        if let Some(text) = entry.text(errors) {
            self.0 = errors.ok(text.parse_with(syn::Path::parse_mod_style));
        }
    }

    /// Takes a path that was parsed elsewhere.
    pub(crate) fn set_path(&mut self, path: syn::Path) {
        self.0 = Some(path);
    }

    /// The module that generated code refers to.
    pub(crate) fn private(&self) -> TokenStream {
        match &self.0 {
            Some(path) => quote::quote!(#path::__private),
            None => quote::quote!(::longevity::__private),
        }
    }
}
