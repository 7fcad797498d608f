//! The right-hand sides of comparisons.

use crate::storable::Storable;
use crate::value::Value;

/// A value that a property of type `T` can be compared with: a `T`, a `&T`, a `&str` for a `String`, a `T` for an
/// `Option<T>`.
#[diagnostic::on_unimplemented(
    message = "a property of type `{T}` cannot be compared with a value of type `{Self}`",
    label = "expected `{T}`, or a reference to one"
)]
pub trait Operand<T: ?Sized> {
    /// The value, owned.
    fn into_operand(self) -> Value;
}

impl<T: Storable> Operand<T> for T {
    fn into_operand(self) -> Value {
        self.value_at(&[]).to_value()
    }
}

impl<T: Storable> Operand<T> for &T {
    fn into_operand(self) -> Value {
        self.value_at(&[]).to_value()
    }
}

impl<T: Storable> Operand<Option<T>> for T {
    fn into_operand(self) -> Value {
        Some(self).value_at(&[]).to_value()
    }
}

impl<T: Storable> Operand<Option<T>> for &T {
    fn into_operand(self) -> Value {
        match self.value_at(&[]).to_value() {
            Value::None(depth) => Value::None(depth.saturating_add(1)),
            value => value,
        }
    }
}

impl Operand<String> for &str {
    fn into_operand(self) -> Value {
        Value::Text(self.into())
    }
}

impl Operand<Option<String>> for &str {
    fn into_operand(self) -> Value {
        Value::Text(self.into())
    }
}
