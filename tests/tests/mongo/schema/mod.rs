//! Collections and indexes: what is made, how it grows with the model, and what is refused.

mod growth;
mod indexes;
mod older_rows;
mod refusals;
