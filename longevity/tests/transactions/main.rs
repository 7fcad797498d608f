//! Transactions over all repositories, on each back end that has them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

/// Makes a module of each test, with a test on each of these stores. The check states what the test must return.
macro_rules! on_stores {
    ($stores:tt $check:ident: $($name:ident),* $(,)?) => {
        $(mod $name { on_each_store! { $stores $check $name } })*
    };
}

macro_rules! on_each_store {
    ([$($store:ident)*] $check:ident $name:ident) => {
        $(#[test] fn $store() { crate::stores::$store(async |bank| crate::stores::$check(super::$name(&bank).await)) })*
    };
}

/// Runs tests, which are generic over the back end, on each back end.
macro_rules! on_each_back_end {
    ($($names:tt)*) => { on_stores! { [mem any sqlite_file sqlite_in_memory mongo] passes: $($names)* } };
}

/// The same, where readers do not wait for a transaction. SQLite's databases in memory have a single connection, so theirs do.
macro_rules! where_readers_do_not_wait {
    ($($names:tt)*) => { on_stores! { [mem any sqlite_file mongo] passes: $($names)* } };
}

/// The same, where writing transactions run side by side. On SQLite they run one after the other.
macro_rules! where_writers_do_not_wait {
    ($($names:tt)*) => { on_stores! { [mem any mongo] passes: $($names)* } };
}

/// The same, where transactions can be nested. MongoDB has no savepoints.
macro_rules! where_transactions_nest {
    ($($names:tt)*) => { on_stores! { [mem any sqlite_file sqlite_in_memory] passes: $($names)* } };
}

/// The same, where transactions are serializable.
macro_rules! where_transactions_are_serializable {
    ($($names:tt)*) => { on_stores! { [mem any sqlite_file sqlite_in_memory] passes: $($names)* } };
}

/// Tests that return whether an anomaly has happened. It does on MongoDB, and on no other back end.
macro_rules! happens_on_mongo_alone {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            on_each_store! { [mem any sqlite_file sqlite_in_memory] does_not_happen $name }
            on_each_store! { [mongo] happens $name }
        })*
    };
}

mod after_the_end;
mod all_or_nothing;
mod bank;
mod blocking;
mod cancellation;
mod chance;
mod documented;
mod histories;
mod isolation;
mod nested;
mod retry;
mod sees_its_own;
mod side_by_side;
mod snapshots;
mod stores;
mod waiting;
