//! Patches: changes of single properties.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, RangeInclusive};

use super::{CoversRowsOf, Operand};
use crate::backend::InPlace;
use crate::encoding::{DecodeError, levels_of, too_deep};
use crate::error::Error;
use crate::limits::DOCUMENT_LEVELS;
use crate::shape::{ScalarType, Shape, ShapeFn};
use crate::storable::kind::IsNumber;
use crate::storable::{Collection, Prop, Storable};
use crate::table::{Scope, TableDefinition, Variant};
use crate::value::{Path, Step, Value};

/// Changes of single properties of `P`, applied one after the other. Comes from the type's properties; `&` appends one patch to
/// another.
///
/// A property that is absent, because an option on its path is `None` or a poly component is of another variant, is left
/// unchanged.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// members.create_many([member("ann", 2), member("bob", 3)]).await?;
/// let m = Member::props();
/// let patch = m.num_cats.increment(1) & m.profile.some().tags.push("more cats");
/// assert_eq!(members.update_where(Member::query().filter(m.num_cats.gt(2)), patch).await?, 1);
///
/// let bob = members.retrieve_one(&Email("bob@example.com".into())).await?;
/// assert_eq!((bob.num_cats, bob.row_version()), (4, 1));
/// assert_eq!(bob.profile.as_ref().unwrap().tags, ["cats", "more cats"]);
#[doc = include_str!("../../doc/close.txt")]
/// ```
#[must_use = "a patch does nothing until a repository applies it"]
pub struct Patch<P: 'static> {
    changes: Vec<Change>,
    of: PhantomData<fn() -> P>,
}

/// A change of one property.
#[derive(Clone, Debug)]
struct Change {
    path: Path,
    /// How many of the options around the value at the path's end the property leads into.
    options: u8,
    op: Op,
}

/// The kind of a change.
#[derive(Clone, Debug, PartialEq)]
enum Op {
    Set(Value),
    Increment(Value),
    Push(Value),
}

impl<R: 'static, T: Storable> Prop<R, T> {
    fn change(&self, op: Op) -> Patch<R> {
        Patch { changes: vec![Change { path: self.path().clone(), options: self.options(), op }], of: PhantomData }
    }

    /// Sets the property to this value.
    pub fn set(&self, value: impl Operand<T>) -> Patch<R> {
        self.change(Op::Set(value.into_operand()))
    }

    /// Adds to the number. An absent number stays absent. A result out of the range of the property's type is an error.
    pub fn increment(&self, by: impl Operand<T>) -> Patch<R>
    where
        T::Kind: IsNumber,
    {
        self.change(Op::Increment(by.into_operand()))
    }

    /// Appends an element to a list, or inserts it into a set.
    pub fn push(&self, element: impl Operand<T::Element>) -> Patch<R>
    where
        T: Collection,
    {
        self.change(Op::Push(element.into_operand()))
    }
}

impl<P: 'static> Patch<P> {
    /// The same changes for rows of any type, which is not checked; for conformance suites and tools.
    #[doc(hidden)]
    pub fn retyped<Q>(self) -> Patch<Q> {
        Patch { changes: self.changes, of: PhantomData }
    }

    /// This patch followed by the other one; the same as `&`.
    pub fn and(mut self, other: Self) -> Self {
        self.changes.extend(other.changes);
        self
    }

    /// The paths of the changes.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.changes.iter().map(|change| &change.path)
    }

    /// The values that the patch writes or adds.
    pub(crate) fn operands(&self) -> impl Iterator<Item = &Value> {
        self.changes.iter().map(|change| match &change.op {
            Op::Set(value) | Op::Increment(value) | Op::Push(value) => value,
        })
    }

    /// The same patch for a derived type, which has the properties of its poly type.
    pub fn of<Q>(self) -> Patch<Q>
    where
        P: CoversRowsOf<Q>,
    {
        Patch { changes: self.changes, of: PhantomData }
    }
}

