//! The rows of a model, table by table, and what is wrong with them.

use std::any::TypeId;
use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream as _;

use super::Work;
use crate::backend::{Backend, BrokenIndex, Inspection};
use crate::damage::{Damage, DamageKind, Mend, Progress, Verified};
use crate::engine::{Harm, Knowledge, Link, Table, Unresolved, Verifier};
use crate::error::Error;
use crate::row::{Row, RowId};
use crate::select::{Predicate, Select};
use crate::table::{Around, ReferencePlace};

/// How many rows one step looks at.
const ROWS_AT_ONCE: usize = 5000;

/// A table that is left to look at.
pub(super) struct ToScan<B: Backend> {
    pub(super) root: TypeId,
    pub(super) table: Table<B>,
    pub(super) known: Knowledge<B>,
    pub(super) declared: Vec<Arc<Link>>,
    pub(super) undeclared: Vec<Arc<Link>>,
}

/// The look at all tables: at the indexes of each, and then at the rows of each.
pub(super) struct Scan<B: Backend> {
    current: Option<Current<B>>,
    left: VecDeque<ToScan<B>>,
    /// How many of these tables have indexes that have not been looked at.
    indexes_left: usize,
    /// The tables whose indexes are broken. A query that uses one may miss rows or fail.
    broken: HashSet<TypeId>,
}

/// The look at one table.
struct Current<B: Backend> {
    table: Table<B>,
    known: Knowledge<B>,
    /// The references that are declared, and the others.
    verifiers: [Verifier; 2],
    rows: u64,
    stage: Stage<B>,
}

enum Stage<B: Backend> {
    /// The rows are read.
    Rows(B::Rows),
    /// What the store keeps beside them is compared, after this row.
    Beside(Option<RowId>),
}

/// A damage, and how it is mended.
pub(super) struct Found<B: Backend> {
    pub(super) damage: Damage,
    pub(super) table: Table<B>,
    pub(super) known: Knowledge<B>,
    pub(super) means: Means,
}

/// How a damage is mended.
#[derive(Clone)]
pub(super) enum Means {
    Row(Harm),
    /// What is beside the row is written again.
    Rebuild(RowId),
    /// The indexes of the table of this root type are built again.
    RebuildIndexes(TypeId),
}

/// What a step of the look yields.
pub(super) enum Seen<B: Backend> {
    Progress(Progress),
    Found(Box<Found<B>>),
}

impl<B: Backend> Scan<B> {
    pub(super) fn new(left: VecDeque<ToScan<B>>) -> Self {
        Self { current: None, indexes_left: left.len(), left, broken: HashSet::new() }
    }

    /// Notes that the indexes of a table were built again.
    pub(super) fn indexes_are_built(&mut self, root: TypeId) {
        self.broken.remove(&root);
    }

    /// Looks at some rows, or at the indexes of a table. Returns false if there is nothing left.
    pub(super) async fn look(&mut self, seen: &mut Vec<Seen<B>>) -> Result<bool, Error> {
        if let Some(next) = self.indexes_left.checked_sub(1) {
            self.indexes_left = next;
            if let Some(left) = self.left.get(next) {
                for index in left.table.backend.inspect_indexes(&left.table.handle).await? {
                    self.broken.insert(left.root);
                    seen.push(left.broken(index));
                }
            }
            return Ok(true);
        }
        let current = match self.current.take() {
            Some(current) => current,
            None => match self.left.pop_front() {
                Some(next) => Current::new(next, &self.broken)?,
                None => return Ok(false),
            },
        };
        self.current = current.look(seen).await?;
        Ok(true)
    }
}

impl<B: Backend> ToScan<B> {
    fn broken(&self, BrokenIndex { name, problem }: BrokenIndex) -> Seen<B> {
        let damage = Damage {
            kind: DamageKind::Index,
            type_name: self.table.definition.type_name,
            row: None,
            problem: format!("the entries of {name} are not those of the rows: {problem}"),
            subject: name,
            mends: &[Mend::Rebuild, Mend::Leave],
        };
        let (table, known, means) = (self.table.clone(), self.known, Means::RebuildIndexes(self.root));
        Seen::Found(Box::new(Found { damage, table, known, means }))
    }
}

impl<B: Backend> Work for Scan<B> {
    type Item = Verified;

    async fn step(mut self, yielded: &mut VecDeque<Verified>) -> Result<Option<Self>, Error> {
        let mut seen = Vec::new();
        let more = self.look(&mut seen).await?;
        yielded.extend(seen.into_iter().map(|seen| match seen {
            Seen::Progress(progress) => Verified::Progress(progress),
            Seen::Found(found) => Verified::Damage(found.damage),
        }));
        Ok(more.then_some(self))
    }
}

impl<B: Backend> Current<B> {
    /// References that cannot be looked up are left out.
    fn new(
        ToScan { table, known, declared, undeclared, .. }: ToScan<B>,
        broken: &HashSet<TypeId>,
    ) -> Result<Self, Error> {
        let verifiers = [declared, undeclared].map(|links| {
            let sound = links.iter().filter(|link| !broken.contains(&link.reference.target.root));
            Verifier::new(&table.definition, sound)
        });
        let stage = Stage::Rows(table.stream(Select::of(Predicate::True))?);
        Ok(Self { table, known, verifiers, rows: 0, stage })
    }

