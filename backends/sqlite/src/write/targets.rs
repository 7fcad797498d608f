//! The rows that a new row refers to.

use longevity_core::Error;
use longevity_core::backend::Lookup;
use rusqlite::Statement;
use rusqlite::types::Value as Owned;

use crate::encode::column_value::owned;
use crate::query::read;
use crate::schema::layout::is_one_of;
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;

/// Rows that must be there when a row that refers to them is inserted.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// For each of them, a question without its parameters, and the columns that these are for.
    questions: Vec<(String, Vec<String>)>,
    values: Vec<Owned>,
}

impl Targets {
    pub(crate) fn add(&mut self, table: &ReadyTable, lookup: &Lookup<'_>) -> Result<(), Error> {
        read::checked(table, lookup)?;
        let (definition, layout) = (&*table.definition, &table.layout);
        let index = &definition.indexes[lookup.index];
        let mut scopes: Vec<_> = index.scope.into_iter().chain(lookup.scope).collect();
        scopes.dedup();
        let of_types: String = scopes.iter().map(|scope| format!("{} AND ", is_one_of(scope.discriminators))).collect();
        let columns = index.columns.iter().map(|column| &layout.columns[*column]);
        let names = columns.clone().map(|column| column.quoted.clone()).collect();
        self.questions.push((format!("SELECT 1 FROM {} WHERE {of_types}", quoted(&layout.table)), names));
        self.values.extend(columns.zip(lookup.values).map(|(column, value)| owned(*value, column.representation)));
        Ok(())
    }

    /// The condition that all of them are there, with parameters from this number on.
    pub(crate) fn condition(&self, first: usize) -> String {
        let mut next = first..;
        let question = |(question, columns): &(String, Vec<String>)| {
            let equal = columns.iter().zip(&mut next).map(|(column, number)| format!("{column} = ?{number}"));
            format!("EXISTS ({question}{})", equal.collect::<Vec<_>>().join(" AND "))
        };
        let all: Vec<_> = self.questions.iter().map(question).collect();
        if all.is_empty() { "1".to_owned() } else { all.join(" AND ") }
    }

    /// Binds the values, from this parameter on.
    pub(crate) fn bind(&self, statement: &mut Statement<'_>, first: usize) -> rusqlite::Result<()> {
        self.values.iter().zip(first..).try_for_each(|(value, number)| statement.raw_bind_parameter(number, value))
    }
}
