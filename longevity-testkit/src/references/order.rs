//! The order in which rows can be created, so that each finds what it refers to.

use longevity_core::backend::Backend;
use longevity_core::table::{Check, Reference};

use super::tables::{ModelTable, applies};

/// A variant of a table, by their positions.
pub(super) type At = (usize, usize);

/// Whether rows of the variant can be the target.
pub(super) fn is_target<M, B: Backend>(
    tables: &[ModelTable<M, B>],
    reference: &Reference,
    (table, variant): At,
) -> bool {
    tables[table].root == reference.target.root && reference.target.scope.is_none_or(|scope| scope.variant == variant)
}

/// Whether a row of the variant needs another row for the reference. A row may refer to itself if it can be the target.
pub(super) fn needs_another<M, B: Backend>(tables: &[ModelTable<M, B>], reference: &Reference, at: At) -> bool {
    applies(reference, at.1) && reference.place.required && !is_target(tables, reference, at)
}

/// The variants of which rows can be created, in an order in which they can, without rows of one table. A reference that is
/// checked at the commit may lead to a later row if nothing else helps.
pub(super) fn order<M, B: Backend>(tables: &[ModelTable<M, B>], without: Option<usize>) -> Vec<At> {
    let mut order: Vec<At> = Vec::new();
    let mut late = false;
    loop {
        let before = order.len();
        for (position, table) in tables.iter().enumerate().filter(|(position, _)| Some(*position) != without) {
            for variant in 0..table.definition.variants.len() {
                let at = (position, variant);
                let waits = table.references(variant).any(|reference| {
                    needs_another(tables, reference, at)
                        && !(late && reference.check == Check::AtCommit)
                        && !order.iter().any(|earlier| is_target(tables, reference, *earlier))
                });
                if !waits && !order.contains(&at) {
                    order.push(at);
                }
            }
        }
        if order.len() > before {
            continue;
        }
        if late || without.is_some() {
            return order;
        }
        late = true;
    }
}

/// The first variant that can be the target, and of which rows can be created.
pub(crate) fn first_target<M, B: Backend>(
    tables: &[ModelTable<M, B>],
    reference: &Reference,
) -> Option<(usize, usize)> {
    order(tables, None).into_iter().find(|at| is_target(tables, reference, *at))
}
