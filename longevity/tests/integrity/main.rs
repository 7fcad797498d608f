//! References with integrity, on each back end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

/// Makes a module of each test, with a test on each back end.
macro_rules! on_each_back_end {
    ($($name:ident),* $(,)?) => {
        $(mod $name { on_each_store! { [mem sqlite mongo] $name } })*
    };
}

macro_rules! on_each_store {
    ([$($store:ident)*] $name:ident) => {
        $(#[test] fn $store() { crate::stores::$store(async |store| super::$name(&store).await) })*
    };
}

mod declared;
mod enforced;
mod keys;
mod library;
mod object_database;
mod on_delete;
mod races;
mod stores;
mod switching;
mod transactions;
