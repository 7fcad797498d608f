//! What a query is to give instead of whole persistents.

use serde::de::DeserializeOwned;

use super::{OfEveryRowOf, Prop, VariantProp};
use crate::backend::DecodeError;
use crate::encoding::from_value;
use crate::path::Path;
use crate::storable::Storable;
use crate::value::Value;

/// Where a value of a projection comes from.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The property at a path.
    Property(Path),
    /// The name of the row's derived type.
    Type,
}

/// Values of a row that are read alone: a property, [`by_type`], or a tuple of up to eight of these.
///
/// A property that may be absent because something on the way is, `profile.some().tagline`, is asked for with
/// [`optional`](Prop::optional).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from rows of `{P}`",
    label = "properties of `{P}` or of its poly type, `by_type()`, and tuples of them can",
    note = "a property's type has to implement `Deserialize`"
)]
pub trait Projection<P> {
    /// The values' type.
    type Output;

    #[doc(hidden)]
    fn sources(&self, sources: &mut Vec<Source>);

    /// The values, which come in the order of the sources.
    #[doc(hidden)]
    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output, DecodeError>;
}

impl<P, F: OfEveryRowOf<P> + 'static, T: Storable + DeserializeOwned> Projection<P> for Prop<F, T> {
    type Output = T;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.push(Source::Property(self.path().clone()));
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<T, DecodeError> {
        let value = values.next().unwrap_or(Value::None(0));
        from_value(value).map_err(|error| DecodeError { path: self.path().to_string(), ..error })
    }
}

/// What a variant around one value holds.
impl<P, F: 'static, T: Storable> Projection<P> for VariantProp<F, Prop<F, T>>
where
    Prop<F, T>: Projection<P>,
{
    type Output = <Prop<F, T> as Projection<P>>::Output;

    fn sources(&self, sources: &mut Vec<Source>) {
        (**self).sources(sources);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output, DecodeError> {
        (**self).read(values)
    }
}

impl<P, J: Projection<P>> Projection<P> for &J {
    type Output = J::Output;

    fn sources(&self, sources: &mut Vec<Source>) {
        (**self).sources(sources);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<J::Output, DecodeError> {
        (**self).read(values)
    }
}

/// The name of a row's derived type. Comes from [`by_type`].
#[derive(Clone, Copy, Debug)]
pub struct ByType;

/// The name of a row's derived type, as Rust has it: `Member`. Of a plain type it is that type's.
pub fn by_type() -> ByType {
    ByType
}

impl<P> Projection<P> for ByType {
    type Output = String;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.push(Source::Type);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<String, DecodeError> {
        match values.next() {
            Some(Value::Text(name)) => Ok(name.into()),
            _ => Ok(String::new()),
        }
    }
}

macro_rules! tuples {
    ($($part:ident $position:tt),*) => {
        impl<P, $($part: Projection<P>),*> Projection<P> for ($($part,)*) {
            type Output = ($($part::Output,)*);

            fn sources(&self, sources: &mut Vec<Source>) {
                $(self.$position.sources(sources);)*
            }

            fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output, DecodeError> {
                Ok(($(self.$position.read(values)?,)*))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
