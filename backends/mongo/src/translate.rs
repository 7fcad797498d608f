//! Filters and orders in MongoDB's language. Values are only ever BSON values behind an operator, `{"$eq": value}`, so
//! that none is read as a part of the filter.
//!
//! A filter's operators have an index; they fit where a property is in one place and has one value. The rest is said as
//! expressions, which mean what core means and read every row that the indexed part leaves.

use longevity_core::query::{Direction, OrderBy, Predicate, Select};
use longevity_core::storable::Shape;
use longevity_core::value::Comparison;
use longevity_core::{Error, Value};
use mongodb::bson::{Bson, Document, doc};

use crate::expression::{self, Expressions};
use crate::layout::{self, ID, TYPE, of_types};
use crate::property::{Case, Property};
use crate::stored::{Stored, behind_options};
use crate::table::Ready;
use crate::values::{is_flat, is_instant, names_of_choice, of_type, scalar};

/// What is found, in which order, and how much of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Find {
    pub(crate) filter: Document,
    /// Fields that are computed for the order alone.
    pub(crate) computed: Document,
    pub(crate) sort: Document,
    pub(crate) skip: u64,
    /// `None` is all; never zero, which MongoDB takes for all.
    pub(crate) limit: Option<i64>,
}

/// A filter that is true of no row.
fn nothing() -> Document {
    doc! { ID: { "$in": [] } }
}

fn is_nothing(filter: &Document) -> bool {
    *filter == nothing()
}

fn negated(filter: Document) -> Document {
    doc! { "$nor": [filter] }
}

fn any_of(mut filters: Vec<Document>) -> Document {
    match filters.len() {
        0 => nothing(),
        1 => filters.remove(0),
        _ => doc! { "$or": filters },
    }
}

fn all_of(mut filters: Vec<Document>) -> Document {
    filters.retain(|filter| !filter.is_empty());
    match filters.len() {
        0 => Document::new(),
        1 => filters.remove(0),
        _ => doc! { "$and": filters },
    }
}

/// The filter of a predicate.
pub(crate) fn filter(table: &Ready, predicate: &Predicate) -> Result<Document, Error> {
    condition(table, predicate, None)
}

/// The query of a selection.
pub(crate) fn find(table: &Ready, select: &Select) -> Result<Find, Error> {
    let scope = scope_of(table, select.predicate.conjuncts());
    let filter = condition(table, &select.predicate, None)?;
    let (mut sort, mut computed) = (Document::new(), Document::new());
    for (position, OrderBy { path, direction }) in select.order.iter().enumerate() {
        let Some(property) = table.property(path) else { continue };
        let field = match property.cases(scope).as_slice() {
            [] => continue,
            [case] if case.stored.is_plain() => case.stored.field(),
            cases => {
                let field = format!("_order{position}");
                computed.insert(&field, by_type(cases));
                field
            }
        };
        let direction = if *direction == Direction::Descending { -1 } else { 1 };
        // What comes first decides.
        sort.entry(field).or_insert(Bson::Int32(direction));
    }
    let conjuncts = select.predicate.conjuncts();
    if tells_rows_apart(table, conjuncts, &Document::new(), scope) {
        // Nothing to sort; asked for an order, the server may go by the index that has it rather than by the key.
        (sort, computed) = (Document::new(), Document::new());
    } else if !tells_rows_apart(table, conjuncts, &sort, scope) {
        sort.insert(ID, 1);
    }
    let limit = select.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let past_all = limit == Some(0) || i64::try_from(select.offset).is_err();
    let (filter, limit) = if past_all { (nothing(), None) } else { (filter, limit) };
    let skip = if past_all { 0 } else { select.offset };
    Ok(Find { filter, computed, sort, skip, limit })
}

/// Whether no two rows of a conjunction have the same values in the fields of an order: each column of a key is in it, or has one
/// value.
fn tells_rows_apart(table: &Ready, conjuncts: &[Predicate], order: &Document, scope: Option<usize>) -> bool {
    let definition = &*table.definition;
    let is_told = |column: &usize| {
        let column = &definition.columns[*column];
        let has_value = conjuncts.iter().any(|part| match part {
            // The key value as a whole, too.
            Predicate::Compare { path, comparison: Comparison::Eq, .. } => column.path.starts_with(path),
            _ => false,
        });
        has_value || order.contains_key(layout::field_of(definition, column))
    };
    table.keys_of(scope).any(|index| index.columns.iter().all(is_told))
}

