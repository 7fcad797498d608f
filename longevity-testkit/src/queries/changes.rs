//! A change of one property: its naive effect on a plain value, and the patch with the operators that users call.

use std::collections::{BTreeMap, BTreeSet};

use longevity_core::query::{Patch, Prop};
use longevity_core::storable::kind::IsNumber;
use longevity_core::storable::{Collection, ScalarType};
use longevity_core::{PersistentType, Storable, Value};

use super::any_value::{AnyOperand, AnyRow, AnyValue};
use super::compare::{equal, order};
use super::hostile_values::range;
use super::naive::PlainRow;
use super::plain_query::Place;
use super::properties::{Hop, Kind};
use super::random_queries::RandomQueries;
use super::typed_props::with_prop;

/// How a property is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ChangeKind {
    Set,
    /// For a number.
    Increment,
    /// For a list or a set.
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

/// The change has to be refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refused;

impl RandomQueries {
    /// A change, as a user could write it, of a property that all rows of the repository have, by the value that a persistent has
    /// there; `None` if there is none. `property` and `somes` are taken modulo the properties and their options.
    pub(crate) fn change<R: PersistentType>(
        &self,
        property: usize,
        somes: usize,
        by: &R,
        kind: ChangeKind,
    ) -> Option<Change> {
        let all: Vec<_> = self.properties.iter().filter(|property| property.scope.is_none()).collect();
        let mut property = (*all.get(property.checked_rem(all.len())?)?).clone();
        let by = PlainRow::of(0, by);
        // Every other change of a map changes a value in its first entry instead.
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
        let somes = match kind {
            ChangeKind::Set => u8::try_from(somes % (usize::from(property.options) + 1)).ok()?,
            ChangeKind::Increment | ChangeKind::Push => property.options,
        };
        let place = Place { property, somes };
        let value = place.value(&by);
        let op = match (kind, value) {
            (ChangeKind::Increment, value @ (Value::Int(_) | Value::UInt(_) | Value::Float(_))) => Op::Increment(value),
            (ChangeKind::Push, Value::List(elements)) => Op::Push(elements.into_iter().next()?),
            // A property without an option cannot be set to `None`.
            (_, value) if value.is_none() && place.options() == 0 => return None,
            // A number or a collection that is absent has no operand.
            (ChangeKind::Increment | ChangeKind::Push, Value::None(_)) => return None,
            (_, value) => Op::Set(value),
        };
        Some(Change { place, op })
    }
}

impl Change {
    /// The patch, for rows of any type.
    pub(crate) fn patch<T>(&self) -> Patch<T> {
        fn set<T: AnyOperand>(prop: &Prop<AnyRow, T>, value: &Value) -> Patch<AnyRow> {
            prop.set(T::of(value.clone()))
        }
        fn increment<T: AnyOperand + Storable<Kind: IsNumber>>(prop: &Prop<AnyRow, T>, by: &Value) -> Patch<AnyRow> {
            prop.increment(T::of(by.clone()))
        }
        fn push<T: AnyOperand + Collection<Element = AnyValue>>(
            prop: &Prop<AnyRow, T>,
            element: &Value,
        ) -> Patch<AnyRow> {
            prop.push(AnyValue(element.clone()))
        }
        let place = &self.place;
        let patch = match (&self.op, place.property.kind) {
            (Op::Set(value), Kind::List(_)) => with_prop!(place, Vec<AnyValue>, |prop| set(&prop, value)),
            (Op::Set(value), Kind::Set(_)) => with_prop!(place, BTreeSet<AnyValue>, |prop| set(&prop, value)),
            (Op::Set(value), Kind::Map(..)) => {
                with_prop!(place, BTreeMap<AnyValue, AnyValue>, |prop| set(&prop, value))
            }
            (Op::Set(value), Kind::Scalar(_) | Kind::Other | Kind::Variant) => {
                with_prop!(place, AnyValue, |prop| set(&prop, value))
            }
            (Op::Increment(by), _) => with_prop!(place, AnyValue, |prop| increment(&prop, by)),
            (Op::Push(element), Kind::Set(_)) => {
                with_prop!(place, BTreeSet<AnyValue>, |prop| push(&prop.inner(), element))
            }
            (Op::Push(element), _) => with_prop!(place, Vec<AnyValue>, |prop| push(&prop.inner(), element)),
        };
        patch.retyped()
    }

    /// The row's value after the change.
    pub(crate) fn applied(&self, row: &Value) -> Result<Value, Refused> {
        let mut changed = row.clone();
        self.apply(&mut changed, &self.place.property.hops)?;
        Ok(changed)
    }

    fn apply(&self, value: &mut Value, hops: &[Hop]) -> Result<(), Refused> {
        let Some((hop, rest)) = hops.split_first() else {
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
                // The variant counts as an option that is `Some`.
                match self.changed(wrapped(held))? {
                    // `None` would need another variant, and the change names none.
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
            // The property is absent, and stays so.
            _ => Ok(()),
        }
    }

    /// The property, with all of its options, after the change.
    fn changed(&self, value: Value) -> Result<Value, Refused> {
        let somes = self.place.somes;
        if matches!(value, Value::None(depth) if depth < somes) {
            // The value that contains it is absent.
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

/// The value with one more option around it.
fn wrapped(value: &Value) -> Value {
    match value {
        Value::None(depth) => Value::None(depth + 1),
        value => value.clone(),
    }
}

/// The value without the outermost option, which is `Some`.
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
