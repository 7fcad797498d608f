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

/// The same for tests that open a store several times, which choose their back ends.
macro_rules! on_stores_again {
    ($stores:tt $($name:ident),* $(,)?) => { $(on_stores_again! { @one $stores $name })* };
    (@one [$($store:ident)*] $name:ident) => {
        mod $name { $(on_stores_again! { @$store $name })* }
    };
    (@mem $name:ident) => {
        #[test]
        fn mem() {
            crate::stores::RUNTIME.block_on(super::$name(crate::stores::mem_again()));
        }
    };
    (@sqlite $name:ident) => {
        #[test]
        fn sqlite() {
            crate::stores::RUNTIME.block_on(super::$name(crate::stores::sqlite_again()));
        }
    };
    (@mongo $name:ident) => {
        #[test]
        fn mongo() {
            if let Some(again) = crate::stores::mongo_again() {
                crate::stores::RUNTIME.block_on(super::$name(again));
            }
        }
    };
}

mod declared;
mod enforced;
mod foreign_keys;
mod indexed;
mod keys;
mod kills;
mod library;
mod object_database;
mod on_delete;
mod races;
mod reference_tables;
mod stores;
mod switching;
mod transactions;
mod verify;
