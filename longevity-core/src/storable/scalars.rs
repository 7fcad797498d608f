//! The basic types.

use uuid::Uuid;

use super::{NoFields, ScalarType, Shape, Storable, kind};
use crate::encoding::Plan;
use crate::value::{Bytes, Path, Step, Timestamp, ValueRef};

macro_rules! scalar {
    ($($type:ty, $scalar:ident, $kind:ident, $keyable:literal, |$value:ident| $read:expr;)*) => {$(
        impl Storable for $type {
            type Kind = kind::$kind;
            type Inner = Self;
            type Optional = Option<Self>;
            type This = Self;
            type Fields<R: 'static> = NoFields;
            const KEYABLE: bool = $keyable;

            fn shape() -> Shape {
                Shape::Scalar(ScalarType::$scalar)
            }

            fn fields<R: 'static>(_: &Path) -> NoFields {
                NoFields
            }

            #[inline]
            fn value_at(&self, _: &[&'static Step]) -> ValueRef<'_> {
                let $value = self;
                $read
            }

            fn encoding_plan() -> Option<Plan> {
                None
            }
        }
    )*};
}

scalar! {
    bool, Bool, Scalar, true, |value| ValueRef::Bool(*value);
    i8, I8, Integer, true, |value| ValueRef::Int(i64::from(*value));
    i16, I16, Integer, true, |value| ValueRef::Int(i64::from(*value));
    i32, I32, Integer, true, |value| ValueRef::Int(i64::from(*value));
    i64, I64, Integer, true, |value| ValueRef::Int(*value);
    // No platform that Rust supports has pointers of more than 64 bits.
    isize, Isize, Integer, true, |value| ValueRef::Int(*value as i64);
    u8, U8, Integer, true, |value| ValueRef::Int(i64::from(*value));
    u16, U16, Integer, true, |value| ValueRef::Int(i64::from(*value));
    u32, U32, Integer, true, |value| ValueRef::Int(i64::from(*value));
    u64, U64, Integer, true, |value| ValueRef::UInt(*value);
    usize, Usize, Integer, true, |value| ValueRef::UInt(*value as u64);
    f32, F32, Float, false, |value| ValueRef::Float(f64::from(*value));
    f64, F64, Float, false, |value| ValueRef::Float(*value);
    char, Char, Scalar, true, |value| ValueRef::Char(*value);
    String, String, Text, true, |value| ValueRef::Text(value);
    Bytes, Bytes, Scalar, true, |value| ValueRef::Bytes(value);
    Uuid, Uuid, Scalar, true, |value| ValueRef::Uuid(*value);
    Timestamp, Timestamp, Scalar, true, |value| ValueRef::Timestamp(*value);
}
