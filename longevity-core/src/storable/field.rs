//! The fields of a struct, for derives that cannot see its definition.

use crate::value::Step;

/// States that `Self` has a field of type `T` whose Rust name hashes to `NAME`. The derives write one impl per field, so that
/// other derives can refer to fields that they cannot see.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no field of this name with the type `{T}`",
    label = "the path to a key leads through fields of components that are always present",
    note = "it cannot lead through an option, list, set or map, and it ends at a field of the type that the key is declared with"
)]
#[doc(hidden)]
pub trait HasField<const NAME: u64, T> {
    /// The field's stored name.
    const STEP: &'static Step;

    fn field(&self) -> &T;

    fn field_mut(&mut self) -> &mut T;
}

/// A box has the fields of its content.
#[diagnostic::do_not_recommend]
impl<const NAME: u64, T, S: HasField<NAME, T>> HasField<NAME, T> for Box<S> {
    const STEP: &'static Step = S::STEP;

    fn field(&self) -> &T {
        (**self).field()
    }

    fn field_mut(&mut self) -> &mut T {
        (**self).field_mut()
    }
}

/// The access to a field of `S`; for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldAccess<S, T> {
    /// The field's stored name.
    pub step: &'static Step,
    pub field: fn(&S) -> &T,
    pub field_mut: fn(&mut S) -> &mut T,
}

impl<S, T> FieldAccess<S, T> {
    /// The access to the field whose Rust name hashes to `NAME`.
    pub const fn of<const NAME: u64>() -> Self
    where
        S: HasField<NAME, T>,
    {
        Self { step: S::STEP, field: S::field, field_mut: S::field_mut }
    }
}
