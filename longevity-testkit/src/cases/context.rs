//! The context of a case: its type, the type's keys and table, and new stores.

use std::any::TypeId;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::table::TableDefinition;
use longevity_core::{DomainModel, Error, InModel, Options, PersistentType, RootType};

use crate::contract::{SpecKeys, SpecRoot};
use crate::decorate::{Decorated, Decorator};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::naming::snake_case;
use crate::outcome::{Outcome, Stop};
use crate::references::{Given, Tables, Wanted};
use crate::settings::Settings;

/// A plain, poly or derived type that the suite can test in the model `M`.
pub(crate) trait Tested<M>: SpecKeys + PersistentType<Root: InModel<M> + SpecRoot> {}

impl<M, T: SpecKeys + PersistentType<Root: InModel<M> + SpecRoot>> Tested<M> for T {}

/// The back end of a fixture.
pub(crate) type BackendOf<F> = <F as Fixture>::Backend;

/// The type that a case is about, the fixture of its stores, and the name of the case.
pub(crate) struct CaseContext<T: 'static, M, F: Fixture> {
    shared: Arc<Shared<T, M, F>>,
    /// The name of the case, from which its random generator is seeded.
    pub(crate) case: String,
}

struct Shared<T: 'static, M, F: Fixture> {
    fixture: Arc<F>,
    settings: Settings,
    definition: Result<TableDefinition, Error>,
    keys: Vec<Key<T, BackendOf<F>>>,
    tables: TablesOf<M, F>,
    /// What rows of the table refer to, made when a case first needs it.
    given: OnceLock<Option<Given<M, BackendOf<F>>>>,
}

/// Makes the tables of the model.
type TablesOf<M, F> = fn() -> Outcome<Tables<M, BackendOf<F>>>;

/// A store, and what must outlive it.
pub(crate) struct Opened<M, B: Backend, G> {
    store: Longevity<M, B>,
    _guard: G,
}

impl<M, B: Backend, G> Deref for Opened<M, B, G> {
    type Target = Longevity<M, B>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

impl<M: DomainModel, T: Tested<M>, F: Fixture> CaseContext<T, M, F> {
    pub(crate) fn new(
        fixture: Arc<F>,
        settings: Settings,
        keys: Vec<Key<T, BackendOf<F>>>,
        tables: TablesOf<M, F>,
    ) -> Self {
        let definition = <T::Root as RootType>::definition().table();
        let shared = Shared { fixture, settings, definition, keys, tables, given: OnceLock::new() };
        Self { shared: Arc::new(shared), case: String::new() }
    }

    /// The context of this case.
    pub(crate) fn for_case(&self, operation: &str) -> Self {
        let case = format!("{}::{operation}", snake_case(T::NAME));
        Self { shared: Arc::clone(&self.shared), case }
    }

