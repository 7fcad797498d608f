//! What only MongoDB promises: documents and indexes as other programs see them, plans that use the indexes, rows that older
//! versions of the model wrote, validators, and what goes over the wire. What every back end promises is held by the
//! conformance suite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

mod consistency;
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
