//! Filters in MongoDB's language. A value always follows an operator, `{"$eq": value}`, so that no value is read as a part of
//! the filter.
//!
//! An index can serve a filter's operators, but these suit only a property that is in one place and has one value. Everything
//! else becomes an expression, which has exactly core's meaning. The server evaluates it for every row that the indexed part of
//! the filter leaves.

use longevity_core::backend::{Lookup, Predicate, TextTest, scope_of};
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::value::{Comparison, satisfies};
use longevity_core::{Error, ErrorKind, Path, Value};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::expression::{self, Expressions};
use crate::encode::location::Location;
use crate::encode::own_fields::{ID, TYPE};
use crate::encode::property::Property;
use crate::encode::row_id;
use crate::encode::values::{names_of_choice, scalar};
use crate::error::unsupported;
use crate::query::combine::{Conjunction, all_of, any_of, is_nothing, negated, nothing};
use crate::query::contains::contains;
use crate::query::equal_field::equals_at;
use crate::query::limits::{ensure_reachable, within_limits};
use crate::query::text;
use crate::schema::layout::of_types;
use crate::table::ReadyTable;

/// The filter of a predicate.
pub(crate) fn filter(table: &ReadyTable, predicate: &Predicate) -> Result<Document, Error> {
    within_limits(condition(table, predicate, None)?)
}

/// The filter of a look-up by key.
pub(crate) fn of_key(table: &ReadyTable, lookup: &Lookup<'_>) -> Result<Document, Error> {
    let wrong = |what: String| Error::Backend { backend: crate::NAME, kind: ErrorKind::Permanent, source: what.into() };
    let definition = &*table.definition;
    let index = definition.indexes.get(lookup.index).filter(|index| index.is_unique());
    let Some(index) = index else {
        return Err(wrong(format!("index {} of table {} is not a key", lookup.index, definition.name)));
    };
    if index.columns.len() != lookup.values.len() {
        return Err(wrong(format!("the key {} does not have {} columns", lookup.index, lookup.values.len())));
    }
    // The planner uses a partial index only if its condition is in the filter.
    let scope = lookup.scope.or(index.scope);
    let predicate = scope.map_or(Predicate::True, Predicate::Scope);
    let columns = index.columns.iter().zip(lookup.values);
    let predicate = columns.fold(predicate, |predicate, (column, value)| {
        let path = definition.columns[*column].path.clone();
        predicate.and(Predicate::Compare { path, comparison: Comparison::Eq, operand: value.to_value() })
    });
    filter(table, &predicate)
}

/// The condition of a predicate. `scope` is the only variant that rows can have if the condition is true.
fn condition(table: &ReadyTable, predicate: &Predicate, scope: Option<usize>) -> Result<Document, Error> {
    Ok(match predicate {
        Predicate::True => Document::new(),
        Predicate::False => nothing(),
        Predicate::Scope(scope) => doc! { TYPE: of_types(scope.discriminators) },
        Predicate::Compare { path, comparison, operand } => comparison_of(table, path, *comparison, operand, scope)?,
        Predicate::In { path, operands, negated: false } => among_of(table, path, operands, scope)?,
        Predicate::In { path, operands, negated: true } => negated(among_of(table, path, operands, scope)?),
        Predicate::Text { path, test, text } => {
            on_property(table, path, scope, false, |location| passes(location, *test, text))?
        }
        Predicate::Contains { path, through, element } => {
            on_property(table, path, scope, false, |location| Ok(contains(location, through, element)))?
        }
        Predicate::Length { path, comparison: Comparison::Ne, length } => {
            negated(on_property(table, path, scope, false, |location| Ok(has_length(location, "$eq", *length)))?)
        }
        Predicate::Length { path, comparison, length } => {
            on_property(table, path, scope, false, |location| Ok(has_length(location, operator(*comparison), *length)))?
        }
        Predicate::Id { comparison, id } => match row_id::object_id(*id) {
            Some(id) => doc! { ID: { operator(*comparison): id } },
            // This id is greater than every object id.
            None => match comparison {
                Comparison::Lt | Comparison::Le | Comparison::Ne => Document::new(),
                Comparison::Eq | Comparison::Gt | Comparison::Ge => nothing(),
            },
        },
        Predicate::And(parts) => {
            let scope = scope_of(parts).map(|scope| scope.variant).or(scope);
            let mut all = Conjunction::default();
            for part in parts {
                let part = condition(table, part, scope)?;
                if is_nothing(&part) {
                    return Ok(part);
                }
                all = all.and(part);
            }
            all.into_filter()
        }
        Predicate::Or(parts) => {
            let parts = parts.iter().map(|part| condition(table, part, scope)).collect::<Result<Vec<_>, _>>()?;
            if parts.iter().any(Document::is_empty) { Document::new() } else { any_of(parts) }
        }
        Predicate::Not(part) => negated(condition(table, part, scope)?),
    })
}

