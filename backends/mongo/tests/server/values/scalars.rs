//! Every basic type with its extreme values: alone, with an index, and in one and two options.

use longevity::prelude::*;
use uuid::Uuid;

use super::asking::Rows;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
enum Weekday {
    Tuesday,
    #[serde(rename = "$monday.")]
    Monday,
    #[serde(rename = "%")]
    Sunday,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Celsius(f64);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Keeper)]
struct Pair {
    name: String,
    number: u64,
    at: Timestamp,
}

/// The type with the key whose values the other types contain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(pair))]
struct Keeper {
    pair: Pair,
}

macro_rules! tables {
    ($($field:ident: $type:ty = $values:expr;)*) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        struct Plain { $($field: $type,)* }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent($(index($field)),*)]
        struct Indexed { $($field: $type,)* }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        struct Maybe { $($field: Option<$type>,)* }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent($(index($field)),*)]
        struct MaybeIndexed { $($field: Option<$type>,)* }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        struct Twice { $($field: Option<Option<$type>>,)* }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent($(index($field)),*)]
        struct TwiceIndexed { $($field: Option<Option<$type>>,)* }

        struct Values { $($field: Vec<$type>,)* }

        impl Values {
            fn new() -> Self {
                Self { $($field: $values.into_iter().map(<$type>::from).collect(),)* }
            }

            fn longest(&self) -> usize {
                [$(self.$field.len()),*].into_iter().max().unwrap()
            }

            /// As many rows as the type with the most values needs.
            fn plain(&self) -> Vec<Plain> {
                (0..self.longest()).map(|row| Plain { $($field: self.$field[row % self.$field.len()].clone(),)* }).collect()
            }

            fn indexed(&self) -> Vec<Indexed> {
                self.plain().into_iter().map(|row| Indexed { $($field: row.$field,)* }).collect()
            }

            fn maybe(&self) -> Vec<Maybe> {
                let mut rows: Vec<_> = self.plain().into_iter().map(|row| Maybe { $($field: Some(row.$field),)* }).collect();
                rows.insert(1, Maybe { $($field: None,)* });
                rows
            }

            fn maybe_indexed(&self) -> Vec<MaybeIndexed> {
                self.maybe().into_iter().map(|row| MaybeIndexed { $($field: row.$field,)* }).collect()
            }

            fn twice(&self) -> Vec<Twice> {
                let mut rows: Vec<_> = self.maybe().into_iter().map(|row| Twice { $($field: Some(row.$field),)* }).collect();
                rows.insert(3, Twice { $($field: None,)* });
                rows
            }

            fn twice_indexed(&self) -> Vec<TwiceIndexed> {
                self.twice().into_iter().map(|row| TwiceIndexed { $($field: row.$field,)* }).collect()
            }
        }
    };
}

fn pair(name: &str, number: u64, at: &str) -> Pair {
    Pair { name: name.into(), number, at: at.parse().unwrap() }
}

fn at(seconds: i64, nanoseconds: i32) -> Timestamp {
    Timestamp::from_unix(seconds, nanoseconds).unwrap()
}

tables! {
    boolean: bool = [false, true];
    character: char = ['a', '\0', '$', 'é', '.', '\u{e000}', '\u{10ffff}', '%'];
    signed_8: i8 = [0, i8::MIN, i8::MAX, -1];
    signed_16: i16 = [0, i16::MIN, i16::MAX, -1];
    signed_32: i32 = [0, i32::MIN, i32::MAX, -1];
    signed_64: i64 = [0, i64::MIN, i64::MAX, -1, i64::from(i32::MAX) + 1, (1 << 53) + 1, 1 << 53];
    signed_size: isize = [0, isize::MIN, isize::MAX];
    unsigned_8: u8 = [0, u8::MAX, 128];
    unsigned_16: u16 = [0, u16::MAX, 1 << 15];
    unsigned_32: u32 = [0, u32::MAX, 1 << 31];
    unsigned_64: u64 = [0, i64::MAX as u64, u64::MAX, 1 << 63, u64::MAX - 1, (1 << 63) + 1, 1, (1 << 53) + 1];
    unsigned_size: usize = [0, usize::MAX, 1 << 63, (1 << 63) - 1];
    float_32: f32 = [
        0.1, -0.0, 0.0, f32::NAN, f32::from_bits(0xffc0_0001), f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE / 2.0, f32::MAX,
    ];
    float_64: f64 = [
        0.1, -0.0, 0.0, f64::NAN, f64::from_bits(0xfff8_0000_0000_0001), f64::INFINITY, f64::NEG_INFINITY,
        f64::from_bits(1), f64::MAX, f64::from(0.1_f32), 9_007_199_254_740_993.0,
    ];
    text: String = [
        "", "\0", "a\0b", "a", "Z", "é", "\u{e000}", "\u{1f980}", "\"'`", "{\"$gt\": \"\"}", "$ROOT", "a.b", "%", "b",
    ];
    bytes: Bytes = [vec![], vec![0], vec![0, 0], vec![1], vec![255], vec![2; 16], vec![1; 300], vec![10]];
    uuid: Uuid = [Uuid::nil(), Uuid::max(), Uuid::from_u128(1), Uuid::from_u128(1 << 127)];
    instant: Timestamp = [
        Timestamp::UNIX_EPOCH, Timestamp::MIN, Timestamp::MAX, at(0, 1), at(0, 1_000_000), at(-1, -1), at(-1, 0), at(0, -1), at(0, 999_999),
        at(-62_200_000_000, 0),
    ];
    choice: Weekday = [Weekday::Monday, Weekday::Tuesday, Weekday::Sunday];
    newtype: Celsius = [1.0, f64::NAN, -0.0, 0.0].map(Celsius);
    pair: Pair = [
        pair("a", 1, "1970-01-01T00:00:00Z"), pair("a", u64::MAX, "1970-01-01T00:00:00Z"), pair("", 0, "0001-01-01T00:00:00Z"),
        pair("a", 1, "1970-01-01T00:00:00.000000001Z"),
    ];
}

#[test]
fn basic_types() {
    let Some(rows) = Rows::new(Values::new().plain()) else { return };
    rows.check(1000);
}

#[test]
fn basic_types_with_an_index() {
    let Some(rows) = Rows::new(Values::new().indexed()) else { return };
    rows.check(1000);
}

#[test]
fn options() {
    let Some(rows) = Rows::new(Values::new().maybe()) else { return };
    rows.check(1000);
}

#[test]
fn options_with_an_index() {
    let Some(rows) = Rows::new(Values::new().maybe_indexed()) else { return };
    rows.check(1000);
}

#[test]
fn options_in_options() {
    let Some(rows) = Rows::new(Values::new().twice()) else { return };
    rows.check(1000);
}

#[test]
fn options_in_options_with_an_index() {
    let Some(rows) = Rows::new(Values::new().twice_indexed()) else { return };
    rows.check(1000);
}
