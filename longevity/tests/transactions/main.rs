//! Transactions over all repositories, on each back end that has them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

/// Runs tests, which are generic over the back end, on each.
macro_rules! on_each_back_end {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        mod mem {
            $(#[test] $(#[$attribute])* fn $name() { crate::bank::on(longevity::Mem::new(), async |bank| super::$name(&bank).await) })*
        }

        mod any {
            $(#[test] $(#[$attribute])* fn $name() { crate::bank::on(crate::bank::any(), async |bank| super::$name(&bank).await) })*
        }
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
mod snapshots;
