use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Nothing {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Pair(String, u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
enum Either {
    Left(String),
    Right(u64),
}

#[derive(KeyVal)]
#[key_val(Member)]
union Both {
    left: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    nothing: Nothing,
    pair: Pair,
    either: Either,
}

fn main() {}
