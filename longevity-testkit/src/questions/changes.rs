//! A change of one property: what becomes of a plain value, told naively, and the patch by the operators that users call.

use std::collections::{BTreeMap, BTreeSet};

use longevity_core::query::{Patch, Prop};
use longevity_core::storable::kind::IsNumber;
use longevity_core::storable::{Collection, ScalarType};
use longevity_core::{PersistentType, Storable, Value};

use super::anything::{AnyRow, Anything, Level};
use super::asked::Place;
use super::compare::{equal, order};
use super::generator::Questions;
use super::judge::Plain;
use super::levels::with_prop;
use super::properties::{Hop, Kind};
use super::traps::range;

/// How a property is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Set,
    /// If it is a number.
    Increment,
    /// If it is a list or a set.
    Push,
}

/// A change of one property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) place: Place,
    op: Op,
}

#[derive(Clone, Debug, PartialEq)]
enum Op {
    Set(Value),
    Increment(Value),
    Push(Value),
}

/// It has to be refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refused;

impl Questions {
    /// A change that a user could write of a property that all rows of the repository have, within so many of its options, by
    /// the value that a persistent has there; `None` if there is none.
    pub(crate) fn change<R: PersistentType>(&self, property: usize, somes: usize, by: &R, how: How) -> Option<Change> {
        let all: Vec<_> = self.properties.iter().filter(|property| property.scope.is_none()).collect();
        let mut property = (*all.get(property.checked_rem(all.len())?)?).clone();
        let by = Plain::of(0, by);
        // Every other change of a map is one of what its first entry holds.
        if let (Kind::Map(_, values), 1) = (property.kind, somes % 2)
            && let Value::Map(entries) = Place::within(&property).value(&by)
        {
            let (key, _) = entries.first()?;
            let within = property.of_entry(key, values);
            property = within.get((somes / 2).checked_rem(within.len())?)?.clone();
        }
        if !property.has_value() {
            return None;
        }
        let somes = match how {
            How::Set => u8::try_from(somes % (usize::from(property.options) + 1)).ok()?,
            How::Increment | How::Push => property.options,
        };
        let place = Place { property, somes };
        let value = place.value(&by);
        let op = match (how, value) {
            (How::Increment, value @ (Value::Int(_) | Value::UInt(_) | Value::Float(_))) => Op::Increment(value),
            (How::Push, Value::List(elements)) => Op::Push(elements.into_iter().next()?),
            // What no option is around cannot be set to nothing.
            (_, value) if value.is_none() && place.options() == 0 => return None,
            // Of what was asked for within all of its options.
            (How::Increment | How::Push, Value::None(_)) => return None,
            (_, value) => Op::Set(value),
        };
        Some(Change { place, op })
    }
}

impl Change {
    /// The patch, for rows of whatever type.
    pub(crate) fn patch<T>(&self) -> Patch<T> {
        fn set<T: Level>(prop: &Prop<AnyRow, T>, value: &Value) -> Patch<AnyRow> {
            prop.set(T::of(value.clone()))
        }
        fn increment<T: Level + Storable<Kind: IsNumber>>(prop: &Prop<AnyRow, T>, by: &Value) -> Patch<AnyRow> {
            prop.increment(T::of(by.clone()))
        }
        fn push<T: Level + Collection<Element = Anything>>(prop: &Prop<AnyRow, T>, element: &Value) -> Patch<AnyRow> {
            prop.push(Anything(element.clone()))
        }
        let place = &self.place;
        let patch = match (&self.op, place.property.kind) {
            (Op::Set(value), Kind::List(_)) => with_prop!(place, Vec<Anything>, |prop| set(&prop, value)),
            (Op::Set(value), Kind::Set(_)) => with_prop!(place, BTreeSet<Anything>, |prop| set(&prop, value)),
            (Op::Set(value), Kind::Map(..)) => {
                with_prop!(place, BTreeMap<Anything, Anything>, |prop| set(&prop, value))
            }
            (Op::Set(value), Kind::Scalar(_) | Kind::Other | Kind::Variant) => {
                with_prop!(place, Anything, |prop| set(&prop, value))
            }
            (Op::Increment(by), _) => with_prop!(place, Anything, |prop| increment(&prop, by)),
            (Op::Push(element), Kind::Set(_)) => {
                with_prop!(place, BTreeSet<Anything>, |prop| push(&prop.inner(), element))
            }
            (Op::Push(element), _) => with_prop!(place, Vec<Anything>, |prop| push(&prop.inner(), element)),
        };
        patch.retyped()
    }

