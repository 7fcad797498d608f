//! Filters and orders in MongoDB's language. Values are only ever BSON values behind an operator, `{"$eq": value}`, so
//! that none is read as a part of the filter.
//!
//! A filter's operators have an index; they fit where a property is in one place and has one value. The rest is said as
//! expressions, which mean what core means and read every row that the indexed part leaves.

use longevity_core::query::{Direction, OrderBy, Predicate, Select, TextTest, scope_of};
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::table::TableDefinition;
use longevity_core::value::{Comparison, satisfies};
use longevity_core::{Error, Path, Value};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::expression::{self, Expressions, within_options};
use crate::encode::location::{Stored, behind_options};
use crate::encode::property::{Case, Property};
use crate::encode::row_id;
use crate::encode::values::{is_flat, is_instant, names_of_choice, of_type, scalar};
use crate::error::unsupported;
use crate::query::limits::{ensure_reachable, sayable};
use crate::query::text;
use crate::schema::layout::{self, ID, TYPE, of_types};
use crate::table::Ready;

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
    /// The fields that are sent; all if there are none.
    pub(crate) fields: Document,
}

/// A filter that is true of no row.
fn nothing() -> Document {
    doc! { ID: { "$in": [] } }
}

fn is_nothing(filter: &Document) -> bool {
    // Asked of each part of each filter: without making one to compare with.
    let is_empty = |condition: &Document| condition.len() == 1 && condition.get_array("$in").is_ok_and(Vec::is_empty);
    filter.len() == 1 && filter.get_document(ID).is_ok_and(is_empty)
}

fn negated(filter: Document) -> Document {
    if is_nothing(&filter) {
        Document::new()
    } else if filter.is_empty() {
        nothing()
    } else {
        doc! { "$nor": [filter] }
    }
}

fn any_of(mut filters: Vec<Document>) -> Document {
    filters.retain(|filter| !is_nothing(filter));
    match filters.len() {
        0 => nothing(),
        1 => filters.remove(0),
        _ => doc! { "$or": filters },
    }
}

fn all_of(filters: impl IntoIterator<Item = Document>) -> Document {
    filters.into_iter().fold(All::default(), All::and).into_filter()
}

/// A conjunction that grows: one document says all of what has different names.
#[derive(Default)]
struct All {
    filter: Document,
    others: Vec<Document>,
}

impl All {
    fn and(mut self, filter: Document) -> Self {
        if self.filter.is_empty() {
            self.filter = filter;
        } else if !filter.keys().any(|key| self.filter.contains_key(key)) {
            self.filter.extend(filter);
        } else {
            self.others.push(filter);
        }
        self
    }

    fn into_filter(self) -> Document {
        if self.others.is_empty() {
            return self.filter;
        }
        doc! { "$and": std::iter::once(self.filter).chain(self.others).collect::<Vec<_>>() }
    }
}

/// The filter of a predicate.
pub(crate) fn filter(table: &Ready, predicate: &Predicate) -> Result<Document, Error> {
    sayable(condition(table, predicate, None)?)
}

