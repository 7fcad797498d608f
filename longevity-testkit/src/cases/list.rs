//! The list of a model's cases: one for each type and operation and, where it matters, for each key or pair of variants.

use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::table::TableDefinition;
use longevity_core::{HasVariant, InModel, PersistentType};

use super::context::{BackendOf, CaseContext, Tested};
use super::stale::{ORIGINS, WRITES};
use super::variants::variants;
use super::{
    capabilities, concurrency, create_many, delete, discriminators, duplicates, explain, morph, options, poly,
    primary_key, queries, round_trip, schema, siblings, stale, streams, tasks, undeclared, update, write_many,
};
use crate::advice::with_advice;
use crate::case::Case;
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::facade::Facade;
use crate::fixture::Fixture;
use crate::keys::{Key, all_keys, own_keys};
use crate::naming::{case_name, snake_case};
use crate::outcome::Outcome;
use crate::references::{Tables, tables_of};
use crate::settings::Settings;

/// All cases of the model `M`.
pub(crate) fn of_model<M: SpecModel, F: Fixture>(settings: &Settings, fixture: Arc<F>, facade: Facade) -> Vec<Case> {
    // If the model is invalid, its cases fail.
    let tables = tables_of::<M, F::Backend>().unwrap_or_default();
    let mut list = CaseList { settings: settings.clone(), fixture, facade, tables, cases: Vec::new(), of: PhantomData };
    M::visit(&mut list);
    list.cases
}