/// A property that is not in the same place in every type.
fn by_type(cases: &[&Case]) -> Bson {
    let branch = |case: &&Case| {
        let of_type = case.discriminators.iter().flat_map(|names| names.iter().copied());
        let names: Vec<_> = of_type.map(Bson::from).collect();
        let of_type = if case.discriminators.is_empty() {
            Bson::Boolean(true)
        } else {
            Bson::Document(doc! { "$in": [format!("${TYPE}"), { "$literal": names }] })
        };
        let value = doc! { "$ifNull": [expression::property(&case.stored), Bson::Null] };
        Bson::Document(doc! { "case": of_type, "then": value })
    };
    let branches: Vec<_> = cases.iter().map(branch).collect();
    Bson::Document(doc! { "$switch": { "branches": branches, "default": Bson::Null } })
}

/// `scope` is the one variant that rows can be of where this is true.
fn condition(table: &Ready, predicate: &Predicate, scope: Option<usize>) -> Result<Document, Error> {
    Ok(match predicate {
        Predicate::All => Document::new(),
        Predicate::Nothing => nothing(),
        Predicate::Discriminator([]) => nothing(),
        Predicate::Discriminator(names) => doc! { TYPE: of_types(names) },
        Predicate::Compare { path, comparison, operand } => comparison_of(table, path, *comparison, operand, scope)?,
        Predicate::Contains { path, element } => {
            let Some(property) = table.property(path) else { return Ok(nothing()) };
            let false_of_others = false;
            in_each_case(&property, scope, false_of_others, |stored| Ok(contains(stored, element)))?
        }
        Predicate::And(parts) => {
            let scope = scope_of(table, parts).or(scope);
            let parts = parts.iter().map(|part| condition(table, part, scope)).collect::<Result<Vec<_>, _>>()?;
            if parts.iter().any(is_nothing) { nothing() } else { all_of(parts) }
        }
        Predicate::Or(parts) => {
            let parts = parts.iter().map(|part| condition(table, part, scope)).collect::<Result<Vec<_>, _>>()?;
            if parts.iter().any(Document::is_empty) {
                Document::new()
            } else {
                any_of(parts.into_iter().filter(|part| !is_nothing(part)).collect())
            }
        }
        Predicate::Not(part) => negated(condition(table, part, scope)?),
        // A predicate that core has and this crate does not know yet.
        _ => return Err(unsupported("this filter")),
    })
}

fn unsupported(operation: &'static str) -> Error {
    Error::Unsupported { backend: crate::NAME, operation }
}

/// The one variant that a conjunction is true of.
fn scope_of(table: &Ready, conjuncts: &[Predicate]) -> Option<usize> {
    conjuncts.iter().find_map(|part| match part {
        Predicate::Discriminator(names) => table.variant_of_scope(names),
        _ => None,
    })
}

fn comparison_of(
    table: &Ready,
    path: &longevity_core::Path,
    comparison: Comparison,
    operand: &Value,
    scope: Option<usize>,
) -> Result<Document, Error> {
    if comparison == Comparison::Ne {
        return comparison_of(table, path, Comparison::Eq, operand, scope).map(negated);
    }
    // Of a row without such a property: it is none there.
    let absent = comparison == Comparison::Eq && matches!(operand, Value::None(0));
    let Some(property) = table.property(path) else {
        return Ok(if absent { Document::new() } else { nothing() });
    };
    in_each_case(&property, scope, absent, |stored| match comparison {
        Comparison::Eq => Ok(equals(stored, operand)),
        Comparison::Lt => ordered(stored, "$lt", operand),
        Comparison::Le => ordered(stored, "$lte", operand),
        Comparison::Gt => ordered(stored, "$gt", operand),
        _ => ordered(stored, "$gte", operand),
    })
}

/// What is asked of a property, wherever the types have it; `otherwise` is the answer for types that have none such.
fn in_each_case(
    property: &Property,
    scope: Option<usize>,
    otherwise: bool,
    ask: impl Fn(&Stored) -> Result<Document, Error>,
) -> Result<Document, Error> {
    let cases = property.cases(scope);
    if let [case] = cases.as_slice()
        && (case.is_everywhere || scope.is_some())
    {
        return ask(&case.stored);
    }
    let mut known = Vec::new();
    let mut answers = Vec::new();
    for case in cases {
        let names: Vec<_> = case.discriminators.iter().flat_map(|names| names.iter().copied()).collect();
        let answer = ask(&case.stored)?;
        if !is_nothing(&answer) {
            answers.push(all_of(vec![doc! { TYPE: of_types(&names) }, answer]));
        }
        known.extend(names);
    }
    if otherwise && known.is_empty() {
        return Ok(Document::new());
    }
    if otherwise {
        answers.push(doc! { TYPE: { "$nin": known } });
    }
    Ok(any_of(answers))
}

fn equals(stored: &Stored, operand: &Value) -> Document {
    if stored.is_plain()
        && let Some(filter) = equals_plainly(stored, operand)
    {
        return filter;
    }
    let equal = |stored: &Stored| {
        let property = expression::property(stored);
        expression::filter(Expressions::new().equals_behind(property, stored.options, stored.leaf, operand))
    };
    if stored.is_plain() || matches!(operand, Value::None(_)) {
        return equal(stored);
    }
    where_it_is(stored, equals_plainly(stored, operand), equal(stored))
}

