use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(score))]
struct Member {
    score: Score,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Score {
    value: f64,
    unit: String,
}

impl Eq for Score {}

impl std::hash::Hash for Score {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

fn main() {}
