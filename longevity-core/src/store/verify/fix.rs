//! The mending of what is wrong in a store, by a plan.

use std::collections::{HashSet, VecDeque};

use super::Work;
use super::scan::{Found, Means, Scan, Seen};
use crate::backend::Backend;
use crate::damage::{Fixed, Mend, Plan};
use crate::engine::Harm;
use crate::error::Error;

/// How many damages are mended in one transaction.
const MENDED_AT_ONCE: usize = 1000;

/// The mending of all tables.
pub(super) struct Fix<B: Backend> {
    scan: Scan<B>,
    plan: Plan,
}

impl<B: Backend> Fix<B> {
    pub(super) fn new(scan: Scan<B>, plan: Plan) -> Self {
        Self { scan, plan }
    }
}

impl<B: Backend> Work for Fix<B> {
    type Item = Fixed;

    async fn step(mut self, yielded: &mut VecDeque<Fixed>) -> Result<Option<Self>, Error> {
        let mut seen = Vec::new();
        let more = self.scan.look(&mut seen).await?;
        let mut rows = Vec::new();
        let mut all_built = HashSet::new();
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
                _ if mend == Mend::Leave => yielded.push_back(Fixed::Left(found.damage)),
                Means::Row(harm) => rows.push((found, harm, mend)),
                Means::Rebuild(row) => {
                    let table = &found.table;
                    let built = table.backend.rebuild(&table.handle, &[row]).await;
                    yielded.push_back(reported(found, mend, built.map(|()| true)));
                }
                Means::RebuildIndexes(root) => {
                    let table = &found.table;
                    let built = match all_built.contains(&root) {
                        true => Ok(()),
                        false => table.backend.rebuild_indexes(&table.handle).await,
                    };
                    if built.is_ok() {
                        self.scan.indexes_are_built(root);
                        all_built.insert(root);
                    }
                    yielded.push_back(reported(found, mend, built.map(|()| true)));
                }
            }
        }
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            mend_together(rows.by_ref().take(MENDED_AT_ONCE).collect(), yielded).await;
        }
        Ok(more.then_some(self))
    }
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
