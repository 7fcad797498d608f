//! Transactions over all repositories, on each back end that has them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

/// Runs tests, which are generic over the back end, on each.
macro_rules! on_each_back_end {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test] fn mem() { crate::bank::on(longevity::Mem::new(), async |bank| super::$name(&bank).await) }
            #[test] fn any() { crate::bank::on(crate::bank::any(), async |bank| super::$name(&bank).await) }
            #[test] fn sqlite_file() { crate::bank::on_a_file(async |bank| super::$name(&bank).await) }
            #[test] fn sqlite_in_memory() { crate::bank::on(crate::bank::sqlite_in_memory(), async |bank| super::$name(&bank).await) }
            #[test] fn mongo() { crate::bank::on_mongo(async |bank| super::$name(&bank).await) }
        })*
    };
}

/// The same on each where nobody who only reads waits for a transaction: not on SQLite's databases in memory, which have one
/// connection.
macro_rules! where_readers_do_not_wait {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test] fn mem() { crate::bank::on(longevity::Mem::new(), async |bank| super::$name(&bank).await) }
            #[test] fn any() { crate::bank::on(crate::bank::any(), async |bank| super::$name(&bank).await) }
            #[test] fn sqlite_file() { crate::bank::on_a_file(async |bank| super::$name(&bank).await) }
            #[test] fn mongo() { crate::bank::on_mongo(async |bank| super::$name(&bank).await) }
        })*
    };
}

/// The same on each where transactions that write run side by side: on SQLite they come one after the other.
macro_rules! where_writers_do_not_wait {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test] fn mem() { crate::bank::on(longevity::Mem::new(), async |bank| super::$name(&bank).await) }
            #[test] fn any() { crate::bank::on(crate::bank::any(), async |bank| super::$name(&bank).await) }
            #[test] fn mongo() { crate::bank::on_mongo(async |bank| super::$name(&bank).await) }
        })*
    };
}

/// The same on each where transactions are nested: MongoDB has no savepoints.
macro_rules! where_transactions_nest {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test] fn mem() { crate::bank::on(longevity::Mem::new(), async |bank| super::$name(&bank).await) }
            #[test] fn any() { crate::bank::on(crate::bank::any(), async |bank| super::$name(&bank).await) }
            #[test] fn sqlite_file() { crate::bank::on_a_file(async |bank| super::$name(&bank).await) }
            #[test] fn sqlite_in_memory() { crate::bank::on(crate::bank::sqlite_in_memory(), async |bank| super::$name(&bank).await) }
        })*
    };
}

/// Stories that say whether an anomaly has happened: on MongoDB it does, and on no other back end.
macro_rules! happens_on_mongo_alone {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test] fn mem() { crate::bank::on(longevity::Mem::new(), async |bank| assert!(!super::$name(&bank).await)) }
            #[test] fn any() { crate::bank::on(crate::bank::any(), async |bank| assert!(!super::$name(&bank).await)) }
            #[test] fn sqlite_file() { crate::bank::on_a_file(async |bank| assert!(!super::$name(&bank).await)) }
            #[test] fn sqlite_in_memory() { crate::bank::on(crate::bank::sqlite_in_memory(), async |bank| assert!(!super::$name(&bank).await)) }
            #[test] fn mongo() { crate::bank::on_mongo(async |bank| assert!(super::$name(&bank).await)) }
        })*
    };
}

/// What threads do as they come, where no anomaly happens.
macro_rules! where_transactions_are_serializable {
    ($($name:ident),* $(,)?) => { where_transactions_nest!($($name),*); };
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
mod waiting;
