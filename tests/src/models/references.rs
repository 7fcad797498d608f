//! References with integrity: from and to plain, poly and derived types, at each kind of place, and what happens when the target is
//! deleted.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
pub struct Name(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
pub struct Author {
    pub name: Name,
    pub born: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Item)]
pub struct Code(pub u32);

/// A poly type that declares references, and is referred to, also by its own rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    poly,
    props(code: Code, donor: Option<Name>),
    key(code),
    reference(donor, on_delete = set_none)
)]
pub enum Item {
    Book(Book),
    Series(Series),
    Map { code: Code, donor: Option<Name> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    derived(Item),
    reference(author),
    reference(editors, on_delete = remove),
    reference(translators, on_delete = remove, check = at_commit),
    reference(series: Series, on_delete = cascade),
    reference(review.by, on_delete = set_none, check = at_commit),
    reference(state.waiting.on, check = at_commit),
    reference(chapters.by, on_delete = cascade),
    reference(roles, on_delete = remove),
    reference(sources, on_delete = remove)
)]
pub struct Book {
    pub code: Code,
    pub donor: Option<Name>,
    pub author: Name,
    pub editors: BTreeSet<Name>,
    pub translators: Vec<Name>,
    pub series: Option<Code>,
    pub review: Review,
    pub state: State,
    pub chapters: Vec<Chapter>,
    pub roles: BTreeMap<String, Name>,
    pub sources: HashSet<Code>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Review {
    pub by: Option<Name>,
    pub stars: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Chapter {
    pub title: String,
    pub by: Name,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum State {
    Here,
    Waiting { on: Code },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Series)]
pub struct Isbn {
    pub group: u32,
    pub number: String,
}

/// A series may be within another one, or within itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), key(isbn), reference(parent: Series, on_delete = set_none))]
pub struct Series {
    pub code: Code,
    pub donor: Option<Name>,
    pub isbn: Isbn,
    pub parent: Option<Code>,
}

/// Refers to a key of a derived type, which has two fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(reference(of), reference(all, on_delete = remove), reference(item, on_delete = cascade))]
pub struct Loan {
    pub of: Option<Isbn>,
    pub all: Vec<Isbn>,
    pub item: Option<Code>,
    pub days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Entry)]
pub struct EntryId(pub u64);

/// A file needs a row of its own table. A folder needs none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(id: EntryId), key(id))]
pub enum Entry {
    #[persistent(reference(folder: entry::Folder, on_delete = cascade))]
    File { id: EntryId, folder: EntryId },
    #[persistent(reference(parent))]
    Folder { id: EntryId, parent: Option<EntryId> },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Node)]
pub struct NodeId(pub u32);

/// Each node has a root. A root refers to itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id), reference(root))]
pub struct Node {
    pub id: NodeId,
    pub root: NodeId,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Hen)]
pub struct HenId(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Egg)]
pub struct EggId(pub u32);

/// The first hen and the first egg are created in one transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id), reference(from, check = at_commit))]
pub struct Hen {
    pub id: HenId,
    pub from: EggId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id), reference(of, on_delete = cascade))]
pub struct Egg {
    pub id: EggId,
    pub of: HenId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Seat)]
pub struct SeatId {
    pub beside: Name,
    pub number: u32,
}

/// A reference is a part of the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id), reference(id.beside, on_delete = cascade))]
pub struct Seat {
    pub id: SeatId,
    pub reserved: bool,
}

#[derive(DomainModel)]
#[domain_model(Author, Item, Loan, Entry, Node, Hen, Egg, Seat)]
pub struct Shelves;