pub(super) struct CaseList<M, F: Fixture> {
    settings: Settings,
    fixture: Arc<F>,
    facade: Facade,
    pub(super) tables: Tables<M, F::Backend>,
    cases: Vec<Case>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel, F: Fixture> CaseList<M, F> {
    fn context<T: Tested<M>>(&self, keys: Vec<Key<T, BackendOf<F>>>) -> CaseContext<T, M, F> {
        CaseContext::new(Arc::clone(&self.fixture), self.settings.clone(), keys, tables_of::<M, F::Backend>)
    }

    pub(super) fn add<T: Tested<M>>(
        &mut self,
        context: &CaseContext<T, M, F>,
        operation: &str,
        check: impl Fn(&CaseContext<T, M, F>) -> Outcome + Send + Sync + 'static,
    ) {
        let store = context.settings().store.as_deref().unwrap_or(F::Backend::NAME);
        let name = case_name(M::NAME, T::NAME, operation, store, self.facade);
        let context = context.for_case(operation);
        let check = move || {
            check(&context).map_err(|stop| match context.definition() {
                Ok(definition) => with_advice(stop, definition),
                Err(_) => stop,
            })
        };
        self.cases.push(Case::new(name, self.settings.seed, check));
    }

    /// One case for each key; `{}` in its name is replaced by its property.
    fn add_for_keys<T: Tested<M>>(
        &mut self,
        context: &CaseContext<T, M, F>,
        operation: &str,
        check: fn(&CaseContext<T, M, F>, &Key<T, BackendOf<F>>) -> Outcome,
    ) {
        for (position, key) in context.keys().iter().enumerate() {
            self.add(context, &operation.replace("{}", key.property), move |context| {
                check(context, &context.keys()[position])
            });
        }
    }

    /// One case for each key that an update may change, which is any but the primary key.
    fn add_for_changing_keys<T: Tested<M>>(
        &mut self,
        context: &CaseContext<T, M, F>,
        operation: &str,
        check: fn(&CaseContext<T, M, F>, &Key<T, BackendOf<F>>) -> Outcome,
    ) {
        let primary = context.primary_key().ok().flatten().map(|key| key.key_val);
        for (position, key) in context.keys().iter().enumerate().filter(|(_, key)| Some(key.key_val) != primary) {
            self.add(context, &operation.replace("{}", key.property), move |context| {
                check(context, &context.keys()[position])
            });
        }
    }

    /// The cases that every type has.
    fn add_common<T: Tested<M>>(&mut self, context: &CaseContext<T, M, F>) {
        self.add(context, "create", round_trip::create);
        self.add_for_keys(context, "retrieve by {}", round_trip::retrieve);
        self.add_for_keys(context, "retrieve by absent {}", round_trip::retrieve_absent);
        self.add(context, "create many", create_many::all);
        self.add_for_keys(context, "create none of many with a duplicate {}", create_many::none);
        self.add_for_keys(context, "refuse to create a duplicate {}", duplicates::on_create);
        self.add_for_changing_keys(context, "refuse to update to a duplicate {}", duplicates::on_update);
        self.add(context, "update", update::update);
        self.add_for_changing_keys(context, "update by {}", update::key_moves);
        self.add(context, "update without change", update::same_keys);
        self.add(context, "delete", delete::delete);
        self.add(context, "delete by query", write_many::delete_by_query);
        self.add(context, "return the row before a write", write_many::rows_before);
        self.add_for_changing_keys(context, "write all or none of many with a duplicate {}", write_many::all_or_none);
        self.add_for_changing_keys(context, "check {} only after many writes", write_many::keys_change_hands);
        for (first, second) in WRITES.into_iter().flat_map(|first| WRITES.map(|second| (first, second))) {
            for origin in ORIGINS {
                let operation = format!("refuse stale {second} after {first} of a state that was {origin}");
                self.add(context, &operation, move |context| stale::refuse(context, first, second, origin));
            }
        }
        self.add(context, "last writer wins without optimistic locking", options::last_writer_wins);
        for write in WRITES {
            let operation = format!("refuse {write} of a missing row without optimistic locking");
            self.add(context, &operation, move |context| options::missing(context, write));
        }
        self.add(context, "keep timestamps", options::timestamps);
        self.add(context, "query by every property", queries::comparisons);
        self.add(context, "query by and, or, not", queries::logic);
        self.add(context, "query in order and window", queries::order_and_window);
        let facade = self.facade;
        self.add(context, "stream while others write", move |context| streams::open_while_writing(context, facade));
        self.add(context, "drop a stream", streams::dropped);
        self.add(context, "refuse absent capabilities", capabilities::refuse_absent);
        self.add(context, "create the schema again", schema::create_again);
        self.add_for_changing_keys(context, "keep {} until it is dropped", undeclared::holds_until_dropped);
        self.add_for_keys(context, "create one {} on many threads", concurrency::create);
        self.add(context, "update one state on many threads", concurrency::update);
        if self.facade == Facade::Async {
            self.add(context, "write in tasks of a runtime", tasks::write);
        }
        // If the model is invalid, the cases above fail.
        let Ok(definition) = context.definition() else { return };
        for (position, index) in definition.indexes.iter().enumerate() {
            let visible = T::SCOPE.is_none() || index.scope.is_none() || index.scope == T::SCOPE;
            if visible {
                let operation = format!("use {} in queries", index.name);
                self.add(context, &operation, move |context| explain::uses_index(context, position));
            }
        }
        if definition.primary_key.is_some() {
            self.add(context, "refuse another primary key", primary_key::refuse_another);
        }
        self.add_references(context);
    }
}

/// Whether rows of the variant have a key that an update may change, which is any but the primary key.
fn has_changing_key(table: &TableDefinition, variant: usize) -> bool {
    let primary = table.primary_key.as_ref().map(|key| key.index);
    let mut indexes = table.indexes.iter().enumerate();
    indexes.any(|(position, index)| {
        index.is_unique() && Some(position) != primary && index.scope.is_none_or(|scope| scope.variant == variant)
    })
}

impl<M: SpecModel, F: Fixture> SpecVisitor<M> for CaseList<M, F> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        let context = self.context::<P>(own_keys());
        self.add_common(&context);
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        let context = self.context::<P>(own_keys());
        self.add_common(&context);
        self.add(&context, "see creates through derived repositories", poly::seen_through_derived);
        self.add(&context, "refuse an unknown discriminator", discriminators::unknown);
        let variants = variants::<M, P, F::Backend>();
        if variants.len() > 1 {
            self.add(&context, "survive a foreign document", discriminators::foreign_document);
        }
        let pairs = variants.iter().flat_map(|from| variants.iter().map(move |to| (from, to)));
        for (from, to) in pairs.filter(|(from, to)| from.index != to.index) {
            let between = format!("{} into {}", snake_case(from.name), snake_case(to.name));
            let (from, to) = (from.index, to.index);
            self.add(&context, &format!("morph {between}"), move |context| morph::morph(context, from, to));
            self.add(&context, &format!("morph {between}, keys included"), move |context| {
                morph::keys_follow(context, from, to)
            });
            if context.definition().is_ok_and(|definition| has_changing_key(definition, to)) {
                let operation = format!("refuse to morph {between} with a duplicate");
                self.add(&context, &operation, move |context| morph::refuse_duplicate(context, from, to));
            }
            self.add(&context, &format!("morph {between} and back"), move |context| morph::and_back(context, from, to));
        }
    }

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let context = self.context::<D>(all_keys::<P, D, F::Backend>());
        self.add_common(&context);
        self.add(&context, "see creates through the poly repository", poly::seen_through_poly::<M, P, D, F>);
        self.add(&context, "narrow to no other variant", poly::narrow_to_another::<M, P, D, F>);
        let aliases = <P as HasVariant<D>>::SCOPE.discriminators.get(1..).unwrap_or_default();
        for (position, alias) in aliases.iter().copied().enumerate() {
            let operation = format!("read the alias {alias}");
            self.add(&context, &operation, move |context| discriminators::alias(context, alias));
            let operation = format!("take over the table of a version that wrote {alias}");
            let alias = &aliases[position..=position];
            self.add(&context, &operation, move |context| discriminators::older_version(context, alias));
        }
        // The rest needs siblings.
        if context.definition().is_ok_and(|definition| definition.variants.len() < 2) {
            return;
        }
        self.add(&context, "read no sibling", siblings::not_read::<M, P, D, F>);
        self.add(&context, "write no sibling", |context| siblings::not_written::<M, P, D, F>(context, true));
        self.add(&context, "write no sibling without optimistic locking", |context| {
            siblings::not_written::<M, P, D, F>(context, false)
        });
        self.add(&context, "write no row that became a sibling", siblings::not_written_after_morph::<M, P, D, F>);
        self.add(&context, "share the table with siblings", siblings::own_keys_apart::<M, P, D, F>);
        for (position, key) in own_keys::<P, F::Backend>().iter().enumerate() {
            let operation = format!("refuse a sibling's {}", key.property);
            self.add(&context, &operation, move |context| {
                siblings::shared_key::<M, P, D, F>(context, &own_keys()[position])
            });
        }
    }
}
