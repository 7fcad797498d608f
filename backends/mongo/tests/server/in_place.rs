//! Patches that the server makes where the row is.

use longevity::prelude::*;
use serde::de::Error as _;

use crate::place::Place;

/// Its type does not say that it is deserialized by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Component)]
struct Pair {
    low: i64,
    high: i64,
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unchecked {
            low: i64,
            high: i64,
        }
        let Unchecked { low, high } = Unchecked::deserialize(deserializer)?;
        if low <= high { Ok(Self { low, high }) } else { Err(D::Error::custom("low is above high")) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name))]
struct Gauge {
    name: GaugeName,
    limits: Pair,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Gauge)]
struct GaugeName(String);

#[derive(Debug, DomainModel)]
#[domain_model(Gauge)]
struct Gauges;

#[test]
fn the_error_after_a_patch_that_breaks_a_rule_says_how_to_have_it_checked() {
    let Some(place) = Place::new() else { return };
    let gauges = place.store::<Gauges>().repo::<Gauge>();
    let name = GaugeName("oil".into());
    gauges.create(Gauge { name: name.clone(), limits: Pair { low: 1, high: 2 } }).unwrap();
    let error = gauges.patch_by(&name, Gauge::props().limits.low.set(3)).unwrap_err().to_string();
    assert!(error.contains("low is above high"), "{error}");
    assert!(error.ends_with("if you wrote it by hand, add `deserialized_by_hand` to the type's attribute"), "{error}");
    // A row that was broken otherwise has no such advice.
    let error = gauges.retrieve(&name).unwrap_err().to_string();
    assert!(!error.contains("by hand"), "{error}");
}