/// The operator of a comparison.
fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "$eq",
        Comparison::Ne => "$ne",
        Comparison::Lt => "$lt",
        Comparison::Le => "$lte",
        Comparison::Gt => "$gt",
        Comparison::Ge => "$gte",
    }
}

fn comparison_of(
    table: &ReadyTable,
    path: &Path,
    comparison: Comparison,
    operand: &Value,
    scope: Option<usize>,
) -> Result<Document, Error> {
    match comparison {
        Comparison::Eq => on_property(table, path, scope, is_none(operand), |location| Ok(equals(location, operand))),
        Comparison::Ne => comparison_of(table, path, Comparison::Eq, operand, scope).map(negated),
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
            on_property(table, path, scope, false, |location| ordered(location, comparison, operand))
        }
    }
}

fn among_of(table: &ReadyTable, path: &Path, operands: &[Value], scope: Option<usize>) -> Result<Document, Error> {
    on_property(table, path, scope, operands.iter().any(is_none), |location| Ok(among(location, operands)))
}

/// Whether a row without the property has this value.
fn is_none(operand: &Value) -> bool {
    matches!(operand, Value::None(0))
}

/// Applies a condition to the property at a path. `otherwise` is the answer for rows without the property.
fn on_property(
    table: &ReadyTable,
    path: &Path,
    scope: Option<usize>,
    otherwise: bool,
    condition_at: impl Fn(&Location) -> Result<Document, Error>,
) -> Result<Document, Error> {
    match table.property(path) {
        Some(property) => in_each_case(&property, scope, otherwise, condition_at),
        None => Ok(if otherwise { Document::new() } else { nothing() }),
    }
}

