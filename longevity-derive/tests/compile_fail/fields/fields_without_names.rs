use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Pair(String, u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Point(f64, f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Shape {
    Point(f64, f64),
    Nothing(),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Never {}

fn main() {
    let _ = Pair::query();
    let _ = Unit::props();
}
