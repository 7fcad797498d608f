//! The value of one property out of documents, without the Rust type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::format::Format;
use super::layout::{self, Names, Node};
use super::values::ValueSeed;
use super::visitors::Wrapped;
use crate::shape::{self, Shape, ShapeFn};
use crate::value::{Path, Step, Value};

/// Reads the value of one property out of documents. Make one per property, not per call.
///
/// It reads the same as the decoded value would have: aliases count as the name, and a missing field has its default. For a
/// path through a map's entry it reads the map.
pub struct PropertyReader {
    path: Path,
    steps: Vec<Crossing>,
    leaf: Leaf,
    /// The rest of the path, which leads through a poly component. The component is read as a whole.
    rest: Vec<&'static Step>,
    end: shape::Leaf,
}

/// A field on the path, and the number of options around the struct that has it.
struct Crossing {
    options: u8,
    names: Names,
    /// The field's value in documents without it. Without a default, the field is absent.
    absent: Option<fn() -> Value>,
}

#[derive(Clone, Copy)]
struct Leaf {
    options: u8,
    node: &'static Node,
}

impl PropertyReader {
    /// The reader of the property at this path; `None` if the struct has no such path.
    pub fn new(shape: ShapeFn, path: &Path) -> Option<Self> {
        let end = shape::Leaf::of(shape, &path.before_entry())?;
        let path = path.before_entry();
        let (mut steps, mut rest) = (Vec::new(), path.steps());
        let mut shape = shape;
        let mut node = layout::root(shape).link.node()?;
        while let [step, next @ ..] = rest
            && !step.is_variant
        {
            let (options, inner) = inside_options(node)?;
            let (Node::Struct(nodes), Shape::Struct { fields, .. }) = (inner, bare(shape)) else { return None };
            let position = fields.iter().position(|field| field.step.hash == step.hash)?;
            let field = nodes.get(position)?;
            steps.push(Crossing { options, names: field.names, absent: field.absent });
            shape = fields[position].shape;
            node = field.held.node()?;
            rest = next;
        }
        let (options, node) = inside_options(node)?;
        let rest = rest.to_vec();
        Some(Self { path, steps, leaf: Leaf { options, node }, rest, end })
    }

    /// The path to the property; for a path through a map's entry, the path to the map.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The property's type; for a path through a map's entry, the map's type.
    pub fn leaf(&self) -> &shape::Leaf {
        &self.end
    }

    /// The value, as [`Storable::value_at`](crate::Storable::value_at) reads it from the decoded document. A field that is
    /// missing in the document and has no default is `None`.
    pub fn read<'de, F: Format, D: Deserializer<'de>>(&self, deserializer: D) -> Result<Value, D::Error> {
        let value = Walk::<F> { steps: &self.steps, leaf: self.leaf, format: PhantomData }.deserialize(deserializer)?;
        Ok(if self.rest.is_empty() { value } else { value.at(&self.rest).to_value() })
    }
}

impl fmt::Debug for PropertyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps.iter().map(|step| step.names.stored).collect();
        f.debug_struct("PropertyReader").field("steps", &steps).field("end", &self.end).finish_non_exhaustive()
    }
}

/// The shape without newtypes and options.
fn bare(shape: ShapeFn) -> Shape {
    let mut shape = shape();
    while let Shape::Newtype { inner, .. } | Shape::Optional(inner) = shape {
        shape = inner();
    }
    shape
}

/// The number of options around the node, and the node within them.
pub(super) fn inside_options(mut node: &'static Node) -> Option<(u8, &'static Node)> {
    let mut options = 0_u8;
    while let Node::Optional(inner) = node {
        options = options.saturating_add(1);
        node = inner.node()?;
    }
    Some((options, node))
}

/// The rest of the path.
struct Walk<'a, F> {
    steps: &'a [Crossing],
    leaf: Leaf,
    format: PhantomData<F>,
}

impl<F> Clone for Walk<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Walk<'_, F> {}

impl<'de, F: Format> DeserializeSeed<'de> for Walk<'_, F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.steps.split_first() {
            None => Layers::<F, _>::new(self.leaf.options, true, ValueSeed::<F>::new(self.leaf.node))
                .deserialize(deserializer),
            Some((step, steps)) => {
                let inner = Field { step, rest: Walk { steps, ..self } };
                Layers::<F, _>::new(step.options, false, inner).deserialize(deserializer)
            }
        }
    }
}

/// A value in options.
pub(super) struct Layers<F, S> {
    options: u8,
    /// The number of options that were passed.
    depth: u8,
    /// Whether this number matters. A property within an option is absent, whichever option is `None`.
    counted: bool,
    inner: S,
    format: PhantomData<F>,
}

impl<F, S> Layers<F, S> {
    pub(super) fn new(options: u8, counted: bool, inner: S) -> Self {
        Self { options, depth: 0, counted, inner, format: PhantomData }
    }
}

impl<'de, F: Format, S: DeserializeSeed<'de, Value = Value>> DeserializeSeed<'de> for Layers<F, S> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.options {
            0 => self.inner.deserialize(deserializer),
            _ => deserializer.deserialize_option(self),
        }
    }
}

impl<'de, F: Format, S: DeserializeSeed<'de, Value = Value>> Visitor<'de> for Layers<F, S> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an option")
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::None(if self.counted { self.depth } else { 0 }))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.options {
            0 | 1 => self.inner.deserialize(deserializer),
            more => {
                let inside = Layers { options: more - 1, depth: self.depth.saturating_add(1), ..self };
                deserializer.deserialize_map(Wrapped::<F, _>::new(inside))
            }
        }
    }
}

/// Reads one field of a struct and skips the others.
struct Field<'a, F> {
    step: &'a Crossing,
    rest: Walk<'a, F>,
}

impl<'de, F: Format> DeserializeSeed<'de> for Field<'_, F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Format> Visitor<'de> for Field<'_, F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the field {}", self.step.names.stored)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut found = None;
        // The map is read to its end, as formats require.
        while let Some(is_it) = map.next_key_seed(Is(self.step.names))? {
            if !is_it {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_none() {
                found = Some(map.next_value_seed(self.rest)?);
            } else {
                return Err(A::Error::duplicate_field(self.step.names.stored));
            }
        }
        Ok(match (found, self.step.absent) {
            (Some(value), _) => value,
            (None, None) => Value::NONE,
            (None, Some(absent)) => below(absent(), self.rest.steps),
        })
    }
}

/// The value at the end of the rest of the path.
fn below(value: Value, steps: &[Crossing]) -> Value {
    let Some((step, steps)) = steps.split_first() else { return value };
    match value {
        Value::Record(fields) => {
            let field = fields.into_iter().find(|(name, _)| *name == step.names.stored);
            field.map_or(Value::NONE, |(_, value)| below(value, steps))
        }
        // An option on the path, at any depth.
        _ => Value::NONE,
    }
}

/// Whether a key is one of these names.
struct Is(Names);

impl<'de> DeserializeSeed<'de> for Is {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(self.0.has(name))
    }
}
