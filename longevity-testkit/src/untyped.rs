//! Projections and aggregates of properties that are known in their untyped form only.

use longevity_core::Value;
use longevity_core::backend::DecodeError;
use longevity_core::query::{Accumulator, Aggregate, AggregateFunction, Projection, Source, Values};
use longevity_core::value::Number;

/// A property that is read, as its operators describe it.
#[derive(Clone, Debug)]
pub(crate) struct ReadProperty {
    /// The property as text, for reports.
    pub(crate) description: String,
    pub(crate) source: Source,
    /// The aggregates that the property has.
    pub(crate) aggregates: Vec<AggregateFunction>,
}

/// The values of some properties.
#[derive(Clone, Debug)]
pub(crate) struct Untyped<'a>(pub(crate) &'a [ReadProperty]);

impl<P> Projection<P> for Untyped<'_> {
    type Output = Vec<Value>;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.extend(self.0.iter().map(|read| read.source.clone()));
    }

    fn read(values: &mut Values<'_>) -> Result<Vec<Value>, DecodeError> {
        Ok(std::iter::from_fn(|| values.next_value()).collect())
    }
}

/// The number of rows, and all aggregates of each property.
#[derive(Clone, Debug)]
pub(crate) struct AllAggregates<'a>(pub(crate) &'a [ReadProperty]);

/// The aggregates of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregates {
    pub(crate) least: Option<Value>,
    pub(crate) greatest: Option<Value>,
    /// The sum of the values that are integers.
    pub(crate) integers: i128,
    /// The sum of those that are floats.
    pub(crate) floats: f64,
}

/// The name of a derived type and values of some properties; then the number of rows that have them, and aggregates over these
/// rows.
pub(crate) type Group = ((String, Vec<Value>), (u64, Vec<Aggregates>));

impl<P> Aggregate<P> for AllAggregates<'_> {
    type Output = (u64, Vec<Aggregates>);

    fn functions(&self, functions: &mut Vec<AggregateFunction>) {
        functions.push(AggregateFunction::Count);
        functions.extend(self.0.iter().flat_map(|read| read.aggregates.clone()));
    }

    fn finish(&self, found: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
        let other = || DecodeError {
            path: String::new(),
            source: "the back end returned other aggregates than the query asks for".into(),
        };
        let Some(Accumulator::Count(rows)) = found.next() else { return Err(other()) };
        let mut each = Vec::new();
        for read in self.0 {
            let mut aggregates = Aggregates { least: None, greatest: None, integers: 0, floats: 0.0 };
            for aggregate in &read.aggregates {
                match (aggregate, found.next()) {
                    (AggregateFunction::Min(_), Some(Accumulator::Min(least))) => aggregates.least = least,
                    (AggregateFunction::Max(_), Some(Accumulator::Max(greatest))) => aggregates.greatest = greatest,
                    (AggregateFunction::Sum(_), Some(Accumulator::Sum(sum))) => {
                        (aggregates.integers, aggregates.floats) = (i128::of(&sum), f64::of(&sum));
                    }
                    _ => return Err(other()),
                }
            }
            each.push(aggregates);
        }
        Ok((rows, each))
    }
}
