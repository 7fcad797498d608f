//! What a write changes in the references that begin or end in its table.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{End, Integrity, Link};
use crate::backend::Backend;
use crate::engine::Table;
use crate::row::Row;
use crate::value::Value;

/// A row before and after a write; `None` if it was not there.
pub(super) struct Change<D> {
    pub(super) before: Option<Box<Row<D>>>,
    pub(super) after: Option<(Option<Cow<'static, str>>, D)>,
}

/// A key value that a row had as the target of a reference, and has no longer.
pub(super) struct Lost {
    pub(super) link: Arc<Link>,
    pub(super) key: Value,
    /// Whether the row was deleted. Otherwise, it has another key value or is of another type.
    pub(super) deleted: bool,
}

/// What writes change.
#[derive(Default)]
pub(super) struct Changes {
    /// The references that were made, each once.
    pub(super) made: BTreeMap<(usize, Value), Arc<Link>>,
    /// The targets that were taken away.
    pub(super) lost: Vec<Lost>,
    pub(super) followed: Followed,
}

/// The numbers of rows that a delete took with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Followed {
    /// Those that were deleted because they referred to deleted ones.
    pub(crate) deleted: u64,
    /// Those whose references were changed.
    pub(crate) changed: u64,
}

impl Changes {
    /// Adds what a change of a row changes.
    pub(super) fn note<B: Backend>(
        &mut self,
        table: &Table<B>,
        integrity: &Integrity<B>,
        change: &Change<B::Document>,
    ) {
        let before = change.before.as_ref().map(|row| (row.discriminator.as_deref(), &row.doc));
        let after = change.after.as_ref().map(|(name, doc)| (name.as_deref(), doc));
        for end in &integrity.outgoing {
            let Some(after) = after else { break };
            let mut made = keys_in(table, end, after);
            if let Some(before) = before.filter(|_| !made.is_empty()) {
                let known = keys_in(table, end, before);
                made.retain(|key| !known.contains(key));
            }
            self.made.extend(made.into_iter().map(|key| ((end.link.position, key), Arc::clone(&end.link))));
        }
        for end in &integrity.incoming {
            let Some(key) = before.and_then(|before| read(table, end, before)).filter(|key| !key.is_none()) else {
                continue;
            };
            if after.and_then(|after| read(table, end, after)).as_ref() != Some(&key) {
                self.lost.push(Lost { link: Arc::clone(&end.link), key, deleted: after.is_none() });
            }
        }
    }
}

impl End {
    /// Whether the row refers to the key.
    pub(super) fn refers_to<B: Backend>(
        &self,
        table: &Table<B>,
        name: Option<&str>,
        doc: &B::Document,
        key: &Value,
    ) -> bool {
        let mut found = false;
        if let Some(head) = read(table, self, (name, doc)) {
            self.link.reference.place.each(&head, &mut |other| found |= other == key);
        }
        found
    }
}

/// The key values in a reference.
pub(super) fn keys_in<B: Backend>(table: &Table<B>, end: &End, row: (Option<&str>, &B::Document)) -> BTreeSet<Value> {
    let mut keys = BTreeSet::new();
    if let Some(head) = read(table, end, row) {
        end.link.reference.place.each(&head, &mut |key| {
            keys.insert(key.clone());
        });
    }
    keys
}

/// The value at an end of a reference; `None` if the row does not have it. A row that cannot be read has none: what it refers to
/// was not checked either.
fn read<B: Backend>(table: &Table<B>, end: &End, (name, doc): (Option<&str>, &B::Document)) -> Option<Value> {
    let reader = end.readers.get(table.definition.position(name)?)?.as_ref()?;
    table.backend.read(doc, reader).ok()
}
