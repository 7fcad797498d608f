//! Where the value of a property is in a document.

use std::borrow::Cow;

use longevity_core::encoding::is_object_key;
use longevity_core::storable::{FieldShape, Shape, ShapeFn, VariantShape};
use longevity_core::{Path, Step, Value};
use smallvec::SmallVec;

use crate::encode::shape::{SOME, strip_options};
use crate::encode::values::keys_of;

/// The location of a property: the segments that lead to it, and its type.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) segments: SmallVec<[Segment; 2]>,
    /// The number of options around the value.
    pub(crate) options: usize,
    /// Whether the outermost option stands for the presence of the last segment, which is a variant or an entry of a map.
    pub(crate) is_presence: bool,
    /// The type inside the options.
    pub(crate) leaf: ShapeFn,
}

/// A segment of a location.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// The number of options around the value that the segment starts from.
    pub(crate) options: usize,
    pub(crate) kind: SegmentKind,
}

/// How a segment leads from a value to one inside it.
#[derive(Clone, Debug)]
pub(crate) enum SegmentKind {
    /// To a field of the object.
    Field(Field),
    /// Into a variant that holds nothing. It is stored as one of these strings.
    Unit(Vec<&'static str>),
    /// To the value of the pair with this key, in a map that is stored as a list of pairs.
    Pair { shape: ShapeFn, key: Value },
}

/// A field of an object in a document.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Cow<'static, str>,
    pub(crate) aliases: Vec<Cow<'static, str>>,
    /// The value in documents without the field, unless that is `None`.
    pub(crate) absent: Option<Value>,
    pub(crate) shape: ShapeFn,
    /// Whether the field may be missing, because it stands for a variant or for an entry of a map.
    pub(crate) is_presence: bool,
}

impl Field {
    /// The field of a struct.
    pub(crate) fn of(field: &FieldShape) -> Self {
        let absent = field.absent.map(|absent| absent()).filter(|absent| !matches!(absent, Value::None(0)));
        let aliases = field.aliases.iter().copied().map(Cow::Borrowed).collect();
        Self { name: Cow::Borrowed(field.step.name), aliases, absent, shape: field.shape, is_presence: false }
    }

    /// The field with the name of the variant, which has the variant's value.
    pub(crate) fn of_variant(variant: &VariantShape, holds: ShapeFn) -> Self {
        let aliases = variant.aliases.iter().copied().map(Cow::Borrowed).collect();
        Self { name: Cow::Borrowed(variant.serde_name), aliases, absent: None, shape: holds, is_presence: true }
    }

    /// The entry of a map that is an object.
    fn of_entry(key_shape: ShapeFn, key: &Value, held: ShapeFn) -> Self {
        let mut names = keys_of(&strip_options(key_shape).1(), key).into_iter().map(Cow::Owned);
        let name = names.next().unwrap_or_default();
        Self { name, aliases: names.collect(), absent: None, shape: held, is_presence: true }
    }

    /// Whether the field has a single place to which a path leads. It is missing only if its value is `None`.
    pub(crate) fn is_plain(&self) -> bool {
        self.aliases.is_empty() && self.absent.is_none() && self.is_in_paths()
    }

    /// Whether a path can contain the name as it is. A variant can have any name.
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

/// The shape of a variant that holds nothing.
fn nothing() -> Shape {
    Shape::Struct { name: "", key_of: None, fields: Vec::new() }
}

impl Location {
    /// The location of a path; `None` if the type has no such path.
    pub(crate) fn of(root: ShapeFn, path: &Path) -> Option<Self> {
        let (options, leaf) = strip_options(root);
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
            Shape::Map(shape, held) if is_object_key(shape) => self.cross_field(Field::of_entry(shape, key, held)),
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
        let (options, leaf) = strip_options(held);
        (self.options, self.is_presence, self.leaf) = (options + usize::from(is_presence), is_presence, leaf);
    }

    /// Whether documents have the value in a single place.
    pub(crate) fn is_plain(&self) -> bool {
        self.segments.iter().all(Segment::is_plain)
    }

    /// Whether documents have the elements of a list, a set or a map in a single place. A document without the field has none, if
    /// the default is empty.
    pub(crate) fn has_elements_in_one_place(&self) -> bool {
        let Some((last, before)) = self.segments.split_last() else { return true };
        let is_empty = |field: &Field| match &field.absent {
            Some(Value::List(elements)) => elements.is_empty(),
            Some(Value::Map(entries)) => entries.is_empty(),
            _ => false,
        };
        let is_plain = match &last.kind {
            SegmentKind::Field(field) if is_empty(field) => field.aliases.is_empty() && field.is_in_paths(),
            _ => last.is_plain(),
        };
        is_plain && before.iter().all(Segment::is_plain)
    }

    /// Whether the stored values sort as the values do. A missing value and null sort alike, and an alias of a choice does not
    /// sort like its name.
    pub(crate) fn sorts_plainly(&self) -> bool {
        self.is_plain() && !self.has_presence_around_options() && !self.has_aliases()
    }

    /// Whether the value is a choice that is stored under several names.
    pub(crate) fn has_aliases(&self) -> bool {
        matches!((self.leaf)(), Shape::Choice { aliases, .. } if !aliases.is_empty())
    }

    /// Whether a missing value and null mean different things here.
    pub(crate) fn has_presence_around_options(&self) -> bool {
        self.is_presence && self.options > 1
    }

    /// The number of names in the path, including those of the options along it.
    pub(crate) fn names(&self) -> usize {
        let on_the_way = self.segments.iter().map(|segment| segment.options.max(1));
        on_the_way.sum::<usize>() + self.options
    }

    /// The field as stored names with dots between them; `None` if no path leads to it.
    pub(crate) fn field(&self) -> Option<String> {
        field_of(&self.segments, 0)
    }

    /// The field that holds the value inside all the options.
    pub(crate) fn field_of_values(&self) -> Option<String> {
        self.field_in(self.options.saturating_sub(1))
    }

    /// The field within this many options.
    pub(crate) fn field_in(&self, options: usize) -> Option<String> {
        field_of(&self.segments, options.saturating_sub(usize::from(self.is_presence)))
    }

    /// The field that has one of these strings if the value is of the variant; `None` if the last segment is not a variant that
    /// holds nothing, or if no single place has it.
    pub(crate) fn unit_variant(&self) -> Option<(String, &[&'static str])> {
        let (Segment { options, kind: SegmentKind::Unit(names) }, before) = self.segments.split_last()? else {
            return None;
        };
        let is_plain = before.iter().all(Segment::is_plain);
        let field = if is_plain { field_of(before, options.saturating_sub(1)) } else { None };
        Some((field?, names))
    }

    /// The field up to which the values are in a single place, and the remaining segments. `None` if that field is the document
    /// itself.
    pub(crate) fn plain_prefix(&self) -> (Option<String>, &[Segment]) {
        let plain = self.segments.iter().take_while(|segment| segment.is_plain()).count();
        let (plain, rest) = self.segments.split_at(plain);
        (if plain.is_empty() { None } else { field_of(plain, 0) }, rest)
    }

    /// Whether both have the same place and the same type.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |(a, b): (&Segment, &Segment)| a.options == b.options && a.kind.is_same(&b.kind);
        // One function can have two addresses. In that case a filter only has one more case than it needs.
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

/// The field at the end of the segments, within this many options; `None` if no path leads there.
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
