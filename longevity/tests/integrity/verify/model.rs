//! A store that gets damaged: owners, and pets that refer to them.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Owner)]
pub(crate) struct Name(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
pub(crate) struct Owner {
    pub(crate) name: Name,
    /// Not declared as a reference.
    pub(crate) mascot: Option<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Pet)]
pub(crate) struct Tag(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(tag: Tag), key(tag))]
pub(crate) enum Pet {
    Cat(Cat),
    Dog(Dog),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    derived(Pet),
    reference(owner),
    reference(friends, on_delete = remove),
    reference(vet, on_delete = set_none)
)]
pub(crate) struct Cat {
    pub(crate) tag: Tag,
    pub(crate) owner: Name,
    pub(crate) friends: BTreeSet<Name>,
    pub(crate) vet: Option<Name>,
    /// Not declared as a reference, like the next one.
    pub(crate) rival: Option<Tag>,
    pub(crate) seen: Vec<Sighting>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) enum Sighting {
    Nobody,
    Person { who: Name },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Pet), index(barks))]
pub(crate) struct Dog {
    pub(crate) tag: Tag,
    pub(crate) barks: u32,
}

#[derive(DomainModel)]
#[domain_model(Owner, Pet)]
pub(crate) struct Pets;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Topic)]
pub(crate) struct TopicId(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id))]
pub(crate) struct Topic {
    pub(crate) id: TopicId,
}

/// Refers to topics, without saying so, from posts within posts and from the keys of a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
pub(crate) struct Thread {
    pub(crate) posts: Vec<Post>,
    pub(crate) votes: BTreeMap<Vote, u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Post {
    pub(crate) about: Option<TopicId>,
    pub(crate) replies: Vec<Post>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
pub(crate) struct Vote {
    pub(crate) on: TopicId,
    pub(crate) round: u8,
}

#[derive(DomainModel)]
#[domain_model(Topic, Thread)]
pub(crate) struct Forum;

/// A program with the same rows and without references, which deletes owners although cats refer to them.
pub(crate) mod loose {
    use std::collections::BTreeSet;

    use longevity::prelude::*;

    use super::{Name, Owner, Sighting};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Pet)]
    pub(crate) struct Tag(pub(crate) u32);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(tag: Tag), key(tag))]
    pub(crate) enum Pet {
        Cat(Cat),
        Dog(Dog),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet), index(owner), index(vet))]
    pub(crate) struct Cat {
        pub(crate) tag: Tag,
        pub(crate) owner: Name,
        pub(crate) friends: BTreeSet<Name>,
        pub(crate) vet: Option<Name>,
        pub(crate) rival: Option<Tag>,
        pub(crate) seen: Vec<Sighting>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet), index(barks))]
    pub(crate) struct Dog {
        pub(crate) tag: Tag,
        pub(crate) barks: u32,
    }

    #[derive(DomainModel)]
    #[domain_model(Owner, Pet)]
    pub(crate) struct Pets;
}

/// An older program: it knows no dogs, and its cats are others.
pub(crate) mod older {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Pet)]
    pub(crate) struct Tag(pub(crate) u32);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(tag: Tag), key(tag))]
    pub(crate) enum Pet {
        Cat(Cat),
        Fish(Fish),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet))]
    pub(crate) struct Cat {
        pub(crate) tag: Tag,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet))]
    pub(crate) struct Fish {
        pub(crate) tag: Tag,
    }

    #[derive(DomainModel)]
    #[domain_model(Pet)]
    pub(crate) struct Pets;
}

pub(crate) fn name(name: &str) -> Name {
    Name(name.into())
}

pub(crate) fn owner(owner: &str) -> Owner {
    Owner { name: name(owner), mascot: None }
}

pub(crate) fn cat(tag: u32, owner: &str) -> Cat {
    Cat { tag: Tag(tag), owner: name(owner), friends: BTreeSet::new(), vet: None, rival: None, seen: Vec::new() }
}
