//! Where the value of a property is in a document.

use std::borrow::Cow;

use longevity_core::storable::{FieldShape, Shape, ShapeFn, VariantShape};
use longevity_core::{Path, Step, Value};
use smallvec::SmallVec;

use crate::encode::shape::{SOME, behind_options, is_object};
use crate::encode::values::keys_of;

/// The way to a property, and what is there.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) segments: SmallVec<[Segment; 2]>,
    /// How many options are around the value.
    pub(crate) options: usize,
    /// Whether the outermost of them is that something is there at all: of the variant or the entry at the end of the way.
    pub(crate) is_presence: bool,
    /// The type behind them.
    pub(crate) leaf: ShapeFn,
}

/// A step on the way.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// How many options are around what it is a step in.
    pub(crate) options: usize,
    pub(crate) kind: SegmentKind,
}

/// From a value to one that it holds.
#[derive(Clone, Debug)]
pub(crate) enum SegmentKind {
    /// To a field of the object.
    Field(Field),
    /// Into a variant that holds nothing, which is a text: one of these.
    Unit(Vec<&'static str>),
    /// To the value of the pair with this key, of a map that is a list of pairs.
    Pair { shape: ShapeFn, key: Value },
}

/// A field of an object in a document.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Cow<'static, str>,
    pub(crate) aliases: Vec<Cow<'static, str>>,
    /// The value in documents without it, unless it is none.
    pub(crate) absent: Option<Value>,
    pub(crate) shape: ShapeFn,
    /// Whether there may be no such field: it is a variant's, or the entry of a map.
    pub(crate) is_presence: bool,
}

impl Field {
    /// The field of a struct.
    pub(crate) fn of(field: &FieldShape) -> Self {
        let absent = field.absent.map(|absent| absent()).filter(|absent| !matches!(absent, Value::None(0)));
        let aliases = field.aliases.iter().copied().map(Cow::Borrowed).collect();
        Self { name: Cow::Borrowed(field.step.name), aliases, absent, shape: field.shape, is_presence: false }
    }

    /// The field that is named like the variant, with what this holds.
    pub(crate) fn of_variant(variant: &VariantShape, holds: ShapeFn) -> Self {
        let aliases = variant.aliases.iter().copied().map(Cow::Borrowed).collect();
        Self { name: Cow::Borrowed(variant.serde_name), aliases, absent: None, shape: holds, is_presence: true }
    }

    /// The entry of a map that is an object.
    fn of_entry(key_shape: ShapeFn, key: &Value, held: ShapeFn) -> Self {
        let mut names = keys_of(&behind_options(key_shape).1(), key).into_iter().map(Cow::Owned);
        let name = names.next().unwrap_or_default();
        Self { name, aliases: names.collect(), absent: None, shape: held, is_presence: true }
    }

    /// Whether it is in one place that a path can name, or nowhere when it is none.
    pub(crate) fn is_plain(&self) -> bool {
        self.aliases.is_empty() && self.absent.is_none() && self.is_in_paths()
    }

    /// Whether its name means itself in a path: a variant may have any.
    fn is_in_paths(&self) -> bool {
        !self.name.is_empty() && !self.name.starts_with('$') && !self.name.contains('.')
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.aliases, self.is_presence) == (&other.name, &other.aliases, other.is_presence)
            && match (&self.absent, &other.absent) {
                (None, None) => true,
                (Some(a), Some(b)) => a.is_identical(b),
                _ => false,
            }
    }
}

impl Segment {
    fn is_plain(&self) -> bool {
        matches!(&self.kind, SegmentKind::Field(field) if field.is_plain())
    }
}

impl SegmentKind {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.is_same(b),
            (Self::Unit(a), Self::Unit(b)) => a == b,
            (Self::Pair { shape: a, key: x }, Self::Pair { shape: b, key: y }) => {
                std::ptr::fn_addr_eq(*a, *b) && x.is_identical(y)
            }
            _ => false,
        }
    }
}

/// What a variant that holds nothing has.
fn nothing() -> Shape {
    Shape::Struct { name: "", key_of: None, fields: Vec::new() }
}

