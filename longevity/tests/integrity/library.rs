//! A library: authors, a poly type of items that refer to them and to each other, and loans.

use std::collections::{BTreeMap, BTreeSet};

use longevity::backend::Backend;
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Author)]
pub(crate) struct Name(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
pub(crate) struct Author {
    pub(crate) name: Name,
    pub(crate) born: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Item)]
pub(crate) struct Code(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(code: Code), key(code))]
pub(crate) enum Item {
    Book(Book),
    Series(Series),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    derived(Item),
    reference(author),
    reference(editors, on_delete = remove),
    reference(series: Series, on_delete = cascade),
    reference(review.by, on_delete = set_none),
    reference(state.waiting.on, check = at_commit),
    reference(chapters.by, on_delete = cascade),
    reference(roles, on_delete = remove)
)]
pub(crate) struct Book {
    pub(crate) code: Code,
    pub(crate) author: Name,
    pub(crate) editors: BTreeSet<Name>,
    pub(crate) series: Option<Code>,
    pub(crate) review: Review,
    pub(crate) state: State,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) roles: BTreeMap<String, Name>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Review {
    pub(crate) by: Option<Name>,
    pub(crate) stars: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) by: Name,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) enum State {
    Here,
    Waiting { on: Code },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), key(isbn), reference(parent))]
pub(crate) struct Series {
    pub(crate) code: Code,
    pub(crate) isbn: Isbn,
    /// A series may be within another one, or within itself.
    pub(crate) parent: Option<Code>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Series)]
pub(crate) struct Isbn {
    pub(crate) group: u32,
    pub(crate) number: String,
}

/// Refers to a key of a derived type, which has two fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(reference(of), reference(all, on_delete = remove))]
pub(crate) struct Loan {
    pub(crate) of: Option<Isbn>,
    #[serde(default)]
    pub(crate) all: Vec<Isbn>,
    pub(crate) days: u32,
}

#[derive(DomainModel)]
#[domain_model(Author, Item, Loan)]
pub(crate) struct Library;

pub(crate) type Store<B> = Longevity<Library, B>;

pub(crate) fn name(name: &str) -> Name {
    Name(name.to_owned())
}

pub(crate) fn author(of: &str) -> Author {
    Author { name: name(of), born: None }
}

pub(crate) fn book(code: u32, author: &str) -> Book {
    Book {
        code: Code(code),
        author: name(author),
        editors: BTreeSet::new(),
        series: None,
        review: Review { by: None, stars: 3 },
        state: State::Here,
        chapters: Vec::new(),
        roles: BTreeMap::new(),
    }
}

pub(crate) fn series(code: u32) -> Series {
    Series { code: Code(code), isbn: isbn(code), parent: None }
}

pub(crate) fn isbn(number: u32) -> Isbn {
    Isbn { group: number % 3, number: number.to_string() }
}

/// A store with the authors ann and bob, and the series 1.
pub(crate) async fn stocked<B: Backend>(store: &Store<B>) {
    store.repo::<Author>().create_many([author("ann"), author("bob")]).await.unwrap();
    store.repo::<Series>().create(series(1)).await.unwrap();
}

/// The number of rows of a type.
pub(crate) async fn count<P, B: Backend>(store: &Store<B>) -> u64
where
    P: longevity::PersistentType,
    P::Root: longevity::InModel<Library>,
{
    store.repo::<P>().count(P::query().all()).await.unwrap()
}
