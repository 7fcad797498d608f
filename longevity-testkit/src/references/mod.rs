//! The references with integrity that a model declares: where their key values are in a row, and which rows have to be there
//! before a row can be created.

mod anchor;
mod given;
mod order;
mod places;
mod tables;

pub(crate) use anchor::{anchored, follow_own_key};
pub(crate) use given::{Given, Wanted};
pub(crate) use order::first_target;
pub(crate) use places::{change_keys, keys_at, remove_key};
pub(crate) use tables::{ModelTable, Tables, UntypedRow, applies, tables_of};
