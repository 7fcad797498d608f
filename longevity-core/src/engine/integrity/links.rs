//! The references between the tables of a model, found when the store is opened.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::Arc;

use super::{End, Integrity, Link, Rewrite};
use crate::backend::Backend;
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::scope::Scope;
use crate::table::{Check, Reference, TableDefinition, Variant};
use crate::value::Path;

/// The name of the table that has what is known about the stored rows.
pub(crate) const CATALOG: &str = "longevity";

/// The references with integrity of all tables.
///
/// Fails with [`Error::InvalidModel`] if a target is not in the model, or if there is a type of which no row can ever be
/// created.
pub(crate) fn links(tables: &[(TypeId, TableDefinition)]) -> Result<Vec<Arc<Link>>, Error> {
    let mut links = Vec::new();
    for (source, definition) in tables {
        for reference in &definition.references {
            let Reference { declared_by, place, target, .. } = reference;
            let invalid = |problem: String| Error::InvalidModel { type_name: declared_by, problem };
            let property = &place.head;
            let table = tables.iter().find(|(root, _)| *root == target.root).map(|(_, definition)| definition);
            let Some(table) = table else {
                let target = target.type_name;
                return Err(invalid(format!(
                    "{property} refers to {target}, which is not in the domain model: add it to `#[domain_model(..)]`"
                )));
            };
            let Some(key) = table.key(target.key_val) else {
                let target = target.type_name;
                return Err(invalid(format!("{property} refers to {target} by a key value that is none of its keys")));
            };
            let position = links.len();
            links.push(Arc::new(Link { position, reference: reference.clone(), source: *source, key }));
        }
    }
    let taken = tables.iter().find(|(_, definition)| definition.name.eq_ignore_ascii_case(CATALOG));
    if let Some((_, definition)) = taken.filter(|_| !links.is_empty()) {
        let problem = format!(
            "the table `{CATALOG}` is needed for what is known about references: choose another with \
             `#[persistent(table = \"..\")]`"
        );
        return Err(Error::InvalidModel { type_name: definition.type_name, problem });
    }
    ensure_creatable(tables, &links)?;
    Ok(links)
}

impl<B: Backend> Integrity<B> {
    /// The references that begin or end in the table of this root type; `None` if none does.
    pub(crate) fn of(
        root: TypeId,
        definition: &TableDefinition,
        links: &[Arc<Link>],
        rewrite: Option<Rewrite<B>>,
    ) -> Option<Self> {
        let begins = links.iter().filter(|link| link.source == root);
        let outgoing: Vec<_> = begins.map(|link| End::in_source(definition, link)).collect();
        let ends = links.iter().filter(|link| link.reference.target.root == root);
        let incoming = ends.filter_map(|link| {
            let key = definition.indexes.get(link.key)?;
            Some(End::new(definition, link, key.properties.first()?, [link.reference.target.scope, key.scope]))
        });
        let incoming: Vec<_> = incoming.collect();
        let concerned = !outgoing.is_empty() || !incoming.is_empty();
        concerned.then_some(Self { outgoing, incoming, rewrite })
    }
}

impl End {
    /// The end in the table with the rows that refer.
    pub(super) fn in_source(definition: &TableDefinition, link: &Arc<Link>) -> Self {
        Self::new(definition, link, &link.reference.place.head, [link.reference.scope, None])
    }

    fn new(definition: &TableDefinition, link: &Arc<Link>, path: &Path, scopes: [Option<Scope>; 2]) -> Self {
        let is_in = |position: usize| scopes.iter().flatten().all(|scope| scope.variant == position);
        let reader = |(position, variant): (usize, &Variant)| {
            is_in(position).then(|| PropertyReader::new(variant.shape, path)).flatten()
        };
        let readers = definition.variants.iter().enumerate().map(reader).collect();
        Self { link: Arc::clone(link), path: path.clone(), readers }
    }
}

/// Fails if rows of a type could never be created, because each needs a row of another table that needs it in turn.
fn ensure_creatable(tables: &[(TypeId, TableDefinition)], links: &[Arc<Link>]) -> Result<(), Error> {
    let table_of = |root: TypeId| tables.iter().position(|(other, _)| *other == root);
    // The tables, and the variants in them, of which rows can be created.
    let mut creatable: HashSet<(usize, usize)> = HashSet::new();
    let mut blocked = Vec::new();
    loop {
        let before = creatable.len();
        blocked.clear();
        for (table, (root, definition)) in tables.iter().enumerate() {
            for variant in 0..definition.variants.len() {
                if creatable.contains(&(table, variant)) {
                    continue;
                }
                let waits_for = |link: &&Arc<Link>| {
                    let Reference { scope, place, target, check, .. } = &link.reference;
                    let applies = link.source == *root && scope.is_none_or(|scope| scope.variant == variant);
                    // Rows of one table can be created together, and a row can refer to itself.
                    let needs = applies && place.required && *check == Check::Immediate && target.root != *root;
                    needs
                        && !creatable.iter().any(|(table, variant)| {
                            table_of(target.root) == Some(*table)
                                && target.scope.is_none_or(|scope| scope.variant == *variant)
                        })
                };
                match links.iter().find(waits_for) {
                    None => drop(creatable.insert((table, variant))),
                    Some(link) => blocked.push((definition.variants[variant].type_name, Arc::clone(link))),
                }
            }
        }
        if creatable.len() == before {
            break;
        }
    }
    let Some((type_name, link)) = blocked.first() else { return Ok(()) };
    let (property, target) = (&link.reference.place.head, link.reference.target.type_name);
    let problem = format!(
        "no row can ever be created: {property} needs the {target}, which needs this type in turn; make one of the references an \
         `Option`, or declare it with `check = at_commit` and create the rows in one transaction"
    );
    Err(Error::InvalidModel { type_name, problem })
}
