//! A place as a typed property: the operators on the way to it, and the type with as many options as are around it.

use std::collections::BTreeMap;

use longevity_core::query::{Filter, Prop, VariantProp};
use longevity_core::{Path, Storable};

use super::anything::{AnyRow, Anything};
use super::properties::{Hop, Property};

impl Property {
    /// Where it is, by the operators that lead there.
    pub(crate) fn path(&self) -> Path {
        self.way.iter().fold(Path::root(), on)
    }

    /// Whether the value is of the variant at the end of the way.
    pub(super) fn is(&self) -> Filter<AnyRow> {
        match self.way.split_last() {
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
        Hop::Field(step) => Anything::prop::<AnyRow>(&path, step).path().clone(),
        Hop::Variant(step) => {
            let variant = VariantProp::<AnyRow, _>::at(&path, step, Prop::<AnyRow, _>::in_variant::<Anything>);
            variant.path().clone()
        }
        Hop::Entry(key) => {
            let map = Prop::<AnyRow, BTreeMap<Anything, Anything>>::at(path);
            map.entry(Anything(key.clone())).path().clone()
        }
    }
}

/// The map whose entry is the last hop to a property.
pub(super) fn map_of<T: Storable>(property: &Property) -> Prop<AnyRow, BTreeMap<Anything, T>> {
    let before = property.way.split_last().map_or(&[][..], |(_, before)| before);
    Prop::at(before.iter().fold(Path::root(), on))
}

/// The property of a place, whose innermost type is `$leaf`, as `$prop` in `$body`: with a type for each number of options, of
/// which as many as the place says are left behind by `some`, or by `inner` where that are all.
macro_rules! with_prop {
    ($place:expr, $leaf:ty, |$prop:ident| $body:expr) => {{
        type L0 = $leaf;
        type L1 = Option<L0>;
        type L2 = Option<L1>;
        type L3 = Option<L2>;
        type L4 = Option<L3>;
        let place: &$crate::questions::asked::Place = $place;
        let property = &place.property;
        let path = property.path();
        // What is in a variant or an entry is so by the operator that leads there.
        macro_rules! at {
            ($level:ty, $within:ty) => {
                match property.way.last() {
                    Some($crate::questions::properties::Hop::Entry(key)) => {
                        $crate::questions::levels::map_of::<$within>(property)
                            .entry($crate::questions::anything::Anything(key.clone()))
                    }
                    _ if property.in_variant => longevity_core::query::Prop::<
                        $crate::questions::anything::AnyRow,
                        $level,
                    >::in_variant::<$level>(&path),
                    _ => longevity_core::query::Prop::<$crate::questions::anything::AnyRow, $level>::at(path.clone()),
                }
            };
        }
        match (property.options, place.somes) {
            (0, _) => {
                let $prop = longevity_core::query::Prop::<$crate::questions::anything::AnyRow, L0>::at(path);
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
