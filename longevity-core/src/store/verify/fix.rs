//! The mending of what is wrong in a store, by a plan.

use std::any::TypeId;
use std::collections::{HashSet, VecDeque};

use super::Work;
use super::scan::{Found, Means, Scan, Seen};
use crate::backend::Backend;
use crate::damage::{Fixed, Mend, Plan};
use crate::engine::Harm;
use crate::error::Error;
use crate::row::RowId;

/// How many damages are mended in one transaction.
const MENDED_AT_ONCE: usize = 1000;

/// The mending of all tables.
pub(super) struct Fix<B: Backend> {
    scan: Scan<B>,
    plan: Plan,
    /// The tables that keep broken indexes or columns.
    left: HashSet<TypeId>,
}

impl<B: Backend> Fix<B> {
    pub(super) fn new(scan: Scan<B>, plan: Plan) -> Self {
        Self { scan, plan, left: HashSet::new() }
    }
}

impl<B: Backend> Work for Fix<B> {
    type Item = Fixed;

    async fn step(mut self, yielded: &mut VecDeque<Fixed>) -> Result<Option<Self>, Error> {
        let mut seen = Vec::new();
        let more = self.scan.look(&mut seen).await;
        let (mut rows, mut beside, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
        for seen in seen {
            let found = match seen {
                Seen::Found(found) => *found,
                Seen::Progress(progress) => {
                    yielded.push_back(Fixed::Progress(progress));
                    continue;
                }
            };
            let mend = self.plan.mend_of(&found.damage);
            match found.means.clone() {
                means if mend == Mend::Leave => {
                    if let Means::Rebuild(root, _) | Means::RebuildIndexes(root) = means {
                        self.left.insert(root);
                    }
                    yielded.push_back(Fixed::Left(found.damage));
                }
                Means::Row(harm) => rows.push((found, harm, mend)),
                Means::Rebuild(root, row) => beside.push((found, root, row)),
                Means::RebuildIndexes(root) => indexes.push((found, root)),
            }
        }
        for (root, is_built) in
            [rebuild(beside, yielded).await, rebuild_indexes(indexes, yielded).await].into_iter().flatten()
        {
            if !is_built {
                self.left.insert(root);
            } else if !self.left.contains(&root) {
                self.scan.is_built(root);
            }
        }
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            mend_together(rows.by_ref().take(MENDED_AT_ONCE).collect(), yielded).await;
        }
        Ok(more?.then_some(self))
    }
}

/// Writes what is beside rows of one table again, all together or, if that fails, each by itself. Returns the table's root type,
/// and whether all of it is as it should be.
async fn rebuild<B: Backend>(
    rows: Vec<(Found<B>, TypeId, RowId)>,
    yielded: &mut VecDeque<Fixed>,
) -> Option<(TypeId, bool)> {
    let (Found { table, .. }, root, _) = rows.first()?;
    let (table, root, mut all) = (table.clone(), *root, true);
    let mut ids: Vec<_> = rows.iter().map(|(.., row)| *row).collect();
    // A row may have several damages, which follow each other.
    ids.dedup();
    let together = table.backend.rebuild(&table.handle, &ids).await.is_ok();
    for (found, _, row) in rows {
        let built = if together { Ok(()) } else { table.backend.rebuild(&table.handle, &[row]).await };
        all &= built.is_ok();
        yielded.push_back(reported(found, Mend::Rebuild, built.map(|()| true)));
    }
    Some((root, all))
}

/// The same for the indexes of a table, which are built all at once.
async fn rebuild_indexes<B: Backend>(
    indexes: Vec<(Found<B>, TypeId)>,
    yielded: &mut VecDeque<Fixed>,
) -> Option<(TypeId, bool)> {
    let (Found { table, .. }, root) = indexes.first()?;
    let (table, root, mut is_built) = (table.clone(), *root, false);
    for (found, _) in indexes {
        let built = if is_built { Ok(()) } else { table.backend.rebuild_indexes(&table.handle).await };
        is_built = built.is_ok();
        yielded.push_back(reported(found, Mend::Rebuild, built.map(|()| true)));
    }
    Some((root, is_built))
}

/// Mends rows of one table in one transaction or, if one of them cannot be mended, each in its own.
async fn mend_together<B: Backend>(rows: Vec<(Found<B>, Harm, Mend)>, yielded: &mut VecDeque<Fixed>) {
    let Some((Found { table, known, .. }, ..)) = rows.first() else { return };
    let harms: Vec<_> = rows.iter().map(|(_, harm, mend)| (harm.clone(), *mend)).collect();
    match table.mend(*known, &harms).await {
        Ok(mended) => {
            for ((found, _, mend), mended) in rows.into_iter().zip(mended) {
                yielded.push_back(reported(found, mend, Ok(mended)));
            }
        }
        // A single row is tried once more, which does no harm.
        Err(_) => {
            for (found, harm, mend) in rows {
                let mended = found.table.mend(found.known, &[(harm, mend)]).await;
                yielded.push_back(reported(found, mend, mended.map(|mended| mended.first() == Some(&true))));
            }
        }
    }
}

fn reported<B: Backend>(found: Found<B>, mend: Mend, mended: Result<bool, Error>) -> Fixed {
    match mended {
        Ok(true) => Fixed::Mended(found.damage, mend),
        Ok(false) => Fixed::Left(found.damage),
        Err(error) => Fixed::Failed(found.damage, error),
    }
}
