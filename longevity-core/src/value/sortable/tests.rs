//! The law of keys: bytes sort as values do, and each value's bytes show where they end.

use proptest::prelude::*;

use super::{ABOVE, Buffer, encode, length_of};
use crate::value::{Timestamp, Value};

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['\0', '\u{1}', '\u{2}', 'a', 'é', '\u{10ffff}']), 0..4)
        .prop_map(String::from_iter)
}

fn plain() -> impl Strategy<Value = Value> {
    let near = prop::sample::select(vec![i64::MIN, i64::MIN + 1, -256, -1, 0, 1, 255, 256, i64::MAX]);
    let unsigned = prop::sample::select(vec![0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX]);
    let floats = prop::sample::select(vec![
        f64::NAN,
        -f64::NAN,
        f64::NEG_INFINITY,
        f64::MIN,
        -1.0,
        -f64::MIN_POSITIVE,
        -0.0,
        0.0,
        5e-324,
        1.0,
        f64::INFINITY,
    ]);
    let timestamps = (-3..3_i64, prop::sample::select(vec![-999_999_999, -1, 0, 1, 999_999_999]));
    prop_oneof![
        (0..3_u8).prop_map(Value::None),
        any::<bool>().prop_map(Value::Bool),
        near.prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int),
        unsigned.prop_map(Value::UInt),
        floats.prop_map(Value::Float),
        any::<f64>().prop_map(Value::Float),
        any::<char>().prop_map(Value::Char),
        texts().prop_map(|text| Value::Text(text.into())),
        prop::collection::vec(0..3_u8, 0..4).prop_map(|bytes| Value::Bytes(bytes.into())),
        timestamps.prop_filter_map("a timestamp", |(seconds, nanoseconds)| {
            Timestamp::from_unix(seconds, nanoseconds).map(Value::Timestamp)
        }),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    plain().prop_recursive(2, 8, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            list.clone().prop_map(Value::List),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(Value::Map),
            list.prop_map(|values| Value::Record(["a", "b", "c"].into_iter().zip(values).collect())),
            (prop::sample::select(vec!["a", "b"]), inner)
                .prop_map(|(name, value)| Value::Variant(name, Box::new(value))),
        ]
    })
}

fn encoded(values: &[Value]) -> Buffer {
    let mut key = Buffer::new();
    values.iter().for_each(|value| encode(value.as_value_ref(), &mut key));
    key
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_sort_as_values_do(a in prop::collection::vec(values(), 2), b in prop::collection::vec(values(), 2)) {
        prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), a.cmp(&b));
    }

    #[test]
    fn inverted_bytes_sort_downwards(a in values(), b in values()) {
        let inverted = |value: &Value| encoded(std::slice::from_ref(value)).iter().map(|byte| !byte).collect::<Vec<_>>();
        prop_assert_eq!(inverted(&a).cmp(&inverted(&b)), b.cmp(&a));
    }

    #[test]
    fn a_value_ends_where_it_ends(values in prop::collection::vec(values(), 1..4), id in any::<u64>()) {
        let mut key = encoded(&values);
        let whole = key.len();
        key.extend_from_slice(&id.to_be_bytes());
        for columns in 0..values.len() {
            prop_assert_eq!(length_of(columns, &key), encoded(&values[..columns]).len());
        }
        prop_assert_eq!(length_of(values.len(), &key), whole);
        // All keys that begin with these columns sort below the columns followed by the bound.
        let mut above = encoded(&values);
        above.push(ABOVE);
        prop_assert!(id >= 0xff00_0000_0000_0000 || key < above);
    }
}

#[test]
fn awkward_values_sort_pair_by_pair() {
    let text = |text: &str| Value::Text(text.into());
    let at = |seconds, nanoseconds| Value::Timestamp(Timestamp::from_unix(seconds, nanoseconds).unwrap());
    let values = [
        [Value::NONE, Value::None(1), Value::Bool(false), Value::Bool(true)].to_vec(),
        [i64::MIN, -256, -1, 0, 1, 255, i64::MAX].map(Value::Int).to_vec(),
        [0, 1, i64::MAX as u64, u64::MAX].map(Value::UInt).to_vec(),
        [f64::NAN, -f64::NAN, f64::NEG_INFINITY, -1.0, -5e-324, -0.0, 0.0, 5e-324, f64::INFINITY]
            .map(Value::Float)
            .to_vec(),
        ["", "\0", "\0\0", "\0a", "\u{1}", "\u{1}\u{1}", "\u{2}", "a", "a\0", "a\u{1}", "a\u{2}", "aa", "é"]
            .map(text)
            .to_vec(),
        [at(-2, -1), at(-1, -1), at(-1, 0), at(0, -1), at(0, 0), at(0, 1), at(1, 999_999_999)].to_vec(),
        [vec![], vec![Value::NONE], vec![Value::Int(1)], vec![Value::Int(1), Value::NONE]].map(Value::List).to_vec(),
    ]
    .concat();
    for a in &values {
        for b in &values {
            let key = |value: &Value| encoded(std::slice::from_ref(value));
            assert_eq!(key(a).cmp(&key(b)), a.cmp(b), "{a:?} and {b:?}");
            // The order does not depend on what follows.
            let followed = |value: &Value| encoded(&[value.clone(), text("")]);
            assert_eq!(followed(a).cmp(&followed(b)), a.cmp(b), "{a:?} and {b:?}");
        }
    }
}
