//! Longevity side by side with code that a user would write by hand, with the same domain model and the same work in one run.

pub mod by_hand;
pub mod model;
pub mod mongo;
pub mod mongo_changes;
pub mod rounds;
pub mod sqlite;
pub mod work;