/// Applies a condition to a property at each of its locations. `otherwise` is the answer for types without the property.
fn in_each_case(
    property: &Property,
    scope: Option<usize>,
    otherwise: bool,
    condition_at: impl Fn(&Location) -> Result<Document, Error>,
) -> Result<Document, Error> {
    let cases = property.cases(scope);
    cases.iter().try_for_each(|case| ensure_reachable(&case.location))?;
    if let [case] = cases.as_slice()
        && (case.is_everywhere || scope.is_some())
    {
        return condition_at(&case.location);
    }
    let mut known = Vec::new();
    let mut answers = Vec::new();
    for case in cases {
        let names: Vec<_> = case.discriminators.iter().flat_map(|names| names.iter().copied()).collect();
        let answer = condition_at(&case.location)?;
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

fn equals(location: &Location, operand: &Value) -> Document {
    if let Some((field, names)) = location.unit_variant() {
        return match operand {
            Value::None(0) => doc! { field: { "$nin": names.to_vec() } },
            Value::None(_) => nothing(),
            _ => doc! { field: { "$in": names.to_vec() } },
        };
    }
    let plainly = equals_plainly(location, operand);
    if location.is_plain()
        && let Some(filter) = plainly
    {
        return filter;
    }
    let mut expressions = Expressions::new();
    let property = expressions.property(location);
    let equal = expressions.equals_in_options(property, location.options, location.leaf, operand);
    let equal = expression::filter(equal);
    if location.is_plain() || operand.is_none() { equal } else { in_place_or_anywhere(location, plainly, equal) }
}

/// A condition on a property that may be in several places. It tests the usual place, for which there may be an index, and
/// otherwise any place.
fn in_place_or_anywhere(location: &Location, plainly: Option<Document>, anywhere: Document) -> Document {
    let (Some(plainly), Some(field)) = (plainly, location.field()) else { return anywhere };
    let there = |is: bool| doc! { &field: { "$exists": is } };
    doc! { "$or": [{ "$and": [there(true), plainly] }, { "$and": [there(false), anywhere] }] }
}

/// Equality by a filter's operators; `None` if these would mean something else.
fn equals_plainly(location: &Location, operand: &Value) -> Option<Document> {
    match operand {
        Value::None(0) if location.is_presence => Some(doc! { location.field()?: { "$exists": false } }),
        Value::None(0) => Some(doc! { location.field()?: not_in_a_list(location, doc! { "$eq": Bson::Null }) }),
        Value::None(depth) if usize::from(*depth) < location.options => {
            let field = location.field_in(usize::from(*depth))?;
            Some(doc! { field: not_in_a_list(location, doc! { "$type": "null" }) })
        }
        Value::None(_) => Some(nothing()),
        value => equals_at(&location.field_of_values()?, &(location.leaf)(), value),
    }
}

/// Equality with any of the operands.
fn among(location: &Location, operands: &[Value]) -> Document {
    let shape = (location.leaf)();
    let each = |operand: &Value| equals(location, operand);
    if !matches!(shape, Shape::Scalar(_) | Shape::Choice { .. }) {
        return any_of(operands.iter().map(each).collect());
    }
    let (mut absent, mut values) = (Vec::new(), Vec::new());
    for operand in operands {
        match (operand, names_of_choice(&shape, operand)) {
            // Here `null` means `None` and nothing else. One list of values is one search of an index.
            (Value::None(0), _) if location.options == 1 && !location.is_presence && location.is_plain() => {
                values.push(Bson::Null);
            }
            (Value::None(_), _) => absent.push(each(operand)),
            (_, Some(names)) => values.extend(names),
            (operand, None) => values.push(scalar(operand.as_value_ref())),
        }
    }
    if !values.is_empty() {
        let plainly = location.field_of_values().map(|field| doc! { field: { "$in": values.clone() } });
        absent.push(plainly_or(location, plainly, || {
            let mut expressions = Expressions::new();
            expression::one_of(expressions.value(location), values)
        }));
    }
    any_of(absent)
}

/// Tests a value with a filter's operators if it is always in one place, and with an expression if it may be elsewhere.
fn plainly_or(location: &Location, plainly: Option<Document>, anywhere: impl FnOnce() -> Bson) -> Document {
    match plainly {
        Some(plainly) if location.is_plain() => plainly,
        plainly => in_place_or_anywhere(location, plainly, expression::filter(anywhere())),
    }
}

/// MongoDB also applies a condition to the elements of a list.
fn not_in_a_list(location: &Location, mut condition: Document) -> Document {
    if !matches!((location.leaf)(), Shape::Scalar(_) | Shape::Choice { .. } | Shape::Struct { .. }) {
        condition.insert("$not", doc! { "$type": "array" });
    }
    condition
}

fn ordered(location: &Location, comparison: Comparison, operand: &Value) -> Result<Document, Error> {
    if matches!(operand, Value::None(_)) {
        return Ok(nothing());
    }
    match (location.leaf)() {
        Shape::Choice { choices, aliases, .. } if !aliases.is_empty() => {
            // The aliases may sort differently from the names.
            let value = |name: &'static str| Value::Text(name.into());
            let is_so = |name: &Value| satisfies(comparison, name.as_value_ref(), operand.as_value_ref());
            return Ok(among(location, &choices.into_iter().map(value).filter(is_so).collect::<Vec<_>>()));
        }
        Shape::Scalar(_) | Shape::Choice { .. } => {}
        Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => {
            return Err(unsupported("an order comparison of a property that is not a single value"));
        }
    }
    let operator = operator(comparison);
    // MongoDB compares a value only with values of the same type, so absent values have no order.
    let plainly = location.field_of_values().map(|field| doc! { field: { operator: scalar(operand.as_value_ref()) } });
    Ok(plainly_or(location, plainly, || Expressions::new().compared(location, operator, operand.as_value_ref())))
}

fn passes(location: &Location, test: TextTest, text: &str) -> Result<Document, Error> {
    match (location.leaf)() {
        Shape::Scalar(ScalarType::String) => {}
        Shape::Choice { choices, .. } => {
            let passing = choices.into_iter().filter(|name| test.holds(name, text));
            return Ok(among(location, &passing.map(|name| Value::Text(name.into())).collect::<Vec<_>>()));
        }
        Shape::Scalar(_)
        | Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => return Ok(nothing()),
    }
    let field = location.field_of_values();
    let plainly = match text::pattern(test, text)? {
        Some(pattern) => field.map(|field| doc! { field: { "$regex": pattern } }),
        None => None,
    };
    if location.is_plain()
        && let Some(plainly) = plainly
    {
        return Ok(plainly);
    }
    let mut expressions = Expressions::new();
    let value = expressions.value(location);
    let anywhere = expression::filter(expressions.passes(value, test, text)?);
    Ok(if location.is_plain() { anywhere } else { in_place_or_anywhere(location, plainly, anywhere) })
}

fn has_length(location: &Location, operator: &str, length: u64) -> Document {
    Expressions::new().length(location, operator, length).map_or_else(nothing, expression::filter)
}
