//! Builds a plain query with the operators that users call.

use std::collections::{BTreeMap, BTreeSet};

use longevity_core::RowId;
use longevity_core::Storable;
use longevity_core::backend::{Direction, Predicate, Select};
use longevity_core::query::{Aggregate, AggregateFunction, Filter, Order, Projection, Prop, Query, Source};
use longevity_core::storable::kind::{HasLength, HasOrder, Holds, IsNumber, IsText};
use longevity_core::storable::{Collection, ScalarType};
use longevity_core::value::Comparison;

use super::any_value::{AnyOperand, AnyRow, AnyText, AnyValue};
use super::plain_query::{Condition, Join, JoinForm, Place, PlainFilter, PlainOrder, PlainQuery, TextTest};
use super::properties::Kind;
use super::random_queries::RandomQueries;
use super::scopes::Scope;
use super::typed_props::with_prop;
use crate::untyped::ReadProperty;

type Any = Filter<AnyRow>;

/// A filter, and the derived type that it is over; `None` for the type that owns the table.
struct Built {
    over: Option<usize>,
    filter: Any,
}

impl RandomQueries {
    /// The query. Its ids are row numbers, for [`with_row_ids`](super::with_row_ids).
    pub(crate) fn build(&self, plain: &PlainQuery) -> Select {
        let PlainQuery { filter, order, ties, offset, limit } = plain;
        let Built { over, filter } = self.filter_of(filter, None);
        let mut query = Query::<AnyRow>::new();
        query = match (self.variant, over) {
            (None, Some(derived)) => (self.scope(derived).of_poly)(query, filter),
            (Some(own), None) => (self.scope(own).of_derived)(query, filter),
            (None, None) | (Some(_), Some(_)) => query.filter(filter),
        };
        for by in order {
            if let Some(order) = order_by(by) {
                query = query.order_by(order);
            }
        }
        query = query.offset(*offset);
        if let Some(limit) = limit {
            query = query.limit(*limit);
        }
        // Pages backwards have the other end first.
        Select { ties: *ties, ..query.into_select() }
    }

    fn scope(&self, variant: usize) -> &Scope {
        match self.scopes.iter().find(|scope| scope.variant == variant) {
            Some(scope) => scope,
            None => panic!("there is no derived type in the variant {variant}"),
        }
    }

    /// `within`: over the derived type in this variant alone.
    fn filter_of(&self, filter: &PlainFilter, within: Option<usize>) -> Built {
        match filter {
            PlainFilter::All => Built { over: within, filter: Filter::all() },
            PlainFilter::Nothing => Built { over: within, filter: Filter::nothing() },
            PlainFilter::Is { variant, form } => Built { over: None, filter: (self.scope(*variant).is)(*form) },
            // No operator tests the id.
            PlainFilter::Id { comparison, number } => {
                let id = RowId::from_u128(*number as u128);
                Built { over: within, filter: Filter::from_predicate(Predicate::Id { comparison: *comparison, id }) }
            }
            PlainFilter::Of(place, condition) => {
                Built { over: place.property.scope.or(self.variant), filter: of_place(place, condition) }
            }
            PlainFilter::Not(part) => {
                let Built { over, filter } = self.filter_of(part, within);
                Built { over, filter: !filter }
            }
            PlainFilter::Joined { join, form, parts } => {
                let parts = parts.iter().map(|part| self.filter_of(part, within)).collect();
                self.joined(*join, *form, parts, within)
            }
            PlainFilter::Widened(variant, part) => {
                let part = self.filter_of(part, Some(*variant));
                Built { over: None, filter: self.widened(part) }
            }
        }
    }

    /// The filter over the type that owns the table.
    fn widened(&self, Built { over, filter }: Built) -> Any {
        over.map_or_else(|| filter.clone(), |derived| (self.scope(derived).widen)(filter.clone()))
    }

    fn joined(&self, join: Join, form: JoinForm, parts: Vec<Built>, within: Option<usize>) -> Built {
        let none = Built {
            over: within,
            filter: match join {
                Join::And => Filter::all(),
                Join::Or => Filter::nothing(),
            },
        };
        let parts = parts.into_iter();
        match form {
            JoinForm::Left => parts.reduce(|a, b| self.both(join, a, b)).unwrap_or(none),
            JoinForm::Right => parts.rev().reduce(|b, a| self.both(join, a, b)).unwrap_or(none),
            JoinForm::Some | JoinForm::Collected | JoinForm::Optional => {
                let parts: Vec<_> = parts.collect();
                let over = parts.first().map_or(within, |first| first.over);
                let alike = parts.iter().all(|part| part.over == over);
                let (over, filters): (_, Vec<_>) = match alike {
                    true => (over, parts.into_iter().map(|part| part.filter).collect()),
                    false => (None, parts.into_iter().map(|part| self.widened(part)).collect()),
                };
                Built { over, filter: collected(join, form, filters) }
            }
        }
    }

