//! What a model declares, and models that are refused when the store is opened.

use longevity::DomainModel;
use longevity::description::{Check, OnDelete, ReferenceDescription};
use longevity::prelude::*;

use crate::library::Library;

#[test]
fn a_description_has_the_references() {
    let model = Library::description();
    let item = model.type_named("Item").unwrap();
    let series = &item.derived[1];
    let expected = ReferenceDescription {
        property: "parent".into(),
        target: "Item",
        on_delete: OnDelete::Restrict,
        check: Check::Immediate,
    };
    assert_eq!(series.references, [expected]);
    let book: Vec<_> = item.derived[0].references.iter().map(|it| (&*it.property, it.target, it.on_delete)).collect();
    let expected = [
        ("author", "Author", OnDelete::Restrict),
        ("editors", "Author", OnDelete::Remove),
        ("series", "Series", OnDelete::Cascade),
        ("review.by", "Author", OnDelete::SetNone),
        ("state.Waiting.on", "Item", OnDelete::Restrict),
        ("chapters.by", "Author", OnDelete::Cascade),
        ("roles", "Author", OnDelete::Remove),
    ];
    assert_eq!(book, expected);
    assert_eq!(model.type_named("Loan").unwrap().references[0].target, "Series");
}

#[test]
fn a_diagram_has_the_references() {
    let diagram = Library::description().to_mermaid();
    let arrows: Vec<_> = diagram.lines().filter(|line| line.contains("-->")).map(str::trim).collect();
    let expected = [
        "Book --> Author : author",
        "Book --> Author : editors, remove",
        "Book --> Series : series, cascade",
        "Book --> Author : review.by, set none",
        "Book --> Item : state.Waiting.on, at commit",
        "Book --> Author : chapters.by, cascade",
        "Book --> Author : roles, remove",
        "Series --> Item : parent",
        "Loan --> Series : of",
        "Loan --> Series : all, remove",
    ];
    assert_eq!(arrows, expected);
}

/// Two types that refer to each other, and the message if the model is refused.
macro_rules! cycle {
    ($name:ident, $attribute:tt, $hen:ty, $egg:ty, $refused:expr) => {
        mod $name {
            use longevity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Hen)]
            struct HenKey(u32);

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
            #[key_val(Egg)]
            struct EggKey(u32);

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(key), reference $attribute)]
            struct Hen {
                key: HenKey,
                from: $egg,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(key(key), reference(of))]
            struct Egg {
                key: EggKey,
                of: $hen,
            }

            #[derive(DomainModel)]
            #[domain_model(Hen, Egg)]
            struct Farm;

            #[test]
            fn is_answered() {
                let opened = super::open::<Farm>();
                let refused: Option<&str> = $refused;
                assert_eq!(opened.as_deref(), refused);
            }
        }
    };
}

fn open<M: DomainModel>() -> Option<String> {
    longevity::blocking::block_on(Longevity::<M, _>::open(Mem::new())).err().map(|error| error.to_string())
}

cycle!(
    each_needs_the_other,
    (from),
    HenKey,
    EggKey,
    Some(
        "Hen: no row can ever be created: from needs the Egg, which needs this type in turn; make one of the references an \
         `Option`, or declare it with `check = at_commit` and create the rows in one transaction"
    )
);
cycle!(one_may_be_without_the_other, (from), Option<HenKey>, EggKey, None);
cycle!(one_has_any_number_of_the_other, (from), HenKey, Vec<EggKey>, None);
cycle!(one_is_checked_at_the_commit, (from, check = at_commit), HenKey, EggKey, None);

mod a_taken_table {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
    #[key_val(Node)]
    struct Key(u32);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(key), reference(next), table = "Longevity")]
    struct Node {
        key: Key,
        next: Key,
    }

    #[derive(DomainModel)]
    #[domain_model(Node)]
    struct Graph;

    #[test]
    fn is_refused() {
        let error = super::open::<Graph>().unwrap();
        assert!(
            error.starts_with("Node: the table `longevity` is needed for what is known about references"),
            "{error}"
        );
    }
}
