//! Rows as cases observe them, with all details, so that any two different rows are distinguished, to the bit.

use longevity_core::backend::Backend;
use longevity_core::blocking::{Longevity, Repo};
use longevity_core::{DomainModel, InModel, PState, PersistentType, RowId, Timestamp, Value};

use crate::outcome::Outcome;
use crate::values::whole;

/// A row: the data of its state, and its value as an untyped value.
#[derive(Clone, Debug)]
pub(crate) struct ObservedRow {
    pub(crate) id: RowId,
    pub(crate) version: u64,
    pub(crate) variant: usize,
    pub(crate) value: Value,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
}

impl ObservedRow {
    pub(crate) fn of<T: PersistentType>(state: &PState<T>) -> Self {
        Self {
            id: state.id(),
            version: state.row_version(),
            variant: state.get().variant(),
            value: whole(state.get()),
            created_at: state.created_at(),
            updated_at: state.updated_at(),
        }
    }

    /// Whether the row holds this value, to the bit.
    pub(crate) fn holds<T: PersistentType>(&self, value: &T) -> bool {
        self.variant == value.variant() && self.value.is_identical(&whole(value))
    }
}

impl PartialEq for ObservedRow {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.version, self.variant) == (other.id, other.version, other.variant)
            && (self.created_at, self.updated_at) == (other.created_at, other.updated_at)
            && self.value.is_identical(&other.value)
    }
}

/// The rows that a repository sees, by id.
pub(crate) fn rows_of<T: PersistentType, B: Backend>(repo: &Repo<T, B>) -> Outcome<Vec<ObservedRow>> {
    Ok(repo.find(T::query())?.iter().map(ObservedRow::of).collect())
}

/// All rows of the table that `T` is in.
pub(crate) fn all_rows<T, M, B>(store: &Longevity<M, B>) -> Outcome<Vec<ObservedRow>>
where
    T: PersistentType<Root: InModel<M>>,
    M: DomainModel,
    B: Backend,
{
    rows_of(&store.repo::<T::Root>())
}
