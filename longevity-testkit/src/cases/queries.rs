//! Queries find the rows that their filter means, indexed or not, in their order. Find, count, exists and stream agree.

use longevity_core::backend::Direction;
use longevity_core::blocking::Repo;
use longevity_core::value::Comparison;
use longevity_core::{DomainModel, PState, PersistentType, Value};

use super::context::{BackendOf, CaseContext, Tested};
use crate::fixture::Fixture;
use crate::outcome::Outcome;
use crate::plan::scopes_of;
use crate::queries::{
    Checks, Condition, Join, JoinForm, Kind, Place, PlainFilter, PlainOrder, PlainQuery, PlainRow, Property,
    RandomQueries, check_query, properties,
};
use crate::values::collide;

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ORDER: [Comparison; 4] = [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
/// How many values of each property become operands.
const OPERANDS: usize = 4;

/// A repository with rows, and the same rows as plain values.
struct QueriedRepo<T: PersistentType, F: Fixture> {
    repo: Repo<T, BackendOf<F>>,
    queries: RandomQueries,
    properties: Vec<Property>,
    states: Vec<PState<T>>,
    rows: Vec<PlainRow>,
}

impl<T: PersistentType, F: Fixture> QueriedRepo<T, F> {
    fn new<M: DomainModel>(context: &CaseContext<T, M, F>, repo: Repo<T, BackendOf<F>>) -> Outcome<Self>
    where
        T: Tested<M>,
    {
        let definition = context.definition()?;
        let states = populated(context, &repo)?;
        let values = states.iter().map(PState::get);
        let queries = RandomQueries::about::<T, T>(definition, &scopes_of::<M, T::Root>(), values.clone());
        let rows = values.enumerate().map(|(number, value)| PlainRow::of(number, value)).collect();
        Ok(Self { repo, queries, properties: properties::<T>(definition), states, rows })
    }

    fn check_filter(&self, filter: PlainFilter) -> Outcome {
        self.check(&PlainQuery::of(filter))
    }

    fn check(&self, query: &PlainQuery) -> Outcome {
        check_query(&self.queries, &self.repo, &self.states, &self.rows, query, Checks::Rows)
    }

    /// The values in the place, of the rows that have the property.
    fn values(&self, place: &Place) -> impl Iterator<Item = Value> {
        let scope = place.property.scope;
        let rows = self.rows.iter().filter(move |row| scope.is_none_or(|scope| scope == row.variant));
        rows.map(|row| place.value(row))
    }

    /// Some values of rows in the place, each once, and `None`.
    fn operands(&self, place: &Place) -> Vec<Value> {
        let mut operands = Vec::new();
        for value in self.values(place).filter(|value| place.options() > 0 || !value.is_none()) {
            if operands.len() < OPERANDS && !operands.iter().any(|operand: &Value| operand.is_identical(&value)) {
                operands.push(value);
            }
        }
        if place.options() > 0 && !operands.iter().any(|operand| operand.is_identical(&Value::NONE)) {
            operands.push(Value::NONE);
        }
        operands
    }

    /// Some elements of the collections of rows in the place.
    fn elements(&self, place: &Place) -> Vec<Value> {
        let elements = self.values(place).flat_map(|list| match list {
            Value::List(elements) => elements,
            _ => Vec::new(),
        });
        elements.take(OPERANDS).collect()
    }
}

/// Compares every property with values of rows, and with `None`, at each level of its options.
pub(crate) fn comparisons<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let queried = QueriedRepo::new(context, store.repo::<T>())?;
    for property in &queried.properties {
        if !property.has_value() {
            queried
                .check_filter(PlainFilter::Of(Place { property: property.clone(), somes: 0 }, Condition::IsVariant))?;
            continue;
        }
        for somes in 0..=property.options {
            let place = Place { property: property.clone(), somes };
            for operand in queried.operands(&place) {
                for comparison in EQUALITY.into_iter().chain(ORDER.into_iter().filter(|_| property.is_ordered())) {
                    queried.check_filter(PlainFilter::Of(
                        place.clone(),
                        Condition::Compare(comparison, operand.clone()),
                    ))?;
                }
            }
            if matches!(property.kind, Kind::List(_) | Kind::Set(_)) {
                for element in queried.elements(&place) {
                    queried.check_filter(PlainFilter::Of(place.clone(), Condition::Contains(element)))?;
                }
            }
        }
    }
    Ok(())
}

