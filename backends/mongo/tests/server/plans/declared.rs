//! The keys and indexes of all models, by the plans of their look-ups, filters and orders.

use std::sync::Arc;

use longevity::backend::Value;
use longevity::backend::table::{Index, Scope, TableDefinition};
use longevity::backend::value::Comparison;
use longevity::backend::{Backend, Lookup, Session};
use longevity::backend::{Direction, OrderBy, Predicate, Select};
use longevity::prelude::*;
use longevity::storable::{ScalarType, Shape};
use longevity::{Access, DomainModel, Explanation, RootType};
use longevity_core::Path;
use longevity_tests::models;

use crate::place::Place;

type Table = <Mongo as Session>::Table;

/// The definitions of all tables of a model.
fn definitions<M: DomainModel>(
    listed: impl IntoIterator<Item = longevity::backend::definition::RootDefinition>,
) -> Vec<TableDefinition> {
    let tables: Vec<_> = listed.into_iter().map(|root| root.table().unwrap()).collect();
    let described: Vec<_> = M::description().types.iter().map(|described| described.name.to_owned()).collect();
    assert_eq!(tables.iter().map(|table| table.type_name.to_owned()).collect::<Vec<_>>(), described);
    tables
}

macro_rules! tables {
    ($($model:ty: $($root:ty),+;)+) => {{
        let mut all = Vec::new();
        $(all.extend(definitions::<$model>([$(<$root as RootType>::definition()),+]));)+
        all
    }};
}

fn tables() -> Vec<TableDefinition> {
    use models::*;
    tables! {
        basics::Basics: basics::Scalars, basics::Optionals;
        blogging::Blogging: blogging::User, blogging::Blog, blogging::BlogPost;
        components::Components: components::Place, components::Thread;
        constrained::Constrained: constrained::Account;
        generics::Generics: generics::Booking, generics::Envelope<generics::Range<String>>;
        indexes::Indexes: indexes::Measurement;
        keys::Library: keys::Book, keys::Reader, keys::Flag, keys::Ticket, keys::Note;
        keywords::Keywords: keywords::Order, keywords::Group;
        modules::Household: modules::people::Person, modules::pets::Pet;
        poly::Office: poly::Document, poly::Event;
        poly_inline::Drawing: poly_inline::Shape, poly_inline::Signal;
        poly_keys::Traffic: poly_keys::Vehicle;
        primary_keys::PrimaryKeys: primary_keys::Plain, primary_keys::Nested, primary_keys::Composite,
            primary_keys::Hashed, primary_keys::Partitioned;
        renames::Renames: renames::Customer;
    }
}

/// An empty table in its own database, because two models have a table with the same name.
struct Bench {
    place: Place,
    table: Table,
    definition: Arc<TableDefinition>,
}

impl Bench {
    fn new(definition: TableDefinition) -> Option<Self> {
        let (place, definition) = (Place::new()?, Arc::new(definition));
        let table = place.mongo.block_on(place.mongo.open(&[Arc::clone(&definition)])).unwrap().remove(0);
        place.mongo.block_on(place.mongo.create_schema(&[&table])).unwrap();
        Some(Self { place, table, definition })
    }

    fn explain(&self, predicate: Predicate, order: Vec<OrderBy>) -> Explanation {
        let select = Select { order, ..Select::of(predicate) };
        self.place.mongo.block_on(self.place.mongo.explain(&self.table, select)).unwrap()
    }

    fn plan_of_key(&self, lookup: Lookup<'_>) -> Explanation {
        self.place.mongo.block_on(self.place.mongo.plan_of_key(&self.table, lookup)).unwrap()
    }

    /// The scopes in which an index is used, and whether it also serves the poly repository.
    fn scopes(&self, index: &Index) -> Vec<Option<Scope>> {
        match index.scope {
            Some(scope) => vec![Some(scope)],
            None => std::iter::once(None).chain(self.definition.scopes().map(Some)).collect(),
        }
    }

    fn path(&self, column: usize) -> Path {
        self.definition.columns[column].path.clone()
    }

    fn value(&self, column: usize) -> Value {
        value_of(&self.definition.columns[column].shape)
    }

    fn compare(&self, column: usize, comparison: Comparison) -> Predicate {
        Predicate::Compare { path: self.path(column), comparison, operand: self.value(column) }
    }

    fn is_before(&self, column: usize, operand: Value) -> Predicate {
        Predicate::Compare { path: self.path(column), comparison: Comparison::Lt, operand }
    }

    fn among(&self, column: usize) -> Predicate {
        let mut operands = vec![self.value(column); 2];
        if self.definition.columns[column].optional {
            operands.push(Value::NONE);
        }
        Predicate::In { path: self.path(column), operands, negated: false }
    }

