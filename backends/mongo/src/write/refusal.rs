//! Why the server refuses a row.

use longevity_core::Error;
use longevity_core::backend::WriteFailure;
use mongodb::bson::RawDocument;
use mongodb::error::Error as DriverError;

use crate::encode::document;
use crate::error::{DUPLICATE, MongoError, TOO_LARGE, TakenKey, VALIDATION, WriteError};
use crate::schema::{indexes, undeclared};
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;

/// Why a write of a row with this discriminator failed.
pub(crate) async fn refused(
    table: &ReadyTable,
    executor: &Executor<'_>,
    name: Option<&str>,
    error: DriverError,
) -> WriteFailure {
    match WriteError::of(&error, &table.namespace) {
        Some(refused) if refused.is_refusal() => {
            executor.row_is_refused();
            refused_row(table, name, refused).await
        }
        _ => executor.write_failed(error).await.into(),
    }
}

/// Why the server refused a row with this discriminator.
pub(crate) async fn refused_row(table: &ReadyTable, name: Option<&str>, error: WriteError) -> WriteFailure {
    let refused = |reason: &str| {
        MongoError::Refused { table: table.definition.name.to_string(), reason: reason.to_owned() }.into()
    };
    let fields = match &error.taken {
        Some(TakenKey { fields: Some(fields), .. }) => Some(fields.clone()),
        Some(TakenKey { index: Some(index), .. }) => {
            match table.wanted.iter().find(|wanted| wanted.name == *index) {
                Some(wanted) => Some(wanted.keys.keys().cloned().collect()),
                // The index belongs to another version of the model, with other discriminators.
                None => indexes::fields_of(&table.database, &table.definition.name, index).await,
            }
        }
        _ => None,
    };
    if let Some(position) = fields.and_then(|fields| table.key_on(&fields, name)) {
        return WriteFailure::Duplicate(position);
    }
    let index = error.taken.and_then(|taken| taken.index);
    if let Some(index) = index.filter(|index| undeclared::is_ours(&table.definition, index)) {
        return table.definition.undeclared_key(index).into();
    }
    match error.code {
        DUPLICATE => refused("another row has the same values in a unique index that does not belong to this model"),
        VALIDATION => refused("the row does not satisfy the collection's validator"),
        code if TOO_LARGE.contains(&code) => document::too_large(table.type_name(name)).into(),
        code => MongoError::of_code(code, error.reason).into(),
    }
}

/// Fails if the server would refuse the document for its size.
pub(crate) fn ensure_fits(table: &ReadyTable, name: Option<&str>, document: &RawDocument) -> Result<(), Error> {
    if document::is_too_large(document) { Err(document::too_large(table.type_name(name))) } else { Ok(()) }
}
