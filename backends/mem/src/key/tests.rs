//! Keys are the bytes that they are made of.

use proptest::prelude::*;

use super::Key;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_sort_as_their_bytes_do(a in prop::collection::vec(0..3_u8, 0..40), b in prop::collection::vec(0..3_u8, 0..40)) {
        prop_assert_eq!(Key::new(&a).cmp(&Key::new(&b)), a.cmp(&b));
    }
}

#[test]
fn a_key_is_as_large_as_it_says() {
    assert_eq!(size_of::<Key>(), 32);
    assert_eq!(size_of::<Option<Key>>(), 32);
    for length in [0, 1, 29, 30, 31, 300] {
        let bytes = vec![7; length];
        assert_eq!(Key::new(&bytes).as_bytes(), bytes);
        assert_eq!(matches!(Key::new(&bytes), Key::Short { .. }), length <= 30);
    }
}