impl Change {
    /// The change in the form that a back end can do in place in rows of this type, if it can.
    fn in_place(&self, variant: &Variant) -> Option<InPlace> {
        if self.path.entry().is_some() || self.options > 0 {
            return None;
        }
        let path = || self.path.clone();
        let shape = shape_at(variant.shape, self.path.steps())?;
        // Each struct on the path is a level. A document that is too deep is refused where the whole document is encoded.
        let around = self.path.steps().len();
        let fits = |shape, value, around| around + levels_of(shape, value) <= DOCUMENT_LEVELS;
        match (&self.op, shape()) {
            (Op::Set(value), _) if fits(shape, value, around) => Some(InPlace::Set(path(), value.clone())),
            (Op::Increment(Value::Int(by)), Shape::Scalar(integer)) => {
                Some(InPlace::Add { path: path(), by: *by, from: addends(&range_of(integer)?, *by) })
            }
            (Op::Push(element), Shape::List(held)) if fits(held, element, around + 1) => {
                Some(InPlace::Push(path(), element.clone()))
            }
            _ => None,
        }
    }
}

/// The shape at the end of a path that leads through structs only. `None` if one of these is deserialized by hand, because it may
/// have rules over several fields. A newtype may have rules too, so the path does not lead into it.
fn shape_at(mut shape: ShapeFn, steps: &[&'static Step]) -> Option<ShapeFn> {
    for step in steps {
        let Shape::Struct { fields, .. } = shape() else { return None };
        shape = fields.iter().find(|field| field.step == *step && !field.by_hand)?.shape;
    }
    Some(shape)
}

fn range_of(integer: ScalarType) -> Option<RangeInclusive<i64>> {
    match integer {
        ScalarType::I8 => Some(i8::MIN.into()..=i8::MAX.into()),
        ScalarType::I16 => Some(i16::MIN.into()..=i16::MAX.into()),
        ScalarType::I32 => Some(i32::MIN.into()..=i32::MAX.into()),
        ScalarType::I64 => Some(i64::MIN..=i64::MAX),
        ScalarType::U8 => Some(0..=u8::MAX.into()),
        ScalarType::U16 => Some(0..=u16::MAX.into()),
        ScalarType::U32 => Some(0..=u32::MAX.into()),
        _ => None,
    }
}

/// The numbers of the range to which `by` can be added without leaving the range.
fn addends(range: &RangeInclusive<i64>, by: i64) -> RangeInclusive<i64> {
    let (least, most) = (*range.start(), *range.end());
    least.saturating_sub(by).max(least)..=most.saturating_sub(by).min(most)
}

impl<P: 'static> Patch<P> {
    /// The patch in the form that a back end can do in place; `None` if a change has to read the row first. That is an
    /// increment of a float or a `u64`, and any change within an option, a variant, a set or a map, of the primary key, or in a
    /// struct that is deserialized by hand, which may have rules.
    pub(crate) fn in_place(&self, definition: &TableDefinition, scope: Option<Scope>) -> Option<Vec<InPlace>> {
        let in_scope = |(position, _): &(usize, &Variant)| scope.is_none_or(|scope| scope.variant == *position);
        let variants: Vec<_> = definition.variants.iter().enumerate().filter(in_scope).collect();
        let primary_key = definition.primary_key.as_ref().map(|key| &definition.indexes[key.index].columns);
        let fixed: Vec<_> = primary_key.into_iter().flatten().map(|column| &definition.columns[*column].path).collect();
        let mut changes = Vec::with_capacity(self.changes.len());
        for (position, change) in self.changes.iter().enumerate() {
            let twice = self.changes.iter().take(position).any(|other| change.path.overlaps(&other.path));
            if twice || fixed.iter().any(|path| change.path.overlaps(path)) {
                return None;
            }
            let mut in_variants = variants.iter().map(|(_, variant)| change.in_place(variant));
            let first = in_variants.next()??;
            if !in_variants.all(|other| other.as_ref() == Some(&first)) {
                return None;
            }
            changes.push(first);
        }
        Some(changes)
    }

    /// Applies all changes to the value of a persistent of this type.
    pub(crate) fn apply(&self, type_name: &'static str, mut value: Value) -> Result<Value, Error> {
        for change in &self.changes {
            apply_at(&mut value, change, &change.path).map_err(|problem| Error::InvalidPatch {
                type_name,
                path: change.path.to_string(),
                problem: problem.to_owned(),
            })?;
        }
        if value.levels() > DOCUMENT_LEVELS { Err(too_deep(type_name)) } else { Ok(value) }
    }

    /// The error for changes whose result is not a value of the type.
    #[cold]
    pub(crate) fn undecodable(&self, type_name: &'static str, failure: &DecodeError) -> Error {
        let mut paths: Vec<_> = self.changes.iter().map(|change| change.path.to_string()).collect();
        paths.dedup();
        Error::InvalidPatch {
            type_name,
            path: paths.join(", "),
            problem: format!("the result is not a value of its type: {}", failure.source),
        }
    }
}

