use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
struct Name(String);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Author {
    name: Name,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Review {
    by: Name,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Item {
    #[persistent(reference(reviews.by))]
    Book { reviews: Vec<Review> },
}

#[derive(DomainModel)]
#[domain_model(Item)]
struct Library;

#[derive(DomainModel)]
#[domain_model(Item, Author)]
struct WholeLibrary;

fn main() {}
