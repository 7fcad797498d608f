//! The state of a persistent: its value and what the store knows about it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::persistent::{HasVariant, PersistentType};
use crate::row::RowId;
use crate::value::{Timestamp, Value};

/// A value of a persistent type and what the store knows about it: the row's id, its version and its timestamps.
///
/// A state comes from a repository, and goes back to one for an update or a delete. Until then, changes to it are in memory
/// only. A state that was read or written in a transaction is refused outside it until the transaction is committed, and for
/// good if the transaction is rolled back. This does not depend on optimistic locking.
///
/// ```
#[doc = include_str!("../doc/open.txt")]
/// let ann: PState<Member> = members.create(member("ann", 2)).await?;
/// assert_eq!(ann.get().num_cats, 2);
/// assert_eq!(ann.num_cats, 2); // the value's fields, read only
///
/// let changed = ann.modify(|ann| ann.num_cats = 3).set(member("ann", 4)); // in memory only
/// let ann = members.update(changed).await?;
/// assert_eq!(ann.row_version(), 1);
///
/// let user: PState<User> = ann.widen();
/// let user: PState<User> = user.narrow::<Commenter>().unwrap_err(); // ann is not a commenter
/// let ann: PState<Member> = user.narrow::<Member>().unwrap();
/// let value: Member = ann.into_value();
#[doc = include_str!("../doc/close.txt")]
/// ```
#[derive(Clone, Debug)]
pub struct PState<P> {
    pub(crate) value: P,
    pub(crate) metadata: RowMetadata,
}

/// What the store knows about a row, whatever its type.
#[derive(Clone, Debug)]
pub(crate) struct RowMetadata {
    pub(crate) id: RowId,
    pub(crate) version: u64,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    /// The stored primary key, which an update may not change. `None` if the type has none.
    pub(crate) primary_key: Option<Box<[Value]>>,
    /// The transaction that the state comes from; `None` if there was none.
    pub(crate) origin: Option<Arc<Origin>>,
}

impl RowMetadata {
    /// Whether the row can be as this state says, for a write in this transaction or outside of any. If the state comes from a
    /// transaction that was undone, such a row may never have existed, or another row may have its id or its version by now. If
    /// it comes from an open transaction, the row is not yet written for anyone else.
    pub(crate) fn is_good_in(&self, transaction: Option<&Arc<Origin>>) -> bool {
        self.origin.as_ref().is_none_or(|origin| origin.is_good_in(transaction))
    }
}

/// The transaction that a state comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    fate: AtomicU8,
    /// The transaction that this one is nested in.
    outer: Option<Arc<Origin>>,
}

const OPEN: u8 = 0;
const COMMITTED: u8 = 1;
const UNDONE: u8 = 2;

impl Origin {
    pub(crate) fn new(outer: Option<Arc<Origin>>) -> Self {
        Self { fate: AtomicU8::new(OPEN), outer }
    }

    pub(crate) fn commit(&self) {
        self.fate.store(COMMITTED, Ordering::Release);
    }

    /// Notes that the transaction was undone, or that its outcome is not known.
    pub(crate) fn undo(&self) {
        self.fate.store(UNDONE, Ordering::Release);
    }

    fn is_good_in(&self, transaction: Option<&Arc<Origin>>) -> bool {
        let mut origin = Some(self);
        while let Some(this) = origin {
            match this.fate.load(Ordering::Acquire) {
                // The outer transaction decides.
                COMMITTED => origin = this.outer.as_deref(),
                OPEN => return transaction.is_some_and(|own| own.is_within(this)),
                _ => return false,
            }
        }
        true
    }

    /// Whether this is the same transaction as the other one, or is nested in it.
    fn is_within(&self, other: &Origin) -> bool {
        let mut origin = Some(self);
        while let Some(this) = origin {
            if std::ptr::eq(this, other) {
                return true;
            }
            origin = this.outer.as_deref();
        }
        false
    }
}

impl<P> PState<P> {
    /// The value.
    pub fn get(&self) -> &P {
        &self.value
    }

    /// The state with its value changed by the closure.
    pub fn modify(mut self, change: impl FnOnce(&mut P)) -> Self {
        change(&mut self.value);
        self
    }

    /// The state with another value for the same row.
    pub fn set(mut self, value: P) -> Self {
        self.value = value;
        self
    }

    /// The value alone.
    pub fn into_value(self) -> P {
        self.value
    }

    /// The row's id.
    pub fn id(&self) -> RowId {
        self.metadata.id
    }

    /// How often the row had been written when this state was read, not counting its creation.
    pub fn row_version(&self) -> u64 {
        self.metadata.version
    }

    /// When the row was created, if the store keeps timestamps.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.metadata.created_at
    }

    /// When the row was last written, if the store keeps timestamps.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.metadata.updated_at
    }
}

impl<D: PersistentType> PState<D>
where
    D::Root: HasVariant<D>,
{
    /// The same row as a state of its poly type.
    pub fn widen(self) -> PState<D::Root> {
        PState { value: HasVariant::wrap(self.value), metadata: self.metadata }
    }
}

impl<P> PState<P> {
    /// The same row as a state of the derived type `D`, or the state itself if the row is of another variant.
    pub fn narrow<D>(self) -> Result<PState<D>, Self>
    where
        P: HasVariant<D>,
    {
        match self.value.extract() {
            Ok(value) => Ok(PState { value, metadata: self.metadata }),
            Err(value) => Err(PState { value, metadata: self.metadata }),
        }
    }
}

/// Gives read access to the value's fields and methods.
impl<P> Deref for PState<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.value
    }
}
