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

/// How many rows there are, and figures of each property.
#[derive(Clone, Debug)]
pub(crate) struct AllFigures<'a>(pub(crate) &'a [Path]);

/// The figures of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) least: Option<Value>,
    pub(crate) greatest: Option<Value>,
    /// The sum of the values that are integers.
    pub(crate) integers: i128,
    /// The sum of those that are floats.
    pub(crate) floats: f64,
}

impl<P> Measure<P> for AllFigures<'_> {
    type Output = (u64, Vec<Figures>);

    fn parts(&self, parts: &mut Vec<Part>) {
        parts.push(Part::Count);
        for path in self.0 {
            parts.extend([Part::Min(path.clone()), Part::Max(path.clone()), Part::Sum(path.clone())]);
        }
    }

    fn finish(&self, figures: &mut dyn Iterator<Item = Accumulator>) -> Result<Self::Output, DecodeError> {
        let other = || DecodeError { path: String::new(), source: "other figures than were asked for".into() };
        let Some(Accumulator::Count(rows)) = figures.next() else { return Err(other()) };
        let mut each = Vec::new();
        while let Some(first) = figures.next() {
            let three = (first, figures.next(), figures.next());
            let (Accumulator::Min(least), Some(Accumulator::Max(greatest)), Some(Accumulator::Sum(sum))) = three else {
                return Err(other());
            };
            each.push(Figures { least, greatest, integers: i128::of(&sum), floats: f64::of(&sum) });
        }
        Ok((rows, each))
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
