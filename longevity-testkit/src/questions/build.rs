//! The query that was asked, built by the operators that users call.

use std::collections::{BTreeMap, BTreeSet};

use longevity_core::RowId;
use longevity_core::Storable;
use longevity_core::backend::{Direction, Predicate, Select};
use longevity_core::query::{Aggregate, AggregateFunction, Filter, Order, Projection, Prop, Query, Source};
use longevity_core::storable::kind::{HasLength, HasOrder, Holds, IsNumber, IsText};
use longevity_core::storable::{Collection, ScalarType};
use longevity_core::value::Comparison;

use super::anything::{AnyRow, AnyText, Anything, Level};
use super::asked::{Asked, By, Join, JoinForm, Place, Question, Test, What};
use super::levels::with_prop;
use super::{Kind, Questions};
use crate::untyped::Read;

type Any = Filter<AnyRow>;

/// A filter, and the derived type that it is over; `None` if it is over the type that owns the table.
struct Built {
    over: Option<usize>,
    filter: Any,
}

impl Questions {
    /// The query. Ids in it are numbers of rows, for [`with_ids`](super::with_ids).
    pub(crate) fn build(&self, asked: &Asked) -> Select {
        let Asked { filter, order, ties, offset, limit } = asked;
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

    fn scope(&self, variant: usize) -> &super::Scope {
        match self.scopes.iter().find(|scope| scope.variant == variant) {
            Some(scope) => scope,
            None => panic!("there is no derived type in the variant {variant}"),
        }
    }

    /// `within`: over the derived type in this variant alone.
    fn filter_of(&self, question: &Question, within: Option<usize>) -> Built {
        match question {
            Question::All => Built { over: within, filter: Filter::all() },
            Question::Nothing => Built { over: within, filter: Filter::nothing() },
            Question::Is { variant, form } => Built { over: None, filter: (self.scope(*variant).is)(*form) },
            // No operator asks for it.
            Question::Id { comparison, number } => {
                let id = RowId::from_u128(*number as u128);
                Built { over: within, filter: Filter::from_predicate(Predicate::Id { comparison: *comparison, id }) }
            }
            Question::Of(place, what) => {
                Built { over: place.property.scope.or(self.variant), filter: of_place(place, what) }
            }
            Question::Not(part) => {
                let Built { over, filter } = self.filter_of(part, within);
                Built { over, filter: !filter }
            }
            Question::Joined { join, form, parts } => {
                let parts = parts.iter().map(|part| self.filter_of(part, within)).collect();
                self.joined(*join, *form, parts, within)
            }
            Question::Widened(variant, part) => {
                let part = self.filter_of(part, Some(*variant));
                Built { over: None, filter: self.widened(part) }
            }
        }
    }

    /// The same over the type that owns the table.
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

fn of_place(place: &Place, what: &What) -> Any {
    if *what == What::IsVariant {
        return place.property.is();
    }
    match place.property.kind {
        Kind::Scalar(ScalarType::String) => {
            with_prop!(place, AnyText, |prop| of_text(&prop, what).unwrap_or_else(|| ordered(&prop, what)))
        }
        Kind::List(_) => match (what, place.options()) {
            (What::ContainsAny(_) | What::ContainsAll(_), 0) => {
                with_prop!(place, Vec<Anything>, |prop| of_elements(&prop.inner(), what))
            }
            _ => with_prop!(place, Vec<Anything>, |prop| of_collection(&prop, what)),
        },
        Kind::Set(_) => match (what, place.options()) {
            (What::ContainsAny(_) | What::ContainsAll(_), 0) => {
                with_prop!(place, BTreeSet<Anything>, |prop| of_elements(&prop.inner(), what))
            }
            _ => with_prop!(place, BTreeSet<Anything>, |prop| of_collection(&prop, what)),
        },
        Kind::Map(..) => match what {
            What::ContainsKey(key) => {
                with_prop!(place, BTreeMap<Anything, Anything>, |prop| prop.inner().contains_key(Anything(key.clone())))
            }
            _ => {
                with_prop!(place, BTreeMap<Anything, Anything>, |prop| {
                    of_length(&prop, what).unwrap_or_else(|| any(&prop, what))
                })
            }
        },
        Kind::Scalar(_) => with_prop!(place, Anything, |prop| ordered(&prop, what)),
        Kind::Other | Kind::Variant => with_prop!(place, Anything, |prop| any(&prop, what)),
    }
}

/// What every property can be asked.
fn any<T: Level>(prop: &Prop<AnyRow, T>, what: &What) -> Any {
    match what {
        What::Compare(Comparison::Eq, operand) => T::equals(prop, operand.clone()),
        What::Compare(Comparison::Ne, operand) => prop.ne(T::of(operand.clone())),
        What::Among { operands, negated: false } => prop.is_in(operands.iter().cloned().map(T::of)),
        What::Among { operands, negated: true } => prop.not_in(operands.iter().cloned().map(T::of)),
        What::IsNone => T::is_none(prop),
        What::IsSome => T::is_some(prop),
        other => panic!("{prop:?} cannot be asked: {other:?}"),
    }
}

fn ordered<T: Level + Storable<Kind: HasOrder>>(prop: &Prop<AnyRow, T>, what: &What) -> Any {
    match what {
        What::Compare(Comparison::Lt, operand) => prop.lt(T::of(operand.clone())),
        What::Compare(Comparison::Le, operand) => prop.le(T::of(operand.clone())),
        What::Compare(Comparison::Gt, operand) => prop.gt(T::of(operand.clone())),
        What::Compare(Comparison::Ge, operand) => prop.ge(T::of(operand.clone())),
        What::Between(low, high) => prop.between(T::of(low.clone()), T::of(high.clone())),
        other => any(prop, other),
    }
}

fn of_text<T>(prop: &Prop<AnyRow, T>, what: &What) -> Option<Any>
where
    T: Level + Storable<Kind: IsText + Holds<T, Part = String>>,
{
    let What::Text(test, text) = what else { return None };
    Some(match test {
        Test::StartsWith => prop.starts_with(text),
        Test::EndsWith => prop.ends_with(text),
        Test::Contains => prop.contains(text),
        Test::EqIgnoreCase => prop.eq_ignore_case(text),
    })
}

fn of_collection<T>(prop: &Prop<AnyRow, T>, what: &What) -> Any
where
    T: Level + Storable<Kind: HasLength + Holds<T, Part = Anything>>,
{
    match what {
        What::Contains(part) => prop.contains(Anything(part.clone())),
        other => of_length(prop, other).unwrap_or_else(|| any(prop, other)),
    }
}

fn of_elements<T: Level + Collection<Element = Anything>>(prop: &Prop<AnyRow, T>, what: &What) -> Any {
    match what {
        What::ContainsAny(parts) => prop.contains_any(parts.iter().cloned().map(Anything)),
        What::ContainsAll(parts) => prop.contains_all(parts.iter().cloned().map(Anything)),
        other => any(prop, other),
    }
}

fn of_length<T: Level + Storable<Kind: HasLength>>(prop: &Prop<AnyRow, T>, what: &What) -> Option<Any> {
    Some(match what {
        What::Length(Comparison::Eq, length) => prop.len().eq(*length),
        What::Length(Comparison::Ne, length) => prop.len().ne(*length),
        What::Length(Comparison::Lt, length) => prop.len().lt(*length),
        What::Length(Comparison::Le, length) => prop.len().le(*length),
        What::Length(Comparison::Gt, length) => prop.len().gt(*length),
        What::Length(Comparison::Ge, length) => prop.len().ge(*length),
        What::LengthBetween(low, high) => prop.len().between(*low, *high),
        What::IsEmpty => prop.is_empty(),
        _ => return None,
    })
}

/// `None` for what has no order.
fn order_by(By { place, direction }: &By) -> Option<Order<AnyRow>> {
    fn by<T: Level + Storable<Kind: HasOrder>>(prop: &Prop<AnyRow, T>, direction: Direction) -> Order<AnyRow> {
        match direction {
            Direction::Ascending => prop.asc(),
            Direction::Descending => prop.desc(),
        }
    }
    match place.property.kind {
        Kind::Scalar(_) => Some(with_prop!(place, Anything, |prop| by(&prop, *direction))),
        _ => None,
    }
}

impl Place {
    /// How its values are read, and of which aggregates; as those of what may be absent.
    pub(crate) fn read(&self) -> Read {
        fn of<T: Level<Optional: Level>>(prop: &Prop<AnyRow, T>, sources: &mut Vec<Source>) {
            Projection::<AnyRow>::sources(&prop.optional(), sources);
        }
        fn ordered<T>(prop: &Prop<AnyRow, T>, is_number: bool, aggregates: &mut Vec<AggregateFunction>)
        where
            T: Level + Storable<Inner: Level, Kind: HasOrder + IsNumber>,
        {
            Aggregate::<AnyRow>::functions(&prop.min(), aggregates);
            Aggregate::<AnyRow>::functions(&prop.max(), aggregates);
            if is_number {
                Aggregate::<AnyRow>::functions(&prop.sum(), aggregates);
            }
        }
        let (mut sources, mut aggregates) = (Vec::new(), Vec::new());
        with_prop!(self, Anything, |prop| of(&prop, &mut sources));
        if self.property.is_ordered() {
            let is_number = self.property.is_number();
            with_prop!(self, Anything, |prop| ordered(&prop, is_number, &mut aggregates));
        }
        let source = sources.into_iter().next().unwrap_or(Source::Type);
        Read { told: self.to_string(), source, aggregates }
    }
}
