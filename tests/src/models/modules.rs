//! A domain model whose types come from two modules, one of which does not know the other.

pub mod people {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Person)]
    pub struct PersonId(pub i64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(id))]
    pub struct Person {
        pub id: PersonId,
        pub name: String,
    }
}

pub mod pets {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Pet)]
    pub struct ChipId(pub u64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(chip: ChipId), key(chip))]
    pub enum Pet {
        Cat(Cat),
        Dog(Box<Dog>),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet))]
    pub struct Cat {
        pub chip: ChipId,
        pub owner: Option<super::people::PersonId>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Pet), index(owner))]
    pub struct Dog {
        pub chip: ChipId,
        pub owner: super::people::PersonId,
    }
}

#[derive(longevity::DomainModel)]
#[domain_model(people::Person, pets::Pet)]
pub struct Household;
