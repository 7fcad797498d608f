//! The structure of stored types, for back ends, descriptions and checks.

use serde::{Deserialize, Serialize};

use crate::value::{Path, Step, Value};

/// A function that returns a shape, so that recursive types do not recurse forever.
pub type ShapeFn = fn() -> Shape;

/// The structure of a type, one level at a time.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A basic type.
    Scalar(ScalarType),
    /// An enum of units, stored as the name of the choice.
    Choice {
        /// The Rust type's name.
        name: &'static str,
        /// The stored names of the choices, in declaration order.
        choices: Vec<&'static str>,
        /// Other names that are read, each with the choice's stored name.
        aliases: Vec<(&'static str, &'static str)>,
    },
    /// A newtype, stored as its content.
    Newtype {
        /// The Rust type's name.
        name: &'static str,
        /// The persistent type that it identifies, if it is a key value.
        key_of: Option<&'static str>,
        /// The shape of the content.
        inner: ShapeFn,
    },
    /// An option.
    Optional(ShapeFn),
    /// A list.
    List(ShapeFn),
    /// A set.
    Set(ShapeFn),
    /// A map, with the shapes of its keys and its values.
    Map(ShapeFn, ShapeFn),
    /// A component, a key value with several fields, or a persistent type.
    Struct {
        /// The Rust type's name.
        name: &'static str,
        /// The persistent type that it identifies, if it is a key value.
        key_of: Option<&'static str>,
        /// The fields, in declaration order.
        fields: Vec<FieldShape>,
    },
    /// A poly component.
    Enum {
        /// The Rust type's name.
        name: &'static str,
        /// The variants, in declaration order.
        variants: Vec<VariantShape>,
    },
}

/// A field of a struct. Made by [`FieldShape::new`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FieldShape {
    /// The Rust field's name.
    pub name: &'static str,
    /// The name in the `serde` form.
    pub serde_name: &'static str,
    /// The stored name, as a step of a path.
    pub step: &'static Step,
    /// The field's type.
    pub shape: ShapeFn,
    /// Other names that are read, from `#[serde(alias = "..")]`. None is the stored name of another field.
    pub aliases: &'static [&'static str],
    /// The value for documents without the field, from `#[serde(default)]`.
    pub absent: Option<fn() -> Value>,
    /// Whether the `Deserialize` of the struct around the field is written by hand. It may have rules that each change of the
    /// field has to satisfy.
    pub by_hand: bool,
}

impl FieldShape {
    /// A field with the same name in the `serde` form, without other names or a default.
    pub const fn new(name: &'static str, step: &'static Step, shape: ShapeFn) -> Self {
        Self { name, serde_name: name, step, shape, aliases: &[], absent: None, by_hand: false }
    }

    /// Sets another name for the `serde` form.
    #[must_use]
    pub const fn serde_name(self, serde_name: &'static str) -> Self {
        Self { serde_name, ..self }
    }

    /// Sets other names that are read.
    #[must_use]
    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// Sets the value for documents without the field: the whole value of the decoded field.
    #[must_use]
    pub const fn absent(self, absent: fn() -> Value) -> Self {
        Self { absent: Some(absent), ..self }
    }

    /// Marks the field as one of a struct whose `Deserialize` is written by hand.
    #[must_use]
    pub const fn by_hand(self) -> Self {
        Self { by_hand: true, ..self }
    }
}

/// A variant of a poly component.
#[derive(Clone, Debug)]
pub struct VariantShape {
    /// The Rust variant's name.
    pub name: &'static str,
    /// The name in the `serde` form.
    pub serde_name: &'static str,
    /// The name in the `serde` form, as a step of a path.
    pub step: &'static Step,
    /// Other names that are read.
    pub aliases: &'static [&'static str],
    /// The shape of the content: `None` for a unit, a struct for named fields, otherwise the one type in the variant.
    pub holds: Option<ShapeFn>,
}

/// The type at the end of a path.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leaf {
    /// The number of options around it. A variant or a map entry that the path leads into counts as an option.
    pub options: u8,
    /// Its shape, without newtypes and options; for a variant with named fields or without content, a struct.
    pub shape: Shape,
    /// Whether the value may be absent, because it or something on the path is in an option.
    pub optional: bool,
}

impl Leaf {
    /// The leaf at the end of a path that starts at a type of this shape; `None` if there is no such path.
    pub fn of(shape: ShapeFn, path: &Path) -> Option<Self> {
        let mut leaf = Self::inside_options(shape());
        for step in path.steps() {
            let optional = leaf.optional;
            leaf = match &leaf.shape {
                Shape::Struct { fields, .. } if !step.is_variant => {
                    let field = fields.iter().find(|field| field.step.hash == step.hash)?;
                    Self::inside_options((field.shape)())
                }
                Shape::Enum { variants, .. } if step.is_variant => {
                    let variant = variants.iter().find(|variant| variant.serde_name == step.name)?;
                    let unit = || Shape::Struct { name: "", key_of: None, fields: Vec::new() };
                    Self::inside_options(variant.holds.map_or_else(unit, |shape| shape())).in_option()
                }
                _ => return None,
            };
            leaf.optional |= optional;
        }
        match (path.entry(), &leaf.shape) {
            (None, _) => Some(leaf),
            (Some((_, rest)), Shape::Map(_, value)) => {
                let held = Self::of(*value, rest)?;
                let held = if rest.is_root() { held.in_option() } else { held };
                Some(Self { optional: true, ..held })
            }
            (Some(_), _) => None,
        }
    }

    fn inside_options(mut shape: Shape) -> Self {
        let mut options = 0_u8;
        loop {
            shape = match shape {
                Shape::Newtype { inner, .. } => inner(),
                Shape::Optional(inner) => {
                    options = options.saturating_add(1);
                    inner()
                }
                shape => return Self { options, shape, optional: options > 0 },
            };
        }
    }

    fn in_option(self) -> Self {
        Self { options: self.options.saturating_add(1), optional: true, ..self }
    }
}

/// Whether values of the type may be absent, because it is an option or a newtype of one.
pub(crate) fn may_be_none(shape: Shape) -> bool {
    Leaf::inside_options(shape).options > 0
}

/// The basic types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the Rust type of its name")]
pub enum ScalarType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Isize,
    U8,
    U16,
    U32,
    U64,
    Usize,
    F32,
    F64,
    Char,
    String,
    Bytes,
    Uuid,
    Timestamp,
}

impl ScalarType {
    /// The Rust type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::Isize => "isize",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::Usize => "usize",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "String",
            Self::Bytes => "Bytes",
            Self::Uuid => "Uuid",
            Self::Timestamp => "Timestamp",
        }
    }

    /// Whether it is a floating-point number.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

impl Shape {
    /// The name of the type in Rust, such as `Option<String>` or `Profile`.
    pub fn type_name(&self) -> String {
        match self {
            Self::Scalar(scalar) => scalar.name().to_owned(),
            Self::Choice { name, .. }
            | Self::Newtype { name, .. }
            | Self::Struct { name, .. }
            | Self::Enum { name, .. } => (*name).to_owned(),
            Self::Optional(inner) => format!("Option<{}>", inner().type_name()),
            Self::List(inner) => format!("Vec<{}>", inner().type_name()),
            Self::Set(inner) => format!("Set<{}>", inner().type_name()),
            Self::Map(key, value) => format!("Map<{}, {}>", key().type_name(), value().type_name()),
        }
    }
}
