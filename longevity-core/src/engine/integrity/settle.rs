//! What follows from a write: rows that refer to a deleted row are deleted or changed, and what is left is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::{Instrument, Span};

use super::change::{Change, Changes, Followed, Lost};
use super::{End, Link, Renamed, ToCheck};
use crate::backend::{Backend, Lookup, Session, Target, Transaction, Write, WriteFailure, Writes};
use crate::encoding::PropertyReader;
use crate::engine::write::write_rows;
use crate::engine::{Kind, Level, Table, Tables};
use crate::error::Error;
use crate::row::{Row, RowContent};
use crate::select::{Predicate, Select};
use crate::table::{Check, Index, KeyChange, OnDelete, TableDefinition, shown};
use crate::value::{Comparison, Path, Value};

/// How many of the rows that refer to a target are read at once.
const ROWS_AT_ONCE: usize = 1000;

impl<B: Backend> Table<B> {
    /// Does what follows from the changes of rows of this table, which the table's transaction has just made. Returns what
    /// followed from them.
    pub(super) async fn settle(
        &self,
        changed: Vec<Change<B::Document>>,
        renamed: Option<&Renamed>,
    ) -> Result<Followed, Error> {
        let mut changes = Changes::default();
        self.note(changed, &mut changes);
        if let Some(renamed) = renamed {
            self.rename(renamed, &mut changes).await?;
        }
        // The deleted key values that are left to follow. Rows are read by the thousand; of those that are done with, only key
        // values that have to be checked are kept.
        let mut left: Vec<Lost> = Vec::new();
        let mut to_check = BTreeMap::new();
        loop {
            for lost in changes.lost.drain(..) {
                if lost.deleted && lost.link.reference.on_delete != OnDelete::Restrict {
                    left.push(lost);
                } else {
                    let Lost { link, key, .. } = lost;
                    to_check.entry((link.position, key)).or_insert(link);
                }
            }
            let Some(lost) = left.pop() else { break };
            if let Some(more) = self.follow(lost, &mut changes).await? {
                left.push(more);
            }
        }
        let lost = to_check.into_iter().map(|((_, key), link)| ToCheck { link, key, lost: true });
        let made = changes.made.into_iter().map(|((_, key), link)| ToCheck { link, key, lost: false });
        self.check_or_wait(lost.chain(made).collect()).await?;
        Ok(changes.followed)
    }

    fn note(&self, changed: Vec<Change<B::Document>>, changes: &mut Changes) {
        if let Some(integrity) = &self.integrity {
            changed.iter().for_each(|change| changes.note(self, integrity, change));
        }
    }

    /// Deletes or changes some of the rows that refer to a deleted row. Returns the row again if there may be more.
    async fn follow(&self, lost: Lost, changes: &mut Changes) -> Result<Option<Lost>, Error> {
        let Lost { link, key, .. } = &lost;
        // Another row of the same batch may have taken the key value over.
        if self.end_of(link)?.has_target(link, key).await? {
            return Ok(None);
        }
        let source = self.begin_of(link)?;
        let rows = source.referring(link, key, ROWS_AT_ONCE).await?;
        let more = rows.len() == ROWS_AT_ONCE;
        let change = match link.reference.on_delete {
            OnDelete::Restrict | OnDelete::Cascade => None,
            OnDelete::SetNone => Some(KeyChange::SetNone),
            OnDelete::Remove => Some(KeyChange::Remove),
        };
        if !rows.is_empty() {
            source.change_or_delete(link, key, change, rows, changes).await?;
        }
        Ok(more.then_some(lost))
    }

    /// Changes the references to a renamed key.
    async fn rename(&self, renamed: &Renamed, changes: &mut Changes) -> Result<(), Error> {
        if renamed.old == renamed.new {
            return Ok(());
        }
        let incoming = self.integrity.iter().flat_map(|integrity| &integrity.incoming);
        for End { link, .. } in incoming.filter(|end| end.link.reference.target.key_val == renamed.key_val) {
            let source = self.begin_of(link)?;
            loop {
                let rows = source.referring(link, &renamed.old, ROWS_AT_ONCE).await?;
                if rows.is_empty() {
                    break;
                }
                let change = Some(KeyChange::Replace(&renamed.new));
                source.change_or_delete(link, &renamed.old, change, rows, changes).await?;
            }
        }
        Ok(())
    }

