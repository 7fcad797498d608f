//! Schemas: their statements, how they grow with the model, and which tables are refused.

mod defaults;
mod growth;
mod names;
mod refusals;
mod sides;
mod statements;
mod strangers;
mod versions;
