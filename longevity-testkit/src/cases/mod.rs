//! The cases of `RepoCrudSpec`: one file per topic. `list` lists the cases of each type of a model.

mod capabilities;
mod concurrency;
mod context;
mod create_many;
mod delete;
mod discriminators;
mod duplicates;
mod explain;
mod list;
mod list_references;
mod morph;
mod options;
mod planting;
mod poly;
mod primary_key;
mod queries;
mod references_from;
mod references_to;
mod round_trip;
mod rows;
mod samples;
mod scene;
mod schema;
mod siblings;
mod stale;
mod streams;
mod tasks;
mod undeclared;
mod update;
mod variants;
mod write_many;

pub(crate) use list::of_model;