    /// Changes the reference to the key in the rows, or deletes the rows.
    async fn change_or_delete(
        &self,
        link: &Link,
        key: &Value,
        change: Option<KeyChange<'_>>,
        rows: Vec<Row<B::Document>>,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        let kind = Kind { name: link.reference.declared_by, scope: None };
        let primary_keys: Vec<_> =
            rows.iter().map(|row| self.primary_key_in(row.discriminator.as_deref(), &row.doc)).collect();
        let mut writes = Writes::with_capacity(rows.len());
        let mut after = Vec::with_capacity(rows.len());
        for (row, primary_key) in rows.iter().zip(&primary_keys) {
            // What refers to a row of another version's type is not known.
            if self.definition.variant(row.discriminator.as_deref()).is_none() {
                return Err(self.unknown_discriminator(kind, row));
            }
            let version = Some(row.version);
            let target =
                Target { id: row.id, version, scope: None, primary_key: primary_key.as_deref(), before: false };
            let Some(change) = change else {
                writes.push(Write::Delete(target));
                after.push(None);
                continue;
            };
            let content = self.rewritten(link, row, &|value| link.reference.place.change(value, key, &change))?;
            if self.refers_to(link, content.discriminator.as_deref(), &content.doc, key) {
                return Err(
                    self.confused(format!("{} could not be changed in the row {}", link.reference.name, row.id))
                );
            }
            let new_key = self.primary_key_in(content.discriminator.as_deref(), &content.doc);
            if let (Some(from), Some(to)) = (primary_key, &new_key)
                && from != to
            {
                return Err(self.unstable(from, to));
            }
            after.push(Some((content.discriminator.clone(), content.doc.clone())));
            writes.push(Write::Replace(target, content));
        }
        write_rows!(self, kind, Span::current(), writes).map_err(|(_, failure)| self.not_followed(link, failure))?;
        let deleted = after.iter().filter(|after| after.is_none()).count() as u64;
        changes.followed.deleted += deleted;
        changes.followed.changed += after.len() as u64 - deleted;
        let changed = rows.into_iter().zip(after).map(|(row, after)| Change { before: Some(Box::new(row)), after });
        self.note(changed.collect(), changes);
        Ok(())
    }

    /// The content of a row whose references were changed.
    fn rewritten(
        &self,
        link: &Link,
        row: &Row<B::Document>,
        change: &dyn Fn(&mut Value),
    ) -> Result<RowContent<B::Document>, Error> {
        match self.integrity.as_ref().and_then(|integrity| integrity.rewrite) {
            Some(rewrite) => rewrite(self, row, change),
            None => Err(self.confused(format!("{} has no code that changes its references", link.reference.name))),
        }
    }

    #[cold]
    fn not_followed(&self, link: &Link, failure: WriteFailure) -> Error {
        match failure {
            WriteFailure::Other(error) => error,
            WriteFailure::Duplicate(position) => {
                let type_name = link.reference.declared_by;
                let key = self.definition.indexes.get(position).map_or_else(String::new, Index::property);
                Error::DuplicateKey { type_name, key, value: "none".to_owned() }
            }
            failure => self.confused(format!("a row that was just read could not be written: {failure:?}")),
        }
    }

    /// Checks the references, or has the commit do that.
    async fn check_or_wait(&self, to_check: Vec<ToCheck>) -> Result<(), Error> {
        let is_late = |it: &ToCheck| it.link.reference.check == Check::AtCommit;
        let (late, now): (Vec<_>, Vec<_>) = to_check.into_iter().partition(is_late);
        match &self.level {
            Some(level) => level.check_at_commit(late),
            None => self.check_all(late).await?,
        }
        self.check_all(now).await
    }

    /// Checks the references before the commit of a transaction.
    pub(crate) async fn check(
        tables: &Arc<Tables<B>>,
        level: &Arc<Level<B>>,
        to_check: Vec<ToCheck>,
    ) -> Result<(), Error> {
        let any = to_check.first().map(|it| it.link.source);
        match any.and_then(|root| Self::new(tables, root, Some(Arc::clone(level)))) {
            Some(table) => table.check_all(to_check).await,
            None => Ok(()),
        }
    }

    /// Fails if a reference has no target. The targets of new references are looked at together.
    async fn check_all(&self, to_check: Vec<ToCheck>) -> Result<(), Error> {
        let mut made: BTreeMap<usize, (Arc<Link>, BTreeSet<Value>)> = BTreeMap::new();
        for check in to_check {
            if check.lost {
                self.check_one(&check).await?;
                continue;
            }
            let ToCheck { link, key, .. } = check;
            made.entry(link.position).or_insert_with(|| (link, BTreeSet::new())).1.insert(key);
        }
        for (link, keys) in made.into_values() {
            let keys: Vec<_> = keys.into_iter().collect();
            if self.end_of(&link)?.holds(&link, &keys).await? {
                continue;
            }
            for key in keys {
                self.check_one(&ToCheck { link: Arc::clone(&link), key, lost: false }).await?;
            }
        }
        Ok(())
    }

    /// Fails if a row refers to a row that is not there.
    async fn check_one(&self, ToCheck { link, key, lost }: &ToCheck) -> Result<(), Error> {
        if self.end_of(link)?.holds(link, std::slice::from_ref(key)).await? {
            return Ok(());
        }
        // The row that referred to it may be gone by now.
        let count = self.begin_of(link)?.number_referring(link, key).await?;
        if count == 0 {
            return Ok(());
        }
        let reference = &link.reference;
        let (type_name, property) = (reference.declared_by, reference.to_string());
        let (target, key) = (reference.target.type_name, shown(std::slice::from_ref(key)));
        Err(if *lost {
            Error::Referenced { type_name: target, key, by: type_name, property, count }
        } else {
            Error::DanglingReference { type_name, property, target, key }
        })
    }

