//! Projections, figures and patches of properties of which only the paths are known.

use longevity_core::backend::DecodeError;
use longevity_core::query::{Accumulator, Measure, Number, Op, Part, Patch, Projection, Source, Values};
use longevity_core::{Path, Value};

/// The values of some properties.
#[derive(Clone, Debug)]
pub(crate) struct Untyped<'a>(pub(crate) &'a [Path]);

impl<P> Projection<P> for Untyped<'_> {
    type Output = Vec<Value>;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.extend(self.0.iter().cloned().map(Source::Property));
    }

    fn read(values: &mut Values<'_>) -> Result<Vec<Value>, DecodeError> {
        Ok(std::iter::from_fn(|| values.next_value()).collect())
    }
}

/// How many rows there are, and of each property the least value, the greatest, and the sums of its integers and of its
/// floats.
#[derive(Clone, Debug)]
pub(crate) struct AllFigures<'a>(pub(crate) &'a [Path]);

impl<P> Measure<P> for AllFigures<'_> {
    type Output = Vec<String>;

    fn parts(&self, parts: &mut Vec<Part>) {
        parts.push(Part::Count);
        for path in self.0 {
            parts.extend([Part::Min(path.clone()), Part::Max(path.clone()), Part::Sum(path.clone())]);
        }
    }

    fn finish(&self, figures: &mut dyn Iterator<Item = Accumulator>) -> Result<Vec<String>, DecodeError> {
        let told = |figure| match figure {
            Accumulator::Count(rows) => format!("{rows} rows"),
            Accumulator::Min(value) => format!("least {value:?}"),
            Accumulator::Max(value) => format!("greatest {value:?}"),
            Accumulator::Sum(sum) => format!("sum {} and {:?}", i128::of(&sum), f64::of(&sum)),
        };
        Ok(figures.map(told).collect())
    }
}

/// A change of one property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) path: Path,
    pub(crate) op: Op,
}

impl Change {
    pub(crate) fn patch<P>(&self) -> Patch<P> {
        Patch::untyped(self.path.clone(), self.op.clone())
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, op } = self;
        match op {
            Op::Set(value) => write!(f, "set {path} to {value}"),
            Op::Increment(by) => write!(f, "increment {path} by {by}"),
            Op::Push(element) => write!(f, "push {element} to {path}"),
        }
    }
}