/// `&`, `|` and `!` over comparisons of different properties, and over all and nothing.
pub(crate) fn logic<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let queried = QueriedRepo::new(context, store.repo::<T>())?;
    let joined = |join, form, parts| PlainFilter::Joined { join, form, parts };
    let mut leaves = vec![PlainFilter::All, PlainFilter::Nothing];
    leaves.extend([Join::And, Join::Or].map(|join| joined(join, JoinForm::Collected, Vec::new())));
    leaves.extend(queried.queries.types());
    for (position, property) in queried.properties.iter().enumerate().filter(|(_, property)| property.has_value()) {
        let place = Place::within(property);
        if let Some(operand) = queried.operands(&place).into_iter().nth(position % 3) {
            let comparison = if property.is_ordered() { ORDER[position % 4] } else { EQUALITY[position % 2] };
            leaves.push(PlainFilter::Of(place, Condition::Compare(comparison, operand)));
        }
    }
    let not = |filter: &PlainFilter| PlainFilter::Not(Box::new(filter.clone()));
    let both = |join, a: PlainFilter, b: PlainFilter| joined(join, JoinForm::Left, vec![a, b]);
    for (position, left) in leaves.iter().enumerate() {
        let right = &leaves[(position * 7 + 3) % leaves.len()];
        queried.check_filter(left.clone())?;
        queried.check_filter(not(left))?;
        queried.check_filter(both(Join::And, left.clone(), right.clone()))?;
        queried.check_filter(both(Join::Or, left.clone(), right.clone()))?;
        queried.check_filter(both(Join::Or, not(left), not(right)))?;
        queried.check_filter(not(&both(Join::Or, left.clone(), not(right))))?;
        let alone = joined(Join::Or, JoinForm::Optional, vec![right.clone()]);
        queried.check_filter(joined(Join::And, JoinForm::Collected, vec![left.clone(), alone]))?;
    }
    Ok(())
}

/// Orders by every property in both directions, ties by id, with windows.
pub(crate) fn order_and_window<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let queried = QueriedRepo::new(context, store.repo::<T>())?;
    // Rows of a poly type are ordered by properties that all variants have.
    let ordered: Vec<_> =
        queried.properties.iter().filter(|property| property.is_ordered() && property.scope.is_none()).collect();
    let by = |property: &Property, direction| PlainOrder {
        place: Place { property: property.clone(), somes: 0 },
        direction,
    };
    let mut orders = vec![vec![]];
    for (position, property) in ordered.iter().enumerate() {
        let next = &ordered[(position + 1) % ordered.len()];
        orders.push(vec![by(property, Direction::Ascending)]);
        orders.push(vec![by(property, Direction::Descending)]);
        orders.push(vec![by(property, Direction::Ascending), by(next, Direction::Descending)]);
    }
    let rows = queried.states.len() as u64;
    let windows = [(0, None), (1, Some(2)), (0, Some(0)), (rows, None), (rows - 1, Some(9)), (rows + 5, Some(1))];
    for order in orders {
        for (offset, limit) in windows {
            queried.check(&PlainQuery { order: order.clone(), offset, limit, ..PlainQuery::of(PlainFilter::All) })?;
        }
    }
    Ok(())
}

/// Creates rows of samples. Half of them differ from others in their keys only, so that there are ties.
fn populated<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    repo: &Repo<T, F::Backend>,
) -> Outcome<Vec<PState<T>>> {
    let definition = context.definition()?;
    let mut values = context.samples()?;
    let half = values.len().div_ceil(2);
    for position in half..values.len() {
        let twin = values[position - half].clone();
        let twin = context.keys().iter().fold(twin, |twin, key| key.copied(&values[position], twin));
        let others = values.iter().enumerate().filter(|(other, _)| *other != position);
        if !others.into_iter().any(|(_, other)| collide(definition, other, &twin)) {
            values[position] = twin;
        }
    }
    let mut states = values.into_iter().map(|value| repo.create(value)).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(PState::id);
    Ok(states)
}
