//! Aggregates over the rows of a query, or over each group of them.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::CoversRowsOf;
use crate::document::from_value;
use crate::encoding::DecodeError;
use crate::storable::kind::{HasOrder, IsNumber};
use crate::storable::{Prop, Storable};
use crate::value::{Number, Path, Sum, Value};

/// A function over the values of rows.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub enum AggregateFunction {
    /// The number of rows.
    Count,
    /// The least value, ignoring absent ones.
    Min(Path),
    /// The greatest value, ignoring absent ones.
    Max(Path),
    /// The sum of the values, ignoring absent ones.
    Sum(Path),
}

/// An aggregate that is being computed.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Accumulator {
    /// See [`AggregateFunction::Count`].
    Count(u64),
    /// See [`AggregateFunction::Min`].
    Min(Option<Value>),
    /// See [`AggregateFunction::Max`].
    Max(Option<Value>),
    /// See [`AggregateFunction::Sum`].
    Sum(Sum),
}

impl AggregateFunction {
    pub(crate) fn start(&self) -> Accumulator {
        match self {
            Self::Count => Accumulator::Count(0),
            Self::Min(_) => Accumulator::Min(None),
            Self::Max(_) => Accumulator::Max(None),
            Self::Sum(_) => Accumulator::Sum(Sum::default()),
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Count => None,
            Self::Min(path) | Self::Max(path) | Self::Sum(path) => Some(path),
        }
    }
}

impl Accumulator {
    /// Adds the value of another row; a count takes no value.
    pub(crate) fn add(&mut self, value: Option<&Value>) {
        match (self, value.filter(|value| !value.is_none())) {
            (Self::Count(rows), _) => *rows += 1,
            (_, None) => {}
            (Self::Min(least), Some(value)) => {
                if least.as_ref().is_none_or(|least| value < least) {
                    *least = Some(value.clone());
                }
            }
            (Self::Max(greatest), Some(value)) => {
                if greatest.as_ref().is_none_or(|greatest| value > greatest) {
                    *greatest = Some(value.clone());
                }
            }
            (Self::Sum(sum), Some(value)) => match value {
                Value::Int(number) => sum.add_integer((*number).into()),
                Value::UInt(number) => sum.add_integer((*number).into()),
                Value::Float(number) => sum.add_float(*number),
                _ => {}
            },
        }
    }
}

/// Aggregates over rows: [`count`], the `min`, `max` and `sum` of a property, or a tuple of up to eight of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be computed over rows of `{P}`",
    label = "`count()`, `min()`, `max()` and `sum()` of properties of `{P}` or of its poly type, and tuples of them can be computed"
)]
pub trait Aggregate<P> {
    /// The aggregates' type.
    type Output;

    #[doc(hidden)]
    fn functions(&self, functions: &mut Vec<AggregateFunction>);

    /// The results of the aggregates, which come in the order of the functions.
    #[doc(hidden)]
    fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError>;
}

/// The number of rows. Comes from [`count`].
#[derive(Clone, Copy, Debug)]
pub struct Count;

/// The number of rows.
pub fn count() -> Count {
    Count
}

impl<P> Aggregate<P> for Count {
    type Output = u64;

    fn functions(&self, functions: &mut Vec<AggregateFunction>) {
        functions.push(AggregateFunction::Count);
    }

    fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<u64, DecodeError> {
        match aggregates.next() {
            Some(Accumulator::Count(rows)) => Ok(rows),
            _ => Ok(0),
        }
    }
}

macro_rules! of_property {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<R: 'static, T> {
            path: Path,
            of: PhantomData<fn() -> (R, T)>,
        }

        impl<R: 'static, T> $name<R, T> {
            fn of(property: &Prop<R, impl Storable>) -> Self {
                Self { path: property.path_into_options(), of: PhantomData }
            }
        }
    )*};
}

of_property! {
    /// The least value of a property. Comes from [`Prop::min`].
    Min;
    /// The greatest value of a property. Comes from [`Prop::max`].
    Max;
    /// The sum of a property's values. Comes from [`Prop::sum`].
    Total;
}

impl<R: 'static, T: Storable> Prop<R, T> {
    /// The least value, with NaN before all others; `None` if all are absent.
    pub fn min(&self) -> Min<R, T>
    where
        T::Kind: HasOrder,
    {
        Min::of(self)
    }

    /// The greatest value; `None` if all are absent.
    pub fn max(&self) -> Max<R, T>
    where
        T::Kind: HasOrder,
    {
        Max::of(self)
    }

    /// The sum of the values that are present. The sum of integers is an `i128`; the sum of floats is the `f64` nearest to the
    /// exact sum, whatever the order of the rows.
    pub fn sum(&self) -> Total<R, T>
    where
        T::Kind: IsNumber,
    {
        Total::of(self)
    }
}

fn single<T: Storable + DeserializeOwned>(value: Option<Value>, path: &Path) -> Result<Option<T>, DecodeError> {
    let typed = value.map(from_value).transpose();
    typed.map_err(|error| DecodeError { path: path.to_string(), ..error })
}

impl<P, R: CoversRowsOf<P> + 'static, T: Storable<Inner: DeserializeOwned>> Aggregate<P> for Min<R, T> {
    type Output = Option<T::Inner>;

    fn functions(&self, functions: &mut Vec<AggregateFunction>) {
        functions.push(AggregateFunction::Min(self.path.clone()));
    }

    fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
        match aggregates.next() {
            Some(Accumulator::Min(value)) => single(value, &self.path),
            _ => Ok(None),
        }
    }
}

impl<P, R: CoversRowsOf<P> + 'static, T: Storable<Inner: DeserializeOwned>> Aggregate<P> for Max<R, T> {
    type Output = Option<T::Inner>;

    fn functions(&self, functions: &mut Vec<AggregateFunction>) {
        functions.push(AggregateFunction::Max(self.path.clone()));
    }

    fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
        match aggregates.next() {
            Some(Accumulator::Max(value)) => single(value, &self.path),
            _ => Ok(None),
        }
    }
}

impl<P, R: CoversRowsOf<P> + 'static, T: Storable<Kind: IsNumber>> Aggregate<P> for Total<R, T> {
    type Output = <T::Kind as IsNumber>::Sum;

    fn functions(&self, functions: &mut Vec<AggregateFunction>) {
        functions.push(AggregateFunction::Sum(self.path.clone()));
    }

    fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
        match aggregates.next() {
            Some(Accumulator::Sum(sum)) => Ok(Number::of(&sum)),
            _ => Ok(Number::of(&Sum::default())),
        }
    }
}

macro_rules! of_tuple {
    ($($part:ident $position:tt),*) => {
        impl<P, $($part: Aggregate<P>),*> Aggregate<P> for ($($part,)*) {
            type Output = ($($part::Output,)*);

            fn functions(&self, functions: &mut Vec<AggregateFunction>) {
                $(self.$position.functions(functions);)*
            }

            fn finish(&self, aggregates: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
                Ok(($(self.$position.finish(aggregates)?,)*))
            }
        }
    };
}

for_each_tuple!(of_tuple);
