//! Whole queries in MongoDB's language: the filter, the order, the page, and the fields that are sent.

use longevity_core::backend::{Direction, OrderBy, Predicate, Select, scope_of};
use longevity_core::storable::Shape;
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{Error, Path};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::expression::{Expressions, within_options};
use crate::encode::own_fields::{ID, TYPE, VERSION};
use crate::encode::property::Case;
use crate::encode::shape::strip_options;
use crate::error::unsupported;
use crate::query::combine::nothing;
use crate::query::filter::filter;
use crate::query::limits::{ensure_reachable, within_limits};
use crate::table::ReadyTable;

/// A query: its filter, its order and its page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Find {
    pub(crate) filter: Document,
    /// Fields that are computed for the order alone.
    pub(crate) computed: Document,
    pub(crate) sort: Document,
    pub(crate) skip: u64,
    /// `None` means all rows. It is never zero, which MongoDB takes for all rows.
    pub(crate) limit: Option<i64>,
    /// The fields that the server sends; all fields if this is empty.
    pub(crate) fields: Document,
}

/// The query of a selection.
pub(crate) fn find(table: &ReadyTable, select: &Select) -> Result<Find, Error> {
    let scope = scope_of(select.predicate.conjuncts()).map(|scope| scope.variant);
    let filter = filter(table, &select.predicate)?;
    let (mut sort, mut computed) = (Document::new(), Document::new());
    for (position, OrderBy { path, direction }) in select.order.iter().enumerate() {
        let Some(property) = table.property(path) else { continue };
        let cases = property.cases(scope);
        cases.iter().try_for_each(|case| ensure_reachable(&case.location))?;
        if cases.iter().any(|case| !has_order(&(case.location.leaf)())) {
            return Err(unsupported("an order by a property that is not a single value"));
        }
        let plain = match cases.as_slice() {
            [] => continue,
            // In rows of other types the field may contain something else.
            [case]
                if (case.is_everywhere || scope.is_some()) && case.location.sorts_plainly() && path.options() == 0 =>
            {
                case.location.field()
            }
            _ => None,
        };
        let field = match plain {
            Some(field) => field,
            None => {
                let field = format!("_order{position}");
                computed.insert(&field, by_type(&cases, path.options().into()));
                field
            }
        };
        // The first direction of a field decides.
        sort.entry(field).or_insert(Bson::Int32(direction_of(*direction)));
    }
    let conjuncts = select.predicate.conjuncts();
    if distinguishes_rows(table, conjuncts, &Document::new(), scope) {
        // There is nothing to sort. With an order, the server might choose the index for the order instead of the key.
        (sort, computed) = (Document::new(), Document::new());
    } else if !distinguishes_rows(table, conjuncts, &sort, scope) {
        sort.insert(ID, direction_of(select.ties));
    }
    let limit = select.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let past_all = limit == Some(0) || i64::try_from(select.offset).is_err();
    let (filter, limit) = if past_all { (nothing(), None) } else { (filter, limit) };
    let skip = if past_all { 0 } else { select.offset };
    let fields = select.only.as_deref().map_or_else(Document::new, |only| fields_of(&table.definition, only));
    Ok(Find { filter, computed: within_limits(computed)?, sort, skip, limit, fields })
}

/// Whether MongoDB sorts such values as core does. It sorts a list by one of its elements.
fn has_order(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar(_) | Shape::Choice { .. } => true,
        Shape::Struct { fields, .. } => fields.iter().all(|field| has_order(&strip_options(field.shape).1())),
        Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Enum { .. } => false,
    }
}

fn direction_of(direction: Direction) -> i32 {
    if direction == Direction::Descending { -1 } else { 1 }
}

/// Longevity's own fields, and the fields that contain these properties. Empty if a projection does not accept the name of a
/// field.
fn fields_of(definition: &TableDefinition, only: &[Path]) -> Document {
    let mut fields = doc! { TYPE: 1, VERSION: 1 };
    for variant in &definition.variants {
        let Shape::Struct { fields: known, .. } = strip_options(variant.shape).1() else { return Document::new() };
        for path in only {
            let Some(first) = path.steps().first() else { return Document::new() };
            let Some(field) = known.iter().find(|field| field.step.hash == first.hash) else { continue };
            for name in std::iter::once(field.step.name).chain(field.aliases.iter().copied()) {
                if name.is_empty() || name.starts_with('$') || name.contains('.') {
                    return Document::new();
                }
                fields.insert(name, 1);
            }
        }
    }
    fields
}

/// Whether the fields of an order distinguish all rows of a conjunction: each column of some key is in the order or has only one
/// value.
fn distinguishes_rows(table: &ReadyTable, conjuncts: &[Predicate], order: &Document, scope: Option<usize>) -> bool {
    let definition = &*table.definition;
    let is_fixed = |position: &usize| {
        let column = &definition.columns[*position];
        let has_value = conjuncts.iter().any(|part| match part {
            // A comparison with the whole key value counts too.
            Predicate::Compare { path, comparison: Comparison::Eq, .. } => column.path.starts_with(path),
            _ => false,
        });
        has_value || order.contains_key(&table.fields[*position])
    };
    table.keys_of(scope).any(|index| index.columns.iter().all(is_fixed))
}

/// The value of a property whose location differs between types, or that is within this many options.
fn by_type(cases: &[&Case], options: usize) -> Bson {
    let branch = |case: &&Case| {
        let of_type = case.discriminators.iter().flat_map(|names| names.iter().copied());
        let names: Vec<_> = of_type.map(Bson::from).collect();
        let of_type = if case.discriminators.is_empty() {
            Bson::Boolean(true)
        } else {
            Bson::Document(doc! { "$in": [format!("${TYPE}"), { "$literal": names }] })
        };
        // The innermost option is the value itself, or null.
        let options = options.min(case.location.options.saturating_sub(1));
        let value = within_options(Expressions::new().sort_value(&case.location), options);
        let value = doc! { "$ifNull": [value, Bson::Null] };
        Bson::Document(doc! { "case": of_type, "then": value })
    };
    let branches: Vec<_> = cases.iter().map(branch).collect();
    Bson::Document(doc! { "$switch": { "branches": branches, "default": Bson::Null } })
}

/// The pipeline of a query whose order is computed.
pub(crate) fn pipeline(find: Find) -> Vec<Document> {
    let fields: Vec<String> = find.computed.keys().cloned().collect();
    let mut pipeline =
        vec![doc! { "$match": find.filter }, doc! { "$set": find.computed }, doc! { "$sort": find.sort }];
    if find.skip > 0 {
        pipeline.push(doc! { "$skip": i64::try_from(find.skip).unwrap_or(i64::MAX) });
    }
    if let Some(limit) = find.limit {
        pipeline.push(doc! { "$limit": limit });
    }
    pipeline.push(if find.fields.is_empty() {
        doc! { "$unset": fields }
    } else {
        doc! { "$project": find.fields }
    });
    pipeline
}
