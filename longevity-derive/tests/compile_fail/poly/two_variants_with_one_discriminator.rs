use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum User {
    Member(Member),
    #[persistent(discriminator = "Member", alias = "Guest")]
    Commenter(Commenter),
    #[persistent(alias = "Guest", alias = "Reader", alias = "")]
    Reader(Reader),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Member {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Commenter {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Reader {}

fn main() {
    let _ = User::query();
}
