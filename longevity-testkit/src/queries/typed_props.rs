//! A place as a typed property: the operators on its path, and the type with the options around it.

use std::collections::BTreeMap;

use longevity_core::query::{Filter, Prop, VariantProp};
use longevity_core::{Path, Storable};

use super::any_value::{AnyRow, AnyValue};
use super::properties::{Hop, Property};

impl Property {
    /// Its path, by the operators that lead there.
    pub(crate) fn path(&self) -> Path {
        self.hops.iter().fold(Path::root(), on)
    }

    /// Tests whether the value is of the variant at the end of the path.
    pub(super) fn is(&self) -> Filter<AnyRow> {
        match self.hops.split_last() {
            Some((Hop::Variant(step), before)) => {
                let path = before.iter().fold(Path::root(), on);
                VariantProp::at(&path, step, |_| ()).is()
            }
            _ => Filter::nothing(),
        }
    }
}

fn on(path: Path, hop: &Hop) -> Path {
    match hop {
        Hop::Field(step) => AnyValue::prop::<AnyRow>(&path, step).path().clone(),
        Hop::Variant(step) => {
            let variant = VariantProp::<AnyRow, _>::at(&path, step, Prop::<AnyRow, _>::in_variant::<AnyValue>);
            variant.path().clone()
        }
        Hop::Entry(key) => {
            let map = Prop::<AnyRow, BTreeMap<AnyValue, AnyValue>>::at(path);
            map.entry(AnyValue(key.clone())).path().clone()
        }
    }
}

/// The map whose entry is the last hop to a property.
pub(super) fn map_of<T: Storable>(property: &Property) -> Prop<AnyRow, BTreeMap<AnyValue, T>> {
    let before = property.hops.split_last().map_or(&[][..], |(_, before)| before);
    Prop::at(before.iter().fold(Path::root(), on))
}

/// The property of a place, whose innermost type is `$leaf`, as `$prop` in `$body`: with a type for each number of options.
/// `some` unwraps as many options as the place says, or `inner` if these are all.
macro_rules! with_prop {
    ($place:expr, $leaf:ty, |$prop:ident| $body:expr) => {{
        type L0 = $leaf;
        type L1 = Option<L0>;
        type L2 = Option<L1>;
        type L3 = Option<L2>;
        type L4 = Option<L3>;
        let place: &$crate::queries::plain_query::Place = $place;
        let property = &place.property;
        let path = property.path();
        // Operators that lead into a variant or an entry add the option.
        macro_rules! at {
            ($level:ty, $within:ty) => {
                match property.hops.last() {
                    Some($crate::queries::properties::Hop::Entry(key)) => {
                        $crate::queries::typed_props::map_of::<$within>(property)
                            .entry($crate::queries::any_value::AnyValue(key.clone()))
                    }
                    _ if property.in_variant => {
                        longevity_core::query::Prop::<$crate::queries::any_value::AnyRow, $level>::in_variant::<$level>(
                            &path,
                        )
                    }
                    _ => longevity_core::query::Prop::<$crate::queries::any_value::AnyRow, $level>::at(path.clone()),
                }
            };
        }
        match (property.options, place.somes) {
            (0, _) => {
                let $prop = longevity_core::query::Prop::<$crate::queries::any_value::AnyRow, L0>::at(path);
                $body
            }
            (1, 0) => {
                let $prop = at!(L1, L0);
                $body
            }
            (1, _) => {
                let $prop = at!(L1, L0).some();
                $body
            }
            (2, 0) => {
                let $prop = at!(L2, L1);
                $body
            }
            (2, 1) => {
                let $prop = at!(L2, L1).some();
                $body
            }
            (2, _) => {
                let $prop = at!(L2, L1).inner();
                $body
            }
            (3, 0) => {
                let $prop = at!(L3, L2);
                $body
            }
            (3, 1) => {
                let $prop = at!(L3, L2).some();
                $body
            }
            (3, 2) => {
                let $prop = at!(L3, L2).some().some();
                $body
            }
            (3, _) => {
                let $prop = at!(L3, L2).some().some().some();
                $body
            }
            (_, 0) => {
                let $prop = at!(L4, L3);
                $body
            }
            (_, 1) => {
                let $prop = at!(L4, L3).some();
                $body
            }
            (_, 2) => {
                let $prop = at!(L4, L3).some().some();
                $body
            }
            (_, 3) => {
                let $prop = at!(L4, L3).some().some().some();
                $body
            }
            (_, _) => {
                let $prop = at!(L4, L3).inner();
                $body
            }
        }
    }};
}

pub(super) use with_prop;
