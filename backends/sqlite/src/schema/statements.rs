//! The statements whose text depends on the table alone. Values are always bound.

use std::sync::{Arc, Mutex, PoisonError};

use longevity_core::table::{Index, Scope, TableDefinition};

use crate::encode::row::{CREATED_AT, DOC, ID, LAYOUT, TYPE, UPDATED_AT, VERSION};
use crate::schema::layout::{Layout, is_one_of};
use crate::schema::names::quoted;

/// The texts of statements.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `SELECT .. FROM table`, with the columns of a row as [`crate::encode::row`] reads them.
    pub(crate) select: String,
    /// For each variant, its columns and the statement that inserts it.
    pub(crate) inserts: Vec<Insert>,
    /// For each key, the look-up in any scope, then in that of each variant. An index that is not a key has none.
    gets: Vec<Vec<String>>,
    /// The same without the row, for the keys of a table whose rows are referred to. An index alone answers most of them.
    exist: Vec<Vec<String>>,
    /// Version, discriminator, and realized columns of a row.
    pub(crate) current: String,
    /// A row by its id.
    pub(crate) by_id: String,
    /// When a row was created and updated.
    pub(crate) times: String,
    /// The deletion of a row by id, in any scope and then in that of each variant.
    deletes: Vec<Delete>,
    /// For each variant, an update like its last one.
    likely: Vec<Mutex<Arc<Likely>>>,
    table: String,
    columns: Vec<String>,
    stamps: Vec<u32>,
    has_type: bool,
}

/// An update that changes the same columns as the last update of its variant, and no others. It is one statement, which changes
/// no row if the columns are not these.
#[derive(Debug)]
pub(crate) struct Likely {
    changed: Vec<usize>,
    /// Its values are the document, the time, the id, the version, the discriminator (if there is one), and the values of the
    /// variant's columns.
    pub(crate) sql: String,
}

/// How a row is deleted.
#[derive(Debug)]
struct Delete {
    /// The statement for any version.
    of_any_version: String,
    /// The statement for one version.
    of_version: String,
}

/// How a variant is inserted.
#[derive(Debug)]
pub(crate) struct Insert {
    /// The positions of the realized columns that are bound, after the columns that every row has.
    pub(crate) columns: Vec<usize>,
    pub(crate) sql: String,
    /// The same, up to a condition that follows.
    pub(crate) conditional: String,
    /// The statement for a row that has left the table and comes back: its id and its version are bound after the times of its
    /// creation and its update.
    pub(crate) again: String,
}