fn apply_at(value: &mut Value, change: &Change, path: &Path) -> Result<(), &'static str> {
    let Some(place) = value.at_mut(path.steps()) else { return Ok(()) };
    // The content of a variant is in an option.
    let around = u8::from(path.steps().last().is_some_and(|step| step.is_variant));
    let Some((key, rest)) = path.entry() else { return change.apply(place, around) };
    let Value::Map(entries) = place else { return Ok(()) };
    let position = entries.iter().position(|(known, _)| known == key);
    match (position, &change.op) {
        (Some(position), _) if !rest.is_root() => apply_at(&mut entries[position].1, change, rest),
        // The entry is an option: setting it to `None` removes it.
        (Some(position), Op::Set(Value::None(0))) if change.options == 0 => {
            entries.remove(position);
            Ok(())
        }
        (Some(position), _) => change.apply(&mut entries[position].1, 1),
        (None, Op::Set(set)) if rest.is_root() && change.options == 0 && !matches!(set, Value::None(0)) => {
            entries.push((key.clone(), set.clone().within(1)));
            entries.sort();
            Ok(())
        }
        (None, Op::Set(_) | Op::Increment(_) | Op::Push(_)) => Ok(()),
    }
}

impl Change {
    /// Changes the value at the path's end. `around` is the number of options that are known to be around it.
    fn apply(&self, place: &mut Value, around: u8) -> Result<(), &'static str> {
        if matches!(place, Value::None(depth) if *depth < self.options.saturating_sub(around)) {
            // One of the options around the property is `None`.
            return Ok(());
        }
        match &self.op {
            Op::Set(value) => match value.clone().in_options(self.options) {
                Value::None(depth) if depth < around => {
                    return Err(
                        "the content of a variant cannot be set to `None`: to change the variant, set the whole enum",
                    );
                }
                value => *place = value.within(around),
            },
            Op::Increment(by) => match (&mut *place, by) {
                (Value::Int(number), Value::Int(by)) => *number = number.checked_add(*by).ok_or(OVERFLOW)?,
                (Value::UInt(number), Value::UInt(by)) => *number = number.checked_add(*by).ok_or(OVERFLOW)?,
                (Value::Float(number), Value::Float(by)) => *number += by,
                _ => {}
            },
            Op::Push(element) => {
                if let Value::List(elements) = place {
                    elements.push(element.clone());
                }
            }
        }
        Ok(())
    }
}

const OVERFLOW: &str = "the sum is out of the range of its type";

impl<P: 'static> BitAnd for Patch<P> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<P: 'static> Clone for Patch<P> {
    fn clone(&self) -> Self {
        Self { changes: self.changes.clone(), of: PhantomData }
    }
}

impl<P: 'static> fmt::Debug for Patch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patch").field(&self.changes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_added_to_stays_in_its_range() {
        let small = -128_i64..=127;
        for by in [0, 1, -1, 127, -128, 255, -255, 256, i64::MAX, i64::MIN] {
            for number in small.clone() {
                let fits = number.checked_add(by).is_some_and(|sum| small.contains(&sum));
                assert_eq!(addends(&small, by).contains(&number), fits, "{number} + {by}");
            }
        }
        let all = i64::MIN..=i64::MAX;
        for by in [0, 1, -1, i64::MAX, i64::MIN] {
            for number in [i64::MIN, i64::MIN + 1, -1_i64, 0, 1, i64::MAX - 1, i64::MAX] {
                assert_eq!(addends(&all, by).contains(&number), number.checked_add(by).is_some(), "{number} + {by}");
            }
        }
    }
}
