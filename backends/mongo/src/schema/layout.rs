//! The layout of a table on the server: its fields, and the indexes that the model needs.

use longevity_core::table::{Column, ElementIndex, Index, TableDefinition, Variant};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::elements;
use crate::encode::location::Location;
use crate::encode::own_fields::{ID, TYPE};

/// An index that the model needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// The fields in order, each with `1` or `"hashed"`.
    pub(crate) keys: Document,
    pub(crate) unique: bool,
    pub(crate) partial: Option<Document>,
    /// The positions in [`TableDefinition::indexes`] of the indexes that it serves.
    pub(crate) serves: Vec<usize>,
    /// The name of the index of elements that it is.
    pub(crate) elements: Option<String>,
    /// The number of leading fields that are not columns. Such a field is the discriminator.
    pub(crate) leading: usize,
}

impl Wanted {
    /// The specification for `createIndexes`.
    pub(crate) fn specification(&self) -> Document {
        let mut specification = doc! { "name": &self.name, "key": self.keys.clone() };
        if self.unique {
            specification.insert("unique", true);
        }
        if let Some(partial) = &self.partial {
            specification.insert("partialFilterExpression", partial.clone());
        }
        specification
    }
}

/// The condition on the discriminator in filters and partial indexes. The planner uses a partial index only for a filter that
/// contains its condition.
pub(crate) fn of_types(names: &[&str]) -> Bson {
    match names {
        [name] => Bson::from(*name),
        names => Bson::from(doc! { "$in": names }),
    }
}

/// The field that has the values of a column.
pub(crate) fn field_of(definition: &TableDefinition, column: &Column) -> String {
    let shapes = definition.variants.iter().enumerate().filter(|(at, _)| column.variant.is_none_or(|own| own == *at));
    let mut location = shapes.filter_map(|(_, variant)| Location::of(variant.shape, &column.path));
    location.find_map(|location| location.field_of_values()).unwrap_or_else(|| column.path.to_string())
}

/// The types whose rows are in an index.
pub(crate) fn variants_in<'a>(definition: &'a TableDefinition, index: &'a Index) -> impl Iterator<Item = &'a Variant> {
    let variants = definition.variants.iter().enumerate();
    variants.filter(|(at, _)| index.scope.is_none_or(|scope| scope.variant == *at)).map(|(_, variant)| variant)
}

/// The filter for the rows of a variant.
pub(crate) fn rows_of(variant: &Variant) -> Document {
    variant.discriminators.map_or_else(Document::new, |names| doc! { TYPE: of_types(names) })
}

/// The indexes that a table needs.
pub(crate) fn wanted(definition: &TableDefinition) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for (position, index) in definition.indexes.iter().enumerate() {
        let next = of_index(definition, position, index);
        // The server refuses a second index that differs only in its name.
        let same = |other: &&mut Wanted| {
            (&other.keys, &other.partial, other.unique) == (&next.keys, &next.partial, next.unique)
        };
        match wanted.iter_mut().find(same) {
            Some(other) => other.serves.push(position),
            None => wanted.push(next),
        }
    }
    for index in &definition.element_indexes {
        // The server refuses a second index that differs only in its name.
        let next = of_elements(definition, index);
        let is_new =
            |next: &Wanted| !wanted.iter().any(|other| (&other.keys, &other.partial) == (&next.keys, &next.partial));
        wanted.extend(next.filter(is_new));
    }
    wanted.extend(of_hashed_key(definition));
    if definition.discriminators().next().is_some() {
        // This index is for all rows of a type in the order of their ids.
        wanted.push(Wanted {
            name: format!("{}.{TYPE}.index", definition.name),
            keys: doc! { TYPE: 1, ID: 1 },
            unique: false,
            partial: None,
            serves: Vec::new(),
            elements: None,
            leading: 1,
        });
    }
    wanted
}

