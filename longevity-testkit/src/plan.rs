//! The plan of a table: the sample values, keys and random queries of its types, for any back end.

use std::any::{Any, TypeId};
use std::collections::BTreeSet;
use std::sync::Arc;

use longevity_core::table::TableDefinition;
use longevity_core::{Error, InModel, KeyFor, PersistentType};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::contract::{KeyVisitor, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::queries::{RandomQueries, Scope};
use crate::strategies::Generators;
use crate::values::values_in;

/// The plan of a table.
pub(crate) struct TablePlan<P> {
    pub(crate) definition: TableDefinition,
    pub(crate) scopes: Vec<Scope>,
    /// Its repositories: that of the type that owns it, then those of its derived types.
    pub(crate) views: Vec<ViewPlan<P>>,
}

/// The plan of a repository.
pub(crate) struct ViewPlan<P> {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<P>,
    pub(crate) keys: Vec<KeyPlan<P>>,
    pub(crate) queries: RandomQueries,
}

/// A key of the repository's type.
pub(crate) struct KeyPlan<P> {
    pub(crate) property: &'static str,
    pub(crate) primary: bool,
    pub(crate) key_val: TypeId,
    copy: Copy<P>,
}

/// Copies the key value of an owner to a value.
type Copy<P> = Arc<dyn Fn(&P, P) -> P + Send + Sync>;

impl<P> KeyPlan<P> {
    /// The value with the key value of the owner, if the owner has one.
    pub(crate) fn copied(&self, owner: &P, value: P) -> P {
        (self.copy)(owner, value)
    }
}

/// A visitor of the plans of a model's tables.
pub(crate) trait PlanVisitor<M> {
    fn table<P: SpecRoot + InModel<M>>(&mut self, plan: TablePlan<P>);
}

/// Shows the visitor the plan of each table of the model.
pub(crate) fn plan<M: SpecModel>(
    generators: &Generators,
    samples: usize,
    chance: &mut TestRunner,
    visitor: &mut impl PlanVisitor<M>,
) -> Result<(), Error> {
    let mut tables = Tables { generators, samples, chance, visitor, failure: None };
    M::visit(&mut tables);
    tables.failure.map_or(Ok(()), Err)
}

struct Tables<'a, V> {
    generators: &'a Generators,
    samples: usize,
    chance: &'a mut TestRunner,
    visitor: &'a mut V,
    failure: Option<Error>,
}

impl<V> Tables<'_, V> {
    fn table<M, P: SpecRoot + InModel<M>>(&mut self)
    where
        V: PlanVisitor<M>,
    {
        match table_plan::<M, P>(self.generators, self.samples, self.chance) {
            Ok(plan) => self.visitor.table(plan),
            Err(error) => self.failure = Some(error),
        }
    }
}

/// The plan of `P`'s table, with `samples` values of each type.
pub(crate) fn table_plan<M, P: SpecRoot + InModel<M>>(
    generators: &Generators,
    samples: usize,
    chance: &mut TestRunner,
) -> Result<TablePlan<P>, Error> {
    let definition = P::definition().table()?;
    let keys = keys(&definition, Ok::<P, P>, |value| value, |keys| P::visit_keys(keys));
    let own = drawn::<P>(generators, samples, chance);
    let scopes = scopes_of::<M, P>();
    let queries = RandomQueries::about::<P, P>(&definition, &scopes, &own);
    let root = ViewPlan { name: P::NAME, samples: own, keys, queries };
    let mut views =
        Views { generators, samples, chance, definition: &definition, scopes: &scopes, derived: Vec::new() };
    P::visit::<M, _>(&mut views);
    let Views { derived, .. } = views;
    let mut views = vec![root];
    views.extend(derived.into_iter().filter_map(|view| view.downcast::<ViewPlan<P>>().ok()).map(|view| *view));
    Ok(TablePlan { definition, scopes, views })
}

/// The scopes of all derived types of `P`.
pub(crate) fn scopes_of<M, P: SpecRoot + InModel<M>>() -> Vec<Scope> {
    let mut scopes = Scopes(Vec::new());
    P::visit::<M, _>(&mut scopes);
    scopes.0
}

struct Scopes(Vec<Scope>);

impl<M> SpecVisitor<M> for Scopes {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        self.0.push(<P as SpecDerived<D>>::scope());
    }
}

