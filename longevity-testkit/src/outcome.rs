//! Why a case ends early: it fails, or it does not apply.

use std::fmt::Display;
use std::panic::Location;

use longevity_core::{Error, WriteError};

/// Why a case ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The back end broke its contract.
    Failed(String),
    /// A row that was written cannot be decoded. Its type may refuse the generated value.
    Undecodable { type_name: &'static str, path: String, message: String },
    /// The case does not apply to these values, for this reason.
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

    /// The reason.
    pub(crate) fn into_message(self) -> String {
        match self {
            Self::Failed(message) | Self::Undecodable { message, .. } | Self::Skipped(message) => message,
        }
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

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of an unknown type")
}

/// Fails the case with the message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::outcome::Stop::failed(format!($($message)+)));
        }
    };
}

/// Fails the case unless both sides are equal. The message says what they are.
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
