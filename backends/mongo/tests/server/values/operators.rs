//! Input that looks like MongoDB's language stays a value. A string that looks like a property is not read as one.

use std::collections::BTreeMap;

use longevity::prelude::*;
use mongodb::bson::doc;

use crate::place::Place;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shape)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: Name), key(name))]
enum Shape {
    Circle(Circle),
    Cloud(Cloud),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Centre {
    x: i64,
    #[serde(default)]
    label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape))]
struct Circle {
    name: Name,
    centre: Centre,
}

/// It has a map where the other type has a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape))]
struct Cloud {
    name: Name,
    centre: BTreeMap<String, i64>,
}

#[derive(DomainModel)]
#[domain_model(Shape)]
struct Drawing;

const TEXTS: [&str; 12] = [
    "{\"$gt\": \"\"}",
    "$where",
    "$ROOT",
    "$$ROOT",
    "$name",
    "$$NOW",
    "$$REMOVE",
    "$literal",
    "$",
    "$centre.label",
    "/./",
    "",
];

#[test]
fn strings_that_look_like_operators_are_strings() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Drawing>();
    let (shapes, circles) = (store.repo::<Shape>(), store.repo::<Circle>());
    for text in TEXTS {
        circles.create(Circle { name: Name(text.into()), centre: Centre { x: 1, label: text.into() } }).unwrap();
    }
    let (s, c) = (Shape::props(), Circle::props());
    for text in TEXTS {
        assert_eq!(
            shapes.retrieve_one(&Name(text.into())).unwrap().id(),
            circles.retrieve_one(&Name(text.into())).unwrap().id()
        );
        // This becomes an expression too, because a label may be absent and has a default.
        let centre = || Centre { x: 1, label: text.into() };
        for filter in [
            c.name.eq(Name(text.into())),
            c.centre.label.eq(text),
            c.centre.eq(centre()),
            c.centre.label.ge(text) & c.centre.label.le(text),
            c.name.is_in([Name(text.into())]),
            c.centre.is_in([centre()]),
            c.centre.label.is_in([text, "another"]),
            c.name.eq_ignore_case(text),
            c.centre.label.eq_ignore_case(text),
            c.name.starts_with(text) & c.name.ends_with(text) & c.name.contains(text) & c.name.le(Name(text.into())),
            !c.centre.label.not_in([text]),
        ] {
            assert_eq!(circles.count(Circle::query().filter(filter.clone())).unwrap(), 1, "{text}");
            assert_eq!(circles.count(Circle::query().filter(!filter.clone())).unwrap(), 11, "{text}");
            assert_eq!(shapes.count(Shape::query().filter(filter)).unwrap(), 1, "{text}");
        }
        let state = shapes.retrieve_one(&Name(text.into())).unwrap();
        let Shape::Circle(circle) = state.get().clone() else { panic!("a circle") };
        shapes
            .update(
                state.set(Shape::Circle(Circle { centre: Centre { x: 1, label: format!("{text}{text}") }, ..circle })),
            )
            .unwrap();
        assert_eq!(circles.retrieve_one(&Name(text.into())).unwrap().centre.label, format!("{text}{text}"));
        let state = shapes.retrieve_one(&Name(text.into())).unwrap();
        shapes.update(state.set(Shape::Circle(Circle { name: Name(text.into()), centre: centre() }))).unwrap();
    }
    assert_eq!(shapes.count(Shape::query().filter(s.name.gt(Name(String::new())))).unwrap(), 11);
}

/// A key of the sibling's map is not a property of the sibling.
#[test]
fn a_filter_on_a_siblings_property_does_not_read_a_map() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Drawing>();
    let shapes = store.repo::<Shape>();
    let cloud =
        |name: &str, x: i64| Shape::Cloud(Cloud { name: Name(name.into()), centre: BTreeMap::from([("x".into(), x)]) });
    let circle = |name: &str, x: i64| {
        Shape::Circle(Circle { name: Name(name.into()), centre: Centre { x, label: String::new() } })
    };
    shapes.create_many([cloud("a", 5), circle("b", 4), cloud("c", 1), circle("d", 3)]).unwrap();
    let x = Circle::props().centre.x.clone();
    let names = |query: longevity::Query<Shape>| -> Vec<String> {
        let name = |shape: &Shape| match shape {
            Shape::Circle(circle) => circle.name.0.clone(),
            Shape::Cloud(cloud) => cloud.name.0.clone(),
        };
        shapes.find(query).unwrap().iter().map(|state| name(state.get())).collect()
    };
    assert_eq!(names(Shape::query().filter(x.ge(1))), ["b", "d"]);
    assert_eq!(names(Shape::query().filter(!x.ge(4))), ["a", "c", "d"]);
    assert_eq!(names(Shape::query().filter(x.is_in([1, 3, 5]))), ["d"]);
    assert_eq!(names(Shape::query().filter(x.not_in([1, 3, 5]))), ["b"]);
    let centre = Cloud::props().centre;
    assert_eq!(names(Shape::query().filter(centre.entry("x").ge(1))), ["a", "c"]);
    assert_eq!(names(Shape::query().filter(centre.entry("x").is_none())), Vec::<String>::new());
    assert_eq!(names(Shape::query().filter(centre.entry("y").is_none())), ["a", "c"]);
    assert_eq!(names(Shape::query().filter(centre.len().ne(2))), ["a", "c"]);
    assert_eq!(names(Shape::query().filter(!centre.len().eq(1))), ["b", "d"]);
}

/// The server accepts numbers up to the greatest `i64`.
#[test]
fn offsets_and_limits_may_be_of_any_size() {
    let Some(place) = Place::new() else { return };
    let store = place.store::<Drawing>();
    let circles = store.repo::<Circle>();
    circles.create(Circle { name: Name("a".into()), centre: Centre { x: 1, label: String::new() } }).unwrap();
    for offset in [1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let name = || Circle::query().offset(offset);
        assert!(circles.find(name()).unwrap().is_empty(), "{offset}");
        assert!(circles.find(name().order_by(Circle::props().centre.label.asc())).unwrap().is_empty(), "{offset}");
    }
    for limit in [1, i64::MAX as u64, u64::MAX] {
        assert_eq!(circles.find(Circle::query().limit(limit)).unwrap().len(), 1);
        assert_eq!(circles.find(Circle::query().offset(1).limit(limit)).unwrap().len(), 0);
        assert_eq!(circles.stream(Circle::query().limit(limit)).count(), 1);
    }
    assert_eq!(circles.find(Circle::query().limit(0)).unwrap().len(), 0);
    place.insert("shape", vec![doc! { "_type": "Cloud", "_version": 0_i64, "name": "x", "centre": {} }]);
    assert_eq!(store.repo::<Shape>().count(Shape::query()).unwrap(), 2);
}
