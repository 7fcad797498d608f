//! The values of properties, the same for every back end: owned ([`Value`]) in keys, filters and index entries, borrowed
//! ([`ValueRef`]) when they are read from a user's struct without a copy.

pub(crate) mod bytes;
mod levels;
mod order;
mod path;
pub mod sortable;
mod sum;
pub mod text;
pub(crate) mod timestamp;

use std::fmt;

use uuid::Uuid;

pub use bytes::Bytes;
pub(crate) use order::compare;
pub use order::{Comparison, satisfies};
pub use path::{Path, Step, hash_name};
pub use sum::Number;
#[doc(hidden)]
pub use sum::Sum;
pub use timestamp::{ParseTimestampError, Timestamp};

/// An owned value of a property.
///
/// Equality and order follow [the crate's rules](crate#values). The order is total, so that values can be keys of an ordered
/// index: `-0.0` equals `0.0`, NaN equals itself and sorts before every other number, nothing sorts before [`Value::None`], and
/// text and bytes compare byte by byte.
#[derive(Clone, Debug)]
pub enum Value {
    /// An absent value. The number is how many `Some` are around it: 0 for `None`, 1 for `Some(None)`.
    None(u8),
    /// `bool`
    Bool(bool),
    /// Every signed integer, and unsigned integers of up to 32 bits.
    Int(i64),
    /// `u64` and `usize`
    UInt(u64),
    /// `f64`, and `f32` widened.
    Float(f64),
    /// `char`
    Char(char),
    /// `String`, or the stored name of a choice.
    Text(Box<str>),
    /// [`Bytes`]
    Bytes(Box<[u8]>),
    /// `uuid::Uuid`
    Uuid(Uuid),
    /// [`Timestamp`]
    Timestamp(Timestamp),
    /// The elements of a list, or of a set in the set's own order.
    List(Vec<Value>),
    /// The entries of a map, in the order of their keys.
    Map(Vec<(Value, Value)>),
    /// The fields of a component with their stored names, in declaration order.
    Record(Vec<(&'static str, Value)>),
    /// A poly component: the stored name of its variant, and the content of the variant.
    Variant(&'static str, Box<Value>),
}

impl Value {
    /// The borrowed form. It costs nothing, as composite values keep their allocation.
    pub fn as_value_ref(&self) -> ValueRef<'_> {
        match self {
            Self::None(depth) => ValueRef::None(*depth),
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Char(value) => ValueRef::Char(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::Bytes(value) => ValueRef::Bytes(value),
            Self::Uuid(value) => ValueRef::Uuid(*value),
            Self::Timestamp(value) => ValueRef::Timestamp(*value),
            Self::List(_) | Self::Map(_) | Self::Record(_) | Self::Variant(..) => ValueRef::Composite(self),
        }
    }

    /// The value of an option that is `None`, or of a property that is absent.
    pub const NONE: Self = Self::None(0);

    /// Whether the value is absent at any depth of options.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None(_))
    }

    /// The value within this number of the options around it: absent if one of them is `None`.
    #[must_use]
    pub fn within(self, options: u8) -> Self {
        match self {
            Self::None(depth) => Self::None(depth.saturating_sub(options)),
            value => value,
        }
    }

    /// The value with this number of additional options around it.
    #[must_use]
    pub fn in_options(self, options: u8) -> Self {
        match self {
            Self::None(depth) => Self::None(depth.saturating_add(options)),
            value => value,
        }
    }

    /// Equality that also distinguishes `-0.0` from `0.0` and one NaN from another, for checking that values come back as they
    /// were stored.
    pub fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_identical(b)),
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0.is_identical(&b.0) && a.1.is_identical(&b.1))
            }
            (Self::Record(a), Self::Record(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.is_identical(&b.1))
            }
            (Self::Variant(a, x), Self::Variant(b, y)) => a == b && x.is_identical(y),
            _ => self == other,
        }
    }
}

/// Shows the value as in an error message: text is quoted, and a record's values have no names.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn joined<'a>(f: &mut fmt::Formatter<'_>, values: impl Iterator<Item = &'a Value>) -> fmt::Result {
            for (position, value) in values.enumerate() {
                if position > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{value}")?;
            }
            Ok(())
        }
        match self {
            Self::None(_) => f.write_str("none"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::UInt(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Char(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => {
                f.write_str("0x")?;
                value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Uuid(value) => write!(f, "{value}"),
            Self::Timestamp(value) => write!(f, "{value}"),
            Self::List(values) => {
                f.write_str("[")?;
                joined(f, values.iter())?;
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
            Self::Record(fields) => {
                f.write_str("(")?;
                joined(f, fields.iter().map(|(_, value)| value))?;
                f.write_str(")")
            }
            Self::Variant(name, value) => write!(f, "{name}({value})"),
        }
    }
}

/// A value with parts. It can return its owned form, and its elements if it has any.
pub trait Composite: Send + Sync {
    /// The owned form. Allocates.
    fn to_value(&self) -> Value;

    /// Whether any element of a list or a set, or any value of a map, satisfies the predicate; false for everything else.
    fn any_element(&self, predicate: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let _ = predicate;
        false
    }

    /// The number of elements or entries of a list, a set or a map; `None` for everything else.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The value at the end of the path that continues from the map's entry with this key. The entry counts as an option, so
    /// the value is absent if there is no such entry, and for everything that is not a map.
    fn entry(&self, key: &Value, rest: &Path) -> ValueRef<'_> {
        let _ = (key, rest);
        ValueRef::NONE
    }
}

/// The value of an option that holds this value. If the path ends at the option, an absent content is absent one option deeper.
/// For generated code.
#[doc(hidden)]
pub fn in_option<'a>(held: ValueRef<'a>, at_its_end: bool) -> ValueRef<'a> {
    match held {
        ValueRef::None(depth) if at_its_end => ValueRef::None(depth.saturating_add(1)),
        held => held,
    }
}

