//! Fixtures, which supply the stores of the cases.

use std::any::Any;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::{BoxError, RowId};

use crate::facade::{Facade, Through};

/// Sets up an empty back end for each case. Every closure that returns a back end is a fixture. [`with_guard`] makes one from a
/// closure that can fail, or whose back end needs something that outlives it.
pub trait Fixture: Send + Sync + 'static {
    /// The back end.
    type Backend: Backend;
    /// A value that must outlive the back end, such as a temporary directory, or a database that is dropped at the end.
    type Guard: 'static;

    /// A new back end, with nothing in it.
    fn set_up(&self) -> Result<(Self::Backend, Self::Guard), BoxError>;

    /// A back end for a case that begins by creating the schema. It may have the tables of an earlier case of the same model, if
    /// they are as `create_schema` makes them and have no rows. By default, this is a new back end.
    ///
    /// This pays off where a table costs more to create than to clear. The guard has to find out what the case left behind.
    fn set_up_for_schema(&self) -> Result<(Self::Backend, Self::Guard), BoxError> {
        self.set_up()
    }

    /// Leaves rows with these ids out of what is read outside of transactions. Does nothing unless the suite reaches the back end
    /// through a [`Facade`].
    #[doc(hidden)]
    fn hide(_: &Self::Backend, _: &[RowId]) {}
}

impl<B: Backend, F: Fn() -> B + Send + Sync + 'static> Fixture for F {
    type Backend = B;
    type Guard = ();

    fn set_up(&self) -> Result<(B, ()), BoxError> {
        Ok((self(), ()))
    }
}

/// A fixture from a closure that can fail. The closure returns a back end and the value that must outlive it.
///
/// Await the set-up of an asynchronous back end inside the closure: `blocking::block_on(async { .. })`.
pub fn with_guard<B: Backend, G: 'static, E: Into<BoxError> + 'static>(
    set_up: impl Fn() -> Result<(B, G), E> + Send + Sync + 'static,
) -> impl Fixture<Backend = B, Guard = G> {
    Guarded(set_up, std::marker::PhantomData)
}

struct Guarded<F, B, G, E>(F, std::marker::PhantomData<fn() -> (B, G, E)>);

impl<F, B, G, E> Fixture for Guarded<F, B, G, E>
where
    F: Fn() -> Result<(B, G), E> + Send + Sync + 'static,
    B: Backend,
    G: 'static,
    E: Into<BoxError> + 'static,
{
    type Backend = B;
    type Guard = G;

    fn set_up(&self) -> Result<(B, G), BoxError> {
        (self.0)().map_err(Into::into)
    }
}

/// Any fixture of a back end, as one type. The cases are then compiled once for each model and back end, and not for each closure
/// and facade.
pub(crate) struct AnyFixture<B> {
    set_up: Arc<SetUp<B>>,
    facade: Facade,
}

/// Sets up a back end. The argument says whether the back end may have the schema already.
type SetUp<B> = dyn Fn(bool) -> Result<(B, Box<dyn Any>), BoxError> + Send + Sync;

impl<B: Backend> AnyFixture<B> {
    pub(crate) fn new(fixture: impl Fixture<Backend = B>) -> Self {
        let set_up = move |for_schema| -> Result<(B, Box<dyn Any>), BoxError> {
            let (backend, guard) = if for_schema { fixture.set_up_for_schema()? } else { fixture.set_up()? };
            Ok((backend, Box::new(guard)))
        };
        Self { set_up: Arc::new(set_up), facade: Facade::Blocking }
    }

    /// The same back ends through this facade.
    pub(crate) fn through(&self, facade: Facade) -> Self {
        Self { set_up: Arc::clone(&self.set_up), facade }
    }

    fn reached(&self, for_schema: bool) -> Result<(Through<B>, Box<dyn Any>), BoxError> {
        let (backend, guard) = (self.set_up)(for_schema)?;
        Ok((Through::new(self.facade, backend), guard))
    }
}

impl<B: Backend> Fixture for AnyFixture<B> {
    type Backend = Through<B>;
    type Guard = Box<dyn Any>;

    fn set_up(&self) -> Result<(Through<B>, Box<dyn Any>), BoxError> {
        self.reached(false)
    }

    fn set_up_for_schema(&self) -> Result<(Through<B>, Box<dyn Any>), BoxError> {
        self.reached(true)
    }

    fn hide(backend: &Through<B>, rows: &[RowId]) {
        backend.hide(rows);
    }
}