impl Location {
    /// The way along a path; `None` if the type has no such path.
    pub(crate) fn of(root: ShapeFn, path: &Path) -> Option<Self> {
        let (options, leaf) = behind_options(root);
        let mut location = Self { segments: SmallVec::new(), options, is_presence: false, leaf };
        let mut path = path;
        loop {
            for step in path.steps() {
                location.step(step)?;
            }
            let Some((key, rest)) = path.entry() else { return Some(location) };
            location.enter(key)?;
            path = rest;
        }
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        match (self.leaf)() {
            Shape::Struct { fields, .. } if !step.is_variant => {
                self.cross_field(Field::of(fields.iter().find(|field| field.step.hash == step.hash)?));
            }
            Shape::Enum { variants, .. } if step.is_variant => {
                let variant = variants.iter().find(|variant| variant.serde_name == step.name)?;
                match variant.holds {
                    Some(held) => self.cross_field(Field::of_variant(variant, held)),
                    None => self.cross(SegmentKind::Unit(names_of_variant(variant).collect()), nothing, true),
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn enter(&mut self, key: &Value) -> Option<()> {
        match (self.leaf)() {
            Shape::Map(shape, held) if is_object(shape) => self.cross_field(Field::of_entry(shape, key, held)),
            Shape::Map(shape, held) => self.cross(SegmentKind::Pair { shape, key: key.clone() }, held, true),
            _ => return None,
        }
        Some(())
    }

    fn cross_field(&mut self, field: Field) {
        let (held, is_presence) = (field.shape, field.is_presence);
        self.cross(SegmentKind::Field(field), held, is_presence);
    }

    fn cross(&mut self, kind: SegmentKind, held: ShapeFn, is_presence: bool) {
        self.segments.push(Segment { options: self.options - usize::from(self.is_presence), kind });
        let (options, leaf) = behind_options(held);
        (self.options, self.is_presence, self.leaf) = (options + usize::from(is_presence), is_presence, leaf);
    }

    /// Whether documents have the value in one place.
    pub(crate) fn is_plain(&self) -> bool {
        self.segments.iter().all(Segment::is_plain)
    }

    /// Whether what is in that place sorts as the values do. A place with nothing and one with null sort alike, and an alias
    /// of a choice sorts elsewhere than its name.
    pub(crate) fn sorts_plainly(&self) -> bool {
        self.is_plain() && !self.has_presence_around_options() && !self.has_aliases()
    }

    /// Whether the value is a choice that is stored under several names.
    pub(crate) fn has_aliases(&self) -> bool {
        matches!((self.leaf)(), Shape::Choice { aliases, .. } if !aliases.is_empty())
    }

    /// Whether nothing and null differ in its place.
    pub(crate) fn has_presence_around_options(&self) -> bool {
        self.is_presence && self.options > 1
    }

    /// How many names a path to it has, those of the options on the way among them.
    pub(crate) fn names(&self) -> usize {
        let on_the_way = self.segments.iter().map(|segment| segment.options.max(1));
        on_the_way.sum::<usize>() + self.options
    }

    /// The field, by its stored names with dots between; `None` if no path leads there.
    pub(crate) fn field(&self) -> Option<String> {
        field_of(&self.segments, 0)
    }

    /// The field that holds what is in all the options.
    pub(crate) fn field_of_values(&self) -> Option<String> {
        self.field_in(self.options.saturating_sub(1))
    }

    /// The field within this many of the options.
    pub(crate) fn field_in(&self, options: usize) -> Option<String> {
        field_of(&self.segments, options.saturating_sub(usize::from(self.is_presence)))
    }

    /// The field that has one of the texts if the value is of the variant; `None` if the way does not end in a variant that
    /// holds nothing, or no one place has it.
    pub(crate) fn unit_variant(&self) -> Option<(String, &[&'static str])> {
        let (Segment { options, kind: SegmentKind::Unit(names) }, before) = self.segments.split_last()? else {
            return None;
        };
        let is_plain = before.iter().all(Segment::is_plain);
        let field = if is_plain { field_of(before, options.saturating_sub(1)) } else { None };
        Some((field?, names))
    }

    /// The field that a path leads to, as far as the values are in one place, and the rest of the way; `None` if it is all.
    pub(crate) fn plain_way(&self) -> (Option<String>, &[Segment]) {
        let plain = self.segments.iter().take_while(|segment| segment.is_plain()).count();
        let (plain, rest) = self.segments.split_at(plain);
        (if plain.is_empty() { None } else { field_of(plain, 0) }, rest)
    }

    /// Whether both are in the same place and have the same type.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |(a, b): (&Segment, &Segment)| a.options == b.options && a.kind.is_same(&b.kind);
        // Two addresses may be of one function: then there is one case more in a filter.
        self.options == other.options
            && std::ptr::fn_addr_eq(self.leaf, other.leaf)
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(same)
    }
}

/// All names of a variant, the stored one first.
pub(crate) fn names_of_variant(variant: &VariantShape) -> impl Iterator<Item = &'static str> {
    std::iter::once(variant.serde_name).chain(variant.aliases.iter().copied())
}

/// The field at the end of a way, within so many options; `None` if no path leads there.
fn field_of(segments: &[Segment], options: usize) -> Option<String> {
    let mut path = String::new();
    for Segment { options, kind } in segments {
        let SegmentKind::Field(field) = kind else { return None };
        within_options(&mut path, options.saturating_sub(1));
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(field.is_in_paths().then_some(&field.name)?);
    }
    within_options(&mut path, options);
    Some(path)
}

fn within_options(path: &mut String, options: usize) {
    for _ in 0..options {
        path.push('.');
        path.push_str(SOME);
    }
}
