//! Answers to queries.
//!
//! * `counting` counts rows by an index alone.
//! * `explain` describes a plan.
//! * `facts` finds what a predicate implies that an index can use.
//! * `lookup` finds the index of a key.
//! * `plan` chooses an index.
//! * `selection` returns the rows of a query in order.
//! * `stream` returns them one by one.
//! * `walk` goes over the candidates of a plan.

pub(crate) mod counting;
pub(crate) mod explain;
pub(crate) mod facts;
pub(crate) mod lookup;
pub(crate) mod plan;
pub(crate) mod selection;
pub(crate) mod stream;
pub(crate) mod walk;
