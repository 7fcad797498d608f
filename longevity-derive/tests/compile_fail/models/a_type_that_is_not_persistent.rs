use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
}

#[derive(DomainModel)]
#[domain_model(Profile, u64)]
struct Blogging;

#[derive(DomainModel)]
struct Empty;

fn main() {}
