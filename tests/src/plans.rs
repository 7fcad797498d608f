//! What the plans of every back end must look like: for each declared index, each form of a filter that it serves, and each
//! order.

use std::sync::Arc;

use longevity::backend::Backend;
use longevity::backend::Value;
use longevity::backend::table::{Index, Scope, TableDefinition};
use longevity::backend::value::Comparison;
use longevity::backend::{Direction, OrderBy, Predicate, Select};
use longevity::prelude::*;
use longevity::storable::{ScalarType, Shape};
use longevity::{Access, Explanation, RootType};
use longevity_core::Path;

use crate::models;

/// Tables of the matrix with keys and indexes of every kind.
pub fn tables() -> Vec<Arc<TableDefinition>> {
    let roots = [
        <models::blogging::User as RootType>::definition(),
        <models::indexes::Measurement as RootType>::definition(),
        <models::keys::Book as RootType>::definition(),
        <models::keys::Reader as RootType>::definition(),
        <models::poly::Document as RootType>::definition(),
        <models::poly::Event as RootType>::definition(),
        <models::poly_keys::Vehicle as RootType>::definition(),
        <models::queries::Item as RootType>::definition(),
        <models::queries::Shelf as RootType>::definition(),
        <models::renames::Customer as RootType>::definition(),
    ];
    roots.into_iter().filter_map(|root| root.table().ok()).map(Arc::new).collect()
}

/// What was found wrong, and the number of plans that were checked.
#[derive(Debug, Default)]
pub struct Plans {
    /// The number of plans that were checked.
    pub looked_at: usize,
    /// The plans that are not as they have to be.
    pub complaints: Vec<String>,
}

/// Asks a back end for the plan of each form of filter that each index serves, in each of the orders, but at most `orders` of
/// them.
pub fn of_every_index<B: Backend>(
    backend: &B,
    definition: &Arc<TableDefinition>,
    orders: usize,
) -> Result<Plans, Error> {
    let mut tables = backend.block_on(backend.open(&[Arc::clone(definition)]))?;
    let mut plans = Plans::default();
    let Some(table) = tables.pop() else { return Ok(plans) };
    backend.block_on(backend.create_schema(&[&table]))?;
    for index in &definition.indexes {
        for scope in scopes(definition, index) {
            for (what, filter, constrained) in filters(definition, index) {
                for predicate in as_repositories_build_it(&filter, scope) {
                    for order in orders_in(definition, scope).into_iter().take(orders) {
                        let select = Select { order: order.clone(), ..Select::of(predicate.clone()) };
                        let plan = backend.block_on(backend.explain(&table, select))?;
                        plans.looked_at += 1;
                        if let Some(complaint) = complaint(definition, &plan, scope, &constrained) {
                            let by: Vec<_> = order.iter().map(|by| format!("{} {:?}", by.path, by.direction)).collect();
                            plans.complaints.push(format!(
                                "{complaint}: {what} of {} in scope {scope:?}, ordered by {by:?}:\n{plan}",
                                index.name
                            ));
                        }
                    }
                }
            }
        }
    }
    Ok(plans)
}

/// What is wrong with a plan that has to find its rows by these columns, if anything.
fn complaint(
    definition: &TableDefinition,
    plan: &Explanation,
    scope: Option<Scope>,
    constrained: &[usize],
) -> Option<&'static str> {
    let Access::Index { name, equal_columns, range } = &plan.access else { return Some("no index") };
    let Some(used) = definition.indexes.iter().find(|index| index.name == *name) else {
        return Some("an index that is not declared");
    };
    let bounded = equal_columns + usize::from(*range);
    if used.scope.is_some() && used.scope != scope {
        Some("a sibling's index")
    } else if bounded == 0 {
        Some("an index that is read from end to end")
    } else if !used.columns.iter().take(bounded).all(|column| constrained.contains(column)) {
        Some("an index by a column that the filter does not name")
    } else {
        None
    }
}

/// The scopes in which the index can be used.
fn scopes(definition: &TableDefinition, index: &Index) -> Vec<Option<Scope>> {
    match index.scope {
        Some(scope) => vec![Some(scope)],
        None => std::iter::once(None).chain(definition.scopes().map(Some)).collect(),
    }
}

/// The predicate as the derived repository builds it, and as the poly repository does for a filter over the derived type.
fn as_repositories_build_it(predicate: &Predicate, scope: Option<Scope>) -> Vec<Predicate> {
    match scope {
        None => vec![predicate.clone()],
        Some(scope) => vec![Predicate::Scope(scope).and(predicate.clone()), predicate.clone().scoped_to(scope)],
    }
}

