//! Poly types with inline variants and units, mixed with variants that hold structs.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shape)]
pub struct ShapeId(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(shape::Named)]
pub struct ShapeName(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(id: ShapeId), key(id))]
pub enum Shape {
    Circle {
        id: ShapeId,
        radius: f64,
    },
    #[persistent(index(width, height))]
    Rectangle {
        id: ShapeId,
        width: i64,
        height: i64,
    },
    #[persistent(key(name))]
    Named {
        id: ShapeId,
        name: ShapeName,
    },
    Polygon(Polygon),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape), index(corners))]
pub struct Polygon {
    pub id: ShapeId,
    pub corners: u16,
}

/// Without keys and without shared properties. One variant is a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
pub enum Signal {
    Stop,
    #[persistent(discriminator = "pause", alias = "Wait")]
    Pause,
    Go {
        speed: i32,
    },
}

#[derive(DomainModel)]
#[domain_model(Shape, Signal)]
pub struct Drawing;
