//! Each rule of the encoding, with its JSON.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;
use longevity_tests::models::collections::{Colour, Point};
use longevity_tests::models::components::Contact;
use uuid::Uuid;

use crate::json::{assert_stored_as, decode, encode};

#[test]
fn floats() {
    assert_stored_as(&1.5_f64, "1.5");
    assert_stored_as(&-0.0_f64, "-0.0");
    assert_stored_as(&0.1_f32, "0.10000000149011612");
    assert_stored_as(&f32::MIN_POSITIVE, "1.1754943508222875e-38");
    assert_stored_as(&f64::INFINITY, r#""inf""#);
    assert_stored_as(&f32::NEG_INFINITY, r#""-inf""#);
    assert_stored_as(&f64::NAN, r#""NaN""#);
    assert_stored_as(&f32::NAN, r#""NaN""#);
    for bits in [0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001_u64] {
        let text = encode(&f64::from_bits(bits));
        assert_eq!(text, format!("\"NaN:{bits:016x}\""));
        assert_eq!(decode::<f64>(&text).unwrap().to_bits(), bits);
    }
    for bits in [0x7fc0_0001, 0xffc0_0000, 0x7f80_0001_u32] {
        let text = encode(&f32::from_bits(bits));
        assert_eq!(text, format!("\"NaN:{bits:08x}\""));
        assert_eq!(decode::<f32>(&text).unwrap().to_bits(), bits);
    }
    assert_eq!(decode::<f64>("5").unwrap().to_bits(), 5.0_f64.to_bits());
    assert!(decode::<f64>(r#""1.5""#).is_err());
}

#[test]
fn integers() {
    assert_stored_as(&i64::MIN, "-9223372036854775808");
    assert_stored_as(&(i64::MAX as u64), "9223372036854775807");
    assert_stored_as(&(i64::MAX as u64 + 1), r#""09223372036854775808""#);
    assert_stored_as(&u64::MAX, r#""18446744073709551615""#);
    assert_stored_as(&usize::MAX, r#""18446744073709551615""#);
    assert_eq!(decode::<u64>("18446744073709551615").unwrap(), u64::MAX);
    assert_eq!(decode::<u8>(r#""00000000000000000255""#).unwrap(), 255);
    for wrong in [r#""5""#, "-1", r#""00000000000000000256""#, "1.0"] {
        assert!(decode::<u8>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn values_stored_as_strings() {
    assert_stored_as(&Bytes::from([0, 0xca, 0xfe]), r#""00cafe""#);
    assert_stored_as(&Bytes::default(), r#""""#);
    assert_stored_as(&vec![0_u8, 255], "[0,255]");
    for wrong in [r#""0""#, r#""CA""#, "[1]", "null"] {
        assert!(decode::<Bytes>(wrong).is_err(), "{wrong}");
    }
    assert_stored_as(&Uuid::from_u128(0xab), r#""00000000-0000-0000-0000-0000000000ab""#);
    let noon: Timestamp = "2024-03-01T12:00:00.05Z".parse().unwrap();
    assert_stored_as(&noon, r#""2024-03-01T12:00:00.050000000Z""#);
    assert_stored_as(&'é', r#""é""#);
    assert_stored_as(&"\0$".to_owned(), r#""\u0000$""#);
    assert_stored_as(&Colour::Green, r#""Green""#);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Maybe(Option<i64>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Empty {}

#[test]
fn options() {
    type Thrice = Option<Option<Option<i64>>>;
    assert_stored_as(&None::<i64>, "null");
    assert_stored_as(&Some(1_i64), "1");
    assert_stored_as::<Thrice>(&None, "null");
    assert_stored_as::<Thrice>(&Some(None), r#"{"$some":null}"#);
    assert_stored_as::<Thrice>(&Some(Some(None)), r#"{"$some":{"$some":null}}"#);
    assert_stored_as::<Thrice>(&Some(Some(Some(1))), r#"{"$some":{"$some":1}}"#);
    assert_stored_as(&vec![Some(Maybe(None)), Some(Maybe(Some(1))), None], r#"[{"$some":null},{"$some":1},null]"#);
    assert_stored_as(&Some(vec![Some(1_i64), None]), "[1,null]");
    assert_stored_as(&Some(Some(BTreeMap::from([("$some".to_owned(), 1_i64)]))), r#"{"$some":{"$some":1}}"#);
    assert_stored_as(&Some(Box::new(Some(Box::new(1_i64)))), r#"{"$some":1}"#);
    for wrong in ["1", "{}", r#"{"$some":1,"$some":2}"#, r#"{"$some":1,"x":2}"#, r#"{"x":2}"#, "[]"] {
        assert!(decode::<Option<Option<i64>>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn structs_without_fields() {
    assert_stored_as(&Unit, "{}");
    assert_stored_as(&vec![Some(Unit), None], "[{},null]");
    assert_stored_as(&Some(Empty {}), "{}");
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Key {
    One(i64),
    Two,
}

fn map<K: Ord, const N: usize>(keys: [K; N]) -> BTreeMap<K, u8> {
    keys.into_iter().zip(0..).collect()
}

#[test]
fn maps_are_objects_where_keys_are_text() {
    let keys = ["", "\0", "$oid", "$some", "a.b"].map(|key| Name(key.to_owned()));
    assert_stored_as(&map(keys), r#"{"":0,"\u0000":1,"$oid":2,"$some":3,"a.b":4}"#);
    assert_stored_as(&map([false, true]), r#"{"false":0,"true":1}"#);
    assert_stored_as(&map([i64::MIN, -1, 0]), r#"{"-9223372036854775808":0,"-1":1,"0":2}"#);
    assert_stored_as(&map([0_u64, u64::MAX]), r#"{"0":0,"18446744073709551615":1}"#);
    assert_stored_as(&map(['"', 'x']), r#"{"\"":0,"x":1}"#);
    assert_stored_as(&map([Bytes::default(), Bytes::from([255])]), r#"{"":0,"ff":1}"#);
    assert_stored_as(&map([Uuid::nil()]), r#"{"00000000-0000-0000-0000-000000000000":0}"#);
    assert_stored_as(&map([Timestamp::UNIX_EPOCH]), r#"{"1970-01-01T00:00:00.000000000Z":0}"#);
    assert_stored_as(&map([Colour::Red, Colour::Blue]), r#"{"Red":0,"Blue":1}"#);
    for wrong in [r#"{"x":0}"#, r#"{"":0}"#, r#"{"9223372036854775808":0}"#, "[[1,0]]"] {
        assert!(decode::<BTreeMap<i64, u8>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn other_maps_are_lists_of_pairs() {
    assert_stored_as(&map([Point { x: 1, y: 2 }]), r#"[[{"x":1,"y":2},0]]"#);
    assert_stored_as(&map([None, Some("".to_owned())]), r#"[[null,0],["",1]]"#);
    assert_stored_as(&map([vec![], vec![1_i64]]), "[[[],0],[[1],1]]");
    assert_stored_as(&map([Key::One(1), Key::Two]), r#"[[{"One":1},0],["Two",1]]"#);
    assert_stored_as(&map([BTreeSet::from([1_u64 << 63])]), r#"[[["09223372036854775808"],0]]"#);
    assert_stored_as(&Some(BTreeMap::from([(Some(map([Some(1_i64)])), Maybe(None))])), "[[[[1,0]],null]]");
    for wrong in ["{}", "[[]]", "[[null]]", "[[null,0,1]]", "[null]"] {
        assert!(decode::<BTreeMap<Option<String>, u8>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn variants() {
    assert_stored_as(&Contact::Unknown, r#""Unknown""#);
    assert_stored_as(&Contact::Phone("1".into()), r#"{"Phone":"1"}"#);
    let person = Contact::Person { name: "Ann".into(), addresses: vec![] };
    assert_stored_as(&Contact::Proxy(Box::new(person)), r#"{"Proxy":{"Person":{"name":"Ann","addresses":[]}}}"#);
}
