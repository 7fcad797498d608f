//! Indexes of the values in lists, sets and maps.

use crate::scope::Scope;
use crate::shape::Shape;
use crate::value::{Composite, Path, Value, ValueRef};

/// An index of values in lists, sets and maps. A row has one entry for each distinct value, and absent values have none.
///
/// It serves [`Predicate::Contains`](crate::backend::Predicate::Contains) with the same path and the same paths through the elements.
#[derive(Clone, Debug)]
pub struct ElementIndex {
    /// A name that is unique in the store and among all indexes.
    pub name: String,
    /// The type that declares it.
    pub declared_by: &'static str,
    /// The only variant whose rows are in the index; all rows if `None`.
    pub scope: Option<Scope>,
    /// The path to the outermost list, set or map.
    pub path: Path,
    /// For each list, set or map, the path from one of its elements to the next one or to the value; never empty.
    pub through: Vec<Path>,
    /// The single values of a value: one, or those of the fields of a key value, in their order.
    pub columns: Vec<ElementColumn>,
}

/// A single value within the values of an [`ElementIndex`].
#[derive(Clone, Debug)]
pub struct ElementColumn {
    /// The path from the value.
    pub path: Path,
    /// The shape: a basic type or a choice.
    pub shape: Shape,
}

/// Passes on each value that is present where the elements of a list, a set or a map lead through these paths. The elements of a
/// map are its values.
pub fn each_value(collection: &Value, through: &[Path], take: &mut dyn FnMut(&Value)) {
    if through.is_empty() {
        if !collection.is_none() {
            take(collection);
        }
        return;
    }
    any_value(collection, through, &mut |value| {
        if !value.is_none() {
            take(&value.to_value());
        }
        false
    });
}

/// Whether the elements of a list, a set or a map, followed through these paths, lead to a value that passes the test. The elements
/// of a map are its values. False if there is no path.
pub fn any_value(collection: &dyn Composite, through: &[Path], test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    // The paths are as long as a declared property, so the recursion is not deep.
    let Some((path, rest)) = through.split_first() else { return false };
    collection.any_element(&mut |element| {
        if path.is_root() && rest.is_empty() {
            return test(element);
        }
        // An element that is borrowed cannot be followed.
        let element = element.to_value();
        match element.at(path.steps()) {
            found if rest.is_empty() => test(found),
            ValueRef::Composite(next) => any_value(next, rest, test),
            _ => false,
        }
    })
}
