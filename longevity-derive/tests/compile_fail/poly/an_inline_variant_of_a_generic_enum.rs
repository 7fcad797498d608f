use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Event<T> {
    Created { value: T },
    Deleted(Deleted<T>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Event<T>))]
struct Deleted<T> {
    value: T,
}

fn main() {}
