//! A row as it is stored.

use std::borrow::Cow;

use longevity_core::table::Scope;
use longevity_core::{Row, RowContent, RowId, Timestamp};

use crate::encode::document::MemDocument;
use crate::schema::layout::{Entries, Layout};

/// A row. It is never changed, only replaced.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub(crate) id: u64,
    pub(crate) version: u64,
    pub(crate) discriminator: Option<Cow<'static, str>>,
    pub(crate) doc: MemDocument,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
}

impl StoredRow {
    pub(crate) fn new(id: u64, content: RowContent<MemDocument>) -> Self {
        let RowContent { discriminator, doc, written_at, .. } = content;
        Self { id, version: 0, discriminator, doc, created_at: written_at, updated_at: written_at }
    }

    pub(crate) fn row_id(&self) -> RowId {
        RowId::from_u128(self.id.into())
    }

    pub(crate) fn to_row(&self) -> Row<MemDocument> {
        Row {
            id: self.row_id(),
            version: self.version,
            discriminator: self.discriminator.clone(),
            doc: self.doc.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    pub(crate) fn is_in(&self, scope: Option<Scope>) -> bool {
        scope.is_none_or(|scope| scope.contains(self.discriminator.as_deref()))
    }

    pub(crate) fn entries(&self, layout: &Layout) -> Entries {
        layout.entries(self.id, self.discriminator.as_deref(), &self.doc)
    }
}
