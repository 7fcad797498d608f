//! The queries that a user wrote for a suite.

use std::any::Any;
use std::sync::Arc;

use longevity_core::query::Query;

use super::rows::Rows;

/// A query that the user gave.
#[derive(Clone)]
pub(super) struct WrittenQuery {
    pub(super) name: String,
    /// An [`Ask<T>`] of the type that it is about.
    pub(super) ask: Arc<dyn Any + Send + Sync>,
}

/// Makes a query from the rows that there are.
pub(super) type Ask<T> = Box<dyn Fn(&Rows<T>) -> Query<T> + Send + Sync>;
