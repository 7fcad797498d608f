//! SQLite's plans. Each declared key and index serves the look-ups, filters and orders that it was declared for, through the poly
//! repository and through each derived one.

use std::sync::Arc;

use longevity::backend::Value;
use longevity::backend::table::{Index, Scope, TableDefinition};
use longevity::backend::value::Comparison;
use longevity::backend::{Backend, Session};
use longevity::backend::{Direction, OrderBy, Predicate, Select};
use longevity::prelude::*;
use longevity::storable::{ScalarType, Shape};
use longevity::{Access, DomainModel, Explanation, RootType};
use longevity_core::Path;
use longevity_tests::models;

type Table = <Sqlite as Session>::Table;

/// All definitions of a model.
fn definitions<M: DomainModel>(
    listed: impl IntoIterator<Item = longevity::backend::definition::RootDefinition>,
) -> Vec<TableDefinition> {
    let tables: Vec<_> = listed.into_iter().map(|root| root.table().unwrap()).collect();
    let names = |table: &TableDefinition| table.type_name.to_owned();
    let described: Vec<_> = M::description().types.iter().map(|described| described.name.to_owned()).collect();
    assert_eq!(tables.iter().map(names).collect::<Vec<_>>(), described, "the tables of {}", M::NAME);
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
        collections::Collections: collections::Lists, collections::Sets, collections::Maps;
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
        queries::Storage: queries::Shelf, queries::Item;
        renames::Renames: renames::Customer;
    }
}

/// A table of an empty database, on which ANALYZE has never run.
struct Bench {
    sqlite: Sqlite,
    table: Table,
    definition: Arc<TableDefinition>,
}

impl Bench {
    fn all() -> Vec<Self> {
        let bench = |definition| {
            let (sqlite, definition) = (Sqlite::in_memory(), Arc::new(definition));
            let table = sqlite.block_on(sqlite.open(&[Arc::clone(&definition)])).unwrap().remove(0);
            sqlite.block_on(sqlite.create_schema(&[&table])).unwrap();
            Self { sqlite, table, definition }
        };
        tables().into_iter().map(bench).collect()
    }

    fn explain(&self, predicate: Predicate, order: Vec<OrderBy>) -> Explanation {
        let select = Select { order, ..Select::of(predicate) };
        self.sqlite.block_on(self.sqlite.explain(&self.table, select)).unwrap()
    }

    /// The scopes in which an index is used, and whether the poly repository has it too.
    fn scopes(&self, index: &Index) -> Vec<Option<Scope>> {
        match index.scope {
            Some(scope) => vec![Some(scope)],
            None => std::iter::once(None).chain(self.definition.scopes().map(Some)).collect(),
        }
    }

    fn path(&self, column: usize) -> Path {
        self.definition.columns[column].path.clone()
    }

    fn compare(&self, column: usize, comparison: Comparison) -> Predicate {
        let operand = value_of(&self.definition.columns[column].shape);
        Predicate::Compare { path: self.path(column), comparison, operand }
    }

    /// The complaint about a plan that does not find the rows by an index with exactly these columns first, or by a key whose
    /// columns are among them, or that uses an index of a sibling.
    fn complaint(
        &self,
        plan: &Explanation,
        scope: Option<Scope>,
        equal: &[usize],
        ranged: Option<usize>,
    ) -> Option<&str> {
        let Access::Index { name, equal_columns, range } = &plan.access else { return Some("no index") };
        let details = plan.details.as_deref().unwrap();
        let used = self.definition.indexes.iter().find(|index| index.name == *name).unwrap();
        let holds = |columns: &[usize]| columns.iter().all(|column| equal.contains(column));
        let first = used.columns.get(..*equal_columns).unwrap();
        if used.scope.is_some() && used.scope != scope {
            Some("a sibling's index")
        } else if !details.starts_with("SEARCH ") || details.contains("SCAN") {
            Some("a scan")
        } else if used.is_unique() && *equal_columns == used.columns.len() && holds(first) {
            None // A key finds at most one row.
        } else if *equal_columns != equal.len() || !holds(first) {
            Some("not by all equal columns")
        } else if *range != ranged.is_some() || ranged.is_some_and(|column| used.columns[*equal_columns] != column) {
            Some("not by the range")
        } else {
            None
        }
    }
}

