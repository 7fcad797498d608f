//! The queries that a user wrote for a suite.

use std::any::Any;
use std::sync::Arc;

use longevity_core::query::Query;

use super::rows::Rows;

/// A query that the user wrote.
#[derive(Clone)]
pub(super) struct WrittenQuery {
    pub(super) name: String,
    /// An [`QueryOfRows<T>`] of the type that the query is about.
    pub(super) query: Arc<dyn Any + Send + Sync>,
}

/// Makes a query from the rows of the repository.
pub(super) type QueryOfRows<T> = Box<dyn Fn(&Rows<T>) -> Query<T> + Send + Sync>;
