//! Keys, indexes and references, checked against the properties that exist.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Ident, Type};

use super::field::Field;
use crate::attributes::property::{Declared, Primary, PropertyPath, ReferenceEntry};
use crate::errors::Errors;
use crate::names::{did_you_mean, listed, plain, text};

/// A property at which paths may start: a field, or a poly property.
pub(crate) struct Property<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
}

/// The properties at which the paths of one type may start.
pub(crate) struct Properties<'a> {
    /// The type's name, and what its properties are called.
    pub(crate) owner: String,
    pub(crate) called: &'static str,
    pub(crate) all: Vec<Property<'a>>,
    /// The end of the error for an unknown property: what to write instead.
    pub(crate) instead: &'static str,
}

/// The keys, indexes and references of one type.
#[derive(Default)]
pub(crate) struct Declaration {
    pub(crate) keys: Vec<Key>,
    pub(crate) indexes: Vec<Vec<PropertyPath>>,
    pub(crate) element_indexes: Vec<PropertyPath>,
    pub(crate) references: Vec<ReferenceEntry>,
}

/// A key.
pub(crate) struct Key {
    pub(crate) path: PropertyPath,
    /// The key value's type.
    pub(crate) ty: Type,
    /// The type of the path's first property.
    pub(crate) first_ty: Type,
    pub(crate) primary: Option<Primary>,
}

impl Declaration {
    /// Checks the declared keys, indexes and references, and leaves the wrong ones out.
    pub(crate) fn of(declared: Declared, properties: &Properties<'_>, errors: &mut Errors) -> Self {
        let mut keys: Vec<Key> = Vec::new();
        for entry in declared.keys {
            let path = entry.path.path;
            let Some(first) = properties.find(&path, errors) else { continue };
            let ty = match (&entry.path.ty, path.rest.is_empty()) {
                (None, true) => first.ty.clone(),
                (Some(ty), true) if text(ty) != text(first.ty) => {
                    let (name, there) = (path.text(), text(first.ty));
                    errors
                        .on(ty, format_args!("the type of `{name}` is `{there}`: write `key({name})`, without a type"));
                    continue;
                }
                (Some(ty), _) => ty.clone(),
                (None, false) => {
                    let name = path.text();
                    errors.on(
                        &path,
                        format_args!("the derive cannot see the type of a nested property: write `key({name}: Type)`"),
                    );
                    continue;
                }
            };
            if let Some(primary) = entry.primary.as_ref().and(keys.iter().find(|key| key.primary.is_some())) {
                let other = primary.path.text();
                errors.on(
                    &entry.tokens,
                    format_args!(
                        "there can be only one primary key, and `{other}` already is the primary key: write `key({})`",
                        path.text()
                    ),
                );
                continue;
            }
            if let Some(other) = keys.iter().find(|key| text(&key.ty) == text(&ty)) {
                let (ty, other, path) = (text(&ty), other.path.text(), path.text());
                let message = if other == path {
                    format!("`{path}` is already a key: remove one of the two")
                } else {
                    format!(
                        "`{other}` and `{path}` are both keys of type `{ty}`, so `retrieve(&{ty})` could mean either: give one of them a key value type of its own"
                    )
                };
                errors.on(&entry.tokens, message);
                continue;
            }
            keys.push(Key { path, ty, first_ty: first.ty.clone(), primary: entry.primary });
        }
        let mut indexes: Vec<Vec<PropertyPath>> = Vec::new();
        for paths in declared.indexes {
            // This does not stop at the first unknown property, so that all are reported.
            let found = paths.iter().filter(|path| properties.find(path, errors).is_some()).count();
            let texts = |paths: &[PropertyPath]| paths.iter().map(PropertyPath::text).collect::<Vec<_>>();
            let of = texts(&paths);
            if let Some((position, path)) =
                of.iter().enumerate().find(|(position, path)| of[..*position].contains(*path))
            {
                errors.on(&paths[position], format_args!("`{path}` is already in this index: remove one of the two"));
            } else if indexes.iter().any(|other| texts(other) == of) {
                errors.on(Paths(&paths), "there is already an index on the same properties: remove one of the two");
            } else if found == paths.len() {
                indexes.push(paths);
            }
        }
        let mut element_indexes: Vec<PropertyPath> = Vec::new();
        for path in declared.element_indexes {
            let name = path.text();
            if properties.find(&path, errors).is_none() {
            } else if element_indexes.iter().any(|other| other.text() == name) {
                errors.on(
                    &path,
                    format_args!("there is already an index of the elements of `{name}`: remove one of the two"),
                );
            } else {
                element_indexes.push(path);
            }
        }
        let mut references: Vec<ReferenceEntry> = Vec::new();
        for reference in declared.references {
            let name = reference.path.text();
            if properties.find(&reference.path, errors).is_none() {
            } else if references.iter().any(|other| other.path.text() == name) {
                errors.on(&reference.path, format_args!("`{name}` is already a reference: remove one of the two"));
            } else {
                references.push(reference);
            }
        }
        Self { keys, indexes, element_indexes, references }
    }
}

impl Declaration {
    /// Without the keys, indexes and references on fields whose types were refused, so that one mistake is reported once.
    pub(crate) fn without_refused(mut self, fields: &[Field]) -> Self {
        let refused: Vec<_> = fields.iter().filter(|field| field.refused).map(|field| &field.name).collect();
        let is_left = |path: &PropertyPath| !refused.contains(&&plain(&path.first));
        self.keys.retain(|key| is_left(&key.path));
        self.indexes.retain(|paths| paths.iter().all(is_left));
        self.element_indexes.retain(is_left);
        self.references.retain(|reference| is_left(&reference.path));
        self
    }
}

impl Properties<'_> {
    fn find(&self, path: &PropertyPath, errors: &mut Errors) -> Option<&Property<'_>> {
        let name = plain(&path.first);
        let found = self.all.iter().find(|property| plain(property.name) == name);
        if found.is_none() {
            let names: Vec<String> = self.all.iter().map(|property| plain(property.name)).collect();
            let meant = did_you_mean(&name, names.iter().map(String::as_str));
            let there = match &names[..] {
                [] => "it has none".to_owned(),
                names => format!("it has {}", listed(names)),
            };
            let Self { owner, called, instead, .. } = self;
            let there = if meant.is_empty() { format!("; {there}") } else { format!(" ({there})") };
            errors.on(&path.first, format_args!("`{owner}` has no {called} `{name}`{meant}{there}{instead}"));
        }
        found
    }
}

struct Paths<'a>(&'a [PropertyPath]);

impl ToTokens for Paths<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.iter().for_each(|path| path.to_tokens(tokens));
    }
}
