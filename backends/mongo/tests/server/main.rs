//! The promises that only MongoDB makes: documents and indexes as other programs see them, plans that use the indexes, rows of
//! older versions of the model, validators, and the commands that are sent. The conformance suite checks the promises of every
//! back end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod consistency;
mod in_place;
mod layout;
mod place;
mod plans;
mod relay;
mod schema;
mod sharding;
mod updates;
mod validation;
mod values;
mod wire;
