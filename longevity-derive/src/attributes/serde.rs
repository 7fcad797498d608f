//! serde's attributes. Attributes that rename and attributes that only affect reading are honoured; attributes that would change
//! the stored form are refused.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::{Attribute, ExprPath, LitStr, MetaNameValue, Token};

use super::case::Case;
use super::{Argument, Entry, entries};
use crate::errors::Errors;
use crate::names::plain;

/// What serde's attributes say about a struct, an enum or a variant.
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
    /// Where the values of a struct's absent fields come from.
    pub(crate) default: Option<Absent>,
}

/// Where the value of a field comes from if the document lacks it.
#[derive(Clone)]
pub(crate) enum Absent {
    /// `Default::default()`
    Default,
    /// This function.
    Path(ExprPath),
}

/// What serde's attributes say about a field.
#[derive(Default)]
pub(crate) struct FieldSerde {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: Option<Absent>,
}

/// The kinds of containers that differ in which of serde's attributes they allow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A struct with named fields, or without fields.
    Record,
    /// A tuple struct with one field.
    Newtype,
    /// An enum component.
    Enum,
    /// A poly type, whose own serde form is not the stored form.
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

/// `default` or `default = "path"`. serde's derive reports a value that is not a path.
fn absent(entry: &Entry) -> Option<Absent> {
    match &entry.argument {
        Argument::Word => Some(Absent::Default),
        Argument::Value(value) => syn::parse2::<LitStr>(value.clone()).ok()?.parse().ok().map(Absent::Path),
        Argument::List(_) => None,
    }
}

/// A field's name, and where it was given.
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
            "an enum has one stored form, which is the variant's name with the data that it holds, so that filters and documents agree: remove the attribute"
        }
        "transparent" => {
            "a struct with named fields is stored as a document of them: remove the attribute, or make the struct a newtype, `struct Name(Type);`"
        }
        "flatten" => "a field is stored under its own name, where its properties look for it: remove the attribute",
        "skip" | "skip_serializing" | "skip_deserializing" | "skip_serializing_if" => {
            "every field is stored, so that it is read back unchanged and filters find it: remove the attribute, or move the field to a type that is not stored"
        }
        "with" | "serialize_with" | "deserialize_with" | "getter" => {
            "a field is stored in the form of its type, which filters and indexes use too: remove the attribute; to store another form, give the field a type of your own that holds that form and derives `Component`, such as `struct Ip(String);`, and convert"
        }
        "from" | "try_from" | "into" | "remote" => {
            "a type is stored as it is declared, and filters and indexes rely on that: remove the attribute"
        }
        "other" => "an unknown variant is an error, so that no data is lost: remove the attribute",
        "borrow" => "a stored value owns its data: remove the attribute",
        _ => "longevity does not know whether this serde attribute changes the stored form: remove the attribute",
    };
    errors.on(entry, format_args!("`#[serde({name})]` is not allowed on a stored type: {reason}"));
}

fn case(entry: &Entry, errors: &mut Errors) -> Option<Case> {
    let text = both_ways(entry, errors)?;
    // serde's derive reports an unknown convention.
    Case::named(&text.value())
}

/// The string of `rename = ".."`, or of `rename(serialize = "..", deserialize = "..")` if both are the same.
fn both_ways(entry: &Entry, errors: &mut Errors) -> Option<LitStr> {
    let Argument::List(list) = &entry.argument else { return entry.text(errors) };
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
                    "names have to be the same when stored and when read back: write `{name} = \"..\"`, which is for both directions"
                ),
            );
            None
        }
    }
}
