//! The statements whose text depends on the table alone. Values are always bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use longevity_core::table::TableDefinition;

use crate::layout::{CREATED_AT, DOC, ID, Layout, TYPE, UPDATED_AT, VERSION, is_one_of};
use crate::names::quoted;

/// Statements, ready to be prepared.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `SELECT .. FROM table`: the columns of a row as [`crate::rows`] reads them.
    pub(crate) select: String,
    /// For each variant: its columns, and the statement that inserts it.
    pub(crate) inserts: Vec<Insert>,
    /// For each key: the look-up in any scope, then in that of each variant. Empty for an index.
    gets: Vec<Vec<String>>,
    /// Version, discriminator, and realized columns of a row.
    pub(crate) current: String,
    /// Deletes a row by id, in any scope and then in that of each variant.
    deletes: Vec<Delete>,
    /// Statements that set some of the columns, by which.
    updates: Mutex<HashMap<Vec<usize>, Arc<str>>>,
    table: String,
    columns: Vec<String>,
    has_type: bool,
}

/// How a row is deleted.
#[derive(Debug)]
struct Delete {
    /// Whatever its version.
    of_any_version: String,
    /// If it has this version.
    of_version: String,
}

/// How a variant is inserted.
#[derive(Debug)]
pub(crate) struct Insert {
    /// The positions of the realized columns that are bound, after the four that every row has.
    pub(crate) columns: Vec<usize>,
    pub(crate) sql: String,
}

impl Statements {
    pub(crate) fn new(definition: &TableDefinition, layout: &Layout) -> Self {
        let table = quoted(&layout.table);
        let kind = if layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
        let [id, version, created, updated, doc] = [ID, VERSION, CREATED_AT, UPDATED_AT, DOC].map(quoted);
        let select = format!("SELECT {id}, {kind}, {version}, {created}, {updated}, {doc} FROM {table}");
        let columns: Vec<_> = layout.columns.iter().map(|column| column.quoted.clone()).collect();
        let inserts = (0..definition.variants.len()).map(|variant| insert(definition, layout, variant)).collect();
        let gets = definition
            .indexes
            .iter()
            .map(|index| {
                if !index.is_unique() {
                    return Vec::new();
                }
                let equal = index.columns.iter().enumerate();
                let equal: Vec<_> = equal.map(|(at, column)| format!("{} = ?{}", columns[*column], at + 1)).collect();
                let own = index.discriminators.map(|names| format!("{} AND ", is_one_of(names))).unwrap_or_default();
                let whole = format!("{select} WHERE {own}{}", equal.join(" AND "));
                let scoped = definition.variants.iter().map(|variant| match variant.discriminators {
                    Some(names) if index.discriminators != Some(names) => format!("{whole} AND {}", is_one_of(names)),
                    _ => whole.clone(),
                });
                std::iter::once(whole.clone()).chain(scoped).collect()
            })
            .collect();
        let listed: String = columns.iter().map(|column| format!(", {column}")).collect();
        let current = format!("SELECT {version}, {kind}{listed} FROM {table} WHERE {id} = ?1");
        let scopes = definition.variants.iter().map(|variant| variant.discriminators.map(is_one_of));
        let deletes = std::iter::once(None).chain(scopes).map(|scope| {
            let scope = scope.map(|scope| format!(" AND {scope}")).unwrap_or_default();
            let of_any_version = format!("DELETE FROM {table} WHERE {id} = ?1{scope}");
            Delete { of_version: format!("{of_any_version} AND {version} = ?2"), of_any_version }
        });
        Self {
            select,
            inserts,
            gets,
            current,
            deletes: deletes.collect(),
            updates: Mutex::default(),
            table,
            columns,
            has_type: layout.has_type,
        }
    }

    /// The look-up by a key, in the scope of a variant or in any.
    pub(crate) fn get(&self, index: usize, variant: Option<usize>) -> Option<&str> {
        self.gets.get(index)?.get(variant.map_or(0, |variant| variant + 1)).map(String::as_str)
    }

    /// The statement that deletes a row, in the scope of a variant or in any, of a version or of any.
    pub(crate) fn delete(&self, variant: Option<usize>, of_version: bool) -> Option<&str> {
        let delete = self.deletes.get(variant.map_or(0, |variant| variant + 1))?;
        Some(if of_version { &delete.of_version } else { &delete.of_any_version })
    }

    /// The statement that replaces a row and sets only these realized columns: what has not changed costs nothing.
    ///
    /// It takes the document, the time, the discriminator (if there is one), the columns' values, and the id.
    pub(crate) fn update(&self, changed: &[usize], discriminator: bool) -> Arc<str> {
        // No column has this position.
        let key = || changed.iter().copied().chain((discriminator && self.has_type).then_some(usize::MAX)).collect();
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        let key: Vec<usize> = key();
        if let Some(sql) = updates.get(&key) {
            return Arc::clone(sql);
        }
        let [id, version, updated, doc] = [ID, VERSION, UPDATED_AT, DOC].map(quoted);
        let mut sets = vec![
            format!("{version} = {version} + 1"),
            format!("{doc} = ?1"),
            format!("{updated} = coalesce(?2, {updated})"),
        ];
        let mut next = 3;
        let kind = (discriminator && self.has_type).then(|| quoted(TYPE));
        for column in kind.iter().chain(changed.iter().filter_map(|column| self.columns.get(*column))) {
            sets.push(format!("{column} = ?{next}"));
            next += 1;
        }
        let sql: Arc<str> = format!("UPDATE {} SET {} WHERE {id} = ?{next}", self.table, sets.join(", ")).into();
        updates.insert(key, Arc::clone(&sql));
        sql
    }
}

fn insert(definition: &TableDefinition, layout: &Layout, variant: usize) -> Insert {
    let own = |position: &usize| definition.columns[*position].variant.is_none_or(|other| other == variant);
    let columns: Vec<_> = (0..layout.columns.len()).filter(own).collect();
    let mut names = vec![quoted(DOC), quoted(CREATED_AT)];
    let mut values = vec!["?1".to_owned(), "?2".to_owned()];
    names.push(quoted(UPDATED_AT));
    values.push("?2".to_owned());
    names.push(quoted(VERSION));
    values.push("0".to_owned());
    let mut bound: Vec<_> = layout.has_type.then(|| quoted(TYPE)).into_iter().collect();
    bound.extend(columns.iter().map(|column| layout.columns[*column].quoted.clone()));
    for (position, name) in bound.into_iter().enumerate() {
        names.push(name);
        values.push(format!("?{}", position + 3));
    }
    let table = quoted(&layout.table);
    Insert { columns, sql: format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", ")) }
}