    /// The problem with the plan, if any. The plan has to use an index of the model that covers only the requested rows, or the
    /// index on the discriminator. If several qualify, the server chooses any of them, because it has no rows to try them on.
    fn complaint(&self, plan: &Explanation, scope: Option<Scope>, asked: &[usize]) -> Option<&str> {
        let Access::Index { name, equal_columns, range } = &plan.access else { return Some("no index") };
        let Some(used) = self.definition.indexes.iter().find(|index| index.name == *name) else {
            return Some("an index that is not the model's");
        };
        let bounded = &used.columns[..equal_columns + usize::from(*range)];
        let by_type = used.scope.is_some() && used.scope == scope;
        if used.scope.is_some() && !by_type {
            Some("a sibling's index")
        } else if bounded.iter().any(|column| !asked.contains(column)) || (bounded.is_empty() && !by_type) {
            Some("not by what is asked for")
        } else if !plan.ordered_by_access {
            Some("sorts")
        } else {
            None
        }
    }
}

fn value_of(shape: &Shape) -> Value {
    match shape {
        Shape::Choice { choices, .. } => Value::Text(choices[0].into()),
        Shape::Scalar(ScalarType::Bool) => Value::Bool(true),
        Shape::Scalar(ScalarType::U64 | ScalarType::Usize) => Value::UInt(7),
        Shape::Scalar(ScalarType::F32 | ScalarType::F64) => Value::Float(1.5),
        Shape::Scalar(ScalarType::Char) => Value::Char('x'),
        Shape::Scalar(ScalarType::String) => Value::Text("x".into()),
        Shape::Scalar(ScalarType::Bytes) => Value::Bytes([1, 2].into()),
        Shape::Scalar(ScalarType::Uuid) => Value::Uuid(uuid::Uuid::nil()),
        Shape::Scalar(ScalarType::Timestamp) => Value::Timestamp(Timestamp::from_unix(0, 0).unwrap()),
        Shape::Scalar(_) => Value::Int(7),
        other => panic!("a column of {other:?}"),
    }
}

/// The predicate of the derived repository, and the same filter in the poly repository.
fn as_said(predicate: &Predicate, scope: Option<Scope>) -> Vec<Predicate> {
    match scope {
        None => vec![predicate.clone()],
        Some(scope) => vec![Predicate::Scope(scope).and(predicate.clone()), predicate.clone().scoped_to(scope)],
    }
}

fn all_of(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
    parts.into_iter().fold(Predicate::True, Predicate::and)
}

/// All wrong plans, to report them together.
#[derive(Default)]
struct Complaints {
    plans: usize,
    found: Vec<String>,
}

impl Complaints {
    fn note(&mut self, complaint: Option<&str>, what: &str, scope: Option<Scope>, plan: &Explanation) {
        self.plans += 1;
        if let Some(complaint) = complaint {
            self.found.push(format!("{complaint}: {what} in scope {scope:?}:\n{plan}"));
        }
    }

    fn assert_none_of(self, at_least: usize) {
        assert!(self.plans >= at_least, "only {} plans were checked", self.plans);
        assert!(self.found.is_empty(), "{} of {}\n{}", self.found.len(), self.plans, self.found.join("\n\n"));
    }
}

#[test]
fn keys_and_indexes_serve_their_queries() {
    let mut complaints = Complaints::default();
    for definition in tables() {
        let Some(bench) = Bench::new(definition) else { return };
        for (position, index) in bench.definition.indexes.iter().enumerate() {
            let name = &index.name;
            for scope in bench.scopes(index) {
                if index.is_unique() {
                    let values: Vec<_> = index.columns.iter().map(|column| bench.value(*column)).collect();
                    let values: Vec<_> = values.iter().map(Value::as_value_ref).collect();
                    let lookup = Lookup { index: position, values: &values, scope };
                    let plan = bench.plan_of_key(lookup);
                    complaints.note(bench.complaint(&plan, scope, &index.columns), name, scope, &plan);
                }
                let equal = all_of(index.columns.iter().map(|column| bench.compare(*column, Comparison::Eq)));
                for predicate in as_said(&equal, scope) {
                    let plan = bench.explain(predicate, Vec::new());
                    complaints.note(bench.complaint(&plan, scope, &index.columns), name, scope, &plan);
                }
                let (last, first) = index.columns.split_last().unwrap();
                let mut ends = vec![bench.compare(*last, Comparison::Ge), bench.among(*last)];
                if let Value::Text(_) = bench.value(*last) {
                    // A query expresses in this way that a string begins with a prefix.
                    ends.push(ends[0].clone().and(bench.is_before(*last, Value::Text("y".into()))));
                }
                let asked = ends
                    .into_iter()
                    .map(|end| all_of(first.iter().map(|column| bench.compare(*column, Comparison::Eq)).chain([end])));
                for predicate in asked.flat_map(|asked| as_said(&asked, scope)) {
                    let order = vec![OrderBy { path: bench.path(*last), direction: Direction::Ascending }];
                    let plan = bench.explain(predicate, order);
                    complaints.note(bench.complaint(&plan, scope, &index.columns), name, scope, &plan);
                }
            }
        }
        for scope in bench.definition.scopes() {
            let plan = bench.explain(Predicate::Scope(scope), Vec::new());
            let by_type = format!("{}._type.index", bench.definition.name);
            let complaint = match plan.index() {
                Some(name) if name == by_type => (!plan.ordered_by_access).then_some("sorts"),
                _ => Some("not by the discriminator"),
            };
            complaints.note(complaint, "all of a type", Some(scope), &plan);
        }
    }
    complaints.assert_none_of(500);
}
