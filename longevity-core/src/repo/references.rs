//! References: properties that contain key values, and the states of what they refer to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use serde::de::DeserializeOwned;

use super::fetch::Fetcher;
use crate::backend::Backend;
use crate::encoding::DecodeError;
use crate::error::Error;
use crate::persistent::{PersistentType, Reference};
use crate::query::{CoversRowsOf, Projection, Source, Values, VariantProp};
use crate::state::PState;
use crate::storable::{Prop, Storable};

/// A type that contains references: a key value, or an option, a list, a set, or a map of key values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` contains no references",
    label = "expected a key value, or an option, a list, a set or a map of key values"
)]
pub trait Refers: Storable {
    /// The key value.
    type Key: Reference;
    /// What the references lead to. A reference that dangles leads nowhere: it is `None`, or it is missing from a list or a map.
    type Targets: Send;

    #[doc(hidden)]
    fn keys(&self) -> impl Iterator<Item = &Self::Key>;

    #[doc(hidden)]
    fn targets(self, found: &Found<Self::Key>) -> Self::Targets;
}

/// The states that were found, by their keys.
pub(crate) type Found<K> = HashMap<K, PState<<K as Reference>::Target>>;

/// The state that a reference leads to.
type Target<K> = PState<<K as Reference>::Target>;

impl<K: Reference> Refers for K {
    type Key = K;
    type Targets = Option<Target<K>>;

    fn keys(&self) -> impl Iterator<Item = &K> {
        std::iter::once(self)
    }

    fn targets(self, found: &Found<K>) -> Self::Targets {
        found.get(&self).cloned()
    }
}

impl<K: Reference> Refers for Option<K> {
    type Key = K;
    type Targets = Option<Target<K>>;

    fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter()
    }

    fn targets(self, found: &Found<K>) -> Self::Targets {
        found.get(&self?).cloned()
    }
}

/// A collection of references, and an option of it, which leads nowhere if it is `None`.
macro_rules! collections {
    ($([$($generics:tt)*] $type:ty, $targets:ty, $keys:ident, $of:expr;)*) => {$(
        impl<$($generics)*> Refers for $type {
            type Key = K;
            type Targets = $targets;

            fn keys(&self) -> impl Iterator<Item = &K> {
                self.$keys()
            }

            fn targets(self, found: &Found<K>) -> Self::Targets {
                self.into_iter().filter_map(|element| $of(element, found)).collect()
            }
        }

        impl<$($generics)*> Refers for Option<$type> {
            type Key = K;
            type Targets = $targets;

            fn keys(&self) -> impl Iterator<Item = &K> {
                self.iter().flat_map(|references| references.$keys())
            }

            fn targets(self, found: &Found<K>) -> Self::Targets {
                self.into_iter().flatten().filter_map(|element| $of(element, found)).collect()
            }
        }
    )*};
}

fn of_element<K: Reference>(key: K, found: &Found<K>) -> Option<Target<K>> {
    found.get(&key).cloned()
}

fn of_entry<N, K: Reference>((name, key): (N, K), found: &Found<K>) -> Option<(N, Target<K>)> {
    Some((name, found.get(&key)?.clone()))
}

collections! {
    [K: Reference] Vec<K>, Vec<Target<K>>, iter, of_element;
    [K: Reference + Ord] BTreeSet<K>, Vec<Target<K>>, iter, of_element;
    [K: Reference, S: BuildHasher + Clone + Send + Sync + 'static] HashSet<K, S>, Vec<Target<K>>, iter, of_element;
    [N: Storable + Ord, K: Reference] BTreeMap<N, K>, BTreeMap<N, Target<K>>, values, of_entry;
    [N: Storable + Eq + Hash, K: Reference, S: BuildHasher + Clone + Send + Sync + 'static] HashMap<N, K, S>, HashMap<N, Target<K>>, values, of_entry;
}

/// States, each with what its references lead to. Come from [`Repo::find_with`](crate::Repo::find_with).
pub type WithTargets<P, R> = Vec<(PState<P>, <R as References<P>>::Targets)>;

/// References of the rows of `P`: a property that contains key values, or a tuple of up to eight such properties.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reference in rows of `{P}`",
    label = "expected a property of `{P}` or of its poly type that contains key values, or a tuple of such properties"
)]
pub trait References<P>: Projection<P> {
    /// What the references of a row lead to; see [`Refers::Targets`].
    type Targets: Send;

    #[doc(hidden)]
    fn targets<B: Backend>(
        of: Vec<Self::Output>,
        fetcher: Fetcher<'_, B>,
    ) -> impl Future<Output = Result<Vec<Self::Targets>, Error>> + Send;
}

impl<P, F: CoversRowsOf<P> + 'static, T: Refers + DeserializeOwned> References<P> for Prop<F, T> {
    type Targets = T::Targets;

    async fn targets<B: Backend>(of: Vec<T>, fetcher: Fetcher<'_, B>) -> Result<Vec<T::Targets>, Error> {
        let keys = distinct(of.iter().flat_map(T::keys));
        let found = fetcher.states(keys).await?;
        Ok(of.into_iter().map(|references| references.targets(&found)).collect())
    }
}

/// Each key once.
pub(super) fn distinct<'a, K: Reference>(keys: impl IntoIterator<Item = &'a K>) -> Vec<K> {
    keys.into_iter().collect::<HashSet<_>>().into_iter().cloned().collect()
}

impl<P, F: 'static, T: Storable> References<P> for VariantProp<F, Prop<F, T>>
where
    Prop<F, T>: References<P>,
{
    type Targets = <Prop<F, T> as References<P>>::Targets;

    fn targets<B: Backend>(
        of: Vec<Self::Output>,
        fetcher: Fetcher<'_, B>,
    ) -> impl Future<Output = Result<Vec<Self::Targets>, Error>> + Send {
        <Prop<F, T> as References<P>>::targets(of, fetcher)
    }
}

impl<P, J: References<P>> References<P> for &J {
    type Targets = J::Targets;

    fn targets<B: Backend>(
        of: Vec<Self::Output>,
        fetcher: Fetcher<'_, B>,
    ) -> impl Future<Output = Result<Vec<Self::Targets>, Error>> + Send {
        J::targets(of, fetcher)
    }
}

macro_rules! of_tuple {
    ($($J:ident $at:tt),+) => {
        impl<P, $($J: References<P>),+> References<P> for ($($J,)+) {
            type Targets = ($($J::Targets,)+);

            async fn targets<Store: Backend>(
                of: Vec<Self::Output>,
                fetcher: Fetcher<'_, Store>,
            ) -> Result<Vec<Self::Targets>, Error> {
                let rows = of.len();
                let mut columns = ($(Vec::<$J::Output>::with_capacity(rows),)+);
                for row in of {
                    $(columns.$at.push(row.$at);)+
                }
                let mut columns = ($($J::targets(columns.$at, fetcher).await?.into_iter(),)+);
                Ok(std::iter::from_fn(|| Some(($(columns.$at.next()?,)+))).collect())
            }
        }
    };
}

for_each_tuple!(of_tuple);

/// The references of a state, as a projection reads them.
pub(super) fn read<P: PersistentType, J: Projection<P>>(
    sources: &[Source],
    state: &PState<P>,
) -> Result<J::Output, DecodeError> {
    let values = sources.iter().map(|source| match source {
        Source::Property(path) => path.value_in(&|steps| state.value.value_at(steps)).to_value(),
        Source::Type => crate::value::Value::NONE,
    });
    J::read(&mut Values::new(sources, values.collect()))
}