    fn both(&self, join: Join, a: Built, b: Built) -> Built {
        match (a.over, b.over) {
            (Some(derived), None) => {
                Built { over: None, filter: (self.scope(derived).before)(join, a.filter, b.filter) }
            }
            (None, Some(derived)) => {
                Built { over: None, filter: (self.scope(derived).after)(join, a.filter, b.filter) }
            }
            (Some(first), Some(second)) if first != second => {
                let a = Built { over: None, filter: self.widened(a) };
                self.both(join, a, b)
            }
            (over, _) => {
                let filter = match join {
                    Join::And => a.filter & b.filter,
                    Join::Or => a.filter | b.filter,
                };
                Built { over, filter }
            }
        }
    }
}

fn collected(join: Join, form: JoinForm, filters: Vec<Any>) -> Any {
    let optional = || filters.iter().cloned().flat_map(|filter| [None, Some(filter), None]);
    match (join, form) {
        (Join::And, JoinForm::Optional) => Filter::all_of(optional()),
        (Join::Or, JoinForm::Optional) => Filter::any_of(optional()),
        (Join::And, JoinForm::Some) => optional().fold(Filter::all(), Filter::and_some),
        (Join::Or, JoinForm::Some) => optional().fold(Filter::nothing(), Filter::or_some),
        (Join::And, JoinForm::Collected | JoinForm::Left | JoinForm::Right) => Filter::all_of(filters),
        (Join::Or, JoinForm::Collected | JoinForm::Left | JoinForm::Right) => Filter::any_of(filters),
    }
}

fn of_place(place: &Place, condition: &Condition) -> Any {
    if *condition == Condition::IsVariant {
        return place.property.is();
    }
    match place.property.kind {
        Kind::Scalar(ScalarType::String) => {
            with_prop!(place, AnyText, |prop| of_text(&prop, condition).unwrap_or_else(|| ordered(&prop, condition)))
        }
        Kind::List(_) => match (condition, place.options()) {
            (Condition::ContainsAny(_) | Condition::ContainsAll(_), 0) => {
                with_prop!(place, Vec<AnyValue>, |prop| of_elements(&prop.inner(), condition))
            }
            _ => with_prop!(place, Vec<AnyValue>, |prop| of_collection(&prop, condition)),
        },
        Kind::Set(_) => match (condition, place.options()) {
            (Condition::ContainsAny(_) | Condition::ContainsAll(_), 0) => {
                with_prop!(place, BTreeSet<AnyValue>, |prop| of_elements(&prop.inner(), condition))
            }
            _ => with_prop!(place, BTreeSet<AnyValue>, |prop| of_collection(&prop, condition)),
        },
        Kind::Map(..) => match condition {
            Condition::ContainsKey(key) => {
                with_prop!(place, BTreeMap<AnyValue, AnyValue>, |prop| prop.inner().contains_key(AnyValue(key.clone())))
            }
            _ => {
                with_prop!(place, BTreeMap<AnyValue, AnyValue>, |prop| {
                    of_length(&prop, condition).unwrap_or_else(|| any(&prop, condition))
                })
            }
        },
        Kind::Scalar(_) => with_prop!(place, AnyValue, |prop| ordered(&prop, condition)),
        Kind::Other | Kind::Variant => with_prop!(place, AnyValue, |prop| any(&prop, condition)),
    }
}

/// The conditions that every property has.
fn any<T: AnyOperand>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Any {
    match condition {
        Condition::Compare(Comparison::Eq, operand) => T::equals(prop, operand.clone()),
        Condition::Compare(Comparison::Ne, operand) => prop.ne(T::of(operand.clone())),
        Condition::Among { operands, negated: false } => prop.is_in(operands.iter().cloned().map(T::of)),
        Condition::Among { operands, negated: true } => prop.not_in(operands.iter().cloned().map(T::of)),
        Condition::IsNone => T::is_none(prop),
        Condition::IsSome => T::is_some(prop),
        other => panic!("{prop:?} does not have the condition {other:?}"),
    }
}

