//! The check of a whole store, and its mending.

mod fix;
mod scan;
mod steps;

use std::any::TypeId;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Longevity;
use crate::backend::Backend;
use crate::damage::{Fixed, Plan, Verified};
use crate::engine::{Link, Table, undeclared};
use crate::error::Error;
use crate::model::DomainModel;
use crate::repo::AllKnowledge;
use crate::table::TableDefinition;
use fix::Fix;
use scan::{Scan, ToScan};
use steps::{Steps, Work};

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Looks at all rows of the model, and reports what is wrong as a stream: references that have no target, declared ones and
    /// others, rows that are not values of their type, unknown discriminators, and what the store keeps beside the documents
    /// and does not agree with them. Changes nothing.
    ///
    /// References to a table whose indexes or columns are damaged are left out: mend these first, and verify again. A key value
    /// without a declaration is recognized by the names of its type and of the type that it identifies. Those in the keys of maps
    /// and those in a type within itself are left out.
    ///
    /// Reports its [progress](Verified::Progress) every few thousand rows. Rows may be written meanwhile. Needs memory for a few
    /// thousand rows and for their damages; SQLite in memory reads a table at once. Costs reading each row once or twice, a query
    /// for every thousand distinct targets, and two queries for each target that is not there.
    ///
    /// ```
    #[doc = include_str!("../../../doc/open_integrity.txt")]
    /// # use longevity::verify::Verified;
    /// let mut verification = store.verify();
    /// while let Some(found) = verification.next().await {
    ///     match found? {
    ///         Verified::Damage(damage) => println!("{damage}"),
    ///         Verified::Progress(progress) => println!("{} rows of {}", progress.rows, progress.type_name),
    ///         _ => {}
    ///     }
    /// }
    /// assert!(store.verify().plan().await?.is_empty());
    #[doc = include_str!("../../../doc/close.txt")]
    /// ```
    pub fn verify(&self) -> Verification {
        Verification { steps: Steps::new(self.scan()) }
    }

    /// Looks at all rows as [`verify`](Self::verify) does, and does what the plan says about the damages. Reports as a stream
    /// what was [mended](Fixed::Mended), and what was not.
    ///
    /// Rows are mended in transactions of up to a thousand, so the back end has to have transactions. If the stream is dropped, what was reported stays mended; begin
    /// again to mend the rest. After rows were deleted, verify the store once more: rows may have referred to them by references
    /// that are not declared.
    ///
    /// ```
    #[doc = include_str!("../../../doc/open_integrity.txt")]
    /// # use longevity::verify::{DamageKind, Fixed, Mend};
    /// let mut plan = store.verify().plan().await?;
    /// println!("{plan}"); // such as `Book.author: 12 dangling: leave`
    /// for step in plan.steps_mut().filter(|step| step.first.kind == DamageKind::Undecodable) {
    ///     step.choose(Mend::Delete).unwrap();
    /// }
    /// let mut fixing = store.fix(plan);
    /// while let Some(fixed) = fixing.next().await {
    ///     if let Fixed::Failed(damage, error) = fixed? {
    ///         println!("{damage}: {error}");
    ///     }
    /// }
    #[doc = include_str!("../../../doc/close.txt")]
    /// ```
    pub fn fix(&self, plan: Plan) -> Fixing {
        Fixing { steps: Steps::new(Fix::new(self.scan(), plan)) }
    }

    fn scan(&self) -> Scan<B> {
        let shared = &self.shared;
        let mut known = AllKnowledge::default();
        M::visit_roots(&mut known);
        let mut roots: Vec<_> = shared.tables.iter().map(|(root, table)| (*root, &*table.definition)).collect();
        roots.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let undeclared = undeclared(&roots, &shared.links);
        let to_scan = |(root, _): (TypeId, &TableDefinition)| {
            let table = Table::new(&shared.tables, root, None)?;
            let of = |link: &&Arc<Link>| link.source == root;
            let declared: Vec<_> = shared.links.iter().filter(of).cloned().collect();
            let undeclared: Vec<_> = undeclared.iter().filter(of).cloned().collect();
            Some(ToScan { root, table, known: known.of(root)?, declared, undeclared })
        };
        Scan::new(roots.into_iter().filter_map(to_scan).collect())
    }
}

/// What [`Longevity::verify`] finds, one after the other. Dropping it stops the check.
pub struct Verification {
    steps: Steps<Verified>,
}

impl Verification {
    /// What is found next; `None` at the end. Does what `StreamExt::next` does, for callers that do not depend on `futures`.
    pub async fn next(&mut self) -> Option<Result<Verified, Error>> {
        std::future::poll_fn(|context| self.steps.poll_next(context)).await
    }

    /// Runs to the end, and returns a plan that mends what it can without deleting a row: see [`Plan`].
    pub async fn plan(mut self) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        while let Some(found) = self.next().await {
            if let Verified::Damage(damage) = found? {
                plan.add(&damage);
            }
        }
        Ok(plan)
    }
}

impl Stream for Verification {
    type Item = Result<Verified, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.steps.poll_next(context)
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification").finish_non_exhaustive()
    }
}

/// What [`Longevity::fix`] does, one after the other. Dropping it stops the mending.
pub struct Fixing {
    steps: Steps<Fixed>,
}

impl Fixing {
    /// What is done next; `None` at the end. Does what `StreamExt::next` does, for callers that do not depend on `futures`.
    pub async fn next(&mut self) -> Option<Result<Fixed, Error>> {
        std::future::poll_fn(|context| self.steps.poll_next(context)).await
    }

    /// Runs to the end, and returns how many damages were mended, and how many are left.
    pub async fn finish(mut self) -> Result<FixSummary, Error> {
        let mut summary = FixSummary::default();
        while let Some(fixed) = self.next().await {
            match fixed? {
                Fixed::Progress(_) => {}
                Fixed::Mended(..) => summary.mended += 1,
                Fixed::Left(_) => summary.left += 1,
                Fixed::Failed(..) => summary.failed += 1,
            }
        }
        Ok(summary)
    }
}

/// The numbers of damages that a plan has mended or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FixSummary {
    /// Those that are no more.
    pub mended: u64,
    /// Those that the plan leaves, or that another program has mended.
    pub left: u64,
    /// Those that could not be mended as the plan says.
    pub failed: u64,
}

impl Stream for Fixing {
    type Item = Result<Fixed, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.steps.poll_next(context)
    }
}

impl fmt::Debug for Fixing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixing").finish_non_exhaustive()
    }
}