    async fn look(mut self, seen: &mut Vec<Seen<B>>) -> Result<Option<Self>, Error> {
        match &mut self.stage {
            Stage::Rows(_) => {
                let more = self.look_at_rows(seen).await?;
                let progress = Progress { type_name: self.table.definition.type_name, rows: self.rows, done: !more };
                seen.push(Seen::Progress(progress));
                if !more {
                    self.stage = Stage::Beside(None);
                }
            }
            Stage::Beside(after) => {
                let after = *after;
                let table = &self.table;
                let Inspection { differing, last } = table.backend.inspect(&table.handle, after, ROWS_AT_ONCE).await?;
                for (row, name) in differing {
                    self.add(self.beside(row, name), Means::Rebuild(row), seen);
                }
                match last {
                    Some(last) => self.stage = Stage::Beside(Some(last)),
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(self))
    }

    /// Looks at some rows. Returns whether there may be more.
    async fn look_at_rows(&mut self, seen: &mut Vec<Seen<B>>) -> Result<bool, Error> {
        let mut unresolved = [Vec::new(), Vec::new()];
        let mut more = true;
        for _ in 0..ROWS_AT_ONCE {
            let Stage::Rows(rows) = &mut self.stage else { return Ok(false) };
            let Some(row) = poll_fn(|context| Pin::new(&mut *rows).poll_next(context)).await else {
                more = false;
                break;
            };
            self.rows += 1;
            match row {
                Ok(row) => self.look_at(&row, seen),
                // The stream continues after a row that cannot be read.
                Err(error @ Error::Decode { .. }) => self.unreadable(error, None, seen),
                Err(error) => return Err(error),
            }
            for (verifier, unresolved) in self.verifiers.iter_mut().zip(&mut unresolved) {
                unresolved.extend(verifier.look_up(&self.table).await?);
            }
        }
        if !more {
            for (verifier, unresolved) in self.verifiers.iter_mut().zip(&mut unresolved) {
                unresolved.extend(verifier.look_up_rest(&self.table).await?);
            }
        }
        for (unresolved, kind) in unresolved.into_iter().zip([DamageKind::Dangling, DamageKind::DanglingUndeclared]) {
            for unresolved in unresolved {
                self.add(dangling(&unresolved, kind), Means::Row(Harm::Unresolved(unresolved)), seen);
            }
        }
        Ok(more)
    }

    fn look_at(&mut self, row: &Row<B::Document>, seen: &mut Vec<Seen<B>>) {
        match (self.known.read)(&self.table, row) {
            Ok(()) => self.verifiers.iter_mut().for_each(|verifier| verifier.note(&self.table, row)),
            Err(error) => self.unreadable(error, row.discriminator.as_deref(), seen),
        }
    }

    fn unreadable(&self, error: Error, discriminator: Option<&str>, seen: &mut Vec<Seen<B>>) {
        let owner = self.table.definition.type_name;
        let (kind, type_name, row, subject) = match &error {
            Error::UnknownDiscriminator { id, .. } => {
                (DamageKind::UnknownDiscriminator, owner, *id, discriminator.unwrap_or_default().to_owned())
            }
            Error::Decode { type_name, id, .. } => (DamageKind::Undecodable, *type_name, *id, String::new()),
            _ => return,
        };
        let mends = &[Mend::Leave, Mend::Delete];
        let damage = Damage { kind, type_name, row: Some(row), subject, problem: error.to_string(), mends };
        self.add(damage, Means::Row(Harm::Unreadable(row)), seen);
    }

    fn beside(&self, row: RowId, name: String) -> Damage {
        let type_name = self.table.definition.type_name;
        Damage {
            kind: DamageKind::Column,
            type_name,
            row: Some(row),
            problem: format!("{name} of the {type_name} {row} is not the value in its document"),
            subject: name,
            mends: &[Mend::Rebuild, Mend::Leave],
        }
    }

    fn add(&self, damage: Damage, means: Means, seen: &mut Vec<Seen<B>>) {
        let (table, known) = (self.table.clone(), self.known);
        seen.push(Seen::Found(Box::new(Found { damage, table, known, means })));
    }
}

fn dangling(unresolved: &Unresolved, kind: DamageKind) -> Damage {
    let dangling = unresolved.dangling();
    let ReferencePlace { around, .. } = unresolved.link.reference.place;
    // A key value that is not declared as a reference may be meant to dangle.
    let mends: &'static [Mend] = match (around, kind) {
        (Around::Nothing, _) => &[Mend::Leave, Mend::Delete],
        (Around::Option, DamageKind::Dangling) => &[Mend::SetNone, Mend::Leave, Mend::Delete],
        (Around::Option, _) => &[Mend::Leave, Mend::SetNone, Mend::Delete],
        (Around::Collection, DamageKind::Dangling) => &[Mend::Remove, Mend::Leave, Mend::Delete],
        (Around::Collection, _) => &[Mend::Leave, Mend::Remove, Mend::Delete],
    };
    Damage {
        kind,
        type_name: dangling.type_name,
        row: Some(dangling.row),
        problem: format!("{dangling}, which does not exist"),
        subject: dangling.property,
        mends,
    }
}
