//! One index, with its entries in order, and hashed if they are unique.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use imbl::OrdMap;

use crate::encode::key::Key;
use crate::schema::entry::Entry;
use crate::schema::layout::Slot;
use crate::storage::pages::Pages;
use crate::storage::row::StoredRow;

/// The ids of the rows by their entries. Cloning the tree takes constant time.
pub(crate) type Tree = OrdMap<Key, u64>;

/// The entries of an index.
#[derive(Debug)]
pub(crate) struct Index {
    ordered: Ordered,
    /// The rows by their entries, for look-ups and for uniqueness; `None` if the index is not unique.
    unique: Option<HashMap<Key, Arc<StoredRow>>>,
}

/// The entries in order.
///
/// The entries of a key are sorted when a query first needs a range or an order. Most keys are only used for look-ups, and a
/// tree costs a create more than everything else together.
#[derive(Debug)]
enum Ordered {
    /// The entries have not been needed in order yet.
    Not,
    /// A query is sorting the entries. This is what has changed since: entries added, with the row's id, and entries removed.
    Sorting(Vec<(Key, Option<u64>)>),
    /// The entries are in order, and are kept in order.
    Sorted(Tree),
}

impl Index {
    /// The index of these rows. The error is a row whose values another row also has.
    pub(crate) fn build<'a>(slot: &Slot, rows: &'a Pages) -> Result<Self, &'a StoredRow> {
        if !slot.unique {
            return Ok(Self { ordered: Ordered::Sorted(Self::sorted(slot, rows)), unique: None });
        }
        let mut unique = HashMap::new();
        for row in rows.range(0..u64::MAX) {
            let Entry::One(entry) = slot.entry(row.id, row.discriminator.as_deref(), &row.doc) else { continue };
            if unique.insert(entry, Arc::clone(row)).is_some() {
                return Err(row);
            }
        }
        Ok(Self { ordered: Ordered::Not, unique: Some(unique) })
    }

    pub(crate) fn is_unique(&self) -> bool {
        self.unique.is_some()
    }

    /// The entries of these rows in order.
    pub(crate) fn sorted(slot: &Slot, rows: &Pages) -> Tree {
        let mut tree = Tree::new();
        for row in rows.range(0..u64::MAX) {
            let entry = slot.entry(row.id, row.discriminator.as_deref(), &row.doc);
            tree.extend(entry.keys().iter().map(|key| (key.clone(), row.id)));
        }
        tree
    }

    /// The entries in order, if they are sorted.
    pub(crate) fn tree(&self) -> Option<Tree> {
        match &self.ordered {
            Ordered::Sorted(tree) => Some(tree.clone()),
            _ => None,
        }
    }

    /// Notes all changes from now on. False if another query is sorting the entries, or has sorted them.
    pub(crate) fn begin_sorting(&mut self) -> bool {
        let begins = matches!(self.ordered, Ordered::Not);
        if begins {
            self.ordered = Ordered::Sorting(Vec::new());
        }
        begins
    }

    /// Takes over the entries as they were when the sorting began, or `None` if it failed.
    pub(crate) fn end_sorting(&mut self, sorted: Option<Tree>) {
        if let Ordered::Sorting(changes) = std::mem::replace(&mut self.ordered, Ordered::Not)
            && let Some(tree) = sorted
        {
            self.ordered = Ordered::Sorted(tree);
            changes.into_iter().for_each(|(entry, id)| self.order(entry, id));
        }
    }

    fn order(&mut self, entry: Key, id: Option<u64>) {
        match (&mut self.ordered, id) {
            (Ordered::Not, _) => {}
            (Ordered::Sorting(changes), id) => changes.push((entry, id)),
            (Ordered::Sorted(tree), Some(id)) => drop(tree.insert(entry, id)),
            (Ordered::Sorted(tree), None) => drop(tree.remove(&entry)),
        }
    }

    /// The number of entries; `None` if a query is sorting those of a key that was dropped.
    pub(crate) fn len(&self) -> Option<usize> {
        match (&self.unique, &self.ordered) {
            (Some(unique), _) => Some(unique.len()),
            (None, Ordered::Sorted(tree)) => Some(tree.len()),
            (None, Ordered::Not | Ordered::Sorting(_)) => None,
        }
    }

    /// The row with this entry.
    #[inline]
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Arc<StoredRow>> {
        self.unique.as_ref()?.get(key)
    }

    /// The first row with these values, if the index is not unique, so that its entries end with the id.
    pub(crate) fn first(&self, key: &[u8]) -> Option<u64> {
        match &self.ordered {
            Ordered::Sorted(tree) if self.unique.is_none() => Self::first_in(tree, key),
            _ => None,
        }
    }

    /// The first row with these values in a tree whose entries end with the id.
    pub(crate) fn first_in(tree: &Tree, key: &[u8]) -> Option<u64> {
        let (entry, id) = tree.range(Key::new(key)..).next()?;
        let entry: &[u8] = entry.borrow();
        (entry.len() == key.len() + size_of::<u64>() && entry.starts_with(key)).then_some(*id)
    }

    /// Whether the index is unique and has this entry.
    pub(crate) fn is_taken(&self, entry: &Entry) -> bool {
        self.unique.as_ref().zip(entry.key()).is_some_and(|(unique, key)| unique.contains_key(key))
    }

    /// Adds a row's entries.
    pub(crate) fn add(&mut self, entry: Entry, row: &Arc<StoredRow>) {
        match entry {
            Entry::None => {}
            Entry::One(key) => {
                if let Some(unique) = &mut self.unique {
                    unique.insert(key.clone(), Arc::clone(row));
                }
                self.order(key, Some(row.id));
            }
            Entry::Several(keys) => keys.iter().for_each(|key| self.order(key.clone(), Some(row.id))),
        }
    }

    /// Replaces the row that had the same entry and the same id.
    pub(crate) fn keep(&mut self, entry: &Entry, row: &Arc<StoredRow>) {
        if let Some(place) = self.unique.as_mut().zip(entry.key()).and_then(|(unique, key)| unique.get_mut(key)) {
            *place = Arc::clone(row);
        }
    }

    /// Removes a row's entries.
    pub(crate) fn remove(&mut self, entry: &Entry) {
        for key in entry.keys() {
            if let Some(unique) = &mut self.unique {
                unique.remove(key);
            }
            self.order(key.clone(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sorting_is_begun_again_and_a_successful_one_is_not() {
        let mut index = Index { ordered: Ordered::Not, unique: Some(HashMap::new()) };
        assert!(index.begin_sorting() && !index.begin_sorting());
        index.end_sorting(None);
        assert!(index.tree().is_none() && index.begin_sorting());
        // Changes in the meantime are in the tree, in their order.
        let (a, b) = (Key::new(b"a"), Key::new(b"b"));
        for (entry, id) in [(&a, Some(1)), (&a, None), (&a, Some(2)), (&b, Some(3)), (&b, None)] {
            index.order(entry.clone(), id);
        }
        index.end_sorting(Some(Tree::new()));
        assert_eq!(index.tree().unwrap().into_iter().collect::<Vec<_>>(), [(a, 2)]);
        assert!(!index.begin_sorting() && index.tree().is_some());
    }

    #[test]
    fn all_entries_of_a_row_are_removed() {
        let mut index = Index { ordered: Ordered::Sorted(Tree::new()), unique: None };
        let keys = [Key::new(b"a"), Key::new(b"b")];
        keys.iter().for_each(|key| index.order(key.clone(), Some(1)));
        index.remove(&Entry::Several(keys.into()));
        assert!(index.tree().unwrap().is_empty());
    }
}
