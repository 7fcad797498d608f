use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Blog {
    title: String,
}

#[derive(DomainModel)]
#[domain_model(Blog, Blog)]
struct Blogging;

fn main() {
    let _ = Blogging::description();
}
