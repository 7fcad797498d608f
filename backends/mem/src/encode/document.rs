//! The document, which is the user's value itself, typed, behind a shared pointer.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use longevity_core::backend::DecodeError;
use longevity_core::encoding::PropertyReader;
use longevity_core::{Encodable, Step, Value, ValueRef};

/// A stored value. Cloning it copies a pointer; decoding it clones the value.
#[derive(Clone)]
pub struct MemDocument(Arc<dyn ErasedValue>);

/// The operations that a table needs on a value whose type it does not know.
trait ErasedValue: Any + Send + Sync {
    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_>;

    fn type_name(&self) -> &'static str;
}

impl<T: Encodable> ErasedValue for T {
    fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        longevity_core::Storable::value_at(self, path)
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }
}

impl MemDocument {
    /// The document of a value, made with one clone and one allocation.
    pub(crate) fn encode<T: Encodable>(value: &T) -> Self {
        Self(Arc::new(value.clone()))
    }

    /// The value, if it is of this type.
    pub(crate) fn decode<T: Encodable>(&self) -> Result<T, DecodeError> {
        let stored: &dyn Any = &*self.0;
        stored.downcast_ref::<T>().cloned().ok_or_else(|| DecodeError {
            path: String::new(),
            source: format!("the row holds a {}, not a {}", self.0.type_name(), type_name::<T>()).into(),
        })
    }

    /// The value of a property.
    pub(crate) fn read(&self, property: &PropertyReader) -> Value {
        self.value_at(property.path().steps()).to_value()
    }

    /// The value at the end of the path, without a copy.
    #[inline]
    pub(crate) fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        self.0.value_at(path)
    }
}

/// Shows the type only, because values do not belong in logs.
impl fmt::Debug for MemDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemDocument({})", self.0.type_name())
    }
}
