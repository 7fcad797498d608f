//! Key values: what they identify and what they hold.

use syn::{Data, DeriveInput, Type};

use super::Container;
use super::component::{Body, of_enum, of_struct};
use super::model::listed;
use crate::attributes::Crate;
use crate::errors::Errors;
use crate::names::text;

/// A key value.
pub(crate) struct KeyVal {
    pub(crate) container: Container,
    /// The persistent type that it identifies.
    pub(crate) of: Option<Type>,
    pub(crate) body: Option<Body>,
}

impl KeyVal {
    /// The checked tree of a key value.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut krate = Crate::default();
        let mut types = listed(&input.attrs, "key_val", &mut krate, errors);
        let named = types.len();
        types.retain(|ty| text(ty) != "deserialized_by_hand");
        let by_hand = types.len() < named;
        let mut types = types.into_iter();
        let of = types.next();
        if of.is_none() {
            errors.on(
                &input.ident,
                format_args!(
                    "a key value names the persistent type that it identifies: write `#[key_val(User)]` above `{}`",
                    input.ident
                ),
            );
        }
        for other in types {
            errors.on(
                other,
                "a key value identifies one persistent type: remove this type, and give it a key value of its own",
            );
        }
        let mut container = Container::of(input, krate.private(), errors);
        container.by_hand = by_hand;
        let body = match &input.data {
            Data::Struct(data) => {
                let body = of_struct(input, &data.fields, "key_val", errors);
                if matches!(&body, Some(Body::Record(fields)) if fields.is_empty()) {
                    errors.on(
                        &input.ident,
                        "a key value without fields has only one value and identifies nothing: write `struct Name(String);`",
                    );
                }
                body
            }
            Data::Enum(_) => match of_enum(input, "key_val", errors) {
                Some(Body::Sum(_)) => {
                    errors.on(
                        &input.ident,
                        "a key value cannot be an enum with data: make it a struct, whose fields may be enums of units",
                    );
                    None
                }
                body => body,
            },
            Data::Union(data) => {
                errors.on(
                    data.union_token,
                    "a union cannot be stored, because it does not say which of its fields is set: use a struct",
                );
                None
            }
        };
        Self { container, of, body }
    }
}