fn of_index(definition: &TableDefinition, position: usize, index: &Index) -> Wanted {
    let mut keys = Document::new();
    let mut name = index.name.clone();
    match index.scope.map(|scope| scope.discriminators) {
        Some([_]) => {
            keys.insert(TYPE, 1);
        }
        // With the discriminator as a column, two rows could share a key if one of them has an alias. The name includes the
        // discriminators, because the index of another version of the model can exist next to this one.
        Some(names) => name = format!("{name} of {}", names.join(", ")),
        None => {}
    }
    let leading = keys.len();
    for column in &index.columns {
        keys.insert(field_of(definition, &definition.columns[*column]), 1);
    }
    if !index.is_unique() {
        // Rows with equal values come in the order of their ids, without a sort.
        keys.insert(ID, 1);
    }
    let partial = index.scope.map(|scope| doc! { TYPE: of_types(scope.discriminators) });
    Wanted { name, keys, unique: index.is_unique(), partial, serves: vec![position], elements: None, leading }
}

/// The index of the elements of lists and sets; `None` if the server cannot have it: it has none of the values of maps, and none of
/// what may be in several places.
fn of_elements(definition: &TableDefinition, index: &ElementIndex) -> Option<Wanted> {
    let columns: Vec<_> = index.columns.iter().map(|column| &column.path).collect();
    let variants = definition.variants.iter().enumerate();
    let own = variants.filter(|(at, _)| index.scope.is_none_or(|scope| scope.variant == *at));
    let mut all =
        own.map(|(_, variant)| elements::fields(&Location::of(variant.shape, &index.path)?, &index.through, &columns));
    let fields = all.next()??;
    if !all.all(|other| other.as_ref() == Some(&fields)) {
        return None;
    }
    let mut keys = Document::new();
    let mut name = index.name.clone();
    match index.scope.map(|scope| scope.discriminators) {
        Some([_]) => drop(keys.insert(TYPE, 1)),
        Some(names) => name = format!("{name} of {}", names.join(", ")),
        None => {}
    }
    let leading = keys.len();
    keys.extend(fields.into_iter().map(|field| (field, Bson::from(1))));
    keys.insert(ID, 1);
    let partial = index.scope.map(|scope| doc! { TYPE: of_types(scope.discriminators) });
    Some(Wanted { name, keys, unique: false, partial, serves: Vec::new(), elements: Some(index.name.clone()), leading })
}

/// The hashed index for the primary key. A unique index cannot be hashed.
fn of_hashed_key(definition: &TableDefinition) -> Option<Wanted> {
    let key = definition.primary_key.as_ref().filter(|key| key.hashed)?;
    let index = definition.indexes.get(key.index)?;
    Some(Wanted {
        name: format!("{}.{}.hashed", definition.name, index.property()),
        keys: shard_key(definition)?,
        unique: false,
        partial: None,
        serves: Vec::new(),
        elements: None,
        leading: 0,
    })
}

/// The fields by which a cluster distributes the rows; `None` if the type has no primary key.
pub(crate) fn shard_key(definition: &TableDefinition) -> Option<Document> {
    let key = definition.primary_key.as_ref()?;
    let index = definition.indexes.get(key.index)?;
    let columns = index.columns.iter().take(key.partition_columns).map(|column| &definition.columns[*column]);
    let mut fields = Document::new();
    for (position, column) in columns.enumerate() {
        // The server hashes one field. The other fields keep the key unique.
        let how = if key.hashed && position == 0 { Bson::from("hashed") } else { Bson::from(1) };
        fields.insert(field_of(definition, column), how);
    }
    Some(fields)
}

/// The position of the key on these fields that covers rows with this discriminator. Depending on the version of the model that
/// created an index, its fields include the discriminator or not.
pub(crate) fn key_on(
    definition: &TableDefinition,
    wanted: &[Wanted],
    fields: &[String],
    discriminator: Option<&str>,
) -> Option<usize> {
    let columns =
        |fields: &[String]| -> Vec<String> { fields.iter().filter(|field| *field != TYPE).cloned().collect() };
    let searched = columns(fields);
    let unique = wanted.iter().filter(|index| index.unique);
    let same = unique.filter(|index| columns(&index.keys.keys().cloned().collect::<Vec<_>>()) == searched);
    let covers = |position: &usize| definition.indexes[*position].covers(discriminator);
    same.flat_map(|index| index.serves.iter().copied()).find(covers)
}
