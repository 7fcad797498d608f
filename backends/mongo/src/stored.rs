//! Where the value of a property is in a document.

use longevity_core::storable::{FieldShape, Shape, ShapeFn};
use longevity_core::{Path, Value};
use smallvec::SmallVec;

/// The key of what is in an option in an option.
pub(crate) const SOME: &str = "_some";

/// The way to a property, and what is there.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) crossings: SmallVec<[Crossing; 2]>,
    /// How many options are around the value.
    pub(crate) options: usize,
    /// The type behind them.
    pub(crate) leaf: ShapeFn,
}

/// A field on the way.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    /// How many options are around the struct that has it.
    pub(crate) options: usize,
    pub(crate) field: Field,
}

/// A field of a document.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) stored: &'static str,
    pub(crate) aliases: &'static [&'static str],
    /// The value in documents without it, unless it is none.
    pub(crate) absent: Option<Value>,
    pub(crate) shape: ShapeFn,
}

impl Field {
    pub(crate) fn of(field: &FieldShape) -> Self {
        let absent = field.absent.map(|absent| absent()).filter(|absent| !matches!(absent, Value::None(0)));
        Self { stored: field.step.name, aliases: field.aliases, absent, shape: field.shape }
    }

    /// Whether it is in one place, or nowhere when it is none.
    pub(crate) fn is_plain(&self) -> bool {
        self.aliases.is_empty() && self.absent.is_none()
    }
}

/// How many options there are around the type, and the type behind them.
pub(crate) fn behind_options(shape: ShapeFn) -> (usize, ShapeFn) {
    let (mut options, mut shape) = (0, shape);
    loop {
        match shape() {
            Shape::Newtype { inner, .. } => shape = inner,
            Shape::Optional(inner) => (options, shape) = (options + 1, inner),
            _ => return (options, shape),
        }
    }
}

impl Stored {
    /// The way along a path; `None` if the type has no such path.
    pub(crate) fn of(root: ShapeFn, path: &Path) -> Option<Self> {
        let mut crossings = SmallVec::new();
        let (mut options, mut leaf) = behind_options(root);
        for step in path.steps() {
            let Shape::Struct { fields, .. } = leaf() else { return None };
            let field = Field::of(fields.iter().find(|field| field.step.hash == step.hash)?);
            let next = field.shape;
            crossings.push(Crossing { options, field });
            (options, leaf) = behind_options(next);
        }
        Some(Self { crossings, options, leaf })
    }

    /// Whether documents have the value in one place.
    pub(crate) fn is_plain(&self) -> bool {
        self.crossings.iter().all(|crossing| crossing.field.is_plain())
    }

    /// The field, by its stored names with dots between.
    pub(crate) fn field(&self) -> String {
        let mut path = String::new();
        for Crossing { options, field } in &self.crossings {
            within_options(&mut path, options.saturating_sub(1));
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(field.stored);
        }
        path
    }

    /// The field that holds what is in all the options.
    pub(crate) fn field_of_values(&self) -> String {
        self.field_in(self.options.saturating_sub(1))
    }

    /// The field within this many of the options.
    pub(crate) fn field_in(&self, options: usize) -> String {
        let mut path = self.field();
        within_options(&mut path, options);
        path
    }

    /// Whether both are in the same place and have the same type.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |(a, b): (&Crossing, &Crossing)| {
            (a.options, a.field.stored, a.field.aliases) == (b.options, b.field.stored, b.field.aliases)
                && match (&a.field.absent, &b.field.absent) {
                    (None, None) => true,
                    (Some(a), Some(b)) => a.is_identical(b),
                    _ => false,
                }
        };
        // Two addresses may be of one function: then there is one case more in a filter.
        self.options == other.options
            && std::ptr::fn_addr_eq(self.leaf, other.leaf)
            && self.crossings.len() == other.crossings.len()
            && self.crossings.iter().zip(&other.crossings).all(same)
    }
}

fn within_options(path: &mut String, options: usize) {
    for _ in 0..options {
        path.push('.');
        path.push_str(SOME);
    }
}
