//! Queries find what the meaning of their filter says, indexed or not, in their order, and find, count, exists and
//! stream agree.

use longevity_core::backend::Direction;
use longevity_core::blocking::Repo;
use longevity_core::value::Comparison;
use longevity_core::{DomainModel, PState, PersistentType, Value};

use super::room::{BackendOf, Room, Tested};
use super::unique::collide;
use crate::fixture::Fixture;
use crate::outcome::Outcome;
use crate::questions::{
    Asked, By, Join, JoinForm, Kind, Place, Plain, Property, Question, Questions, Scope, Ways, What, agree, properties,
};

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ORDER: [Comparison; 4] = [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
/// How many values of each property become operands.
const OPERANDS: usize = 4;

/// A repository with rows, and what they have to give.
struct Asking<T: PersistentType, F: Fixture> {
    repo: Repo<T, BackendOf<F>>,
    questions: Questions,
    properties: Vec<Property>,
    states: Vec<PState<T>>,
    rows: Vec<Plain>,
}

impl<T: PersistentType, F: Fixture> Asking<T, F> {
    fn new<M: DomainModel>(room: &Room<T, M, F>, repo: Repo<T, BackendOf<F>>) -> Outcome<Self>
    where
        T: Tested<M>,
    {
        let definition = room.definition()?;
        let states = populated(room, &repo)?;
        let values = states.iter().map(PState::get);
        let questions = Questions::about::<T, T>(definition, &Scope::all::<M, T::Root>(), values.clone());
        let rows = values.enumerate().map(|(number, value)| Plain::of(number, value)).collect();
        Ok(Self { repo, questions, properties: properties::<T>(definition), states, rows })
    }

    fn check(&self, filter: Question) -> Outcome {
        self.asked(&Asked::of(filter))
    }

    fn asked(&self, asked: &Asked) -> Outcome {
        agree(&self.questions, &self.repo, &self.states, &self.rows, asked, Ways::Rows)
    }

    /// The values that rows which have the property have in the place.
    fn values(&self, place: &Place) -> impl Iterator<Item = Value> {
        let scope = place.property.scope;
        let rows = self.rows.iter().filter(move |row| scope.is_none_or(|scope| scope == row.variant));
        rows.map(|row| place.value(row))
    }

    /// Values that rows have in the place, each once, and none.
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

    /// Elements of the collections that rows have in the place.
    fn elements(&self, place: &Place) -> Vec<Value> {
        let elements = self.values(place).flat_map(|list| match list {
            Value::List(elements) => elements,
            _ => Vec::new(),
        });
        elements.take(OPERANDS).collect()
    }
}

/// Every property compares with values that rows have, and with none, at each level of its options.
pub(crate) fn comparisons<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let asking = Asking::new(room, store.repo::<T>())?;
    for property in &asking.properties {
        if !property.has_value() {
            asking.check(Question::Of(Place { property: property.clone(), somes: 0 }, What::IsVariant))?;
            continue;
        }
        for somes in 0..=property.options {
            let place = Place { property: property.clone(), somes };
            for operand in asking.operands(&place) {
                for comparison in EQUALITY.into_iter().chain(ORDER.into_iter().filter(|_| property.is_ordered())) {
                    asking.check(Question::Of(place.clone(), What::Compare(comparison, operand.clone())))?;
                }
            }
            if matches!(property.kind, Kind::List(_) | Kind::Set(_)) {
                for element in asking.elements(&place) {
                    asking.check(Question::Of(place.clone(), What::Contains(element)))?;
                }
            }
        }
    }
    Ok(())
}

/// `&`, `|` and `!` over comparisons of different properties, and over all and nothing.
pub(crate) fn logic<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let asking = Asking::new(room, store.repo::<T>())?;
    let joined = |join, form, parts| Question::Joined { join, form, parts };
    let mut leaves = vec![Question::All, Question::Nothing];
    leaves.extend([Join::And, Join::Or].map(|join| joined(join, JoinForm::Collected, Vec::new())));
    leaves.extend(asking.questions.types());
    for (position, property) in asking.properties.iter().enumerate().filter(|(_, property)| property.has_value()) {
        let place = Place::within(property);
        if let Some(operand) = asking.operands(&place).into_iter().nth(position % 3) {
            let comparison = if property.is_ordered() { ORDER[position % 4] } else { EQUALITY[position % 2] };
            leaves.push(Question::Of(place, What::Compare(comparison, operand)));
        }
    }
    let not = |question: &Question| Question::Not(Box::new(question.clone()));
    let both = |join, a: Question, b: Question| joined(join, JoinForm::Left, vec![a, b]);
    for (position, left) in leaves.iter().enumerate() {
        let right = &leaves[(position * 7 + 3) % leaves.len()];
        asking.check(left.clone())?;
        asking.check(not(left))?;
        asking.check(both(Join::And, left.clone(), right.clone()))?;
        asking.check(both(Join::Or, left.clone(), right.clone()))?;
        asking.check(both(Join::Or, not(left), not(right)))?;
        asking.check(not(&both(Join::Or, left.clone(), not(right))))?;
        let alone = joined(Join::Or, JoinForm::Optional, vec![right.clone()]);
        asking.check(joined(Join::And, JoinForm::Collected, vec![left.clone(), alone]))?;
    }
    Ok(())
}

/// Orders by every property both ways, ties by id, with windows.
pub(crate) fn order_and_window<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let asking = Asking::new(room, store.repo::<T>())?;
    // Rows of a poly type are ordered by what all variants have.
    let ordered: Vec<_> =
        asking.properties.iter().filter(|property| property.is_ordered() && property.scope.is_none()).collect();
    let by = |property: &Property, direction| By { place: Place { property: property.clone(), somes: 0 }, direction };
    let mut orders = vec![vec![]];
    for (position, property) in ordered.iter().enumerate() {
        let next = &ordered[(position + 1) % ordered.len()];
        orders.push(vec![by(property, Direction::Ascending)]);
        orders.push(vec![by(property, Direction::Descending)]);
        orders.push(vec![by(property, Direction::Ascending), by(next, Direction::Descending)]);
    }
    let rows = asking.states.len() as u64;
    let windows = [(0, None), (1, Some(2)), (0, Some(0)), (rows, None), (rows - 1, Some(9)), (rows + 5, Some(1))];
    for order in orders {
        for (offset, limit) in windows {
            asking.asked(&Asked { order: order.clone(), offset, limit, ..Asked::of(Question::All) })?;
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
