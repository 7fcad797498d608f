use longevity::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Component)]
struct Review {
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(reference(author), reference(reviews.text))]
struct Book {
    author: Option<String>,
    reviews: Vec<Review>,
}

fn main() {}
