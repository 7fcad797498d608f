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

/// The look at all tables: at the indexes of each, then at what each keeps beside its documents, and then at the rows of each.
pub(super) struct Scan<B: Backend> {
    tables: Vec<ToScan<B>>,
    stage: Stage<B>,
    /// The tables whose indexes or columns are not those of the rows. A query of them may miss rows or fail.
    broken: HashSet<TypeId>,
}

enum Stage<B: Backend> {
    /// The indexes of the table at this position are next.
    Indexes(usize),
    /// The rows of the table at this position, after this one, are compared with what is beside them.
    Beside(usize, Option<RowId>),
    /// The rows of the table at this position are read.
    Rows(usize, Option<Current<B>>),
}

/// The rows of one table.
struct Current<B: Backend> {
    rows: B::Rows,
    /// The references that are declared, and the others.
    verifiers: [Verifier; 2],
    count: u64,
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
    /// What is beside the row is written again. The root type is that of its table.
    Rebuild(TypeId, RowId),
    /// The indexes of the table of this root type are built again.
    RebuildIndexes(TypeId),
}

/// What a step of the look yields.
pub(super) enum Seen<B: Backend> {
    Progress(Progress),
    Found(Box<Found<B>>),
}

impl<B: Backend> Scan<B> {
    pub(super) fn new(tables: Vec<ToScan<B>>) -> Self {
        Self { tables, stage: Stage::Indexes(0), broken: HashSet::new() }
    }

    /// Notes that all that was found broken of a table was built again.
    pub(super) fn is_built(&mut self, root: TypeId) {
        self.broken.remove(&root);
    }

    /// Looks at some rows, or at the indexes of a table. Returns false if there is nothing left. What was seen before an error
    /// is seen nevertheless.
    pub(super) async fn look(&mut self, seen: &mut Vec<Seen<B>>) -> Result<bool, Error> {
        match &mut self.stage {
            Stage::Indexes(at) => {
                let at = *at;
                let Some(next) = self.tables.get(at) else {
                    self.stage = Stage::Beside(0, None);
                    return Ok(true);
                };
                for index in next.table.backend.inspect_indexes(&next.table.handle).await? {
                    self.broken.insert(next.root);
                    next.add(index_damage(&next.table, index), Means::RebuildIndexes(next.root), seen);
                }
                self.stage = Stage::Indexes(at + 1);
            }
            Stage::Beside(at, after) => {
                let (at, after) = (*at, *after);
                let Some(next) = self.tables.get(at) else {
                    self.stage = Stage::Rows(0, None);
                    return Ok(true);
                };
                let found = next.table.backend.inspect(&next.table.handle, after, ROWS_AT_ONCE).await?;
                let Inspection { differing, last } = found;
                for (row, name) in differing {
                    self.broken.insert(next.root);
                    next.add(beside(&next.table, row, name), Means::Rebuild(next.root, row), seen);
                }
                self.stage = match last {
                    Some(last) => Stage::Beside(at, Some(last)),
                    None => Stage::Beside(at + 1, None),
                };
            }
            Stage::Rows(at, current) => {
                let Some(next) = self.tables.get(*at) else { return Ok(false) };
                let current = match current {
                    Some(current) => current,
                    None => current.insert(Current::new(next, &self.broken)?),
                };
                if !current.look(next, seen).await? {
                    self.stage = Stage::Rows(*at + 1, None);
                }
            }
        }
        Ok(true)
    }
}

impl<B: Backend> ToScan<B> {
    fn add(&self, damage: Damage, means: Means, seen: &mut Vec<Seen<B>>) {
        let (table, known) = (self.table.clone(), self.known);
        seen.push(Seen::Found(Box::new(Found { damage, table, known, means })));
    }

    fn unreadable(&self, error: &Error, discriminator: Option<&str>, seen: &mut Vec<Seen<B>>) {
        let definition = &*self.table.definition;
        let mut mends: &'static [Mend] = &[Mend::Leave, Mend::Delete];
        let (kind, type_name, row, subject) = match error {
            Error::UnknownDiscriminator { id, .. } => {
                if definition.is_referenced {
                    // What refers to it is not known.
                    mends = &[Mend::Leave];
                }
                let found = discriminator.unwrap_or_default().to_owned();
                (DamageKind::UnknownDiscriminator, definition.type_name, *id, found)
            }
            Error::Decode { type_name, id, .. } => (DamageKind::Undecodable, *type_name, *id, String::new()),
            _ => return,
        };
        let damage = Damage { kind, type_name, row: Some(row), subject, problem: error.to_string(), mends };
        self.add(damage, Means::Row(Harm::Unreadable(row)), seen);
    }
}

