use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Number {
    region: String,
    number: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(number, partition(county)))]
struct Member {
    number: Number,
}

fn main() {}
