use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
struct Name(String);

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Author {
    name: Name,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(
    reference(author, on_delete = set_none),
    reference(editors, on_delete = set_none),
    reference(reviewer, on_delete = remove)
)]
struct Book {
    author: Name,
    editors: Vec<Name>,
    reviewer: Option<Name>,
}

fn main() {}
