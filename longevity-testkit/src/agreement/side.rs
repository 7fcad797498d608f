//! One back end's table in a history: its repositories, and the states that it gave.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::backend::Select;
use longevity_core::blocking::{Longevity, Repo};
use longevity_core::table::TableDefinition;
use longevity_core::{DomainModel, Error, InModel, PState, PersistentType, RowId};

use super::seen::{Duplicate, Row, Seen};
use super::step::Way;
use crate::cases::{collisions, shown, values_in, whole};
use crate::contract::SpecRoot;
use crate::questions::{Asked, Change, Place, with_ids};
use crate::untyped::Read;
use crate::views::{AnyView, views_of};

/// What is done, with values of the table's type.
#[derive(Clone, Debug)]
pub(super) enum Action<P> {
    Create(P),
    CreateMany(Vec<P>),
    /// The state at this position, and its next value.
    Update(usize, P),
    Delete(usize, P),
    /// By the key at this position, of this value.
    Retrieve(usize, P),
    /// By the key at this position, of this value.
    Patch(usize, P, Change),
    /// With the query that was built.
    Ask(Way, Asked, Select),
    UpdateWhere(Asked, Select, Change),
    DeleteWhere(Asked, Select),
}

/// A table of `P` on some back end.
pub(super) trait Side<P> {
    /// What the action gives in the repository at this position.
    fn run(&mut self, view: usize, action: &Action<P>) -> Seen;
    /// The row of each remembered state, and whether ids ascend as rows are created.
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

/// The states that were given, in their order.
struct Memory<P> {
    states: Vec<PState<P>>,
    /// The row of each.
    rows: Vec<usize>,
    numbers: HashMap<RowId, usize>,
    /// The id of each row.
    ids: Vec<RowId>,
    greatest: Option<RowId>,
    ascending: bool,
}

impl<P: SpecRoot, B: Backend> TableSide<P, B> {
    /// `None` without such a table.
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

    /// The keys of which these values are duplicates, of rows but the one that is to be replaced, and of each other.
    fn duplicates(&self, values: &[P], replaced: Option<RowId>) -> Result<Vec<Duplicate>, Error> {
        let definition = &*self.definition;
        let rows = self.root.find(P::query())?;
        let rows: Vec<_> = rows.iter().filter(|row| Some(row.id()) != replaced).map(PState::get).collect();
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

    fn done(&mut self, view: usize, action: &Action<P>) -> Result<Seen, Error> {
        let repo = &self.views[view];
        let memory = &mut self.memory;
        Ok(match action {
            Action::Create(value) => {
                let state = repo.create(value.clone())?;
                Seen::Rows(vec![memory.created(state)])
            }
            Action::CreateMany(values) => {
                let states = repo.create_many(values.clone())?;
                Seen::Rows(states.into_iter().map(|state| memory.created(state)).collect())
            }
            Action::Update(position, value) => {
                let state = memory.states[*position].clone().set(value.clone());
                let state = repo.update(state)?;
                let seen = memory.seen(&state);
                memory.rows.push(memory.rows[*position]);
                memory.states.push(state);
                Seen::Rows(vec![seen])
            }
            Action::Delete(position, value) => {
                let state = memory.states[*position].clone().set(value.clone());
                Seen::Deleted(whole(&repo.delete(state)?))
            }
            Action::Retrieve(key, value) => {
                let found = repo.retrieve(*key, value)?;
                Seen::Rows(found.iter().map(|state| memory.seen(state)).collect())
            }
            Action::Ask(way, _, select) => {
                let select = with_ids(select, &memory.ids);
                let rows = |found: Vec<PState<P>>| Seen::Rows(found.iter().map(|state| memory.seen(state)).collect());
                match way {
                    Way::Count => Seen::Count(repo.count(select)?),
                    Way::Exists => Seen::Exists(repo.exists(select)?),
                    Way::Find | Way::Stream => rows(repo.find(select, *way == Way::Stream)?),
                    Way::Pages(size) => rows(repo.pages(select, *size)?),
                    Way::Values(of) => Seen::Values(repo.values(select, &reads(of))?),
                    Way::Aggregates(of) => Seen::Aggregates(repo.aggregates(select, &reads(of))?),
                }
            }
            Action::Patch(key, value, change) => {
                let patched = repo.patch(*key, value, change)?;
                Seen::Rows(patched.map(|state| memory.replaced(state)).into_iter().collect())
            }
            Action::UpdateWhere(_, select, change) => {
                let rows = repo.update_where(with_ids(select, &memory.ids), change)?;
                Seen::Changed(rows, memory.renewed(self.root.find(P::query())?))
            }
            Action::DeleteWhere(_, select) => {
                let rows = repo.delete_where(with_ids(select, &memory.ids))?;
                Seen::Changed(rows, memory.renewed(self.root.find(P::query())?))
            }
        })
    }
}

impl<P: SpecRoot, B: Backend> Side<P> for TableSide<P, B> {
    fn run(&mut self, view: usize, action: &Action<P>) -> Seen {
        let error = match self.done(view, action) {
            Ok(seen) => return seen,
            Err(error) => error,
        };
        let number = |id| self.memory.numbers.get(&id).copied();
        Seen::error(&error, number, || match action {
            Action::Create(value) => self.duplicates(std::slice::from_ref(value), None),
            Action::CreateMany(values) => self.duplicates(values, None),
            Action::Update(position, value) => {
                self.duplicates(std::slice::from_ref(value), Some(self.memory.states[*position].id()))
            }
            Action::Delete(..)
            | Action::Retrieve(..)
            | Action::Patch(..)
            | Action::Ask(..)
            | Action::UpdateWhere(..)
            | Action::DeleteWhere(..) => Ok(Vec::new()),
        })
    }

    fn rows(&self) -> (&[usize], bool) {
        (&self.memory.rows, self.memory.ascending)
    }

    fn value(&self, state: usize) -> &P {
        self.memory.states[state].get()
    }
}

fn reads(places: &[Place]) -> Vec<Read> {
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
        let seen = self.seen(&state);
        self.rows.push(number);
        self.states.push(state);
        seen
    }

    /// The next state of a row.
    fn replaced(&mut self, state: PState<P>) -> Row {
        let seen = self.seen(&state);
        self.rows.push(seen.number.unwrap_or(usize::MAX));
        self.states.push(state);
        seen
    }

    /// The states of all rows that there are, in the order of their creation.
    fn renewed(&mut self, mut states: Vec<PState<P>>) -> Vec<Row> {
        states.sort_by_key(|state| self.numbers.get(&state.id()).copied());
        states.into_iter().map(|state| self.replaced(state)).collect()
    }

    fn seen(&self, state: &PState<P>) -> Row {
        Row {
            number: self.numbers.get(&state.id()).copied(),
            version: state.row_version(),
            variant: state.get().variant(),
            value: whole(state.get()),
            timestamps: (state.created_at().is_some(), state.updated_at().is_some()),
        }
    }
}