/// A property that may be elsewhere, asked where it should be, by an index, or else wherever it is.
fn where_it_is(stored: &Stored, plainly: Option<Document>, anywhere: Document) -> Document {
    let Some(plainly) = plainly else { return anywhere };
    let there = |is: bool| doc! { stored.field(): { "$exists": is } };
    doc! { "$or": [{ "$and": [there(true), plainly] }, { "$and": [there(false), anywhere] }] }
}

/// Equality by a filter's operators; `None` if these mean something else.
fn equals_plainly(stored: &Stored, operand: &Value) -> Option<Document> {
    match operand {
        Value::None(0) => Some(doc! { stored.field(): not_in_a_list(stored, doc! { "$eq": Bson::Null }) }),
        Value::None(depth) if usize::from(*depth) < stored.options => {
            let field = stored.field_in(usize::from(*depth));
            Some(doc! { field: not_in_a_list(stored, doc! { "$type": "null" }) })
        }
        Value::None(_) => Some(nothing()),
        value => equals_at(&stored.field_of_values(), &(stored.leaf)(), value),
    }
}

/// MongoDB asks the elements of a list, too.
fn not_in_a_list(stored: &Stored, mut condition: Document) -> Document {
    if !matches!((stored.leaf)(), Shape::Scalar(_) | Shape::Choice { .. } | Shape::Struct { .. }) {
        condition.insert("$not", doc! { "$type": "array" });
    }
    condition
}

fn equals_at(field: &str, shape: &Shape, value: &Value) -> Option<Document> {
    match (shape, value) {
        (Shape::Scalar(_) | Shape::Choice { .. }, value) => Some(match names_of_choice(shape, value) {
            Some(names) => doc! { field: { "$in": names } },
            None => doc! { field: { "$eq": scalar(value.as_value_ref()) } },
        }),
        // Field by field: as an object it would have to have its fields in one order, and no others.
        (Shape::Struct { fields, .. }, Value::Record(values)) => {
            let mut parts = Vec::new();
            // Fields that should be none are so in a component that is not there, too.
            if values.iter().all(|(_, value)| matches!(value, Value::None(0))) {
                parts.push(doc! { field: { "$type": "object" } });
            }
            for (name, value) in values {
                let known = fields.iter().find(|field| field.step.name == *name)?;
                if !crate::stored::Field::of(known).is_plain() {
                    return None;
                }
                let (options, leaf) = behind_options(known.shape);
                let below = format!("{field}.{name}");
                parts.push(match value {
                    Value::None(0) if matches!(leaf(), Shape::Scalar(_) | Shape::Choice { .. }) => {
                        doc! { below: { "$eq": Bson::Null } }
                    }
                    Value::None(_) => return None,
                    value if options <= 1 => equals_at(&below, &leaf(), value)?,
                    _ => return None,
                });
            }
            Some(all_of(parts))
        }
        // An array in an array could be found as its element.
        (Shape::List(held), Value::List(values)) if is_flat(*held) => {
            Some(doc! { field: { "$eq": values.iter().map(|value| of_type(*held, value)).collect::<Vec<_>>() } })
        }
        _ => None,
    }
}

fn ordered(stored: &Stored, operator: &str, operand: &Value) -> Result<Document, Error> {
    if matches!(operand, Value::None(_)) {
        return Ok(nothing());
    }
    let shape = (stored.leaf)();
    if !matches!(shape, Shape::Scalar(_) | Shape::Choice { .. }) {
        return Err(unsupported("an order of what is not a single value"));
    }
    let plainly = doc! { stored.field_of_values(): { operator: scalar(operand.as_value_ref()) } };
    // MongoDB compares a value with those of its own type only, so that what is absent is in no order.
    if stored.is_plain() {
        return Ok(plainly);
    }
    let anywhere = expression::filter(expression::compared(stored, operator, operand.as_value_ref()));
    Ok(where_it_is(stored, Some(plainly), anywhere))
}

fn contains(stored: &Stored, element: &Value) -> Document {
    let (Shape::List(held) | Shape::Set(held)) = (stored.leaf)() else { return nothing() };
    let (options, leaf) = behind_options(held);
    let simple = options <= 1 && !is_instant(&leaf()) && is_flat(held);
    match element {
        Value::None(depth) if usize::from(*depth) >= options => nothing(),
        value if simple && stored.is_plain() => {
            doc! { stored.field_of_values(): { "$elemMatch": { "$eq": of_type(held, value) } } }
        }
        value => expression::filter(Expressions::new().contains(expression::value(stored), held, value)),
    }
}