    pub(super) fn begin_of(&self, link: &Link) -> Result<Self, Error> {
        self.of_root(link.source).ok_or_else(|| self.confused(format!("{} begins nowhere", link.reference.name)))
    }

    pub(super) fn end_of(&self, link: &Link) -> Result<Self, Error> {
        let target = self.of_root(link.reference.target.root);
        target.ok_or_else(|| self.confused(format!("{} leads nowhere", link.reference.name)))
    }

    /// Whether a row of this table has each of the keys, and stays until the transaction ends.
    async fn holds(&self, link: &Link, keys: &[Value]) -> Result<bool, Error> {
        let values: Vec<Vec<_>> = keys.iter().map(|key| key_values(&self.definition, link, key)).collect();
        let values: Vec<Vec<_>> =
            values.iter().map(|values| values.iter().map(Value::as_value_ref).collect()).collect();
        let scope = link.reference.target.scope;
        let lookup = |values| Lookup { index: link.key, values, scope };
        let lookups: Vec<_> = values.iter().map(|values| lookup(&**values)).collect();
        let Some(level) = &self.level else {
            return Err(self.confused("references are checked outside of a transaction".to_owned()));
        };
        let writing = level.rows_to_write(link.reference.declared_by)?;
        let held = level.noted(Box::pin(writing.rows().hold(&self.handle, &lookups)).await);
        writing.done();
        held
    }

    /// Whether a row of this table has the key.
    pub(super) async fn has_target(&self, link: &Link, key: &Value) -> Result<bool, Error> {
        let values = key_values(&self.definition, link, key);
        let values: Vec<_> = values.iter().map(Value::as_value_ref).collect();
        let kind = Kind { name: link.reference.target.type_name, scope: link.reference.target.scope };
        Ok(self.get(kind, link.key, &values).await?.is_some())
    }

    /// The rows of this table that refer to a key, at most this number.
    pub(super) async fn referring(
        &self,
        link: &Link,
        key: &Value,
        limit: usize,
    ) -> Result<Vec<Row<B::Document>>, Error> {
        let mut rows = Vec::new();
        let select = Select { limit: Some(limit as u64), ..Select::of(predicate_of(link, key)) };
        let mut give = |row: &Row<B::Document>| {
            rows.push(row.clone());
            Ok(())
        };
        self.find_all(select, &mut give).await?;
        Ok(rows)
    }

    /// The number of rows of this table that refer to a key.
    pub(super) async fn number_referring(&self, link: &Link, key: &Value) -> Result<u64, Error> {
        over!(self, rows => rows.count(&self.handle, predicate_of(link, key)))
    }

    /// Whether a row of this table refers to the key.
    fn refers_to(&self, link: &Link, name: Option<&str>, doc: &B::Document, key: &Value) -> bool {
        let mut ends = self.integrity.iter().flat_map(|integrity| &integrity.outgoing);
        let end = ends.find(|end| end.link.position == link.position);
        end.is_some_and(|end| end.refers_to(self, name, doc, key))
    }

    /// The values of a row's primary key, for stores that distribute rows by it.
    pub(super) fn primary_key_in(&self, name: Option<&str>, doc: &B::Document) -> Option<Box<[Value]>> {
        let definition = &*self.definition;
        let key = definition.primary_key.as_ref()?;
        let variant = definition.variant(name)?;
        let value = |column: &usize| {
            let reader = PropertyReader::new(variant.shape, &definition.columns[*column].path)?;
            self.backend.read(doc, &reader).ok()
        };
        definition.indexes[key.index].columns.iter().map(value).collect()
    }
}

/// The predicate that holds for the rows that refer to a key.
pub(super) fn predicate_of(link: &Link, key: &Value) -> Predicate {
    let place = &link.reference.place;
    let (path, through) = (place.head.clone(), place.through.clone());
    let predicate = match through.is_empty() {
        true => Predicate::Compare { path, comparison: Comparison::Eq, operand: key.clone() },
        false => Predicate::Contains { path, through, element: key.clone() },
    };
    link.reference.scope.map_or(Predicate::True, Predicate::Scope).and(predicate)
}

/// The path to the key that a reference refers to.
pub(super) fn key_path<'a>(target: &'a TableDefinition, link: &Link) -> Option<&'a Path> {
    target.indexes.get(link.key)?.properties.first()
}

/// The values of a key value in the columns of its key.
pub(super) fn key_values(target: &TableDefinition, link: &Link, key: &Value) -> Vec<Value> {
    target.indexes[link.key].paths_in_key(target).map(|path| key.at(path).to_value()).collect()
}
