//! Options and boxes, through which a path leads without a step.

use super::{NoFields, Shape, Storable, kind};
use crate::value::{Path, Step, ValueRef};

impl<T: Storable> Storable for Option<T> {
    type Kind = kind::Optional<T::Kind>;
    type Inner = T::Inner;
    type Optional = Self;
    type This = Self;
    // Lazy, so that recursive components end. `Prop::some` leads into the option.
    type Fields<R: 'static> = NoFields;
    const KEYABLE: bool = false;
    const OPTIONS: u8 = T::OPTIONS + 1;

    fn shape() -> Shape {
        Shape::Optional(T::shape)
    }

    fn fields<R: 'static>(_: &Path) -> NoFields {
        NoFields
    }

    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        match self {
            None => ValueRef::NONE,
            Some(value) => match value.value_at(path) {
                ValueRef::None(depth) if path.is_empty() => ValueRef::None(depth.saturating_add(1)),
                value => value,
            },
        }
    }
}

impl<T: Storable> Storable for Box<T> {
    type Kind = T::Kind;
    type Inner = T::Inner;
    type Optional = T::Optional;
    type This = Self;
    // Lazy for the same reason. `Prop::inner` leads into the box.
    type Fields<R: 'static> = NoFields;
    const KEYABLE: bool = T::KEYABLE;
    const OPTIONS: u8 = T::OPTIONS;

    fn shape() -> Shape {
        T::shape()
    }

    fn fields<R: 'static>(_: &Path) -> NoFields {
        NoFields
    }

    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        (**self).value_at(path)
    }
}
