//! Fields whose stored names are not serde's, wherever they occur.

use std::collections::BTreeMap;

use longevity::backend::document::serialize;
use longevity::backend::encoding::Json;
use longevity::prelude::*;
use serde::Deserializer;
use serde::ser::{SerializeMap, Serializer};

use crate::json::{assert_stored_as, decode, encode, locate};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
struct Leaf {
    #[serde(rename = "byserde", alias = "older")]
    #[component(name = "l")]
    leaf: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Wrapper(Leaf);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Choice {
    Nothing,
    Leaf(Leaf),
    Leaves {
        #[component(name = "many")]
        leaves: Vec<Option<Wrapper>>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Generic<T> {
    #[component(name = "x")]
    value: T,
    same: Option<T>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Tree {
    #[component(name = "n")]
    number: i64,
    #[component(name = "c")]
    children: Vec<Tree>,
    left: Option<Box<Tree>>,
    by_name: BTreeMap<String, Tree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[serde(deny_unknown_fields)]
struct Everywhere {
    #[persistent(name = "o")]
    option: Option<Leaf>,
    #[persistent(name = "oo")]
    options: Option<Option<Leaf>>,
    choices: Vec<Choice>,
    map: BTreeMap<String, Leaf>,
    by_leaf: BTreeMap<Leaf, Wrapper>,
    number: Generic<i64>,
    generic: Generic<Leaf>,
    #[serde(default)]
    last: i64,
}

fn leaf(leaf: i64) -> Leaf {
    Leaf { leaf }
}

fn everywhere() -> Everywhere {
    Everywhere {
        option: Some(leaf(1)),
        options: Some(Some(leaf(2))),
        choices: vec![
            Choice::Nothing,
            Choice::Leaf(leaf(3)),
            Choice::Leaves { leaves: vec![None, Some(Wrapper(leaf(4)))] },
        ],
        map: BTreeMap::from([("byserde".to_owned(), leaf(5))]),
        by_leaf: BTreeMap::from([(leaf(6), Wrapper(leaf(7)))]),
        number: Generic { value: 8, same: None },
        generic: Generic { value: leaf(9), same: Some(leaf(10)) },
        last: 11,
    }
}

const EVERYWHERE: &str = concat!(
    r#"{"o":{"l":1},"oo":{"$some":{"l":2}},"#,
    r#""choices":["Nothing",{"Leaf":{"l":3}},{"Leaves":{"many":[null,{"l":4}]}}],"#,
    r#""map":{"byserde":{"l":5}},"by_leaf":[[{"l":6},{"l":7}]],"#,
    r#""number":{"x":8,"same":null},"generic":{"x":{"l":9},"same":{"l":10}},"last":11}"#,
);

#[test]
fn stored_names_reach_every_depth() {
    assert_stored_as(&everywhere(), EVERYWHERE);
    let everywhere = everywhere();
    crate::readers::every_path(EVERYWHERE, &everywhere);
}

#[test]
fn recursive_types_have_stored_names_too() {
    let empty = |number| Tree { number, children: Vec::new(), left: None, by_name: BTreeMap::new() };
    let tree = Tree {
        children: vec![empty(2)],
        left: Some(Box::new(empty(3))),
        by_name: BTreeMap::from([("number".to_owned(), empty(4))]),
        ..empty(1)
    };
    assert_stored_as(
        &tree,
        concat!(
            r#"{"n":1,"c":[{"n":2,"c":[],"left":null,"by_name":{}}],"left":{"n":3,"c":[],"left":null,"by_name":{}},"#,
            r#""by_name":{"number":{"n":4,"c":[],"left":null,"by_name":{}}}}"#,
        ),
    );
}

#[test]
fn serde_attributes_of_fields_apply() {
    let without = EVERYWHERE.replace(r#","last":11"#, "");
    assert_eq!(decode::<Everywhere>(&without).unwrap(), Everywhere { last: 0, ..everywhere() });
    let unknown = EVERYWHERE.replace(r#""last":11"#, r#""last":11,"more":1"#);
    assert!(decode::<Everywhere>(&unknown).unwrap_err().to_string().contains("unknown field `more`"));
    assert_eq!(decode::<Leaf>(r#"{"older":1,"more":[]}"#).unwrap(), leaf(1));
    // serde's name is not a stored name.
    assert!(decode::<Leaf>(r#"{"byserde":1}"#).unwrap_err().to_string().contains("missing field `byserde`"));
    assert_eq!(decode::<Leaf>(r#"{"byserde":{"x":[]},"l":1}"#).unwrap(), leaf(1));
    let serdes = EVERYWHERE.replace(r#""o":"#, r#""option":"#);
    assert!(decode::<Everywhere>(&serdes).unwrap_err().to_string().contains("not the stored name"));
}

#[test]
fn errors_are_located_by_stored_names() {
    let wrong = EVERYWHERE.replace(r#"{"l":4}"#, r#"{"l":"4"}"#);
    let error = locate::<Everywhere>(&wrong).unwrap_err();
    assert_eq!(error.path, "choices[2].Leaves.many[1].l");
    assert!(error.source.to_string().contains("invalid type"), "{}", error.source);
    assert_eq!(locate::<Everywhere>(&EVERYWHERE.replace(":7", ":true")).unwrap_err().path, "by_leaf[0][1].l");
    assert_eq!(locate::<Everywhere>("[]").unwrap_err().path, "");
}

/// Names that are swapped, and serialization written by hand through other structs.
#[derive(Clone, Debug, PartialEq, Component)]
struct ByHand {
    #[component(name = "b")]
    a: Leaf,
    #[component(name = "a")]
    b: i64,
}

impl Serialize for ByHand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("b", &self.b)?;
        map.serialize_entry("a", &self.a)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Other {
            a: Leaf,
            b: i64,
        }
        let Other { a, b } = Other::deserialize(deserializer)?;
        Ok(Self { a, b })
    }
}

#[test]
fn forms_written_by_hand_have_stored_names() {
    assert_stored_as(&vec![ByHand { a: leaf(1), b: 2 }], r#"[{"a":2,"b":{"l":1}}]"#);
}

#[test]
fn other_threads_see_the_same_plan() {
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(|| encode(&everywhere()))).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == EVERYWHERE));
    assert!(serialize::<Json, _, _>(&everywhere(), serde_json::value::Serializer, 127).is_ok());
}
