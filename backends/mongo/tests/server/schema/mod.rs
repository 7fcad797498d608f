//! Collections and indexes: how they are created, how they grow with the model, and which ones are refused.

mod growth;
mod indexes;
mod older_rows;
mod refusals;
