//! What a history needs to know of a table's types, whatever the back ends: values, keys, properties.

use std::any::{Any, TypeId};
use std::rc::Rc;

use longevity_core::table::TableDefinition;
use longevity_core::{Error, InModel, KeyFor, PersistentType};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::cases::{Property, properties};
use crate::contract::{KeyVisitor, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::strategies::Generators;

/// A table.
pub(super) struct TablePlan<P> {
    pub(super) definition: TableDefinition,
    /// Its repositories: that of the type that owns it, then those of its derived types.
    pub(super) views: Vec<ViewPlan<P>>,
}

/// A repository.
pub(super) struct ViewPlan<P> {
    pub(super) name: &'static str,
    pub(super) samples: Vec<P>,
    pub(super) keys: Vec<KeyPlan<P>>,
    pub(super) properties: Vec<Property>,
}

/// A key of a repository's type.
pub(super) struct KeyPlan<P> {
    pub(super) property: &'static str,
    pub(super) primary: bool,
    key_val: TypeId,
    copy: Copy<P>,
}

/// Gives a value the key value of an owner.
type Copy<P> = Rc<dyn Fn(&P, P) -> P>;

impl<P> KeyPlan<P> {
    /// The value with the key value of the owner, if that has one.
    pub(super) fn copied(&self, owner: &P, value: P) -> P {
        (self.copy)(owner, value)
    }
}

/// Is shown each table of a model with its plan.
pub(super) trait PlanVisitor<M> {
    fn table<P: SpecRoot + InModel<M>>(&mut self, plan: TablePlan<P>);
}

/// Shows the tables of the model.
pub(super) fn plan<M: SpecModel>(
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
        let definition = match P::definition().table() {
            Ok(definition) => definition,
            Err(error) => return self.failure = Some(error),
        };
        let keys = keys(&definition, Ok::<P, P>, |value| value, |keys| P::visit_keys(keys));
        let samples = drawn::<P>(self.generators, self.samples, self.chance);
        let root = ViewPlan { name: P::NAME, samples, keys, properties: properties::<P>(&definition) };
        let (generators, samples) = (self.generators, self.samples);
        let mut views =
            Views { generators, samples, chance: &mut *self.chance, definition: &definition, derived: Vec::new() };
        P::visit::<M, _>(&mut views);
        let Views { derived, .. } = views;
        let mut views = vec![root];
        views.extend(derived.into_iter().filter_map(|view| view.downcast::<ViewPlan<P>>().ok()).map(|view| *view));
        self.visitor.table(TablePlan { definition, views });
    }
}

/// Samples, the shortest first: those that a shrunk history has.
fn drawn<T: SpecKeys>(generators: &Generators, samples: usize, chance: &mut TestRunner) -> Vec<T> {
    let strategy = generators.of::<T>();
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

    // Shown to the views of its poly type.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}

/// Collects the plans of the derived types, of which the visitor does not know that they are `P`'s.
struct Views<'a> {
    generators: &'a Generators,
    samples: usize,
    chance: &'a mut TestRunner,
    definition: &'a TableDefinition,
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
                key.copy = Rc::clone(&shared.copy);
            }
        }
        let samples = drawn::<D>(self.generators, self.samples, self.chance).into_iter().map(P::wrap).collect();
        let properties = properties::<D>(self.definition);
        self.derived.push(Box::new(ViewPlan::<P> { name: D::NAME, samples, keys, properties }));
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
        self.keys.push(KeyPlan { property, primary, key_val, copy: Rc::new(copy) });
    }
}
