use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Item)]
struct Code(u32);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(code: Code), key(code))]
enum Item {
    Series(Series),
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item))]
struct Series {
    code: Code,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
struct Shelf {
    label: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(reference(item: Shelf), reference(series: Series))]
struct Loan {
    item: Code,
    series: Option<Code>,
}

fn main() {}
