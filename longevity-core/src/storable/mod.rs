//! The types of fields: the trait that connects a Rust type with its values, its properties and its description.

mod collections;
mod field;
pub mod kind;
mod options;
mod prop;
mod scalars;

use std::fmt::Debug;

use crate::encoding::{self, Plan};
use crate::value::{Path, Step, ValueRef};

pub use crate::shape::{FieldShape, Leaf, ScalarType, Shape, ShapeFn, VariantShape};
pub use collections::{Collection, MapOf};
#[doc(hidden)]
pub use field::{FieldAccess, HasField};
pub use prop::Prop;

/// A type whose values can be stored: a basic type, a component, a key value, or an option, box, list, set or map of these.
///
/// Implemented by the derives of `Component`, `KeyVal` and `PersistentType`. An implementation by hand is possible, but has to
/// agree with the type's `serde` form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "this is not a basic type, a component, a key value, or an option, box, list, set or map of them",
    note = "if it is your own struct or enum, add `#[derive(Component)]` to it",
    note = "if it is a type of another crate, store its text or its parts in a type of your own that derives `Component`, such as `struct Ip(String);`, and convert",
    note = "for timestamps, use `longevity::Timestamp`, whose stored form sorts in time order; the text that other timestamp types write does not",
    note = "for bytes, use `longevity::Bytes`; for 128-bit integers, which no store has, use text or two numbers"
)]
pub trait Storable: Clone + Debug + Send + Sync + 'static {
    /// The kind of the type, which decides what can be done with a property; see [`kind`].
    type Kind;
    /// The type within all options and boxes.
    type Inner: Storable;
    /// An option of this type, or this type if it is an option. It is the type of a property that may be absent.
    type Optional: Storable;
    /// `Self`. Generated code names it in signatures, so that a missing impl is reported once, at the field.
    #[doc(hidden)]
    type This: Storable;
    /// The properties of the type's own fields, seen from the persistent type `R`.
    type Fields<R: 'static>: 'static;
    /// Whether the type may be a key value or part of one: it holds no float, option, collection or choice with data.
    const KEYABLE: bool;
    /// How many options are between this type and [`Inner`](Self::Inner).
    const OPTIONS: u8 = 0;

    /// The type's structure, one level at a time.
    fn shape() -> Shape;

    /// The properties of the fields, given the path to this type.
    fn fields<R: 'static>(path: &Path) -> Self::Fields<R>;

    /// The property of a field of this type; for generated code.
    #[doc(hidden)]
    fn prop<R: 'static>(path: &Path, step: &'static Step) -> Prop<R, Self> {
        Prop::below(path, step)
    }

    /// The value at the end of the path; [`ValueRef::None`] where an option on the path is `None`.
    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_>;

    /// What the encoding changes in serde's form of the type. The derives keep it in a static where they can.
    #[doc(hidden)]
    fn encoding_plan() -> Option<Plan> {
        encoding::plan(Self::shape)
    }
}

/// The fields of a type without fields.
#[derive(Clone, Copy, Debug)]
pub struct NoFields;