    /// What becomes of a row's value.
    pub(crate) fn applied(&self, row: &Value) -> Result<Value, Refused> {
        let mut changed = row.clone();
        self.apply(&mut changed, &self.place.property.way)?;
        Ok(changed)
    }

    fn apply(&self, value: &mut Value, way: &[Hop]) -> Result<(), Refused> {
        let Some((hop, rest)) = way.split_first() else {
            *value = self.changed(value.clone())?;
            return Ok(());
        };
        match (hop, value) {
            (Hop::Field(step), Value::Record(fields)) => match fields.iter_mut().find(|(name, _)| *name == step.name) {
                Some((_, value)) => self.apply(value, rest),
                None => Ok(()),
            },
            (Hop::Variant(step), Value::Variant(name, held)) if *name == step.name => {
                if !rest.is_empty() || self.place.property.in_variant {
                    return self.apply(held, rest);
                }
                // As in an option, which is there.
                match self.changed(wrapped(held))? {
                    // Which variant instead, nobody says.
                    Value::None(0) => Err(Refused),
                    value => {
                        **held = unwrapped(value);
                        Ok(())
                    }
                }
            }
            (Hop::Entry(key), Value::Map(entries)) => {
                let position = entries.iter().position(|(known, _)| equal(known, key));
                if !rest.is_empty() {
                    return position.map_or(Ok(()), |position| self.apply(&mut entries[position].1, rest));
                }
                let found = position.map_or(Value::NONE, |position| wrapped(&entries[position].1));
                entries.retain(|(known, _)| !equal(known, key));
                match self.changed(found)? {
                    Value::None(0) => {}
                    value => entries.push((key.clone(), unwrapped(value))),
                }
                entries.sort_by(|(a, _), (b, _)| order(a, b));
                Ok(())
            }
            // It is not there, and stays so.
            _ => Ok(()),
        }
    }

    /// What becomes of the property with all of its options.
    fn changed(&self, value: Value) -> Result<Value, Refused> {
        let somes = self.place.somes;
        if matches!(value, Value::None(depth) if depth < somes) {
            // What it is in is not there.
            return Ok(value);
        }
        Ok(match (&self.op, value) {
            (Op::Set(Value::None(depth)), _) => Value::None(depth + somes),
            (Op::Set(value), _) => value.clone(),
            (Op::Increment(Value::Int(by)), Value::Int(number)) => {
                let sum = i128::from(number) + i128::from(*by);
                Value::Int(i64::try_from(self.in_range(sum)?).map_err(|_| Refused)?)
            }
            (Op::Increment(Value::UInt(by)), Value::UInt(number)) => {
                let sum = i128::from(number) + i128::from(*by);
                Value::UInt(u64::try_from(self.in_range(sum)?).map_err(|_| Refused)?)
            }
            (Op::Increment(Value::Float(by)), Value::Float(number)) => match self.place.property.kind {
                Kind::Scalar(ScalarType::F32) => Value::Float(f64::from((number + by) as f32)),
                _ => Value::Float(number + by),
            },
            (Op::Push(element), Value::List(mut elements)) => {
                let is_set = matches!(self.place.property.kind, Kind::Set(_));
                if !is_set || !elements.iter().any(|known| equal(known, element)) {
                    elements.push(element.clone());
                }
                if is_set {
                    elements.sort_by(order);
                }
                Value::List(elements)
            }
            (Op::Increment(_) | Op::Push(_), value) => value,
        })
    }

    fn in_range(&self, sum: i128) -> Result<i128, Refused> {
        let range = match self.place.property.kind {
            Kind::Scalar(scalar) => range(scalar),
            _ => None,
        };
        range.filter(|(least, most)| *least <= sum && sum <= *most).map(|_| sum).ok_or(Refused)
    }
}

/// The value in one option more.
fn wrapped(value: &Value) -> Value {
    match value {
        Value::None(depth) => Value::None(depth + 1),
        value => value.clone(),
    }
}

/// The value without an option around it that is there.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::None(depth) => Value::None(depth - 1),
        value => value,
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, op } = self;
        match op {
            Op::Set(Value::None(depth @ 1..)) => write!(f, "set {place} to none in {depth}"),
            Op::Set(value) => write!(f, "set {place} to {value}"),
            Op::Increment(by) => write!(f, "increment {place} by {by}"),
            Op::Push(element) => write!(f, "push {element} to {place}"),
        }
    }
}
