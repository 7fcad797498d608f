//! Every property of some rows, asked for every value that any of them has.

use std::cmp::Ordering;
use std::sync::Arc;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity::query::{Direction, OrderBy, Predicate, Select};
use longevity::storable::{Shape, ShapeFn, Storable};
use longevity::value::{Comparison, satisfies};
use longevity::{Document, RootType, Row, RowContent, RowId, Value};
use longevity_core::Path;

use crate::place::Place;

type Doc = <Mongo as Backend>::Doc;
type Table = <Mongo as Backend>::Table;

/// Rows of a type, and their ids in the order of creation.
pub(crate) struct Rows<P> {
    place: Place,
    table: Table,
    rows: Vec<P>,
    ids: Vec<RowId>,
    questions: usize,
    /// The answers that are not what core says.
    wrong: Vec<String>,
}

fn content(doc: Doc) -> RowContent<Doc> {
    RowContent { discriminator: None, doc, columns: Vec::new(), written_at: None }
}

fn at<T: Storable>(value: &T, path: &Path) -> Value {
    value.value_at(path.steps()).to_value()
}

/// The type behind newtypes and options.
fn behind(shape: ShapeFn) -> Shape {
    let mut shape = shape();
    while let Shape::Newtype { inner, .. } | Shape::Optional(inner) = shape {
        shape = inner();
    }
    shape
}

/// Whether rows can be put in the order of such values.
fn has_order(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar(_) | Shape::Choice { .. } => true,
        Shape::Struct { fields, .. } => fields.iter().all(|field| has_order(&behind(field.shape))),
        _ => false,
    }
}

impl<P: RootType + Document> Rows<P> {
    /// `None` if MongoDB is left out.
    pub(crate) fn new(rows: Vec<P>) -> Option<Self> {
        let place = Place::new()?;
        let mongo = &place.mongo;
        let definition = Arc::new(P::definition().table().unwrap());
        let table = mongo.block_on(mongo.open(&[definition])).unwrap().remove(0);
        mongo.block_on(mongo.create_schema(&table)).unwrap();
        let insert = |row: &P| {
            let doc = mongo.encode(row).unwrap();
            mongo.block_on(mongo.insert(&table, content(doc))).unwrap()
        };
        let ids = rows.iter().map(insert).collect();
        Some(Self { place, table, rows, ids, questions: 0, wrong: Vec::new() })
    }

    fn find(&self, predicate: Predicate, order: Vec<OrderBy>) -> Result<Vec<Row<Doc>>, longevity::Error> {
        let mongo = &self.place.mongo;
        mongo.block_on(mongo.find(&self.table, Select { order, ..Select::of(predicate) }))
    }

    fn ask(&mut self, predicate: Predicate, order: Vec<OrderBy>, expected: Vec<usize>, question: &dyn Fn() -> String) {
        self.questions += 1;
        let found = match self.find(predicate, order) {
            Ok(found) => found,
            Err(error) => return self.wrong.push(format!("{}: {error}", question())),
        };
        let found: Vec<_> = found.iter().map(|row| self.ids.iter().position(|id| *id == row.id).unwrap()).collect();
        if found != expected {
            self.wrong.push(format!("{} finds {found:?} and not {expected:?}", question()));
        }
    }

    fn value(&self, row: usize, path: &Path) -> Value {
        at(&self.rows[row], path)
    }

