//! Types that can hold any value, so that an untyped generator can call the typed operators as a user does.

use std::collections::{BTreeMap, BTreeSet};

use longevity_core::query::{Filter, Prop};
use longevity_core::storable::kind::{self, HasOrder, IsNumber};
use longevity_core::storable::{NoFields, ScalarType, Shape};
use longevity_core::value::{Number, Sum};
use longevity_core::{Path, Step, Storable, Value, ValueRef};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};

/// The type that the queries are over. It has no rows: the untyped form of a query goes to the repository.
pub(crate) enum AnyRow {}

/// The kind of a value that is not a string, list, set or map.
#[derive(Debug)]
pub(super) enum AnyKind {}

impl HasOrder for AnyKind {}

impl IsNumber for AnyKind {
    type Sum = AnySum;
}

/// The type of sums. It holds nothing, because aggregates are read untyped.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnySum;

impl Number for AnySum {
    fn of(_: &Sum) -> Self {
        Self
    }
}

/// The type of a property, which may have options around it.
pub(super) trait AnyOperand: Storable + DeserializeOwned {
    /// The typed value.
    fn of(value: Value) -> Self;

    /// `prop.eq(value)`, with an operand as users write it.
    fn equals(prop: &Prop<AnyRow, Self>, value: Value) -> Filter<AnyRow> {
        prop.eq(Self::of(value))
    }

    /// `prop.is_none()`; false for a property that is not an option.
    fn is_none(_: &Prop<AnyRow, Self>) -> Filter<AnyRow> {
        Filter::nothing()
    }

    /// `prop.is_some()`; false for a property that is not an option.
    fn is_some(_: &Prop<AnyRow, Self>) -> Filter<AnyRow> {
        Filter::nothing()
    }
}

impl<T: AnyOperand> AnyOperand for Option<T> {
    fn of(value: Value) -> Self {
        match value {
            Value::None(0) => None,
            Value::None(depth) => Some(T::of(Value::None(depth - 1))),
            value => Some(T::of(value)),
        }
    }

    fn equals(prop: &Prop<AnyRow, Self>, value: Value) -> Filter<AnyRow> {
        match Self::of(value) {
            // Users may pass a `T` for an `Option<T>`.
            Some(value) => prop.eq(value),
            None => prop.eq(None::<T>),
        }
    }

    fn is_none(prop: &Prop<AnyRow, Self>) -> Filter<AnyRow> {
        prop.is_none()
    }

    fn is_some(prop: &Prop<AnyRow, Self>) -> Filter<AnyRow> {
        prop.is_some()
    }
}

macro_rules! anything {
    ($($(#[$doc:meta])* $name:ident, $kind:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct $name(pub(super) Value);

        impl Storable for $name {
            type Kind = $kind;
            type Inner = Self;
            type Optional = Option<Self>;
            type This = Self;
            type Fields<R: 'static> = NoFields;
            const KEYABLE: bool = false;

            fn shape() -> Shape {
                Shape::Scalar(ScalarType::Bool)
            }

            fn fields<R: 'static>(_: &Path) -> NoFields {
                NoFields
            }

            fn value_at(&self, _: &[&'static Step]) -> ValueRef<'_> {
                self.0.as_value_ref()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(D::Error::custom("values of any type are read untyped"))
            }
        }

        impl AnyOperand for $name {
            fn of(value: Value) -> Self {
                Self(value)
            }
        }
    )*};
}

anything! {
    /// A value that is not a string, list, set or map; or an element or a key of any type.
    AnyValue, AnyKind;
    /// A string.
    AnyText, kind::Text;
}

fn elements(value: Value) -> impl Iterator<Item = AnyValue> {
    let elements = match value {
        Value::List(elements) => elements,
        _ => Vec::new(),
    };
    elements.into_iter().map(AnyValue)
}

impl AnyOperand for Vec<AnyValue> {
    fn of(value: Value) -> Self {
        elements(value).collect()
    }
}

impl AnyOperand for BTreeSet<AnyValue> {
    fn of(value: Value) -> Self {
        elements(value).collect()
    }
}

impl AnyOperand for BTreeMap<AnyValue, AnyValue> {
    fn of(value: Value) -> Self {
        let entries = match value {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        };
        entries.into_iter().map(|(key, value)| (AnyValue(key), AnyValue(value))).collect()
    }
}
