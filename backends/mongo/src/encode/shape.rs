//! What the shape of a type says about how its values are stored.

use longevity_core::storable::{ScalarType, Shape, ShapeFn};

/// The key of the value inside an option in an option.
pub(crate) const SOME: &str = "_some";

/// The number of options around the type, and the type inside them.
pub(crate) fn strip_options(shape: ShapeFn) -> (usize, ShapeFn) {
    let (mut options, mut shape) = (0, shape);
    loop {
        match shape() {
            Shape::Newtype { inner, .. } => shape = inner,
            Shape::Optional(inner) => (options, shape) = (options + 1, inner),
            _ => return (options, shape),
        }
    }
}

/// Whether two values of the type are equal exactly if their encodings are, whichever version of the model wrote them.
pub(crate) fn is_flat(shape: ShapeFn) -> bool {
    match strip_options(shape).1() {
        Shape::Scalar(_) => true,
        Shape::Choice { aliases, .. } => aliases.is_empty(),
        Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => false,
    }
}

/// Whether the type is a timestamp, the only scalar that is stored as an object.
pub(crate) fn is_instant(shape: &Shape) -> bool {
    matches!(shape, Shape::Scalar(ScalarType::Timestamp))
}
