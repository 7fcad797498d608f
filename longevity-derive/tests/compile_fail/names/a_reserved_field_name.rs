use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    _type: String,
    #[persistent(name = "$set")]
    set: i64,
    #[serde(rename = "a.b")]
    ab: i64,
    #[persistent(name = "")]
    empty: i64,
    #[persistent(name = "nul\0")]
    nul: i64,
    good: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Inner {
    _id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Sum {
    Variant { #[component(name = "_x")] x: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Number {
    _region: String,
    number: u64,
}

fn main() {
    let _ = Member::props().good.gt(2);
}
