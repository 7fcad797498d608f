//! serde's attributes: those that rename and those about what is read are honoured, those that would change the stored
//! form are refused.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::{Attribute, ExprPath, LitStr, MetaNameValue, Token};

use super::case::Case;
use super::{Entry, Form, entries};
use crate::errors::Errors;
use crate::names::plain;

/// What serde's attributes say of a struct, an enum or a variant.
#[derive(Default)]
pub(crate) struct ContainerSerde {
    /// The convention for the fields of a struct or variant, or for the variants of an enum.
    pub(crate) rename_all: Option<Case>,
    /// The convention for the fields of an enum's variants.
    pub(crate) rename_all_fields: Option<Case>,
    /// A variant's name.
    pub(crate) rename: Option<LitStr>,
    /// A variant's other names.
    pub(crate) aliases: Vec<LitStr>,
    /// Where a struct's fields come from that are not there.
    pub(crate) default: Option<Absent>,
}

/// Where the value comes from of what a document lacks.
#[derive(Clone)]
pub(crate) enum Absent {
    /// `Default::default()`
    Default,
    /// This function.
    Path(ExprPath),
}

/// What serde's attributes say of a field.
#[derive(Default)]
pub(crate) struct FieldSerde {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: Option<Absent>,
}

/// What a container is, as far as serde's attributes go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A struct with named fields, or without fields.
    Record,
    /// A tuple struct with one field.
    Newtype,
    /// An enum component.
    Enum,
    /// A poly type, whose own serde form is not what is stored.
    Poly,
    /// A variant of either.
    Variant,
}

impl ContainerSerde {
    /// Reads serde's attributes of a container.
    pub(crate) fn of(attributes: &[Attribute], container: Container, errors: &mut Errors) -> Self {
        let mut this = Self::default();
        for entry in entries(attributes, "serde", errors) {
            match entry.word().as_str() {
                "rename_all" => this.rename_all = case(&entry, errors),
                "rename_all_fields" => this.rename_all_fields = case(&entry, errors),
                "rename" => this.rename = both_ways(&entry, errors),
                "alias" if container == Container::Variant => this.aliases.extend(entry.text(errors)),
                "default" if container == Container::Record => this.default = absent(&entry),
                "transparent" if container == Container::Newtype => {}
                "alias" | "bound" | "crate" | "default" | "deny_unknown_fields" | "expecting" => {}
                _ if container == Container::Poly => {}
                name => refuse(&entry, name, errors),
            }
        }
        this
    }
}

impl FieldSerde {
    /// Reads serde's attributes of a field.
    pub(crate) fn of(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self::default();
        for entry in entries(attributes, "serde", errors) {
            match entry.word().as_str() {
                "rename" => this.rename = both_ways(&entry, errors),
                "alias" => this.aliases.extend(entry.text(errors)),
                "default" => this.default = absent(&entry),
                "bound" => {}
                name => refuse(&entry, name, errors),
            }
        }
        this
    }
}

/// `default` or `default = "path"`. What is no path is serde's to report.
fn absent(entry: &Entry) -> Option<Absent> {
    match &entry.form {
        Form::Word => Some(Absent::Default),
        Form::Value(value) => syn::parse2::<LitStr>(value.clone()).ok()?.parse().ok().map(Absent::Path),
        Form::List(_) => None,
    }
}

/// Where a field's name was given.
pub(crate) struct Renamed {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl From<LitStr> for Renamed {
    fn from(text: LitStr) -> Self {
        Self { name: text.value(), span: text.span() }
    }
}

fn refuse(entry: &Entry, name: &str, errors: &mut Errors) {
    let reason = match name {
        "tag" | "content" | "untagged" => {
            "an enum has one stored form, so that filters and documents agree: remove it; the variant's name is stored with what it holds"
        }
        "transparent" => {
            "a struct with named fields is stored with them: make it a newtype, `struct Name(Type);`, or remove this"
        }
        "flatten" => "a field is stored under its own name, where its properties look for it: remove it",
        "skip" | "skip_serializing" | "skip_deserializing" | "skip_serializing_if" => {
            "every field is stored, so that what comes back is what was stored and filters find it: remove it, or keep the field in another type"
        }
        "with" | "serialize_with" | "deserialize_with" | "getter" => {
            "a field is stored in the form of its type, which filters and indexes use too: remove it; for a form of its own, give the field a type of yours that holds that form and derives `Component`, such as `struct Ip(String);`, and convert"
        }
        "from" | "try_from" | "into" | "remote" => {
            "a type is stored as it is declared, which is how filters and indexes see it: remove it"
        }
        "other" => "an unknown variant is an error, which loses nothing: remove it",
        "borrow" => "a stored value owns what it holds: remove it",
        _ => "longevity does not know whether this serde attribute changes what is stored: remove it",
    };
    errors.on(entry, format_args!("`#[serde({name})]` cannot be on a stored type: {reason}"));
}

fn case(entry: &Entry, errors: &mut Errors) -> Option<Case> {
    let text = both_ways(entry, errors)?;
    // An unknown convention is serde's to report.
    Case::named(&text.value())
}

/// The text of `rename = ".."` or `rename(serialize = "..", deserialize = "..")`, which have to be the same.
fn both_ways(entry: &Entry, errors: &mut Errors) -> Option<LitStr> {
    let Form::List(list) = &entry.form else { return entry.text(errors) };
    let parser = Punctuated::<MetaNameValue, Token![,]>::parse_terminated;
    let pairs = errors.ok(syn::parse::Parser::parse2(parser, list.clone()))?;
    let text = |way: &str| {
        let pair = pairs.iter().find(|pair| pair.path.is_ident(way))?;
        let value = &pair.value;
        syn::parse2::<LitStr>(quote::quote!(#value)).ok()
    };
    match (text("serialize"), text("deserialize")) {
        (Some(there), Some(back)) if there.value() == back.value() => Some(there),
        _ => {
            let name = plain(&entry.name);
            errors.on(
                entry,
                format_args!(
                    "what is stored is read back under the same name: write `{name} = \"..\"` for both directions"
                ),
            );
            None
        }
    }
}