impl<P: PersistentType> TablePlan<P> {
    /// Rows made of the samples, of the variants in turn, that collide in no key. One in three differs from an earlier row of its
    /// variant only in its keys, so that values repeat.
    pub(crate) fn population(&self, rows: usize) -> Vec<P> {
        let views = if self.views.len() > 1 { &self.views[1..] } else { &self.views[..] };
        let mut taken = BTreeSet::new();
        let mut population = Vec::new();
        let most = views.iter().map(|view| view.samples.len()).max().unwrap_or_default();
        let samples = (0..most).flat_map(|position| views.iter().map(move |view| (position, view)));
        for (position, view) in samples.filter(|(position, view)| *position < view.samples.len()) {
            let sample = &view.samples[position];
            let value = match position % 3 {
                2 => view.keys.iter().fold(view.samples[position / 2].clone(), |twin, key| key.copied(sample, twin)),
                _ => sample.clone(),
            };
            let unique = self.definition.indexes.iter().enumerate().filter(|(_, index)| index.is_unique());
            let keys = unique.filter_map(|(at, index)| Some((at, values_in(&self.definition, index, &value)?)));
            let keys: Vec<_> = keys.collect();
            if population.len() < rows && keys.iter().all(|key| !taken.contains(key)) {
                taken.extend(keys);
                population.push(value);
            }
        }
        population
    }
}

/// Samples, the shortest first, because a shrunk history uses the first ones.
fn drawn<T: SpecKeys>(generators: &Generators, samples: usize, chance: &mut TestRunner) -> Vec<T> {
    let strategy = T::rows(generators);
    let trees = (0..samples).filter_map(|_| strategy.new_tree(chance).ok());
    let mut samples: Vec<T> = trees.map(|tree| tree.current()).collect();
    samples.sort_by_cached_key(|sample| format!("{sample:?}").len());
    samples
}

impl<M, V: PlanVisitor<M>> SpecVisitor<M> for Tables<'_, V> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.table::<M, P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.table::<M, P>();
    }

    // `Views` visits it for its poly type.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}

/// Collects the plans of derived types. They are untyped, because the visitor does not know that their poly type is `P`.
struct Views<'a> {
    generators: &'a Generators,
    samples: usize,
    chance: &'a mut TestRunner,
    definition: &'a TableDefinition,
    scopes: &'a [Scope],
    derived: Vec<Box<dyn Any>>,
}

impl<M> SpecVisitor<M> for Views<'_> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let mut keys = keys::<P, D>(self.definition, P::extract, P::wrap, |keys| {
            D::visit_keys(keys);
            P::visit_shared_keys(keys);
        });
        // A key of the poly type is copied from rows of siblings too.
        for shared in self::keys::<P, P>(self.definition, Ok, |value| value, |keys| P::visit_keys(keys)) {
            for key in keys.iter_mut().filter(|key| key.key_val == shared.key_val) {
                key.copy = Arc::clone(&shared.copy);
            }
        }
        let samples: Vec<_> = drawn::<D>(self.generators, self.samples, self.chance).into_iter().map(P::wrap).collect();
        let queries = RandomQueries::about::<D, P>(self.definition, self.scopes, &samples);
        self.derived.push(Box::new(ViewPlan::<P> { name: D::NAME, samples, keys, queries }));
    }
}

fn keys<P, T>(
    definition: &TableDefinition,
    extract: fn(P) -> Result<T, P>,
    wrap: fn(T) -> P,
    visit: impl FnOnce(&mut Keys<'_, P, T>),
) -> Vec<KeyPlan<P>> {
    let mut keys = Keys { definition, extract, wrap, keys: Vec::new() };
    visit(&mut keys);
    keys.keys
}

struct Keys<'a, P, T> {
    definition: &'a TableDefinition,
    extract: fn(P) -> Result<T, P>,
    wrap: fn(T) -> P,
    keys: Vec<KeyPlan<P>>,
}

impl<P: Clone + 'static, T: PersistentType> KeyVisitor<T> for Keys<'_, P, T> {
    fn key<K: KeyFor<T>>(&mut self, property: &'static str) {
        let (extract, wrap) = (self.extract, self.wrap);
        let copy = move |owner: &P, value: P| match (extract(owner.clone()), extract(value)) {
            (Ok(owner), Ok(mut value)) => {
                K::of(&owner).clone().put(&mut value);
                wrap(value)
            }
            (Err(_), Ok(value)) => wrap(value),
            (_, Err(value)) => value,
        };
        let key_val = TypeId::of::<K>();
        let primary = self.definition.primary_key.as_ref();
        let primary = primary.is_some_and(|key| self.definition.indexes[key.index].key_val == Some(key_val));
        self.keys.push(KeyPlan { property, primary, key_val, copy: Arc::new(copy) });
    }
}