    /// The context of the same case for another type.
    pub(crate) fn about<U: Tested<M>>(&self, keys: Vec<Key<U, BackendOf<F>>>) -> CaseContext<U, M, F> {
        let Shared { fixture, settings, tables, .. } = &*self.shared;
        let context = CaseContext::new(Arc::clone(fixture), settings.clone(), keys, *tables);
        CaseContext { case: self.case.clone(), ..context }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(crate) fn keys(&self) -> &[Key<T, BackendOf<F>>] {
        &self.shared.keys
    }

    /// The definition of the type's table.
    pub(crate) fn definition(&self) -> Outcome<&TableDefinition> {
        self.shared.definition.as_ref().map_err(|error| Stop::failed(format!("the model is invalid: {error}")))
    }

    /// The tables of the model.
    pub(crate) fn tables(&self) -> Outcome<Tables<M, BackendOf<F>>> {
        (self.shared.tables)()
    }

    /// What rows of the table refer to; `None` if the type declares no references.
    pub(crate) fn given(&self) -> Outcome<Option<&Given<M, BackendOf<F>>>> {
        if let Some(given) = self.shared.given.get() {
            return Ok(given.as_ref());
        }
        let given = if self.definition()?.references.is_empty() {
            None
        } else {
            let tables = self.tables()?;
            let own = tables.iter().position(|table| table.root == TypeId::of::<T::Root>());
            let own = own.ok_or_else(|| Stop::failed("the model has no such table"))?;
            Some(Given::new(&tables, own, &Wanted { also: &[] }, self.settings())?)
        };
        Ok(self.shared.given.get_or_init(|| given).as_ref())
    }

    /// Creates the schema, and what rows of the table refer to. Cases do not see given rows that are in the table itself.
    pub(crate) fn create_schema(&self, store: &Longevity<M, F::Backend>) -> Outcome {
        let Some(given) = self.given()? else { return Ok(store.create_schema()?) };
        if !store.asynchronous().backend().capabilities().transactions {
            return Err(Stop::Skipped(
                "the back end has no transactions, which references need; `refuse absent capabilities` proves that it refuses"
                    .to_owned(),
            ));
        }
        match store.create_schema() {
            // The rows of an older version refer to what is not there yet.
            Ok(()) | Err(Error::DanglingReferences { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let own = given.create(store)?;
        F::hide(store.asynchronous().backend(), &own);
        Ok(store.create_schema()?)
    }

    /// A store with its schema and no rows, apart from what rows of the table refer to.
    pub(crate) fn open(&self) -> Outcome<Opened<M, F::Backend, F::Guard>> {
        self.open_with(Options::default())
    }

    /// A new store without its schema.
    pub(crate) fn open_without_schema(&self) -> Outcome<Opened<M, F::Backend, F::Guard>> {
        let set_up = self.shared.fixture.set_up();
        let (backend, guard) = set_up.map_err(fixture_failed)?;
        Ok(Opened { store: Longevity::open(backend)?, _guard: guard })
    }

    /// The same with these options.
    pub(crate) fn open_with(&self, options: Options) -> Outcome<Opened<M, F::Backend, F::Guard>> {
        let (backend, guard) = self.set_up()?;
        let store = Longevity::open_with(backend, options)?;
        self.create_schema(&store)?;
        Ok(Opened { store, _guard: guard })
    }

    /// An empty store with its schema.
    pub(crate) fn open_empty(&self) -> Outcome<Opened<M, F::Backend, F::Guard>> {
        let (backend, guard) = self.set_up()?;
        let store = Longevity::open(backend)?;
        store.create_schema()?;
        Ok(Opened { store, _guard: guard })
    }

    /// An empty store with its schema on a decorated back end.
    pub(crate) fn open_decorated<D: Decorator<F::Backend>>(
        &self,
        decorator: D,
    ) -> Outcome<Opened<M, Decorated<F::Backend, D>, F::Guard>> {
        let (backend, guard) = self.set_up()?;
        let store = Longevity::open(Decorated::new(backend, decorator))?;
        store.create_schema()?;
        Ok(Opened { store, _guard: guard })
    }

    fn set_up(&self) -> Outcome<(F::Backend, F::Guard)> {
        self.shared.fixture.set_up_for_schema().map_err(fixture_failed)
    }

    /// `value` as the next value of `old`'s row: with the primary key of `old`, if there is one.
    pub(crate) fn next_of(&self, old: &T, value: &T) -> Outcome<T> {
        Ok(match self.primary_key()? {
            Some(key) => key.copied(old, value.clone()),
            None => value.clone(),
        })
    }

    /// The key that is the primary key.
    pub(crate) fn primary_key(&self) -> Outcome<Option<&Key<T, BackendOf<F>>>> {
        let definition = self.definition()?;
        let key_val = definition.primary_key.as_ref().and_then(|key| definition.indexes[key.index].key_val);
        Ok(self.keys().iter().find(|key| Some(key.key_val) == key_val))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` passes it by value")]
fn fixture_failed(error: longevity_core::BoxError) -> Stop {
    Stop::failed(format!("the fixture failed: {error}"))
}
