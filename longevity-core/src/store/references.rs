//! References with integrity that the model declares and the stored rows may not satisfy yet.

use std::collections::BTreeSet;

use super::Longevity;
use super::catalog::{Catalog, Entry};
use crate::backend::Backend;
use crate::engine::{Link, Table, Violations};
use crate::error::{Error, ErrorKind};
use crate::model::DomainModel;

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Verifies the references that were not declared when the schema was last created.
    pub(super) async fn verify_new_references(&self) -> Result<(), Error> {
        let shared = &self.shared;
        let catalog = Catalog::open(&shared.backend, &shared.options).await?;
        let declared: BTreeSet<Entry> = shared.links.iter().filter_map(|link| self.entry_of(link)).collect();
        let known = if declared.is_empty() {
            match catalog.entries().await {
                Ok(known) => known,
                // There is no catalog.
                Err(error) if error.kind() == ErrorKind::Permanent => return Ok(()),
                Err(error) => return Err(error),
            }
        } else {
            catalog.create().await?;
            catalog.entries().await?
        };
        // What is no longer declared is not kept by all writes from now on.
        let own = self.tables();
        let is_ours = |table: &str| own.iter().any(|own| own.definition.name == table);
        let keep = |entry: &Entry| declared.contains(entry) || !(is_ours(&entry.table) || is_ours(&entry.target));
        if !known.iter().all(keep) {
            catalog.retain(keep).await?;
        }
        let new: Vec<_> = declared.difference(&known).collect();
        let mut violations = Violations::default();
        for (root, table) in shared.tables.iter() {
            let name = &*table.definition.name;
            let names: BTreeSet<_> =
                new.iter().filter(|entry| entry.table == name).map(|entry| &*entry.reference).collect();
            if let Some(table) = Table::new(&shared.tables, *root, None).filter(|_| !names.is_empty()) {
                table.verify(&names, &mut violations).await?;
            }
        }
        if violations.count > 0 {
            let Violations { count, first } = violations;
            return Err(Error::DanglingReferences { count, first });
        }
        for entry in new {
            catalog.add(entry).await?;
        }
        Ok(())
    }

    /// What the catalog says when the stored rows satisfy the reference.
    fn entry_of(&self, link: &Link) -> Option<Entry> {
        let tables = &self.shared.tables;
        let target = &tables.get(&link.reference.target.root)?.definition;
        let mut key = target.indexes.get(link.key)?.property();
        if let Some(scope) = link.reference.target.scope {
            key = format!("{key} of {}", scope.discriminators.join(", "));
        }
        let table = tables.get(&link.source)?.definition.name.to_string();
        Some(Entry { table, reference: link.reference.name.clone(), target: target.name.to_string(), key })
    }
}
