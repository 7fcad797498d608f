//! The list of the cases of references with integrity: those of the rows that refer, and those of their targets.

use std::any::TypeId;

use longevity_core::backend::Backend;
use longevity_core::table::{Check, Reference};
use longevity_core::{RootType, is_referred_to, refers};

use super::context::{CaseContext, Tested};
use super::list::CaseList;
use super::scene::{At, is_fixed, leads_to, may_change};
use super::{references_from, references_to};
use crate::contract::SpecModel;
use crate::fixture::Fixture;
use crate::references::Tables;

impl<M: SpecModel, F: Fixture> CaseList<M, F> {
    /// The cases of each reference from or to rows of the type.
    pub(super) fn add_references<T: Tested<M>>(&mut self, context: &CaseContext<T, M, F>) {
        // The branches are not compiled for other types.
        if const { refers::<T::Root>() } {
            self.add_references_from(context);
        }
        if const { is_referred_to(M::ROOTS, <T::Root as RootType>::TABLE) } {
            self.add_references_to(context);
        }
    }

    /// The cases of each reference that rows of the type have.
    fn add_references_from<T: Tested<M>>(&mut self, context: &CaseContext<T, M, F>) {
        let tables = Tables::clone(&self.tables);
        let is_own = |reference: &Reference| {
            T::SCOPE.is_none_or(|own| reference.scope.is_none_or(|scope| scope.variant == own.variant))
        };
        let own = tables.iter().enumerate().filter(|(_, table)| table.root == TypeId::of::<T::Root>());
        let each = own.flat_map(|(at, table)| table.definition.references.iter().enumerate().map(move |it| (at, it)));
        for (table, (position, reference)) in each.filter(|(_, (_, reference))| is_own(reference)) {
            let at = At { table, reference: position };
            // The poly type has references of its derived types.
            let name = match (T::SCOPE, reference.scope) {
                (None, Some(_)) => named(reference),
                _ => reference.to_string(),
            };
            self.add(context, &format!("refuse to create a dangling {name}"), move |context| {
                references_from::refuse_to_create(context, at)
            });
            if !is_fixed(&tables[table].definition, reference) {
                self.add(context, &format!("refuse to update to a dangling {name}"), move |context| {
                    references_from::refuse_to_update(context, at)
                });
            }
            if reference.check == Check::AtCommit {
                self.add(context, &format!("check {name} at the commit"), move |context| {
                    references_from::check_at_commit(context, at)
                });
            }
            if let Some(other) = another_type(&tables, reference).filter(|_| has_shared_key(&tables, reference)) {
                self.add(context, &format!("refuse another type in {name}"), move |context| {
                    references_from::refuse_another_type(context, at, other)
                });
            }
            self.add(context, &format!("find rows that refer by {name}"), move |context| {
                references_from::find_referring(context, at)
            });
        }
    }

    /// The cases of each reference that leads to rows of the type.
    fn add_references_to<T: Tested<M>>(&mut self, context: &CaseContext<T, M, F>) {
        let tables = Tables::clone(&self.tables);
        let all = tables.iter().enumerate();
        let each = all.flat_map(|(at, table)| table.definition.references.iter().enumerate().map(move |it| (at, it)));
        for (table, (position, reference)) in each.filter(|(_, (_, reference))| leads_to::<M, T>(reference)) {
            let at = At { table, reference: position };
            let name = named(reference);
            let Some(target) = tables.iter().find(|table| table.root == reference.target.root) else { continue };
            let has_key = context.keys().iter().any(|key| key.key_val == reference.target.key_val);
            self.add(context, &format!("delete what {name} refers to"), move |context| {
                references_to::delete(context, at)
            });
            self.add(context, &format!("know what refers by {name}"), move |context| references_to::know(context, at));
            if has_key && may_change(&target.definition, reference) {
                self.add(context, &format!("keep the key to which {name} refers"), move |context| {
                    references_to::keep_key(context, at)
                });
                if !is_fixed(&tables[table].definition, reference) {
                    self.add(context, &format!("rename the key to which {name} refers"), move |context| {
                        references_to::rename(context, at)
                    });
                }
            }
            if let Some(other) = another_type(&tables, reference).filter(|_| T::SCOPE.is_none()) {
                self.add(context, &format!("keep the type to which {name} refers"), move |context| {
                    references_to::keep_type(context, at, other)
                });
            }
        }
    }
}

/// The reference with the type that declares it.
fn named(reference: &Reference) -> String {
    format!("{}.{reference}", reference.declared_by)
}

/// The position of a variant of the target's table that the reference may not lead to.
fn another_type<M, B: Backend>(tables: &Tables<M, B>, reference: &Reference) -> Option<usize> {
    let table = tables.iter().find(|table| table.root == reference.target.root)?;
    let own = reference.target.scope?.variant;
    (0..table.definition.variants.len()).find(|variant| *variant != own)
}

/// Whether rows of all variants have the key to which the reference leads.
fn has_shared_key<M, B: Backend>(tables: &Tables<M, B>, reference: &Reference) -> bool {
    let table = tables.iter().find(|table| table.root == reference.target.root);
    table.is_some_and(|table| {
        let key = table.definition.key(reference.target.key_val);
        key.is_some_and(|key| table.definition.indexes[key].scope.is_none())
    })
}
