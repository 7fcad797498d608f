//! One back end's table in a history: its repositories, and the states that they returned.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::backend::Select;
use longevity_core::blocking::{Longevity, Repo};
use longevity_core::table::TableDefinition;
use longevity_core::{DomainModel, Error, InModel, PState, PersistentType, RowId};

use super::observation::{Duplicate, Observation, Row};
use super::step::QueryKind;
use crate::contract::SpecRoot;
use crate::queries::{Change, Place, PlainQuery, with_row_ids};
use crate::untyped::ReadProperty;
use crate::values::{collisions, shown, values_in, whole};
use crate::views::{AnyView, views_of};

/// An action, with values of the table's type.
#[derive(Clone, Debug)]
pub(super) enum Action<P> {
    Create(P),
    CreateMany(Vec<P>),
    /// The position of a state, and its next value.
    Update(usize, P),
    Delete(usize, P),
    /// By the key at this position, of this value.
    Retrieve(usize, P),
    /// By the key at this position, of this value.
    Patch(usize, P, Change),
    RenameKey(KeyMove<P>),
    Repoint(KeyMove<P>),
    /// The query, and the same query as built with the operators.
    Query(QueryKind, PlainQuery, Select),
    UpdateWhere(PlainQuery, Select, Change),
    DeleteWhere(PlainQuery, Select),
    /// Reads all rows again, because a write of another row may have changed them.
    Renew,
}

/// A key value that a row takes over.
#[derive(Clone, Debug)]
pub(super) struct KeyMove<P> {
    /// The position of the key.
    pub(super) key: usize,
    /// The value that has the key value.
    pub(super) owner: P,
    /// The position of the state that gets it, and the state's value.
    pub(super) state: usize,
    pub(super) value: P,
    /// The value after that, without what follows in the row's references.
    pub(super) next: P,
    /// The position of the last state of the row that gives the key value away, and the row's value after that.
    pub(super) other: Option<(usize, P)>,
}

/// A table of `P` on some back end.
pub(super) trait Side<P> {
    /// Runs the action in the repository at this position.
    fn run(&mut self, view: usize, action: &Action<P>) -> Observation;
    /// The row number of each remembered state, and whether ids ascend as rows are created.
    fn rows(&self) -> (&[usize], bool);
    /// The value of a remembered state.
    fn value(&self, state: usize) -> &P;
}

/// A table of `P` on the back end `B`.
pub(super) struct TableSide<P: PersistentType, B: Backend> {
    views: Vec<Box<dyn AnyView<P>>>,
    root: Repo<P, B>,
    definition: Arc<TableDefinition>,
    memory: Memory<P>,
}

/// The states that repositories returned, in their order.
struct Memory<P> {
    states: Vec<PState<P>>,
    /// The row number of each state.
    rows: Vec<usize>,
    numbers: HashMap<RowId, usize>,
    /// The id of each row.
    ids: Vec<RowId>,
    greatest: Option<RowId>,
    ascending: bool,
}

impl<P: SpecRoot, B: Backend> TableSide<P, B> {
    /// `None` if the store has no such table.
    pub(super) fn new<M: DomainModel>(store: &Longevity<M, B>) -> Option<Self>
    where
        P: InModel<M>,
    {
        let (definition, _) = store.asynchronous().table::<P>()?;
        let memory = Memory {
            states: Vec::new(),
            rows: Vec::new(),
            numbers: HashMap::new(),
            ids: Vec::new(),
            greatest: None,
            ascending: true,
        };
        Some(Self { root: store.repo(), views: views_of(store), definition: Arc::clone(definition), memory })
    }

    /// The keys in which these values are duplicates of stored rows, except the rows to be replaced, or of each other.
    fn duplicates(&self, values: &[P], replaced: &[RowId]) -> Result<Vec<Duplicate>, Error> {
        let definition = &*self.definition;
        let rows = self.root.find(P::query())?;
        let rows: Vec<_> = rows.iter().filter(|row| !replaced.contains(&row.id())).map(PState::get).collect();
        let mut duplicates = Vec::new();
        for (position, value) in values.iter().enumerate() {
            for taken in rows.iter().copied().chain(&values[..position]) {
                for index in collisions(definition, taken, value) {
                    let values = values_in(definition, index, value).unwrap_or_default();
                    let (type_name, key) = (index.declared_by, index.property());
                    duplicates.push(Duplicate { type_name, key, value: shown(&values) });
                }
            }
        }
        duplicates.sort();
        duplicates.dedup();
        Ok(duplicates)
    }