/// The content of a variant without content: a record without fields.
#[doc(hidden)]
pub static UNIT: Value = Value::Record(Vec::new());

impl Composite for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }

    fn any_element(&self, predicate: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match self {
            Self::List(values) => values.iter().any(|value| predicate(value.as_value_ref())),
            Self::Map(entries) => entries.iter().any(|(_, value)| predicate(value.as_value_ref())),
            _ => false,
        }
    }

    fn length(&self) -> Option<u64> {
        match self {
            Self::List(values) => Some(values.len() as u64),
            Self::Map(entries) => Some(entries.len() as u64),
            _ => None,
        }
    }

    fn entry(&self, key: &Value, rest: &Path) -> ValueRef<'_> {
        let Self::Map(entries) = self else { return ValueRef::NONE };
        match entries.iter().find(|(known, _)| known == key) {
            Some((_, value)) => in_option(rest.value_in(&|steps| value.at(steps)), rest.is_root()),
            None => ValueRef::NONE,
        }
    }
}

impl Value {
    /// The value at the end of these steps through records and variants, as [`Storable::value_at`](crate::Storable::value_at)
    /// reads it from the Rust value.
    pub fn at(&self, steps: &[&'static Step]) -> ValueRef<'_> {
        match (self, steps) {
            (value, []) => value.as_value_ref(),
            (Self::Record(fields), [step, rest @ ..]) if !step.is_variant => {
                fields.iter().find(|(name, _)| *name == step.name).map_or(ValueRef::NONE, |(_, value)| value.at(rest))
            }
            (Self::Variant(name, value), [step, rest @ ..]) if step.is_variant && *name == step.name => {
                in_option(value.at(rest), rest.is_empty())
            }
            // An option on the path is `None`, at any depth, or the value is of another variant.
            _ => ValueRef::NONE,
        }
    }

    /// The place at the end of these steps, to change it; `None` if it is absent.
    pub(crate) fn at_mut(&mut self, steps: &[&'static Step]) -> Option<&mut Value> {
        match (self, steps) {
            (value, []) => Some(value),
            (Self::Record(fields), [step, rest @ ..]) if !step.is_variant => {
                fields.iter_mut().find(|(name, _)| *name == step.name)?.1.at_mut(rest)
            }
            (Self::Variant(name, held), [step, rest @ ..]) if step.is_variant && *name == step.name => {
                held.at_mut(rest)
            }
            _ => None,
        }
    }
}

/// A borrowed value of a property, as it is read from a user's struct.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    /// See [`Value::None`].
    None(u8),
    /// See [`Value::Bool`].
    Bool(bool),
    /// See [`Value::Int`].
    Int(i64),
    /// See [`Value::UInt`].
    UInt(u64),
    /// See [`Value::Float`].
    Float(f64),
    /// See [`Value::Char`].
    Char(char),
    /// See [`Value::Text`].
    Text(&'a str),
    /// See [`Value::Bytes`].
    Bytes(&'a [u8]),
    /// See [`Value::Uuid`].
    Uuid(Uuid),
    /// See [`Value::Timestamp`].
    Timestamp(Timestamp),
    /// A list, a set, a map, a component or a poly component.
    Composite(&'a dyn Composite),
}

impl ValueRef<'_> {
    /// The owned form. Allocates for text, bytes and composites. If the value is deeper than a document may be, the result is
    /// another value that is too deep: no store has it, and none is asked for it.
    pub fn to_value(self) -> Value {
        match self {
            Self::None(depth) => Value::None(depth),
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Float(value) => Value::Float(value),
            Self::Char(value) => Value::Char(value),
            Self::Text(value) => Value::Text(value.into()),
            Self::Bytes(value) => Value::Bytes(value.into()),
            Self::Uuid(value) => Value::Uuid(value),
            Self::Timestamp(value) => Value::Timestamp(value),
            Self::Composite(value) => levels::to_value(value),
        }
    }

    /// The value within this number of the options around it: absent if one of them is `None`.
    #[inline]
    #[must_use]
    pub fn within(self, options: u8) -> Self {
        match self {
            Self::None(depth) => Self::None(depth.saturating_sub(options)),
            value => value,
        }
    }

    /// See [`Value::NONE`].
    pub const NONE: Self = Self::None(0);

    /// Whether the value is absent at any depth of options.
    pub fn is_none(self) -> bool {
        matches!(self, Self::None(_))
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}