impl Statements {
    pub(crate) fn new(definition: &TableDefinition, layout: &Layout) -> Self {
        let table = quoted(&layout.table);
        let kind = if layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
        let [id, version, created, updated, doc] = [ID, VERSION, CREATED_AT, UPDATED_AT, DOC].map(quoted);
        let select = format!("SELECT {id}, {kind}, {version}, {created}, {updated}, {doc} FROM {table}");
        let columns: Vec<_> = layout.columns.iter().map(|column| column.quoted.clone()).collect();
        let inserts = (0..definition.variants.len()).map(|variant| insert(definition, layout, variant)).collect();
        let look_ups = |select: &str| {
            let of_index = |index: &Index| {
                if !index.is_unique() {
                    return Vec::new();
                }
                let equal = index.columns.iter().enumerate();
                let equal: Vec<_> = equal.map(|(at, column)| format!("{} = ?{}", columns[*column], at + 1)).collect();
                let is_of = |scope: Scope| is_one_of(scope.discriminators);
                let own = index.scope.map(|scope| format!("{} AND ", is_of(scope))).unwrap_or_default();
                let whole = format!("{select} WHERE {own}{}", equal.join(" AND "));
                let scoped = (0..definition.variants.len()).map(|variant| match definition.scope(variant) {
                    Some(scope) if index.scope != Some(scope) => format!("{whole} AND {}", is_of(scope)),
                    _ => whole.clone(),
                });
                std::iter::once(whole.clone()).chain(scoped).collect()
            };
            definition.indexes.iter().map(of_index).collect()
        };
        let gets = look_ups(&select);
        let exist = if definition.is_referenced { look_ups(&format!("SELECT 1 FROM {table}")) } else { Vec::new() };
        let listed: String = columns.iter().map(|column| format!(", {column}")).collect();
        let current = format!("SELECT {version}, {kind}{listed} FROM {table} WHERE {id} = ?1");
        let by_id = format!("{select} WHERE {id} = ?1");
        let times = format!("SELECT {created}, {updated} FROM {table} WHERE {id} = ?1");
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
            exist,
            current,
            by_id,
            times,
            deletes: deletes.collect(),
            likely: Vec::new(),
            table,
            columns,
            stamps: layout.stamps.clone(),
            has_type: layout.has_type,
        }
        .with_likely()
    }

    /// Before the first update, the next one is expected to change the document only.
    fn with_likely(mut self) -> Self {
        self.likely =
            (0..self.inserts.len()).map(|variant| Mutex::new(Arc::new(self.likely_update(variant, &[])))).collect();
        self
    }

    fn likely_update(&self, variant: usize, changed: &[usize]) -> Likely {
        let mut sets = self.sets(variant);
        let mut condition = format!("{} = ?3 AND {} = ?4", quoted(ID), quoted(VERSION));
        let mut next = 5;
        if self.has_type {
            condition.push_str(&format!(" AND {} = ?5", quoted(TYPE)));
            next += 1;
        }
        for column in &self.inserts[variant].columns {
            let name = &self.columns[*column];
            if changed.contains(column) {
                sets.push_str(&format!(", {name} = ?{next}"));
                condition.push_str(&format!(" AND {name} IS NOT ?{next}"));
            } else {
                condition.push_str(&format!(" AND {name} IS ?{next}"));
            }
            next += 1;
        }
        Likely { changed: changed.to_vec(), sql: format!("UPDATE {} SET {sets} WHERE {condition}", self.table) }
    }

    /// An update like the last one of a variant.
    pub(crate) fn likely(&self, variant: usize) -> Arc<Likely> {
        Arc::clone(&self.likely[variant].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Expects the next update of the variant to change these columns.
    pub(crate) fn learn(&self, variant: usize, changed: &[usize]) {
        let mut likely = self.likely[variant].lock().unwrap_or_else(PoisonError::into_inner);
        if likely.changed != changed {
            *likely = Arc::new(self.likely_update(variant, changed));
        }
    }

    /// The look-up by a key, in the scope of a variant or in any.
    pub(crate) fn get(&self, index: usize, variant: Option<usize>) -> Option<&str> {
        self.gets.get(index)?.get(variant.map_or(0, |variant| variant + 1)).map(String::as_str)
    }

    /// The question whether there is such a row. Tables whose rows are not referred to have none.
    pub(crate) fn exists(&self, index: usize, variant: Option<usize>) -> Option<&str> {
        self.exist.get(index)?.get(variant.map_or(0, |variant| variant + 1)).map(String::as_str)
    }

    /// The statement that deletes a row, in the scope of a variant or in any, of a version or of any.
    pub(crate) fn delete(&self, variant: Option<usize>, of_version: bool) -> Option<&str> {
        let delete = self.deletes.get(variant.map_or(0, |variant| variant + 1))?;
        Some(if of_version { &delete.of_version } else { &delete.of_any_version })
    }

    /// The statement that replaces a row by one of a variant, and sets only these realized columns, so that unchanged columns
    /// cost nothing.
    ///
    /// Its values are the document, the time, the discriminator (if it changes), the columns' values, and the id.
    pub(crate) fn update(&self, variant: usize, changed: &[usize], other_type: bool) -> String {
        let mut sets = self.sets(variant);
        let mut next = 3;
        let kind = (other_type && self.has_type).then(|| quoted(TYPE));
        for column in kind.iter().chain(changed.iter().filter_map(|column| self.columns.get(*column))) {
            sets.push_str(&format!(", {column} = ?{next}"));
            next += 1;
        }
        format!("UPDATE {} SET {sets} WHERE {} = ?{next}", self.table, quoted(ID))
    }

    /// The assignments of every update. The document and the time are the first two values.
    fn sets(&self, variant: usize) -> String {
        let [version, updated, layout, doc] = [VERSION, UPDATED_AT, LAYOUT, DOC].map(quoted);
        let stamp = self.stamps[variant];
        format!("{version} = {version} + 1, {doc} = ?1, {updated} = coalesce(?2, {updated}), {layout} = {stamp}")
    }
}

fn insert(definition: &TableDefinition, layout: &Layout, variant: usize) -> Insert {
    let own = |position: &usize| definition.columns[*position].variant.is_none_or(|other| other == variant);
    let columns: Vec<_> = (0..layout.columns.len()).filter(own).collect();
    let table = quoted(&layout.table);
    let stamp = layout.stamps[variant];
    let mut bound: Vec<_> = layout.has_type.then(|| quoted(TYPE)).into_iter().collect();
    bound.extend(columns.iter().map(|column| layout.columns[*column].quoted.clone()));
    let statement = |fixed: &[(&str, &str)]| {
        let mut names: Vec<_> = fixed.iter().map(|(name, _)| quoted(name)).collect();
        let mut values: Vec<_> = fixed.iter().map(|(_, value)| (*value).to_owned()).collect();
        names.push(quoted(LAYOUT));
        values.push(stamp.to_string());
        let taken = fixed.iter().filter_map(|(_, value)| value.strip_prefix('?')?.parse().ok()).max().unwrap_or(0);
        for (position, name) in (taken + 1_usize..).zip(&bound) {
            names.push(name.clone());
            values.push(format!("?{position}"));
        }
        (format!("INSERT INTO {table} ({})", names.join(", ")), values.join(", "))
    };
    let (into, values) = statement(&[(DOC, "?1"), (CREATED_AT, "?2"), (UPDATED_AT, "?2"), (VERSION, "0")]);
    let (sql, conditional) = (format!("{into} VALUES ({values})"), format!("{into} SELECT {values} WHERE"));
    let (into, values) = statement(&[(DOC, "?1"), (CREATED_AT, "?2"), (UPDATED_AT, "?3"), (ID, "?4"), (VERSION, "?5")]);
    Insert { columns, sql, conditional, again: format!("{into} VALUES ({values})") }
}
