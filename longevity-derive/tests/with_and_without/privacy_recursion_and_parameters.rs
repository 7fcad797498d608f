//! Private types of private modules, types within themselves, parameters with bounds of their own, constants as parameters,
//! lints that are forbidden, and values that do something when they are dropped.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications)]
#![forbid(unsafe_code)]

/// A module with types that are private to it.
mod inner {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    struct Hidden {
        within: Vec<Hidden>,
        boxed: Option<Box<Hidden>>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    enum Formula {
        Constant(f64),
        Sum { left: Box<Formula>, right: Box<Formula> },
    }

    /// What values may be.
    pub(crate) trait Unit: longevity::Storable + longevity::backend::Encodable + PartialEq {
        /// Another type.
        type Other: longevity::backend::Encodable + PartialEq;
    }

    impl Unit for i64 {
        type Other = String;
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    #[serde(bound = "")]
    struct Measured<U: Unit, const N: usize> {
        unit: U,
        other: U::Other,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    struct Dropped {
        text: String,
    }

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.text.clear();
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Secret)]
    struct Id {
        r#type: String,
        r#match: u64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(primary_key(id))]
    pub(super) struct Secret {
        id: Id,
        hidden: Hidden,
        formula: Formula,
        measured: Measured<i64, 3>,
        dropped: Dropped,
    }
}

use longevity::prelude::*;

/// Inline variants in a module of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum r#Type {
    /// With fields.
    r#Match { r#type: i64 },
    /// Without.
    Nothing,
}

#[derive(DomainModel)]
#[domain_model(inner::Secret, Type)]
struct Model;

fn main() {
    let _ = Model;
}
