//! A type with an impl of `Storable` written by hand, in all places where a model can have a type.
use longevity::prelude::*;
use longevity::storable::{NoFields, Shape, kind};
use longevity::backend::value::ValueRef;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ByHand(String);

impl longevity::Storable for ByHand {
    type Kind = kind::Scalar;
    type Inner = Self;
    type Optional = Option<Self>;
    type This = Self;
    type Fields<R: 'static> = NoFields;
    const KEYABLE: bool = true;

    fn shape() -> Shape {
        Shape::Newtype { name: "ByHand", key_of: None, inner: <String as longevity::Storable>::shape }
    }

    fn fields<R: 'static>(_: &longevity::__private::Path) -> NoFields {
        NoFields
    }

    fn value_at(&self, path: &[&'static longevity::__private::Step]) -> ValueRef<'_> {
        self.0.value_at(path)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Pair<A, B> {
    left: A,
    right: Vec<Option<B>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Plain<T> {
    it: T,
    pair: Pair<ByHand, T>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Poly<T> {
    Of(Of<T>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Poly<T>))]
struct Of<T> {
    it: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Holder {
    Held(Held),
    Inline { it: ByHand },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Holder))]
struct Held {
    it: Pair<ByHand, i64>,
}

#[derive(DomainModel)]
#[domain_model(Plain<ByHand>, Poly<ByHand>, Holder)]
struct Model;

fn main() {}
