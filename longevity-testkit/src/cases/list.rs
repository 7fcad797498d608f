//! Which cases a model has: one for each type and operation, and for each key and pair of variants where it matters.

use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::table::TableDefinition;
use longevity_core::{HasVariant, InModel, PersistentType};

use super::room::{BackendOf, Room, Tested};
use super::stale::{ORIGINS, WRITES};
use super::variants::variants;
use super::{
    capabilities, concurrency, create_many, delete, discriminators, duplicates, explain, morph, options, poly,
    primary_key, queries, round_trip, schema, siblings, stale, streams, tasks, undeclared, update, write_many,
};
use crate::case::Case;
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::facade::Facade;
use crate::fixture::Fixture;
use crate::keys::{Key, all_keys, own_keys};
use crate::naming::{case_name, snake_case};
use crate::outcome::Outcome;
use crate::refused::advised;
use crate::settings::Settings;

/// All cases of the model `M`.
pub(crate) fn of_model<M: SpecModel, F: Fixture>(settings: &Settings, fixture: Arc<F>, facade: Facade) -> Vec<Case> {
    let mut list = List { settings: settings.clone(), fixture, facade, cases: Vec::new(), of: PhantomData };
    M::visit(&mut list);
    list.cases
}

struct List<M, F> {
    settings: Settings,
    fixture: Arc<F>,
    facade: Facade,
    cases: Vec<Case>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel, F: Fixture> List<M, F> {
    fn room<T: Tested<M>>(&self, keys: Vec<Key<T, BackendOf<F>>>) -> Room<T, M, F> {
        Room::new(Arc::clone(&self.fixture), self.settings.clone(), keys)
    }

    fn add<T: Tested<M>>(
        &mut self,
        room: &Room<T, M, F>,
        operation: &str,
        check: impl Fn(&Room<T, M, F>) -> Outcome + Send + Sync + 'static,
    ) {
        let store = room.settings().store.as_deref().unwrap_or(F::Backend::NAME);
        let name = case_name(M::NAME, T::NAME, operation, store, self.facade);
        let room = room.for_case(operation);
        let check = move || {
            check(&room).map_err(|stop| match room.definition() {
                Ok(definition) => advised(stop, definition),
                Err(_) => stop,
            })
        };
        self.cases.push(Case::new(name, self.settings.seed, check));
    }

    /// One case for each key; `{}` stands for its property.
    fn add_for_keys<T: Tested<M>>(
        &mut self,
        room: &Room<T, M, F>,
        operation: &str,
        check: fn(&Room<T, M, F>, &Key<T, BackendOf<F>>) -> Outcome,
    ) {
        for (position, key) in room.keys().iter().enumerate() {
            self.add(room, &operation.replace("{}", key.property), move |room| check(room, &room.keys()[position]));
        }
    }

    /// The same for the keys that an update may change: all but the primary key.
    fn add_for_changing_keys<T: Tested<M>>(
        &mut self,
        room: &Room<T, M, F>,
        operation: &str,
        check: fn(&Room<T, M, F>, &Key<T, BackendOf<F>>) -> Outcome,
    ) {
        let primary = room.primary_key().ok().flatten().map(|key| key.key_val);
        for (position, key) in room.keys().iter().enumerate().filter(|(_, key)| Some(key.key_val) != primary) {
            self.add(room, &operation.replace("{}", key.property), move |room| check(room, &room.keys()[position]));
        }
    }

    /// The cases that every type has, whatever it is.
    fn add_common<T: Tested<M>>(&mut self, room: &Room<T, M, F>) {
        self.add(room, "create", round_trip::create);
        self.add_for_keys(room, "retrieve by {}", round_trip::retrieve);
        self.add_for_keys(room, "retrieve by absent {}", round_trip::retrieve_absent);
        self.add(room, "create many", create_many::all);
        self.add_for_keys(room, "create none of many with a duplicate {}", create_many::none);
        self.add_for_keys(room, "refuse to create a duplicate {}", duplicates::on_create);
        self.add_for_changing_keys(room, "refuse to update to a duplicate {}", duplicates::on_update);
        self.add(room, "update", update::update);
        self.add_for_changing_keys(room, "update by {}", update::key_moves);
        self.add(room, "update without change", update::same_keys);
        self.add(room, "delete", delete::delete);
        self.add(room, "delete by query", write_many::delete_by_query);
        self.add(room, "tell the row before a write", write_many::rows_before);
        self.add_for_changing_keys(room, "write all or none of many with a duplicate {}", write_many::all_or_none);
        self.add_for_changing_keys(room, "judge {} by what many writes leave", write_many::keys_change_hands);
        for (first, second) in WRITES.into_iter().flat_map(|first| WRITES.map(|second| (first, second))) {
            for origin in ORIGINS {
                let operation = format!("refuse stale {second} after {first} of a state that was {origin}");
                self.add(room, &operation, move |room| stale::refuse(room, first, second, origin));
            }
        }
        self.add(room, "last writer wins without optimistic locking", options::last_writer_wins);
        for write in WRITES {
            let operation = format!("refuse {write} of a missing row without optimistic locking");
            self.add(room, &operation, move |room| options::missing(room, write));
        }
        self.add(room, "keep timestamps", options::timestamps);
        self.add(room, "query by every property", queries::comparisons);
        self.add(room, "query by and, or, not", queries::logic);
        self.add(room, "query in order and window", queries::order_and_window);
        let facade = self.facade;
        self.add(room, "stream while others write", move |room| streams::open_while_writing(room, facade));
        self.add(room, "drop a stream", streams::dropped);
        self.add(room, "refuse absent capabilities", capabilities::refuse_absent);
        self.add(room, "create the schema again", schema::create_again);
        self.add_for_changing_keys(room, "keep {} until it is dropped", undeclared::holds_until_dropped);
        self.add_for_keys(room, "create one {} on many threads", concurrency::create);
        self.add(room, "update one state on many threads", concurrency::update);
        if self.facade == Facade::Async {
            self.add(room, "write in tasks of a runtime", tasks::write);
        }
        // A flaw of the model is a failure of the cases above.
        let Ok(definition) = room.definition() else { return };
        for (position, index) in definition.indexes.iter().enumerate() {
            let visible = T::SCOPE.is_none() || index.scope.is_none() || index.scope == T::SCOPE;
            if visible {
                let operation = format!("use {} in queries", index.name);
                self.add(room, &operation, move |room| explain::uses_index(room, position));
            }
        }
        if definition.primary_key.is_some() {
            self.add(room, "refuse another primary key", primary_key::refuse_another);
        }
    }
}

/// Whether rows of the variant have a key that an update may change: any but the primary key.
fn has_changing_key(table: &TableDefinition, variant: usize) -> bool {
    let primary = table.primary_key.as_ref().map(|key| key.index);
    let mut indexes = table.indexes.iter().enumerate();
    indexes.any(|(position, index)| {
        index.is_unique() && Some(position) != primary && index.scope.is_none_or(|scope| scope.variant == variant)
    })
}

impl<M: SpecModel, F: Fixture> SpecVisitor<M> for List<M, F> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        let room = self.room::<P>(own_keys());
        self.add_common(&room);
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        let room = self.room::<P>(own_keys());
        self.add_common(&room);
        self.add(&room, "see creates through derived repositories", poly::seen_through_derived);
        self.add(&room, "refuse an unknown discriminator", discriminators::unknown);
        let variants = variants::<M, P, F::Backend>();
        if variants.len() > 1 {
            self.add(&room, "survive a foreign document", discriminators::foreign_document);
        }
        let pairs = variants.iter().flat_map(|from| variants.iter().map(move |to| (from, to)));
        for (from, to) in pairs.filter(|(from, to)| from.index != to.index) {
            let between = format!("{} into {}", snake_case(from.name), snake_case(to.name));
            let (from, to) = (from.index, to.index);
            self.add(&room, &format!("morph {between}"), move |room| morph::morph(room, from, to));
            self.add(&room, &format!("morph {between}, keys included"), move |room| morph::keys_follow(room, from, to));
            if room.definition().is_ok_and(|definition| has_changing_key(definition, to)) {
                let operation = format!("refuse to morph {between} with a duplicate");
                self.add(&room, &operation, move |room| morph::refuse_duplicate(room, from, to));
            }
            self.add(&room, &format!("morph {between} and back"), move |room| morph::and_back(room, from, to));
        }
    }

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let room = self.room::<D>(all_keys::<P, D, F::Backend>());
        self.add_common(&room);
        self.add(&room, "see creates through the poly repository", poly::seen_through_poly::<M, P, D, F>);
        self.add(&room, "narrow to no other variant", poly::narrow_to_another::<M, P, D, F>);
        let aliases = <P as HasVariant<D>>::SCOPE.discriminators.get(1..).unwrap_or_default();
        for (position, alias) in aliases.iter().copied().enumerate() {
            let operation = format!("read the alias {alias}");
            self.add(&room, &operation, move |room| discriminators::alias(room, alias));
            let operation = format!("take over the table of a version that wrote {alias}");
            let alias = &aliases[position..=position];
            self.add(&room, &operation, move |room| discriminators::older_version(room, alias));
        }
        // The rest needs siblings.
        if room.definition().is_ok_and(|definition| definition.variants.len() < 2) {
            return;
        }
        self.add(&room, "read no sibling", siblings::not_read::<M, P, D, F>);
        self.add(&room, "write no sibling", |room| siblings::not_written::<M, P, D, F>(room, true));
        self.add(&room, "write no sibling without optimistic locking", |room| {
            siblings::not_written::<M, P, D, F>(room, false)
        });
        self.add(&room, "write no row that became a sibling", siblings::not_written_after_morph::<M, P, D, F>);
        self.add(&room, "share the table with siblings", siblings::own_keys_apart::<M, P, D, F>);
        for (position, key) in own_keys::<P, F::Backend>().iter().enumerate() {
            let operation = format!("refuse a sibling's {}", key.property);
            self.add(&room, &operation, move |room| siblings::shared_key::<M, P, D, F>(room, &own_keys()[position]));
        }
    }
}
