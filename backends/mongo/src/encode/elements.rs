//! The fields of the elements of lists and sets.

use longevity_core::Path;
use longevity_core::storable::{Shape, ShapeFn};

use crate::encode::location::Location;
use crate::encode::shape::{is_flat, is_instant};

/// The place of a value in an element, if it is a single one that paths lead to.
pub(crate) fn plain_location(held: ShapeFn, path: &Path) -> Option<Location> {
    Location::of(held, path).filter(|location| location.is_plain() && location.options <= 1)
}

/// The fields of the values that the elements of the list or set at a location lead to, as an index names them: one, or those of a
/// key value with several fields. `None` if no fields have all values, or if a filter cannot use the index.
pub(crate) fn fields(location: &Location, through: &[Path], columns: &[&Path]) -> Option<Vec<String>> {
    let mut field = location.field_of_values().filter(|_| location.has_elements_in_one_place())?;
    let mut collection = location.leaf;
    for (position, path) in through.iter().enumerate() {
        let (Shape::List(held) | Shape::Set(held)) = collection() else { return None };
        let location = plain_location(held, path)?;
        match path.is_root() {
            true if position + 1 < through.len() => return None,
            true => {}
            false => field = format!("{field}.{}", location.field_of_values()?),
        }
        collection = location.leaf;
    }
    // The end of the way is the value itself.
    let end = collection;
    let column = |path: &&Path| {
        let location = plain_location(end, path).filter(|location| location.options == 0)?;
        let is_plain = is_flat(location.leaf) && !is_instant(&(location.leaf)());
        is_plain.then(|| {
            if path.is_root() { Some(field.clone()) } else { Some(format!("{field}.{}", location.field()?)) }
        })?
    };
    columns.iter().map(column).collect()
}