/// Equalities of the first columns with each form about the next one: the form in words, the filter, and the columns that the
/// filter names.
fn filters(definition: &TableDefinition, index: &Index) -> Vec<(String, Predicate, Vec<usize>)> {
    let mut filters = Vec::new();
    for (length, next) in index.columns.iter().enumerate() {
        let constrained: Vec<_> = index.columns.iter().take(length + 1).copied().collect();
        let equal = index.columns.iter().take(length);
        let equal =
            equal.map(|column| compare(definition, *column, Comparison::Eq)).fold(Predicate::True, Predicate::and);
        for (form, predicate) in forms(definition, *next) {
            filters.push((format!("{length} equal and {form}"), equal.clone().and(predicate), constrained.clone()));
        }
    }
    // A key as a whole, and a list of keys.
    let property = index.properties.first().filter(|_| index.is_unique() && index.columns.len() > 1);
    if let Some((path, fields)) = property.and_then(|path| Some((path, record(definition, index, path)?))) {
        let (path, operands) = (path.clone(), vec![Value::Record(fields.clone()); 3]);
        filters.push((
            "some keys".to_owned(),
            Predicate::In { path: path.clone(), operands, negated: false },
            index.columns.clone(),
        ));
        let whole = Predicate::Compare { path, comparison: Comparison::Eq, operand: Value::Record(fields) };
        filters.push(("the key".to_owned(), whole, index.columns.clone()));
    }
    filters
}

/// A key value, if its fields are single values.
fn record(definition: &TableDefinition, index: &Index, path: &Path) -> Option<Vec<(&'static str, Value)>> {
    let field = |column: &usize| {
        let column = definition.columns.get(*column)?;
        match column.path.steps().get(path.steps().len()..)? {
            [step] => Some((step.name, value_of(&column.shape))),
            _ => None,
        }
    };
    index.columns.iter().map(field).collect()
}

fn forms(definition: &TableDefinition, column: usize) -> Vec<(&'static str, Predicate)> {
    use Comparison::{Eq, Ge, Gt, Le, Lt};
    let is = |comparison| compare(definition, column, comparison);
    let mut forms = vec![
        ("equal", is(Eq)),
        ("less", is(Lt)),
        ("at most", is(Le)),
        ("greater", is(Gt)),
        ("at least", is(Ge)),
        ("between", is(Ge).and(is(Le))),
    ];
    let Some(column) = definition.columns.get(column) else { return forms };
    if matches!(column.shape, Shape::Scalar(ScalarType::String)) {
        let below = Predicate::Compare { path: column.path.clone(), comparison: Lt, operand: Value::Text("y".into()) };
        forms.push(("prefix", is(Ge).and(below)));
    }
    let mut operands = vec![value_of(&column.shape); 3];
    forms.push(("one of", Predicate::In { path: column.path.clone(), operands: operands.clone(), negated: false }));
    if column.optional {
        operands.push(Value::NONE);
        forms.push(("one of or none", Predicate::In { path: column.path.clone(), operands, negated: false }));
        let none = Predicate::Compare { path: column.path.clone(), comparison: Eq, operand: Value::NONE };
        forms.push(("none", none));
    }
    forms
}

/// No order, each column in both directions, two columns, and a property without a column.
fn orders_in(definition: &TableDefinition, scope: Option<Scope>) -> Vec<Vec<OrderBy>> {
    let variant = scope.map(|scope| scope.variant);
    let columns = definition.columns.iter().filter(|column| column.variant.is_none() || column.variant == variant);
    let mut paths: Vec<_> = columns.map(|column| column.path.clone()).collect();
    if let Some(Shape::Struct { fields, .. }) =
        variant.or(Some(0)).and_then(|at| definition.variants.get(at)).map(|v| (v.shape)())
    {
        let plain = fields.iter().filter(|field| matches!((field.shape)(), Shape::Scalar(_)));
        let path = plain.map(|field| Path::root().then(field.step)).find(|path| !paths.contains(path));
        paths.extend(path.filter(|_| definition.variants.len() == 1 || scope.is_some()));
    }
    let by = |path: &Path, direction| OrderBy { path: path.clone(), direction };
    let mut orders = vec![Vec::new()];
    orders.extend(paths.iter().map(|path| vec![by(path, Direction::Ascending)]));
    orders.extend(paths.iter().map(|path| vec![by(path, Direction::Descending)]));
    orders.extend(
        paths.windows(2).map(|two| vec![by(&two[1], Direction::Ascending), by(&two[0], Direction::Descending)]),
    );
    orders
}

fn compare(definition: &TableDefinition, column: usize, comparison: Comparison) -> Predicate {
    let column = &definition.columns[column];
    Predicate::Compare { path: column.path.clone(), comparison, operand: value_of(&column.shape) }
}

fn value_of(shape: &Shape) -> Value {
    match shape {
        Shape::Choice { choices, .. } => choices.first().map_or(Value::NONE, |choice| Value::Text((*choice).into())),
        Shape::Scalar(ScalarType::Bool) => Value::Bool(true),
        Shape::Scalar(ScalarType::U64 | ScalarType::Usize) => Value::UInt(7),
        Shape::Scalar(ScalarType::F32 | ScalarType::F64) => Value::Float(1.5),
        Shape::Scalar(ScalarType::Char) => Value::Char('x'),
        Shape::Scalar(ScalarType::String) => Value::Text("x".into()),
        Shape::Scalar(ScalarType::Bytes) => Value::Bytes([1, 2].into()),
        Shape::Scalar(ScalarType::Uuid) => Value::Uuid(uuid::Uuid::nil()),
        Shape::Scalar(ScalarType::Timestamp) => Timestamp::from_unix(0, 0).map_or(Value::NONE, Value::Timestamp),
        _ => Value::Int(7),
    }
}
