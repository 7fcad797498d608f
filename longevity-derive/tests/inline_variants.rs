//! Inline variants: the structs generated for them, and the conversions between a variant and its struct.

#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use std::collections::BTreeMap;

use longevity::backend::Value;
use longevity::backend::definition::RootDefinition;
use longevity::prelude::*;
use longevity::{KeyFor, RootType};

/// Identifies a shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shape)]
pub struct Label(pub String);

/// Identifies a polygon.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(shape::Polygon)]
pub struct Outline(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Private {
    x: f64,
}

/// A shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(label: Label), key(label))]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
#[allow(private_interfaces)]
pub enum Shape {
    /// Round.
    Circle {
        /// Its name.
        label: Label,
        /// Half of its width.
        #[serde(default, alias = "r")]
        inner_radius: f64,
    },
    /// With corners.
    #[persistent(discriminator = "poly", alias = "Polygon", key(outline), index(origin.x, label))]
    Polygon {
        /// Its name.
        label: Label,
        /// What it looks like.
        outline: Outline,
        /// Where it is.
        origin: Option<self::Private>,
        /// More of it.
        #[persistent(name = "meta")]
        r#type: BTreeMap<String, Vec<i64>>,
    },
    /// A shape of its own.
    Blob(Blob),
}

/// A struct that a variant holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape))]
pub struct Blob {
    /// Its name.
    pub label: Label,
}

/// An enum with only units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, module = "switches")]
pub enum Switch {
    /// It is on.
    On,
    /// It is off.
    Off {},
}

/// The model.
#[derive(DomainModel)]
#[domain_model(Shape, Switch)]
pub struct Drawing;

fn polygon() -> Shape {
    Shape::Polygon {
        label: Label("p".into()),
        outline: Outline(7),
        origin: Some(Private { x: 1.5 }),
        r#type: BTreeMap::new(),
    }
}

fn at(value: &Shape, path: &[&'static longevity::__private::Step]) -> Value {
    longevity::PersistentType::value_at(value, path).to_value()
}

#[test]
fn both_forms_are_one_value() {
    let circle = shape::Circle { label: Label("c".into()), inner_radius: 2.0 };
    let wide = Shape::from(circle.clone());
    assert_eq!(shape::Circle::try_from(wide.clone()), Ok(circle));
    assert_eq!(shape::Polygon::try_from(wide.clone()), Err(wide));
    assert_eq!(switches::On::try_from(Switch::On), Ok(switches::On {}));
}

#[test]
fn values_are_read_from_the_variant_itself() {
    let props = shape::Polygon::props();
    assert_eq!(at(&polygon(), props.outline.path().steps()), Value::UInt(7));
    assert_eq!(at(&polygon(), props.origin.some().x.path().steps()), Value::Float(1.5));
    assert_eq!(at(&polygon(), Shape::props().label.path().steps()), Value::Text("p".into()));
    assert_eq!(at(&polygon(), shape::Circle::props().inner_radius.path().steps()), Value::NONE);
    let held = shape::Polygon::try_from(polygon()).unwrap();
    assert_eq!(at(&polygon(), &[]), longevity::PersistentType::value_at(&held, &[]).to_value());
}

#[test]
fn keys_are_read_and_written_through_the_enum() {
    let mut shape = polygon();
    assert_eq!(<Label as KeyFor<Shape>>::of(&shape), &Label("p".into()));
    Label("q".into()).put(&mut shape);
    let Shape::Polygon { label, .. } = &shape else { panic!("still a polygon") };
    assert_eq!(label, &Label("q".into()));
}

#[test]
fn stored_names_and_discriminators_follow_the_attributes() {
    let RootDefinition { variants, table, .. } = Shape::definition();
    assert_eq!(table, "shape");
    let discriminators: Vec<_> = variants.iter().filter_map(|variant| variant.variant.discriminators).collect();
    assert_eq!(discriminators, [&["circle"][..], &["poly", "Polygon"], &["blob"]]);
    let description = Drawing::description();
    let shape = description.type_named("Shape").unwrap();
    let stored: Vec<_> = shape.derived[1].properties.iter().map(|property| property.stored_name.as_str()).collect();
    assert_eq!(stored, ["label", "outline", "origin", "meta"]);
    assert_eq!(shape.derived[0].properties[1].stored_name, "innerRadius");
    assert_eq!(shape.derived[1].keys[0].property, "outline");
    assert_eq!(shape.derived[1].indexes, [["origin.x", "label"]]);
}

/// The generated structs are as visible as the enum.
mod visibilities {
    use longevity::prelude::*;

    macro_rules! aggregates {
        ($($module:ident: $vis:vis,)*) => {$(
            mod $module {
                pub(super) mod within {
                    use longevity::prelude::*;

                    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
                    #[persistent(poly)]
                    $vis enum Aggregate {
                        Circle { size: i64 },
                    }
                }
            }
        )*};
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly)]
    enum Private {
        Circle { size: i64 },
        Nothing,
    }

    aggregates! {
        of_crate: pub(crate),
        of_parent: pub(super),
        of_path: pub(in crate::visibilities),
        of_path_upwards: pub(in super::super),
    }

    #[test]
    fn an_enum_of_any_visibility_has_inline_variants() {
        let circle = private::Circle { size: 1 };
        assert_eq!(Private::from(circle.clone()).variant(), 0);
        assert_eq!(private::Circle::try_from(Private::Nothing), Err(Private::Nothing));
        assert_eq!(Private::from(circle), Private::Circle { size: 1 });
        let of_path = of_path::within::aggregate::Circle { size: 2 };
        assert_eq!(of_path::within::Aggregate::from(of_path).variant(), 0);
        let upwards = of_path_upwards::within::aggregate::Circle { size: 2 };
        assert_eq!(of_path_upwards::within::Aggregate::from(upwards).variant(), 0);
    }
}