/// All complaints about plans, so that a failure shows them together.
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
        assert!(self.plans >= at_least, "only {} plans were looked at", self.plans);
        assert!(self.found.is_empty(), "{} of {}\n{}", self.found.len(), self.plans, self.found.join("\n\n"));
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

/// The predicate of the derived repository, and that of the poly repository for a filter over the derived type.
fn as_said(predicate: &Predicate, scope: Option<Scope>) -> Vec<Predicate> {
    match scope {
        None => vec![predicate.clone()],
        Some(scope) => vec![Predicate::Scope(scope).and(predicate.clone()), predicate.clone().scoped_to(scope)],
    }
}

fn all_of(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
    parts.into_iter().fold(Predicate::True, Predicate::and)
}

#[test]
fn a_key_is_looked_up_by_its_own_index() {
    let mut complaints = Complaints::default();
    for bench in Bench::all() {
        for (position, index) in bench.definition.indexes.iter().enumerate().filter(|(_, index)| index.is_unique()) {
            for scope in bench.scopes(index) {
                let plan = bench.sqlite.block_on(bench.sqlite.plan_of_key(&bench.table, position, scope)).unwrap();
                let complaint = bench.complaint(&plan, scope, &index.columns, None);
                let other = (plan.index() != Some(&index.name)).then_some("another index");
                complaints.note(complaint.or(other), &index.name, scope, &plan);
            }
        }
    }
    complaints.assert_none_of(40);
}

#[test]
fn only_a_key_of_the_table_has_a_plan() {
    let error = |bench: &Bench, index: usize, scope: Option<Scope>| {
        bench.sqlite.block_on(bench.sqlite.plan_of_key(&bench.table, index, scope)).unwrap_err().to_string()
    };
    let mut not_unique = 0;
    for bench in Bench::all() {
        let indexes = &bench.definition.indexes;
        for position in (0..=indexes.len()).filter(|at| indexes.get(*at).is_none_or(|index| !index.is_unique())) {
            not_unique += usize::from(position < indexes.len());
            assert!(error(&bench, position, None).contains("is not a key"));
        }
        assert!(error(&bench, 0, Some(Scope { variant: 0, discriminators: &["Nobody"] })).contains("has no variant"));
    }
    assert!(not_unique > 3);
}

#[test]
fn an_equality_on_all_columns_is_found_by_an_index() {
    let mut complaints = Complaints::default();
    for bench in Bench::all() {
        for index in &bench.definition.indexes {
            let predicate = all_of(index.columns.iter().map(|column| bench.compare(*column, Comparison::Eq)));
            for scope in bench.scopes(index) {
                for predicate in as_said(&predicate, scope) {
                    let plan = bench.explain(predicate, Vec::new());
                    let complaint = bench.complaint(&plan, scope, &index.columns, None);
                    complaints.note(complaint, &index.name, scope, &plan);
                }
            }
        }
    }
    complaints.assert_none_of(150);
}

#[test]
fn an_equality_on_some_columns_and_a_range_on_the_next_are_found_by_an_index() {
    let mut complaints = Complaints::default();
    for bench in Bench::all() {
        for index in &bench.definition.indexes {
            for (length, next) in index.columns.iter().enumerate() {
                let equal = &index.columns[..length];
                for comparison in [Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge] {
                    let prefix = equal.iter().map(|column| bench.compare(*column, Comparison::Eq));
                    let predicate = all_of(prefix.chain([bench.compare(*next, comparison)]));
                    for scope in bench.scopes(index) {
                        for predicate in as_said(&predicate, scope) {
                            let plan = bench.explain(predicate, Vec::new());
                            let complaint = bench.complaint(&plan, scope, equal, Some(*next));
                            // An index of the variant, and a range over the rows of all variants, are equally good.
                            let by_variant = scope.is_some() && equal.is_empty() && index.scope.is_none();
                            let own = bench
                                .definition
                                .indexes
                                .iter()
                                .any(|own| own.scope == scope && Some(own.name.as_str()) == plan.index());
                            let complaint = complaint.filter(|_| !(by_variant && own));
                            let what = format!("{} {comparison:?} at {length}", index.name);
                            complaints.note(complaint, &what, scope, &plan);
                        }
                    }
                }
            }
        }
    }
    complaints.assert_none_of(800);
}