    fn done(&mut self, view: usize, action: &Action<P>) -> Result<Observation, Error> {
        let repo = &self.views[view];
        let memory = &mut self.memory;
        Ok(match action {
            Action::Create(value) => {
                let state = repo.create(value.clone())?;
                Observation::Rows(vec![memory.created(state)])
            }
            Action::CreateMany(values) => {
                let states = repo.create_many(values.clone())?;
                Observation::Rows(states.into_iter().map(|state| memory.created(state)).collect())
            }
            Action::Update(position, value) => {
                let state = memory.states[*position].clone().set(value.clone());
                let state = repo.update(state)?;
                let observed = memory.observed(&state);
                memory.rows.push(memory.rows[*position]);
                memory.states.push(state);
                Observation::Rows(vec![observed])
            }
            Action::Delete(position, value) => {
                let state = memory.states[*position].clone().set(value.clone());
                Observation::Deleted(whole(&repo.delete(state)?))
            }
            Action::Retrieve(key, value) => {
                let found = repo.retrieve(*key, value)?;
                Observation::Rows(found.iter().map(|state| memory.observed(state)).collect())
            }
            Action::Query(kind, _, select) => {
                let select = with_row_ids(select, &memory.ids);
                let rows = |found: Vec<PState<P>>| {
                    Observation::Rows(found.iter().map(|state| memory.observed(state)).collect())
                };
                match kind {
                    QueryKind::Count => Observation::Count(repo.count(select)?),
                    QueryKind::Exists => Observation::Exists(repo.exists(select)?),
                    QueryKind::Find | QueryKind::Stream => rows(repo.find(select, *kind == QueryKind::Stream)?),
                    QueryKind::Pages(size) => rows(repo.pages(select, *size)?),
                    QueryKind::Values(of) => Observation::Values(repo.values(select, &reads(of))?),
                    QueryKind::Aggregates(of) => Observation::Aggregates(repo.aggregates(select, &reads(of))?),
                }
            }
            Action::Patch(key, value, change) => {
                let patched = repo.patch(*key, value, change)?;
                Observation::Rows(patched.map(|state| memory.replaced(state)).into_iter().collect())
            }
            Action::RenameKey(KeyMove { key, owner, state, value, .. }) => {
                let state = memory.states[*state].clone().set(value.clone());
                Observation::Rows(vec![memory.replaced(repo.rename_key(*key, owner, state)?)])
            }
            Action::Repoint(KeyMove { key, owner, state, value, .. }) => {
                let state = memory.states[*state].clone().set(value.clone());
                Observation::Rows(vec![memory.replaced(repo.repoint(*key, owner, state)?)])
            }
            Action::UpdateWhere(_, select, change) => {
                let rows = repo.update_where(with_row_ids(select, &memory.ids), change)?;
                Observation::Changed(rows, memory.renewed(self.root.find(P::query())?))
            }
            Action::DeleteWhere(_, select) => {
                let rows = repo.delete_where(with_row_ids(select, &memory.ids))?;
                Observation::Changed(rows, memory.renewed(self.root.find(P::query())?))
            }
            Action::Renew => Observation::Changed(0, memory.renewed(self.root.find(P::query())?)),
        })
    }
}

impl<P: SpecRoot, B: Backend> Side<P> for TableSide<P, B> {
    fn run(&mut self, view: usize, action: &Action<P>) -> Observation {
        let error = match self.done(view, action) {
            Ok(observed) => return observed,
            Err(error) => error,
        };
        let number = |id| self.memory.numbers.get(&id).copied();
        Observation::error(&error, number, || match action {
            Action::Create(value) => self.duplicates(std::slice::from_ref(value), &[]),
            Action::CreateMany(values) => self.duplicates(values, &[]),
            Action::Update(position, value) => {
                self.duplicates(std::slice::from_ref(value), &[self.memory.states[*position].id()])
            }
            Action::RenameKey(moved) | Action::Repoint(moved) => {
                let (mut values, mut replaced) = (vec![moved.next.clone()], vec![self.memory.states[moved.state].id()]);
                if let Some((position, other)) = &moved.other {
                    values.push(other.clone());
                    replaced.push(self.memory.states[*position].id());
                }
                self.duplicates(&values, &replaced)
            }
            Action::Delete(..)
            | Action::Retrieve(..)
            | Action::Patch(..)
            | Action::Query(..)
            | Action::UpdateWhere(..)
            | Action::DeleteWhere(..)
            | Action::Renew => Ok(Vec::new()),
        })
    }

    fn rows(&self) -> (&[usize], bool) {
        (&self.memory.rows, self.memory.ascending)
    }

    fn value(&self, state: usize) -> &P {
        self.memory.states[state].get()
    }
}

fn reads(places: &[Place]) -> Vec<ReadProperty> {
    places.iter().map(Place::read).collect()
}

impl<P: PersistentType> Memory<P> {
    fn created(&mut self, state: PState<P>) -> Row {
        let number = self.numbers.len();
        let id = state.id();
        self.numbers.insert(id, number);
        self.ids.push(id);
        self.ascending &= self.greatest.is_none_or(|greatest| greatest < id);
        self.greatest = self.greatest.max(Some(id));
        let observed = self.observed(&state);
        self.rows.push(number);
        self.states.push(state);
        observed
    }

    /// The next state of a row.
    fn replaced(&mut self, state: PState<P>) -> Row {
        let observed = self.observed(&state);
        self.rows.push(observed.number.unwrap_or(usize::MAX));
        self.states.push(state);
        observed
    }

    /// Remembers the states of all existing rows, in the order of their creation.
    fn renewed(&mut self, mut states: Vec<PState<P>>) -> Vec<Row> {
        states.sort_by_key(|state| self.numbers.get(&state.id()).copied());
        states.into_iter().map(|state| self.replaced(state)).collect()
    }

    fn observed(&self, state: &PState<P>) -> Row {
        Row {
            number: self.numbers.get(&state.id()).copied(),
            version: state.row_version(),
            variant: state.get().variant(),
            value: whole(state.get()),
            timestamps: (state.created_at().is_some(), state.updated_at().is_some()),
        }
    }
}
