//! The basic types except strings. The edges of their ranges are drawn often.

use longevity_core::{Bytes, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::strategy::{BoxedStrategy, Strategy};
use uuid::Uuid;

use super::budget::{by_weight, rarely_long};
use super::{Generate, Generators};

/// One of the strategies, as often as its weight says.
macro_rules! weighted {
    ($($weight:literal => $strategy:expr),* $(,)?) => {
        by_weight(prop_oneof![$($weight => $strategy),*].boxed(), vec![$(($weight, $strategy.boxed())),*])
    };
}

macro_rules! integers {
    ($($type:ident)*) => {$(
        impl Generate for $type {
            fn strategy(_: &Generators) -> BoxedStrategy<Self> {
                let zero: $type = 0;
                weighted![
                    5 => any::<$type>(),
                    3 => 0..=100 as $type,
                    1 => Just($type::MIN),
                    1 => Just($type::MAX),
                    // Next to zero, and next to the sign bit of a type of the same width.
                    1 => Just(zero.wrapping_sub(1)),
                    1 => Just($type::MAX / 2 + 1),
                ]
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl Generate for bool {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        any::<bool>().boxed()
    }
}

impl Generate for char {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        super::text::any_char()
    }
}

impl Generate for f64 {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        weighted![
            4 => any::<u64>().prop_map(f64::from_bits),
            4 => (-1_000_000..1_000_000_i64).prop_map(|number| number as f64 / 64.0),
            1 => Just(0.0),
            1 => Just(-0.0),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => Just(f64::from_bits(1)),
            1 => Just(-f64::MIN_POSITIVE / 2.0),
            1 => Just(f64::MAX),
            // The first integer that a float cannot hold.
            1 => Just(9_007_199_254_740_993_i64 as f64),
        ]
    }
}

impl Generate for f32 {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        weighted![
            4 => any::<u32>().prop_map(f32::from_bits).prop_filter("only quiet NaN", |number| !number.is_nan()),
            4 => (-10_000..10_000_i16).prop_map(|number| f32::from(number) / 10.0),
            1 => Just(-0.0),
            1 => Just(f32::NAN),
            1 => Just(f32::INFINITY),
            1 => Just(f32::NEG_INFINITY),
            1 => Just(f32::from_bits(1)),
            1 => Just(f32::MAX),
        ]
    }
}

impl Generate for Bytes {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        let any_length = weighted![
            8 => vec(any::<u8>(), 0..24).prop_map(Bytes::from),
            1 => Just(Bytes::from([0_u8; 3])),
            1 => vec(any::<u8>(), 300..600).prop_map(Bytes::from),
        ];
        let short = vec(any::<u8>(), 0..12).prop_map(Bytes::from);
        rarely_long(any_length.boxed(), short.boxed())
    }
}

impl Generate for Uuid {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        weighted![
            8 => any::<u128>().prop_map(Uuid::from_u128),
            1 => Just(Uuid::nil()),
            1 => Just(Uuid::from_u128(u128::MAX)),
        ]
    }
}

impl Generate for Timestamp {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        fn instant((seconds, nanoseconds): (i64, i32)) -> Timestamp {
            Timestamp::from_unix(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
        }
        let (first, last) = (Timestamp::MIN.unix_seconds() + 1, Timestamp::MAX.unix_seconds() - 1);
        weighted![
            4 => (first..last, 0..1_000_000_000).prop_map(instant),
            // The same second with one to nine digits after the point: text without trailing zeros does not sort.
            4 => (1_700_000_000..1_700_000_003_i64, 0..9_u32)
                .prop_map(|(seconds, digits)| instant((seconds, 10_i32.pow(digits)))),
            1 => (-3..0_i64, -999_999_999..=0).prop_map(instant),
            1 => Just(Timestamp::UNIX_EPOCH),
            1 => Just(Timestamp::MIN),
            1 => Just(Timestamp::MAX),
        ]
    }
}
