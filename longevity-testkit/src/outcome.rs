//! How a case ends before its end: it fails, or it has nothing to stand on.

use std::fmt::Display;
use std::panic::Location;

use longevity_core::{Error, WriteError};

/// Why a case ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The back end broke its contract.
    Failed(String),
    /// A row that was written is not read: perhaps its type does not take what was generated for it.
    Undecodable { type_name: &'static str, path: String, message: String },
    /// The case has no meaning for these values; says why.
    Skipped(String),
}

pub(crate) type Outcome<T = ()> = Result<T, Stop>;

impl Stop {
    #[track_caller]
    pub(crate) fn failed(message: impl Display) -> Self {
        let caller = Location::caller();
        let file = caller.file().rsplit(['/', '\\']).next().unwrap_or_default();
        Self::Failed(format!("{message} [{file}:{}]", caller.line()))
    }
}

impl From<Error> for Stop {
    #[track_caller]
    fn from(error: Error) -> Self {
        match (Self::failed(format!("unexpected error: {error}")), error) {
            (Self::Failed(message), Error::Decode { type_name, path, .. }) => {
                Self::Undecodable { type_name, path, message }
            }
            (failed, _) => failed,
        }
    }
}

impl<P> From<WriteError<P>> for Stop {
    #[track_caller]
    fn from(error: WriteError<P>) -> Self {
        Error::from(error).into()
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of an unknown kind")
}

/// Fails the case with the message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::outcome::Stop::failed(format!($($message)+)));
        }
    };
}

/// Fails the case unless both sides are equal; says what they are about.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($message:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left != *right {
                    let message = format!($($message)+);
                    return Err($crate::outcome::Stop::failed(format!("{message}: {left:?} is not {right:?}")));
                }
            }
        }
    };
}

pub(crate) use {ensure, ensure_eq};