#[test]
fn a_key_of_several_fields_is_found_by_its_value() {
    let mut complaints = Complaints::default();
    for bench in Bench::all() {
        for index in bench.definition.indexes.iter().filter(|index| index.is_unique() && index.columns.len() > 1) {
            let property = &index.properties[0];
            let columns = index.columns.iter().map(|column| &bench.definition.columns[*column]);
            // Only the key values whose fields are single values are looked up.
            let fields: Option<Vec<_>> = columns
                .map(|column| match &column.path.steps()[property.steps().len()..] {
                    [step] => Some((step.name, value_of(&column.shape))),
                    _ => None,
                })
                .collect();
            let Some(fields) = fields else { continue };
            let operand = Value::Record(fields);
            let predicate = Predicate::Compare { path: property.clone(), comparison: Comparison::Eq, operand };
            for scope in bench.scopes(index) {
                for predicate in as_said(&predicate, scope) {
                    let plan = bench.explain(predicate, Vec::new());
                    let complaint = bench.complaint(&plan, scope, &index.columns, None);
                    complaints.note(complaint, &index.name, scope, &plan);
                }
            }
        }
    }
    complaints.assert_none_of(10);
}

#[test]
fn an_order_by_the_columns_of_an_index_needs_no_sort() {
    let mut complaints = Complaints::default();
    for bench in Bench::all() {
        for index in &bench.definition.indexes {
            // An index of a poly type also holds the rows of other variants, so sorting may cost less in the scope of one.
            let scope = index.scope;
            let within = scope.map_or(Predicate::True, Predicate::Scope);
            let fixed = within.clone().and(bench.compare(index.columns[0], Comparison::Eq));
            for (predicate, skipped) in [(within, 0), (fixed, 1)] {
                let by = |column: &usize| OrderBy { path: bench.path(*column), direction: Direction::Ascending };
                let plan = bench.explain(predicate, index.columns.iter().skip(skipped).map(by).collect());
                let used = bench.definition.indexes.iter().find(|used| Some(used.name.as_str()) == plan.index());
                let complaint = match used {
                    None => Some("no index"),
                    Some(used) if used.scope.is_some() && used.scope != scope => Some("a sibling's"),
                    Some(_) => (!plan.ordered_by_access).then_some("sorts"),
                };
                complaints.note(complaint, &format!("{} without {skipped}", index.name), scope, &plan);
            }
        }
    }
    complaints.assert_none_of(100);
}

/// The rows of a derived type come in the order of their ids, and the first one comes at once, with and without indexes of that
/// type.
#[test]
fn all_rows_of_a_derived_type_need_no_sort() {
    use models::blogging::{Blogging, Commenter, Member};
    let store = longevity::blocking::Longevity::<Blogging, _>::open(Sqlite::in_memory()).unwrap();
    store.create_schema().unwrap();
    let m = Member::props();
    for explanation in [
        store.repo::<Member>().explain(Member::query()).unwrap(),
        store.repo::<Commenter>().explain(Commenter::query().limit(1)).unwrap(),
        store.repo::<Member>().explain(Member::query().filter(m.profile.image_uri.eq("x"))).unwrap(),
    ] {
        assert_eq!(explanation.index(), Some("user._type.index"), "{explanation}");
        assert!(explanation.ordered_by_access, "{explanation}");
    }
}

/// These are forms such as a range of one property ordered by another, a list, and a prefix. Without statistics SQLite would
/// prefer to read all rows in order.
#[test]
fn each_form_that_an_index_serves_is_found_by_an_index_in_every_order() {
    let (mut looked_at, mut found) = (0, Vec::new());
    for definition in longevity_tests::plans::tables() {
        let plans = longevity_tests::plans::of_every_index(&Sqlite::in_memory(), &definition, usize::MAX).unwrap();
        looked_at += plans.looked_at;
        found.extend(plans.complaints);
    }
    assert!(looked_at > 10_000, "only {looked_at} plans were looked at");
    assert!(found.is_empty(), "{} of {looked_at}\n{}", found.len(), found[..found.len().min(20)].join("\n\n"));
}

/// The same rule holds for the in-memory back end.
#[test]
fn each_form_that_an_index_serves_is_found_by_an_index_in_every_order_in_memory_too() {
    let mut found = Vec::new();
    for definition in longevity_tests::plans::tables() {
        found.extend(longevity_tests::plans::of_every_index(&Mem::new(), &definition, usize::MAX).unwrap().complaints);
    }
    assert!(found.is_empty(), "{}\n{}", found.len(), found[..found.len().min(20)].join("\n\n"));
}