fn ordered<T: AnyOperand + Storable<Kind: HasOrder>>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Any {
    match condition {
        Condition::Compare(Comparison::Lt, operand) => prop.lt(T::of(operand.clone())),
        Condition::Compare(Comparison::Le, operand) => prop.le(T::of(operand.clone())),
        Condition::Compare(Comparison::Gt, operand) => prop.gt(T::of(operand.clone())),
        Condition::Compare(Comparison::Ge, operand) => prop.ge(T::of(operand.clone())),
        Condition::Between(low, high) => prop.between(T::of(low.clone()), T::of(high.clone())),
        other => any(prop, other),
    }
}

fn of_text<T>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Option<Any>
where
    T: AnyOperand + Storable<Kind: IsText + Holds<T, Part = String>>,
{
    let Condition::Text(test, text) = condition else { return None };
    Some(match test {
        TextTest::StartsWith => prop.starts_with(text),
        TextTest::EndsWith => prop.ends_with(text),
        TextTest::Contains => prop.contains(text),
        TextTest::EqIgnoreCase => prop.eq_ignore_case(text),
    })
}

fn of_collection<T>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Any
where
    T: AnyOperand + Storable<Kind: HasLength + Holds<T, Part = AnyValue>>,
{
    match condition {
        Condition::Contains(part) => prop.contains(AnyValue(part.clone())),
        other => of_length(prop, other).unwrap_or_else(|| any(prop, other)),
    }
}

fn of_elements<T: AnyOperand + Collection<Element = AnyValue>>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Any {
    match condition {
        Condition::ContainsAny(parts) => prop.contains_any(parts.iter().cloned().map(AnyValue)),
        Condition::ContainsAll(parts) => prop.contains_all(parts.iter().cloned().map(AnyValue)),
        other => any(prop, other),
    }
}

fn of_length<T: AnyOperand + Storable<Kind: HasLength>>(prop: &Prop<AnyRow, T>, condition: &Condition) -> Option<Any> {
    Some(match condition {
        Condition::Length(Comparison::Eq, length) => prop.len().eq(*length),
        Condition::Length(Comparison::Ne, length) => prop.len().ne(*length),
        Condition::Length(Comparison::Lt, length) => prop.len().lt(*length),
        Condition::Length(Comparison::Le, length) => prop.len().le(*length),
        Condition::Length(Comparison::Gt, length) => prop.len().gt(*length),
        Condition::Length(Comparison::Ge, length) => prop.len().ge(*length),
        Condition::LengthBetween(low, high) => prop.len().between(*low, *high),
        Condition::IsEmpty => prop.is_empty(),
        _ => return None,
    })
}

/// `None` for a property without an order.
fn order_by(PlainOrder { place, direction }: &PlainOrder) -> Option<Order<AnyRow>> {
    fn by<T: AnyOperand + Storable<Kind: HasOrder>>(prop: &Prop<AnyRow, T>, direction: Direction) -> Order<AnyRow> {
        match direction {
            Direction::Ascending => prop.asc(),
            Direction::Descending => prop.desc(),
        }
    }
    match place.property.kind {
        Kind::Scalar(_) => Some(with_prop!(place, AnyValue, |prop| by(&prop, *direction))),
        _ => None,
    }
}

impl Place {
    /// How to read its values and its aggregates. The property is read as optional.
    pub(crate) fn read(&self) -> ReadProperty {
        fn of<T: AnyOperand<Optional: AnyOperand>>(prop: &Prop<AnyRow, T>, sources: &mut Vec<Source>) {
            Projection::<AnyRow>::sources(&prop.optional(), sources);
        }
        fn ordered<T>(prop: &Prop<AnyRow, T>, is_number: bool, aggregates: &mut Vec<AggregateFunction>)
        where
            T: AnyOperand + Storable<Inner: AnyOperand, Kind: HasOrder + IsNumber>,
        {
            Aggregate::<AnyRow>::functions(&prop.min(), aggregates);
            Aggregate::<AnyRow>::functions(&prop.max(), aggregates);
            if is_number {
                Aggregate::<AnyRow>::functions(&prop.sum(), aggregates);
            }
        }
        let (mut sources, mut aggregates) = (Vec::new(), Vec::new());
        with_prop!(self, AnyValue, |prop| of(&prop, &mut sources));
        if self.property.is_ordered() {
            let is_number = self.property.is_number();
            with_prop!(self, AnyValue, |prop| ordered(&prop, is_number, &mut aggregates));
        }
        let source = sources.into_iter().next().unwrap_or(Source::Type);
        ReadProperty { description: self.to_string(), source, aggregates }
    }
}
