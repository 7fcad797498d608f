//! Queries find what the meaning of their filter says, indexed or not, in their order, and find, count, exists and
//! stream agree.

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::{Direction, OrderBy, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::value::Comparison;
use longevity_core::{DomainModel, PState, PersistentType, Value};

use super::room::{Room, Tested};
use super::unique::collide;
use crate::fixture::Fixture;
use crate::outcome::Outcome;
use crate::questions::{Kind, Property, Ways, agree, properties};

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ORDER: [Comparison; 4] = [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
/// How many values of each property become operands.
const OPERANDS: usize = 4;

/// Every property compares with values that rows have, and with none, as `evaluate` says.
pub(crate) fn comparisons<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let definition = room.definition()?;
    let states = populated(room, &repo)?;
    for property in properties::<T>(definition) {
        for operand in operands(definition, &property, &states) {
            for comparison in EQUALITY {
                check(definition, &repo, &states, property.compare(comparison, operand.clone()))?;
            }
            for comparison in ORDER.into_iter().filter(|_| property.is_ordered()) {
                check(definition, &repo, &states, property.compare(comparison, operand.clone()))?;
            }
        }
        if property.is_collection() {
            for element in elements(definition, &property, &states) {
                check(definition, &repo, &states, property.contains(element))?;
            }
        }
    }
    Ok(())
}

/// `&`, `|` and `!` over comparisons of different properties, and over all and nothing.
pub(crate) fn logic<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let definition = room.definition()?;
    let states = populated(room, &repo)?;
    let mut leaves = vec![Predicate::All, Predicate::Nothing, Predicate::And(vec![]), Predicate::Or(vec![])];
    leaves
        .extend(definition.variants.iter().filter_map(|variant| variant.discriminators).map(Predicate::Discriminator));
    for (position, property) in properties::<T>(definition).iter().enumerate() {
        if let Some(operand) = operands(definition, property, &states).into_iter().nth(position % 3) {
            let comparison = if property.is_ordered() { ORDER[position % 4] } else { EQUALITY[position % 2] };
            leaves.push(property.compare(comparison, operand));
        }
    }
    for (position, left) in leaves.iter().enumerate() {
        let right = &leaves[(position * 7 + 3) % leaves.len()];
        check(definition, &repo, &states, left.clone())?;
        check(definition, &repo, &states, left.clone().negate())?;
        check(definition, &repo, &states, left.clone().and(right.clone()))?;
        check(definition, &repo, &states, left.clone().or(right.clone()))?;
        check(definition, &repo, &states, left.clone().negate().or(right.clone().negate()))?;
        check(definition, &repo, &states, left.clone().or(right.clone().negate()).negate())?;
        check(definition, &repo, &states, Predicate::And(vec![left.clone(), Predicate::Or(vec![right.clone()])]))?;
    }
    Ok(())
}

/// Orders by every property both ways, ties by id, with windows.
pub(crate) fn order_and_window<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let definition = room.definition()?;
    let states = populated(room, &repo)?;
    // Rows of a poly type are ordered by what all variants have.
    let ordered: Vec<_> = properties::<T>(definition)
        .into_iter()
        .filter(|property| property.is_ordered() && property.scope.is_none())
        .collect();
    let by = |property: &Property, direction| OrderBy { path: property.path.clone(), direction };
    let mut orders = vec![vec![]];
    for (position, property) in ordered.iter().enumerate() {
        let next = &ordered[(position + 1) % ordered.len()];
        orders.push(vec![by(property, Direction::Ascending)]);
        orders.push(vec![by(property, Direction::Descending)]);
        orders.push(vec![by(property, Direction::Ascending), by(next, Direction::Descending)]);
    }
    let rows = states.len() as u64;
    let windows = [(0, None), (1, Some(2)), (0, Some(0)), (rows, None), (rows - 1, Some(9)), (rows + 5, Some(1))];
    for order in orders {
        for (offset, limit) in windows {
            let select = Select { order: order.clone(), offset, limit, ..Select::of(Predicate::All) };
            agree(definition, &repo, &states, &select, Ways::Rows)?;
        }
    }
    Ok(())
}

/// Rows of samples, and of samples that differ in nothing but their keys, so that there are ties.
fn populated<M: DomainModel, T: Tested<M>, F: Fixture>(
    room: &Room<T, M, F>,
    repo: &Repo<T, F::Backend>,
) -> Outcome<Vec<PState<T>>> {
    let definition = room.definition()?;
    let mut values = room.samples()?;
    let half = values.len().div_ceil(2);
    for position in half..values.len() {
        let twin = values[position - half].clone();
        let twin = room.keys().iter().fold(twin, |twin, key| key.copied(&values[position], twin));
        let others = values.iter().enumerate().filter(|(other, _)| *other != position);
        if !others.into_iter().any(|(_, other)| collide(definition, other, &twin)) {
            values[position] = twin;
        }
    }
    let mut states = values.into_iter().map(|value| repo.create(value)).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(PState::id);
    Ok(states)
}

/// Values that rows have in the property, each once, and none.
fn operands<T: PersistentType>(definition: &TableDefinition, property: &Property, states: &[PState<T>]) -> Vec<Value> {
    if matches!(property.kind, Kind::Variant) {
        return vec![Value::None(0)];
    }
    let mut operands = Vec::new();
    for value in states.iter().filter_map(|state| property.value(definition, state.get())) {
        if operands.len() < OPERANDS && !operands.iter().any(|operand: &Value| operand.is_identical(&value)) {
            operands.push(value);
        }
    }
    if !operands.iter().any(|operand| operand.is_identical(&Value::None(0))) {
        operands.push(Value::None(0));
    }
    operands
}

/// Elements of the collections that rows have in the property.
fn elements<T: PersistentType>(definition: &TableDefinition, property: &Property, states: &[PState<T>]) -> Vec<Value> {
    let lists = states.iter().filter_map(|state| property.value(definition, state.get()));
    let elements = lists.flat_map(|list| match list {
        Value::List(elements) => elements,
        _ => Vec::new(),
    });
    elements.take(OPERANDS).collect()
}

fn check<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    predicate: Predicate,
) -> Outcome {
    agree(definition, repo, states, &Select::of(predicate), Ways::Rows)
}
