//! An enum whose values are rows and also fields of other rows, and a generic enum of the same kind.
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType, Component)]
#[persistent(poly)]
enum Shape {
    Circle(Circle),
    Square(Box<Square>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape))]
struct Circle {
    radius: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Shape))]
struct Square {
    side: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Drawing {
    shapes: Vec<Shape>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType, Component)]
#[persistent(poly)]
enum Either<T> {
    Of(Of<T>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Either<T>))]
struct Of<T> {
    it: T,
}

#[derive(DomainModel)]
#[domain_model(Shape, Drawing, Either<i64>)]
struct Model;

fn main() {}
