//! A key is the bytes that it is made of.

use longevity_core::ValueRef;
use proptest::prelude::*;

use super::{Buffer, Key, encode};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_sort_as_their_bytes_do(a in prop::collection::vec(0..3_u8, 0..50), b in prop::collection::vec(0..3_u8, 0..50)) {
        prop_assert_eq!(Key::new(&a).cmp(&Key::new(&b)), a.cmp(&b));
    }
}

#[test]
fn a_key_has_its_documented_size() {
    assert_eq!(size_of::<Key>(), 40);
    assert_eq!(size_of::<Option<Key>>(), 40);
    for length in [0, 1, 37, 38, 39, 300] {
        let bytes = vec![7; length];
        assert_eq!(Key::new(&bytes).as_bytes(), bytes);
        assert_eq!(matches!(Key::new(&bytes), Key::Short { .. }), length <= 38);
    }
}

#[test]
fn an_integer_a_name_and_an_id_are_held_in_place() {
    let is_in_place = |name: &str| {
        let mut key = Buffer::new();
        encode(ValueRef::Int(i64::MIN), &mut key);
        encode(ValueRef::Text(name), &mut key);
        key.extend_from_slice(&u64::MAX.to_be_bytes());
        matches!(Key::new(&key), Key::Short { .. })
    };
    assert!(is_in_place("user-0123456789a"));
    assert!(is_in_place(&"n".repeat(19)) && !is_in_place(&"n".repeat(20)));
}
