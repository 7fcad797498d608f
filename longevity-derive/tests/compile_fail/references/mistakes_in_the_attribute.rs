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
    reference,
    reference(autor),
    reference(author),
    reference(author, on_delete = cascade),
    reference(author, editor),
    reference(editor, on_delte = cascade),
    reference(editor, on_delete = casade),
    reference(editor, check = later),
    reference(editor, check = at_commit, check = immediate)
)]
struct Book {
    author: Name,
    editor: Name,
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum Item {
    #[persistent(reference(author))]
    Novel(Novel),
}

#[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item))]
struct Novel {
    author: Name,
}

fn main() {}
