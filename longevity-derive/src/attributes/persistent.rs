//! `#[persistent(...)]` on structs, enums and variants.

use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitStr, Token, Type};

use super::property::{Declared, IndexList, KeyEntry, KeyList, PolyProp, PrimaryKeyList, PropsList, ReferenceEntry};
use super::{Crate, Entry, entries};
use crate::errors::Errors;

/// What the attribute says about a struct or an enum. The tree checks which entries are allowed where.
#[derive(Default)]
pub(crate) struct PersistentAttribute {
    pub(crate) krate: Crate,
    pub(crate) table: Option<LitStr>,
    pub(crate) module: Option<LitStr>,
    pub(crate) poly: bool,
    pub(crate) derived: Option<Type>,
    /// Whether the struct's `Deserialize` is written by hand.
    pub(crate) by_hand: bool,
    pub(crate) props: Vec<PolyProp>,
    pub(crate) declared: Declared,
}

const ON_STRUCT: &[&str] =
    &["table", "derived", "key", "primary_key", "index", "reference", "deserialized_by_hand", "crate"];
const ON_ENUM: &[&str] = &["poly", "props", "table", "module", "key", "primary_key", "index", "reference", "crate"];
const ON_VARIANT: &[&str] = &["discriminator", "alias", "key", "index", "reference"];

impl PersistentAttribute {
    /// Reads the attribute of a struct.
    pub(crate) fn of_struct(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self::default();
        for entry in entries(attributes, "persistent", errors) {
            match entry.word().as_str() {
                "table" => set(&mut this.table, &entry, errors),
                "derived" => this.derive(&entry, errors),
                "deserialized_by_hand" => {
                    entry.alone(errors);
                    this.by_hand = true;
                }
                "crate" => this.krate.set(&entry, errors),
                "poly" => errors.on(
                    &entry,
                    "only an enum can be a poly type: remove `poly`, or write `derived(Name)` if a variant of the poly type `Name` holds this struct",
                ),
                "props" => errors.on(&entry, "a struct's properties are its fields: remove `props(..)`"),
                _ if this.declared.takes(&entry, errors) => {}
                _ => entry.unknown("persistent", ON_STRUCT, errors),
            }
        }
        this
    }

    /// Reads the attribute of an enum.
    pub(crate) fn of_enum(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self::default();
        for entry in entries(attributes, "persistent", errors) {
            match entry.word().as_str() {
                "poly" => {
                    entry.alone(errors);
                    this.poly = true;
                }
                "props" => {
                    if let Some(PropsList(props)) = entry.list("props(username: Username)", errors) {
                        this.props.extend(props);
                    }
                }
                "table" => set(&mut this.table, &entry, errors),
                "module" => set(&mut this.module, &entry, errors),
                "crate" => this.krate.set(&entry, errors),
                "derived" => errors.on(
                    &entry,
                    "an enum cannot be a derived type: make it a poly type with `poly`, or derive `Component` instead",
                ),
                _ if this.declared.takes(&entry, errors) => {}
                _ => entry.unknown("persistent", ON_ENUM, errors),
            }
        }
        this
    }

    fn derive(&mut self, entry: &Entry, errors: &mut Errors) {
        let Some(ty) = entry.list::<OneType>("derived(User)", errors) else { return };
        if self.derived.is_some() {
            errors.on(entry, "a struct can be derived from only one poly type: remove one of the two");
        } else {
            self.derived = Some(ty.0);
        }
    }
}

/// What the attribute says about a variant.
#[derive(Default)]
pub(crate) struct VariantAttribute {
    pub(crate) discriminator: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) declared: Declared,
}

impl VariantAttribute {
    /// Reads the attribute of a poly type's variant.
    pub(crate) fn of(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self::default();
        for entry in entries(attributes, "persistent", errors) {
            match entry.word().as_str() {
                "discriminator" => set(&mut this.discriminator, &entry, errors),
                "alias" => this.aliases.extend(entry.text(errors)),
                "primary_key" => errors.on(
                    &entry,
                    "a primary key identifies every row of the table: declare it on the enum, for one of the properties in its `props(..)`",
                ),
                _ if this.declared.takes(&entry, errors) => {}
                _ => entry.unknown("persistent", ON_VARIANT, errors),
            }
        }
        this
    }
}

impl Declared {
    /// Takes the entry if it is a key, an index or a reference.
    fn takes(&mut self, entry: &Entry, errors: &mut Errors) -> bool {
        match entry.word().as_str() {
            "key" => {
                if let Some(KeyList(path)) = entry.list("key(username)", errors) {
                    self.keys.push(KeyEntry { path, primary: None, tokens: entry.to_token_stream() });
                }
            }
            "primary_key" => {
                if let Some(PrimaryKeyList(path, primary)) = entry.list("primary_key(id)", errors) {
                    self.keys.push(KeyEntry { path, primary: Some(primary), tokens: entry.to_token_stream() });
                }
            }
            "index" => match entry.list("index(profile.tagline)", errors) {
                Some(IndexList::Properties(paths)) => self.indexes.push(paths),
                Some(IndexList::Elements(path)) => self.element_indexes.push(path),
                None => {}
            },
            "reference" => self.references.extend(entry.list::<ReferenceEntry>("reference(author)", errors)),
            _ => return false,
        }
        true
    }
}

fn set(text: &mut Option<LitStr>, entry: &Entry, errors: &mut Errors) {
    if text.is_some() {
        errors.on(entry, format_args!("`{}` is given twice: remove one of the two", entry.name));
    } else {
        *text = entry.text(errors);
    }
}

/// One type between parentheses.
struct OneType(Type);

impl Parse for OneType {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let types = Punctuated::<Type, Token![,]>::parse_terminated(input)?;
        let mut types = types.into_iter();
        match (types.next(), types.next()) {
            (Some(ty), None) => Ok(Self(ty)),
            (_, Some(more)) => Err(syn::Error::new_spanned(more, "expected only one type, as in `derived(User)`")),
            (None, None) => Err(input.error("expected a type, as in `derived(User)`")),
        }
    }
}