/// The query of a selection.
pub(crate) fn find(table: &Ready, select: &Select) -> Result<Find, Error> {
    let scope = scope_of(select.predicate.conjuncts()).map(|scope| scope.variant);
    let filter = filter(table, &select.predicate)?;
    let (mut sort, mut computed) = (Document::new(), Document::new());
    for (position, OrderBy { path, direction }) in select.order.iter().enumerate() {
        let Some(property) = table.property(path) else { continue };
        let cases = property.cases(scope);
        cases.iter().try_for_each(|case| ensure_reachable(&case.stored))?;
        if cases.iter().any(|case| !has_order(&(case.stored.leaf)())) {
            return Err(unsupported("an order by what is not a single value"));
        }
        let plain = match cases.as_slice() {
            [] => continue,
            // In rows of other types there may be something else.
            [case] if (case.is_everywhere || scope.is_some()) && case.stored.sorts_plainly() && path.options() == 0 => {
                case.stored.field()
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
        // What comes first decides.
        sort.entry(field).or_insert(Bson::Int32(direction_of(*direction)));
    }
    let conjuncts = select.predicate.conjuncts();
    if tells_rows_apart(table, conjuncts, &Document::new(), scope) {
        // Nothing to sort; asked for an order, the server may go by the index that has it rather than by the key.
        (sort, computed) = (Document::new(), Document::new());
    } else if !tells_rows_apart(table, conjuncts, &sort, scope) {
        sort.insert(ID, direction_of(select.ties));
    }
    let limit = select.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let past_all = limit == Some(0) || i64::try_from(select.offset).is_err();
    let (filter, limit) = if past_all { (nothing(), None) } else { (filter, limit) };
    let skip = if past_all { 0 } else { select.offset };
    let fields = select.only.as_deref().map_or_else(Document::new, |only| fields_of(&table.definition, only));
    Ok(Find { filter, computed: sayable(computed)?, sort, skip, limit, fields })
}

/// Whether MongoDB sorts such values as core does. It goes by some element of a list.
fn has_order(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar(_) | Shape::Choice { .. } => true,
        Shape::Struct { fields, .. } => fields.iter().all(|field| has_order(&behind_options(field.shape).1())),
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

/// Our own fields, and those of documents that these properties are in; none if a field has a name that no projection takes.
fn fields_of(definition: &TableDefinition, only: &[Path]) -> Document {
    let mut fields = doc! { TYPE: 1, layout::VERSION: 1 };
    for variant in &definition.variants {
        let Shape::Struct { fields: known, .. } = behind_options(variant.shape).1() else { return Document::new() };
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

/// Whether no two rows of a conjunction have the same values in the fields of an order: each column of a key is in it, or has one
/// value.
fn tells_rows_apart(table: &Ready, conjuncts: &[Predicate], order: &Document, scope: Option<usize>) -> bool {
    let definition = &*table.definition;
    let is_told = |position: &usize| {
        let column = &definition.columns[*position];
        let has_value = conjuncts.iter().any(|part| match part {
            // The key value as a whole, too.
            Predicate::Compare { path, comparison: Comparison::Eq, .. } => column.path.starts_with(path),
            _ => false,
        });
        has_value || order.contains_key(&table.fields[*position])
    };
    table.keys_of(scope).any(|index| index.columns.iter().all(is_told))
}

/// A property that is not in the same place in every type, or is within so many options.
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
        let options = options.min(case.stored.options.saturating_sub(1));
        let value = within_options(Expressions::new().sort_value(&case.stored), options);
        let value = doc! { "$ifNull": [value, Bson::Null] };
        Bson::Document(doc! { "case": of_type, "then": value })
    };
    let branches: Vec<_> = cases.iter().map(branch).collect();
    Bson::Document(doc! { "$switch": { "branches": branches, "default": Bson::Null } })
}

/// `scope` is the one variant that rows can be of where this is true.
fn condition(table: &Ready, predicate: &Predicate, scope: Option<usize>) -> Result<Document, Error> {
    Ok(match predicate {
        Predicate::True => Document::new(),
        Predicate::False => nothing(),
        Predicate::Scope(scope) => doc! { TYPE: of_types(scope.discriminators) },
        Predicate::Compare { path, comparison, operand } => comparison_of(table, path, *comparison, operand, scope)?,
        Predicate::In { path, operands, negated: false } => among_of(table, path, operands, scope)?,
        Predicate::In { path, operands, negated: true } => negated(among_of(table, path, operands, scope)?),
        Predicate::Text { path, test, text } => asked(table, path, scope, false, |stored| passes(stored, *test, text))?,
        Predicate::Contains { path, element } => {
            asked(table, path, scope, false, |stored| Ok(contains(stored, element)))?
        }
        Predicate::Length { path, comparison: Comparison::Ne, length } => {
            negated(asked(table, path, scope, false, |stored| Ok(has_length(stored, "$eq", *length)))?)
        }
        Predicate::Length { path, comparison, length } => {
            asked(table, path, scope, false, |stored| Ok(has_length(stored, operator(*comparison), *length)))?
        }
        Predicate::Id { comparison, id } => match row_id::object_id(*id) {
            Some(id) => doc! { ID: { operator(*comparison): id } },
            // Greater than every id.
            None => match comparison {
                Comparison::Lt | Comparison::Le | Comparison::Ne => Document::new(),
                Comparison::Eq | Comparison::Gt | Comparison::Ge => nothing(),
            },
        },
        Predicate::And(parts) => {
            let scope = scope_of(parts).map(|scope| scope.variant).or(scope);
            let mut all = All::default();
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

/// A comparison as an operator has it.
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
    table: &Ready,
    path: &Path,
    comparison: Comparison,
    operand: &Value,
    scope: Option<usize>,
) -> Result<Document, Error> {
    match comparison {
        Comparison::Eq => asked(table, path, scope, is_none(operand), |stored| Ok(equals(stored, operand))),
        Comparison::Ne => comparison_of(table, path, Comparison::Eq, operand, scope).map(negated),
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
            asked(table, path, scope, false, |stored| ordered(stored, comparison, operand))
        }
    }
}

fn among_of(table: &Ready, path: &Path, operands: &[Value], scope: Option<usize>) -> Result<Document, Error> {
    asked(table, path, scope, operands.iter().any(is_none), |stored| Ok(among(stored, operands)))
}

/// Whether it is what a row without the property has.
fn is_none(operand: &Value) -> bool {
    matches!(operand, Value::None(0))
}

/// What is asked of the property at a path; `otherwise` is the answer for rows that have none such.
fn asked(
    table: &Ready,
    path: &Path,
    scope: Option<usize>,
    otherwise: bool,
    ask: impl Fn(&Stored) -> Result<Document, Error>,
) -> Result<Document, Error> {
    match table.property(path) {
        Some(property) => in_each_case(&property, scope, otherwise, ask),
        None => Ok(if otherwise { Document::new() } else { nothing() }),
    }
}

/// What is asked of a property, wherever the types have it; `otherwise` is the answer for types that have none such.
fn in_each_case(
    property: &Property,
    scope: Option<usize>,
    otherwise: bool,
    ask: impl Fn(&Stored) -> Result<Document, Error>,
) -> Result<Document, Error> {
    let cases = property.cases(scope);
    cases.iter().try_for_each(|case| ensure_reachable(&case.stored))?;
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
    if let Some((field, names)) = stored.unit_variant() {
        return match operand {
            Value::None(0) => doc! { field: { "$nin": names.to_vec() } },
            Value::None(_) => nothing(),
            _ => doc! { field: { "$in": names.to_vec() } },
        };
    }
    let plainly = equals_plainly(stored, operand);
    if stored.is_plain()
        && let Some(filter) = plainly
    {
        return filter;
    }
    let mut expressions = Expressions::new();
    let property = expressions.property(stored);
    let equal = expressions.equals_behind(property, stored.options, stored.leaf, operand);
    let equal = expression::filter(equal);
    if stored.is_plain() || operand.is_none() { equal } else { where_it_is(stored, plainly, equal) }
}

/// A property that may be elsewhere, asked where it should be, by an index, or else wherever it is.
fn where_it_is(stored: &Stored, plainly: Option<Document>, anywhere: Document) -> Document {
    let (Some(plainly), Some(field)) = (plainly, stored.field()) else { return anywhere };
    let there = |is: bool| doc! { &field: { "$exists": is } };
    doc! { "$or": [{ "$and": [there(true), plainly] }, { "$and": [there(false), anywhere] }] }
}

/// Equality by a filter's operators; `None` if these mean something else.
fn equals_plainly(stored: &Stored, operand: &Value) -> Option<Document> {
    match operand {
        Value::None(0) if stored.is_presence => Some(doc! { stored.field()?: { "$exists": false } }),
        Value::None(0) => Some(doc! { stored.field()?: not_in_a_list(stored, doc! { "$eq": Bson::Null }) }),
        Value::None(depth) if usize::from(*depth) < stored.options => {
            let field = stored.field_in(usize::from(*depth))?;
            Some(doc! { field: not_in_a_list(stored, doc! { "$type": "null" }) })
        }
        Value::None(_) => Some(nothing()),
        value => equals_at(&stored.field_of_values()?, &(stored.leaf)(), value),
    }
}

/// Equality with any of the operands.
fn among(stored: &Stored, operands: &[Value]) -> Document {
    let shape = (stored.leaf)();
    let each = |operand: &Value| equals(stored, operand);
    if !matches!(shape, Shape::Scalar(_) | Shape::Choice { .. }) {
        return any_of(operands.iter().map(each).collect());
    }
    let (mut absent, mut values) = (Vec::new(), Vec::new());
    for operand in operands {
        match (operand, names_of_choice(&shape, operand)) {
            // Where null is none, and nothing else is: one list of values is one search of an index.
            (Value::None(0), _) if stored.options == 1 && !stored.is_presence && stored.is_plain() => {
                values.push(Bson::Null);
            }
            (Value::None(_), _) => absent.push(each(operand)),
            (_, Some(names)) => values.extend(names),
            (operand, None) => values.push(scalar(operand.as_value_ref())),
        }
    }
    if !values.is_empty() {
        let plainly = stored.field_of_values().map(|field| doc! { field: { "$in": values.clone() } });
        absent.push(plainly_or(stored, plainly, || {
            let mut expressions = Expressions::new();
            expression::one_of(expressions.value(stored), values)
        }));
    }
    any_of(absent)
}

/// What is asked of a value by operators where they can, and by an expression where it may be elsewhere.
fn plainly_or(stored: &Stored, plainly: Option<Document>, anywhere: impl FnOnce() -> Bson) -> Document {
    match plainly {
        Some(plainly) if stored.is_plain() => plainly,
        plainly => where_it_is(stored, plainly, expression::filter(anywhere())),
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
            // As `$eq` does it; no scalar is a pattern.
            None => doc! { field: scalar(value.as_value_ref()) },
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
                if !crate::encode::location::Field::of(known).is_plain() {
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

fn ordered(stored: &Stored, comparison: Comparison, operand: &Value) -> Result<Document, Error> {
    if matches!(operand, Value::None(_)) {
        return Ok(nothing());
    }
    match (stored.leaf)() {
        Shape::Choice { choices, aliases, .. } if !aliases.is_empty() => {
            // Its aliases have an order of their own.
            let value = |name: &'static str| Value::Text(name.into());
            let is_so = |name: &Value| satisfies(comparison, name.as_value_ref(), operand.as_value_ref());
            return Ok(among(stored, &choices.into_iter().map(value).filter(is_so).collect::<Vec<_>>()));
        }
        Shape::Scalar(_) | Shape::Choice { .. } => {}
        Shape::Newtype { .. }
        | Shape::Optional(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(..)
        | Shape::Struct { .. }
        | Shape::Enum { .. } => return Err(unsupported("an order of what is not a single value")),
    }
    let operator = operator(comparison);
    // MongoDB compares a value with those of its own type only, so that what is absent is in no order.
    let plainly = stored.field_of_values().map(|field| doc! { field: { operator: scalar(operand.as_value_ref()) } });
    Ok(plainly_or(stored, plainly, || Expressions::new().compared(stored, operator, operand.as_value_ref())))
}

fn passes(stored: &Stored, test: TextTest, text: &str) -> Result<Document, Error> {
    match (stored.leaf)() {
        Shape::Scalar(ScalarType::String) => {}
        Shape::Choice { choices, .. } => {
            let passing = choices.into_iter().filter(|name| test.holds(name, text));
            return Ok(among(stored, &passing.map(|name| Value::Text(name.into())).collect::<Vec<_>>()));
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
    let field = stored.field_of_values();
    let plainly = match text::pattern(test, text)? {
        Some(pattern) => field.map(|field| doc! { field: { "$regex": pattern } }),
        None => None,
    };
    if stored.is_plain()
        && let Some(plainly) = plainly
    {
        return Ok(plainly);
    }
    let mut expressions = Expressions::new();
    let value = expressions.value(stored);
    let anywhere = expression::filter(expressions.passes(value, test, text)?);
    Ok(if stored.is_plain() { anywhere } else { where_it_is(stored, plainly, anywhere) })
}

fn has_length(stored: &Stored, operator: &str, length: u64) -> Document {
    Expressions::new().length(stored, operator, length).map_or_else(nothing, expression::filter)
}

fn contains(stored: &Stored, element: &Value) -> Document {
    let (Shape::List(held) | Shape::Set(held)) = (stored.leaf)() else { return nothing() };
    let (options, leaf) = behind_options(held);
    let simple = options <= 1 && !is_instant(&leaf()) && is_flat(held);
    match element {
        Value::None(depth) if usize::from(*depth) >= options => nothing(),
        element => {
            let mut expressions = Expressions::new();
            match stored.field_of_values().filter(|_| simple && stored.is_plain()) {
                Some(field) => doc! { field: { "$elemMatch": { "$eq": of_type(held, element) } } },
                None => {
                    let value = expressions.value(stored);
                    expression::filter(expressions.contains(value, held, element))
                }
            }
        }
    }
}
