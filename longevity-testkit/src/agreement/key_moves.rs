//! Steps that give a row another row's key value, or one that no row has: what they do, and what is expected of them.

use std::any::TypeId;

use longevity_core::Value;
use longevity_core::table::{Index, TableDefinition};

use super::observation::Observation;
use super::oracle::Expected;
use super::side::{Action, KeyMove};
use super::table::ComparedTable;
use crate::contract::SpecRoot;
use crate::plan::{KeyPlan, ViewPlan};
use crate::references::{UntypedRow, applies, change_keys};
use crate::values::{values_in, whole};

/// What a step did to other rows than its own.
#[derive(Clone, Debug, Default)]
pub(super) enum Aftermath {
    /// The back ends have to agree, but nothing is computed.
    #[default]
    Unknown,
    /// Only references to a renamed key value were changed, if one was renamed, and a row that gave its key value away.
    OfKeyMove(Option<RenamedKey>),
}

/// A key value that was renamed.
#[derive(Clone, Debug)]
pub(super) struct RenamedKey {
    root: TypeId,
    key_val: TypeId,
    old: Value,
    new: Value,
}

impl RenamedKey {
    /// The row with the references to the old key value changed.
    fn followed(&self, definition: &TableDefinition, mut row: UntypedRow) -> UntypedRow {
        let references = definition.references.iter().filter(|reference| {
            (reference.target.root, reference.target.key_val) == (self.root, self.key_val)
                && applies(reference, row.variant)
        });
        for reference in references {
            change_keys(&reference.place, &mut row.value, &mut |key| {
                if *key == self.old {
                    *key = self.new.clone();
                }
            });
        }
        row
    }
}

impl<P: SpecRoot> ComparedTable<P> {
    /// The state gets the owner's key value.
    pub(super) fn key_move(&self, view: &ViewPlan<P>, key: usize, owner: P, state: usize) -> KeyMove<P> {
        let value = self.value_for(view, state);
        let next = view.keys[key].copied(&owner, value.clone());
        KeyMove { key, owner, state, value, next, other: None }
    }

    /// The state gets the owner's key value, and the row that has it gets that of the state's row.
    pub(super) fn key_exchange(&self, view: &ViewPlan<P>, key: usize, owner: P, state: usize) -> KeyMove<P> {
        let moved = self.key_move(view, key, owner, state);
        let other = self.holder(view, &view.keys[key], &moved.owner, state);
        let other = other.zip(self.last_of(state)).map(|(other, last)| {
            let (former, value) = (self.first().value(last), self.first().value(other).clone());
            (other, view.keys[key].copied(former, value))
        });
        KeyMove { other, ..moved }
    }

    /// The last state of the row that has this key value, among the rows that the repository sees, without the state's own row.
    fn holder(&self, view: &ViewPlan<P>, key: &KeyPlan<P>, owner: &P, state: usize) -> Option<usize> {
        let index = self.index(key)?;
        let values = |value: &P| values_in(&self.plan.definition, index, value);
        let wanted = values(owner)?;
        let (rows, _) = self.first().rows();
        self.live.iter().copied().find(|other| {
            let value = self.first().value(*other);
            rows[*other] != rows[state]
                && view.queries.variant.is_none_or(|variant| variant == value.variant())
                && values(value).as_ref() == Some(&wanted)
        })
    }

    /// The last state of the state's row; `None` if the row was deleted.
    fn last_of(&self, state: usize) -> Option<usize> {
        let (rows, _) = self.first().rows();
        self.live.iter().copied().find(|last| rows[*last] == rows[state])
    }

    fn index(&self, key: &KeyPlan<P>) -> Option<&Index> {
        let definition = &self.plan.definition;
        Some(&definition.indexes[definition.key(key.key_val)?])
    }

    /// What a rename renames; `None` if the state's row was deleted.
    fn renamed(&self, view: usize, moved: &KeyMove<P>) -> Option<RenamedKey> {
        let key = &self.plan.views[view].keys[moved.key];
        let path = self.index(key)?.properties.first()?;
        let key_value = |value: &P| value.value_at(path.steps()).to_value();
        let old = key_value(self.first().value(self.last_of(moved.state)?));
        Some(RenamedKey { root: TypeId::of::<P>(), key_val: key.key_val, old, new: key_value(&moved.owner) })
    }

    /// The row after the step, if it is not refused.
    pub(super) fn expected_of_move(&self, view: usize, action: &Action<P>, moved: &KeyMove<P>) -> Option<Expected> {
        let next = match action {
            Action::RenameKey(_) => self.followed(&self.renamed(view, moved)?, &moved.next)?,
            _ => moved.next.clone(),
        };
        Some(Expected::Moved(whole(&next)))
    }

    fn followed(&self, renamed: &RenamedKey, value: &P) -> Option<P> {
        let row = UntypedRow { variant: value.variant(), value: whole(value) };
        let row = renamed.followed(&self.plan.definition, row);
        (self.of_value)(row.variant, row.value)
    }

    /// What the action did to other rows than its own. Notes the row that gave its key value away.
    pub(super) fn aftermath_of(&mut self, view: usize, action: &Action<P>, observed: &Observation) -> Aftermath {
        let is_done = matches!(observed, Observation::Rows(_));
        self.given_away = None;
        match action {
            Action::RenameKey(moved) => Aftermath::OfKeyMove(self.renamed(view, moved).filter(|_| is_done)),
            Action::Repoint(moved) => {
                self.given_away = moved.other.clone().filter(|_| is_done);
                Aftermath::OfKeyMove(None)
            }
            _ => Aftermath::Unknown,
        }
    }

    /// All rows of the table after a step of this or of another table; `None` if they are not computed.
    pub(super) fn expected_after(&mut self, aftermath: &Aftermath) -> Option<Expected> {
        let Aftermath::OfKeyMove(renamed) = aftermath else { return None };
        let given_away = self.given_away.take();
        let (rows, _) = self.first().rows();
        let mut expected = Vec::with_capacity(self.live.len());
        for state in &self.live {
            let value = match &given_away {
                Some((other, value)) if other == state => value,
                _ => self.first().value(*state),
            };
            let value = match renamed {
                Some(renamed) => whole(&self.followed(renamed, value)?),
                None => whole(value),
            };
            expected.push((rows[*state], value));
        }
        expected.sort_by_key(|(number, _)| *number);
        Some(Expected::Changed(0, expected))
    }
}