impl<B: Backend> Work for Scan<B> {
    type Item = Verified;

    async fn step(mut self, yielded: &mut VecDeque<Verified>) -> Result<Option<Self>, Error> {
        let mut seen = Vec::new();
        let more = self.look(&mut seen).await;
        yielded.extend(seen.into_iter().map(|seen| match seen {
            Seen::Progress(progress) => Verified::Progress(progress),
            Seen::Found(found) => Verified::Damage(found.damage),
        }));
        Ok(more?.then_some(self))
    }
}

impl<B: Backend> Current<B> {
    /// References that cannot be looked up are left out.
    fn new(of: &ToScan<B>, broken: &HashSet<TypeId>) -> Result<Self, Error> {
        let verifier = |links: &[Arc<Link>]| {
            let sound = links.iter().filter(|link| !broken.contains(&link.reference.target.root));
            Verifier::new(&of.table.definition, sound)
        };
        let verifiers = [verifier(&of.declared), verifier(&of.undeclared)];
        Ok(Self { rows: of.table.stream(Select::of(Predicate::True))?, verifiers, count: 0 })
    }

    /// Looks at some rows. Returns whether there may be more.
    async fn look(&mut self, of: &ToScan<B>, seen: &mut Vec<Seen<B>>) -> Result<bool, Error> {
        let mut more = true;
        for _ in 0..ROWS_AT_ONCE {
            let Some(row) = poll_fn(|context| Pin::new(&mut self.rows).poll_next(context)).await else {
                more = false;
                break;
            };
            self.count += 1;
            match row {
                Ok(row) => self.look_at(of, &row, seen),
                // The stream continues after a row that cannot be read.
                Err(error @ Error::Decode { .. }) => of.unreadable(&error, None, seen),
                Err(error) => return Err(error),
            }
            self.look_up(of, seen, false).await?;
        }
        if !more {
            self.look_up(of, seen, true).await?;
        }
        let type_name = of.table.definition.type_name;
        seen.push(Seen::Progress(Progress { type_name, rows: self.count, done: !more }));
        Ok(more)
    }

    fn look_at(&mut self, of: &ToScan<B>, row: &Row<B::Document>, seen: &mut Vec<Seen<B>>) {
        match (of.known.read)(&of.table, row) {
            Ok(()) => self.verifiers.iter_mut().for_each(|verifier| verifier.note(&of.table, row)),
            Err(error) => of.unreadable(&error, row.discriminator.as_deref(), seen),
        }
    }

    async fn look_up(&mut self, of: &ToScan<B>, seen: &mut Vec<Seen<B>>, all: bool) -> Result<(), Error> {
        for (verifier, kind) in self.verifiers.iter_mut().zip([DamageKind::Dangling, DamageKind::DanglingUndeclared]) {
            let unresolved = match all {
                true => verifier.look_up_rest(&of.table).await?,
                false => verifier.look_up(&of.table).await?,
            };
            for unresolved in unresolved {
                of.add(dangling(&unresolved, kind), Means::Row(Harm::Unresolved(unresolved)), seen);
            }
        }
        Ok(())
    }
}

fn beside<B: Backend>(table: &Table<B>, row: RowId, name: String) -> Damage {
    let type_name = table.definition.type_name;
    Damage {
        kind: DamageKind::Column,
        type_name,
        row: Some(row),
        problem: format!("{name} of the {type_name} {row} is not the value in its document"),
        subject: name,
        mends: &[Mend::Rebuild, Mend::Leave],
    }
}

fn index_damage<B: Backend>(table: &Table<B>, BrokenIndex { name, problem }: BrokenIndex) -> Damage {
    Damage {
        kind: DamageKind::Index,
        type_name: table.definition.type_name,
        row: None,
        problem: format!("the entries of {name} are not those of the rows: {problem}"),
        subject: name,
        mends: &[Mend::Rebuild, Mend::Leave],
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