    /// The values of a property, each once.
    fn values(&self, path: &Path) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for row in 0..self.rows.len() {
            let value = self.value(row, path);
            if !values.iter().any(|other| other.is_identical(&value)) {
                values.push(value);
            }
        }
        values
    }

    fn where_value(&self, path: &Path, holds: impl Fn(&Value) -> bool) -> Vec<usize> {
        (0..self.rows.len()).filter(|row| holds(&self.value(*row, path))).collect()
    }

    fn ask_of_property(&mut self, path: &Path, shape: ShapeFn) {
        let shape = behind(shape);
        let mut comparisons = vec![Comparison::Eq, Comparison::Ne];
        if matches!(shape, Shape::Scalar(_) | Shape::Choice { .. }) {
            comparisons.extend([Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge]);
        }
        let values = self.values(path);
        for operand in &values {
            for comparison in comparisons.iter().copied() {
                let expected =
                    self.where_value(path, |value| satisfies(comparison, value.as_value_ref(), operand.as_value_ref()));
                let predicate = Predicate::Compare { path: path.clone(), comparison, operand: operand.clone() };
                self.ask(predicate.clone(), Vec::new(), expected.clone(), &|| {
                    format!("{path} {comparison:?} {operand:?}")
                });
                let others = (0..self.rows.len()).filter(|row| !expected.contains(row)).collect();
                self.ask(predicate.negate(), Vec::new(), others, &|| format!("!({path} {comparison:?} {operand:?})"));
            }
        }
        if matches!(shape, Shape::List(_) | Shape::Set(_)) {
            let mut elements: Vec<Value> = Vec::new();
            for element in values
                .iter()
                .filter_map(|value| if let Value::List(held) = value { Some(held) } else { None })
                .flatten()
            {
                if !elements.iter().any(|other| other.is_identical(element)) {
                    elements.push(element.clone());
                }
            }
            for element in elements {
                let expected =
                    self.where_value(path, |value| matches!(value, Value::List(held) if held.contains(&element)));
                let predicate = Predicate::Contains { path: path.clone(), element: element.clone() };
                self.ask(predicate, Vec::new(), expected, &|| format!("{path} contains {element:?}"));
            }
        }
        if has_order(&shape) {
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut expected: Vec<_> = (0..self.rows.len()).collect();
                let order = |a: &usize, b: &usize| {
                    let order = self.value(*a, path).cmp(&self.value(*b, path));
                    if direction == Direction::Ascending { order } else { order.reverse() }
                };
                expected.sort_by(|a, b| order(a, b).then(Ordering::Equal));
                let by = OrderBy { path: path.clone(), direction };
                self.ask(Predicate::All, vec![by], expected, &|| format!("the order by {path}, {direction:?}"));
            }
        }
        if let Shape::Struct { fields, .. } = shape
            && path.steps().len() < 4
        {
            for field in fields {
                self.ask_of_property(&path.then(field.step), field.shape);
            }
        }
    }

    /// Every row comes back as it was created, and, after an update that changes nothing, as it was updated.
    fn ask_for_all(&mut self) {
        let mongo = self.place.mongo.clone();
        for update in [false, true] {
            for (position, row) in self.rows.iter().enumerate() {
                if update {
                    let target = longevity::backend::Target {
                        id: self.ids[position],
                        version: Some(0),
                        scope: None,
                        primary_key: None,
                    };
                    let content = content(mongo.encode(row).unwrap());
                    mongo.block_on(mongo.replace(&self.table, target, content)).unwrap();
                }
            }
            for (row, expected) in self.find(Predicate::All, Vec::new()).unwrap().iter().zip(&self.rows) {
                let back: P = mongo.decode(&row.doc).unwrap();
                let (back, expected) = (at(&back, &Path::root()), at(expected, &Path::root()));
                assert!(back.is_identical(&expected), "{back:?} is not {expected:?}");
            }
        }
    }

    /// Asks about every property, and fails with all answers that are wrong.
    pub(crate) fn check(mut self, at_least: usize) {
        self.ask_for_all();
        let Shape::Struct { fields, .. } = P::shape() else { panic!("{} is no struct", P::definition().name) };
        for field in fields {
            self.ask_of_property(&Path::root().then(field.step), field.shape);
        }
        assert!(self.questions >= at_least, "only {} questions", self.questions);
        assert!(self.wrong.is_empty(), "{} of {}:\n{}", self.wrong.len(), self.questions, self.wrong.join("\n"));
    }
}
