use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Blog {
    title: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(table = "BLOG")]
struct Other {
    title: String,
}

#[derive(DomainModel)]
#[domain_model(Blog, Other)]
struct Blogging;

fn main() {}
