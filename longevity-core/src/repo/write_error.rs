//! The error of a write, which holds the state that was to be written.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;
use crate::state::PState;

/// The error of an update or a delete that was not done, with the state that was passed in.
///
/// `?` turns it into an [`Error`] and drops the state.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// let ann = members.create(member("ann", 2)).await?;
/// members.update(ann.clone()).await?;
///
/// let refused = members.update(ann.modify(|ann| ann.num_cats += 1)).await.unwrap_err();
/// assert!(matches!(refused.error(), Error::WriteConflict { .. }));
/// let (error, state) = refused.into_parts();
/// assert_eq!(state.num_cats, 3); // as it was passed in, for another try on a fresh state
#[doc = include_str!("../../doc/close.txt")]
/// ```
pub struct WriteError<P> {
    // Boxed because a state can be large and results are moved around.
    parts: Box<(Error, PState<P>)>,
}

impl<P> WriteError<P> {
    pub(crate) fn new(error: Error, state: PState<P>) -> Self {
        Self { parts: Box::new((error, state)) }
    }

    /// The reason.
    pub fn error(&self) -> &Error {
        &self.parts.0
    }

    /// The reason, without the state.
    pub fn into_error(self) -> Error {
        self.parts.0
    }

    /// The state as it was passed in.
    pub fn into_state(self) -> PState<P> {
        self.parts.1
    }

    /// The reason and the state.
    pub fn into_parts(self) -> (Error, PState<P>) {
        *self.parts
    }
}

impl<P> std::ops::Deref for WriteError<P> {
    type Target = Error;

    fn deref(&self) -> &Error {
        &self.parts.0
    }
}

impl<P> From<WriteError<P>> for Error {
    fn from(error: WriteError<P>) -> Self {
        error.into_error()
    }
}

impl<P> fmt::Debug for WriteError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteError").field(self.error()).finish()
    }
}

impl<P> fmt::Display for WriteError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl<P> StdError for WriteError<P> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error().source()
    }
}
