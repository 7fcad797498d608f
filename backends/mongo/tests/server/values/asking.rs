//! Queries for every property of some rows, with every value that any row has.

use std::cmp::Ordering;
use std::sync::Arc;

use longevity::backend::value::Comparison;
use longevity::backend::{Backend, ByKind, Session};
use longevity::backend::{Direction, OrderBy, Predicate, Select, Subject, TextTest, evaluate};
use longevity::backend::{Encodable, Row, RowContent, Value};
use longevity::prelude::*;
use longevity::storable::{Leaf, ScalarType, Shape, Storable};
use longevity::{RootType, RowId};
use longevity_core::{Path, Step};

use crate::place::Place;

type Document = <Mongo as Session>::Document;
type Table = <Mongo as Session>::Table;

const EQUALITY: [Comparison; 2] = [Comparison::Eq, Comparison::Ne];
const ALL: [Comparison; 6] =
    [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
const TESTS: [TextTest; 3] = [TextTest::EndsWith, TextTest::Contains, TextTest::EqIgnoreCase];

/// Strings to compare with in addition to the existing ones. They look like MongoDB's language, or like a pattern.
const TEXTS: [&str; 16] = [
    "",
    ".*",
    ".",
    "^",
    "$",
    "a|b",
    "\\",
    "\\Q..\\E",
    "(?i)a",
    "[^x]",
    "{\"$gt\": \"\"}",
    "$where",
    "\n",
    "\0",
    "ss",
    "i",
];

/// How deep the queries go into components, maps and poly components.
const DEPTH: usize = 4;

/// The rows of a type, and their ids in the order of creation.
pub(crate) struct Rows<P> {
    place: Place,
    table: Table,
    rows: Vec<P>,
    ids: Vec<RowId>,
    questions: usize,
    /// The answers that differ from core's.
    wrong: Vec<String>,
}

fn content(doc: Document) -> RowContent<Document> {
    RowContent { discriminator: None, doc, columns: Vec::new(), written_at: None }
}

fn at<T: Storable>(value: &T, path: &Path) -> Value {
    path.value_in(&|steps| value.value_at(steps)).to_value()
}

/// Whether such values have an order.
fn has_order(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar(_) | Shape::Choice { .. } => true,
        Shape::Struct { fields, .. } => {
            fields.iter().all(|field| Leaf::of(field.shape, &Path::root()).is_some_and(|leaf| has_order(&leaf.shape)))
        }
        _ => false,
    }
}

/// The distinct values.
fn distinct(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.iter().any(|other| other.is_identical(&value)) {
            distinct.push(value);
        }
    }
    distinct
}

/// A step that lives as long as the program.
fn variant(name: &'static str) -> &'static Step {
    Box::leak(Box::new(Step::variant(name)))
}

impl<P: RootType + Encodable> Rows<P> {
    /// `None` if the user left MongoDB out.
    pub(crate) fn new(rows: Vec<P>) -> Option<Self> {
        let place = Place::new()?;
        let mongo = &place.mongo;
        let definition = Arc::new(P::definition().table().unwrap());
        let table = mongo.block_on(mongo.open(&[definition])).unwrap().remove(0);
        mongo.block_on(mongo.create_schema(&[&table])).unwrap();
        let insert = |row: &P| {
            let doc = mongo.encode(row).unwrap();
            mongo.block_on(mongo.insert(&table, content(doc))).unwrap()
        };
        let ids = rows.iter().map(insert).collect();
        Some(Self { place, table, rows, ids, questions: 0, wrong: Vec::new() })
    }

    fn find(&self, select: Select) -> Result<Vec<Row<Document>>, longevity::Error> {
        let mongo = &self.place.mongo;
        mongo.block_on(mongo.find(&self.table, select))
    }

    fn ask(&mut self, select: Select, expected: &[usize], question: &dyn Fn() -> String) {
        self.questions += 1;
        let found = match self.find(select) {
            Ok(found) => found,
            Err(error) => return self.wrong.push(format!("{}: {error:?}", question())),
        };
        let found: Vec<_> = found.iter().map(|row| self.ids.iter().position(|id| *id == row.id).unwrap()).collect();
        if found != expected {
            self.wrong.push(format!("{} finds {found:?} and not {expected:?}", question()));
        }
    }

    /// Checks which rows the predicate is true of, and which its negation.
    fn ask_whether(&mut self, predicate: Predicate) {
        let holds = |row: &usize| {
            let subject = Subject { id: self.ids[*row], discriminator: None };
            evaluate(&predicate, subject, &|steps| Storable::value_at(&self.rows[*row], steps))
        };
        let (expected, others): (Vec<usize>, Vec<usize>) = (0..self.rows.len()).partition(holds);
        self.ask(Select::of(predicate.clone()), &expected, &|| format!("{predicate:?}"));
        self.ask(Select::of(Predicate::Not(Box::new(predicate.clone()))), &others, &|| format!("!{predicate:?}"));
    }

    fn value(&self, row: usize, path: &Path) -> Value {
        at(&self.rows[row], path)
    }

    fn ask_of_property(&mut self, path: &Path, depth: usize) {
        let leaf = Leaf::of(P::shape, path).unwrap();
        let values = distinct((0..self.rows.len()).map(|row| self.value(row, path)));
        let is_single = matches!(leaf.shape, Shape::Scalar(_) | Shape::Choice { .. });
        let mut operands = values.clone();
        operands.extend([0, 1, 2].map(Value::None));
        for operand in distinct(operands.clone()) {
            for comparison in if is_single { &ALL[..] } else { &EQUALITY[..] } {
                let (path, comparison, operand) = (path.clone(), *comparison, operand.clone());
                self.ask_whether(Predicate::Compare { path, comparison, operand });
            }
        }
        for operands in [&operands[..0], &operands[..]].into_iter().chain(operands.windows(2)) {
            for negated in [false, true] {
                self.ask_whether(Predicate::In { path: path.clone(), operands: operands.to_vec(), negated });
            }
        }
        self.ask_of_text(path, &leaf.shape, &values);
        self.ask_of_length(path, &values);
        let elements =
            values.iter().flat_map(|value| if let Value::List(held) = value { held.as_slice() } else { &[] });
        for element in distinct(elements.cloned().chain([Value::NONE])) {
            self.ask_whether(Predicate::contains(path.clone(), element));
        }
        // The only question about all fields of a variant is whether they exist.
        let is_empty = |value: &Value| matches!(value, Value::Record(fields) if fields.is_empty());
        if has_order(&leaf.shape) && !values.iter().any(is_empty) {
            self.ask_for_order(path);
        }
        if depth == 0 {
            return;
        }
        match leaf.shape {
            Shape::Struct { fields, .. } => {
                fields.iter().for_each(|field| self.ask_of_property(&path.then(field.step), depth - 1));
            }
            Shape::Enum { variants, .. } => {
                variants.iter().for_each(|of| self.ask_of_property(&path.then(variant(of.serde_name)), depth - 1));
            }
            Shape::Map(..) => {
                let entries =
                    values.iter().flat_map(|value| if let Value::Map(held) = value { held.as_slice() } else { &[] });
                for key in distinct(entries.map(|(key, _)| key.clone())) {
                    self.ask_of_property(&path.at_key(key), depth - 1);
                }
                self.ask_of_property(&path.at_key(Value::Text("no such key".into())), 0);
            }
            _ => {}
        }
    }

    fn ask_of_text(&mut self, path: &Path, shape: &Shape, values: &[Value]) {
        let mut texts: Vec<String> = Vec::new();
        for value in values {
            let Value::Text(text) = value else { continue };
            texts.extend([text.to_string(), text.to_uppercase(), text.to_lowercase(), format!("{text}\n")]);
            texts.extend(text.chars().next_back().map(String::from));
        }
        if matches!(shape, Shape::Scalar(ScalarType::String)) {
            texts.extend(TEXTS.map(str::to_owned));
        }
        texts.push("a".to_owned());
        texts.sort();
        texts.dedup();
        for text in texts {
            for test in TESTS {
                self.ask_whether(Predicate::Text { path: path.clone(), test, text: text.as_str().into() });
            }
        }
    }

    fn ask_of_length(&mut self, path: &Path, values: &[Value]) {
        let length = |value: &Value| match value {
            Value::List(held) => Some(held.len() as u64),
            Value::Map(held) => Some(held.len() as u64),
            _ => None,
        };
        let mut lengths: Vec<_> = values.iter().filter_map(length).collect();
        lengths.extend([0, u64::MAX]);
        lengths.sort_unstable();
        lengths.dedup();
        for length in lengths {
            for comparison in ALL {
                self.ask_whether(Predicate::Length { path: path.clone(), comparison, length });
            }
        }
    }

    fn ask_for_order(&mut self, path: &Path) {
        for (direction, ties) in [
            (Direction::Ascending, Direction::Ascending),
            (Direction::Descending, Direction::Ascending),
            (Direction::Ascending, Direction::Descending),
            (Direction::Descending, Direction::Descending),
        ] {
            let towards = |direction: Direction, order: Ordering| match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            };
            let mut expected: Vec<_> = (0..self.rows.len()).collect();
            expected.sort_by(|a, b| {
                let order = towards(direction, self.value(*a, path).cmp(&self.value(*b, path)));
                order.then(towards(ties, a.cmp(b)))
            });
            let order = vec![OrderBy { path: path.clone(), direction }];
            let select = Select { order, ties, ..Select::of(Predicate::True) };
            self.ask(select, &expected, &|| format!("the order by {path}, {direction:?}, {ties:?}"));
        }
    }

    fn ask_of_ids(&mut self) {
        for id in self.ids.clone().into_iter().chain([0, u128::MAX].map(RowId::from_u128)) {
            for comparison in ALL {
                self.ask_whether(Predicate::Id { comparison, id });
            }
        }
        let descending = Select { ties: Direction::Descending, ..Select::of(Predicate::True) };
        self.ask(descending, &(0..self.rows.len()).rev().collect::<Vec<_>>(), &|| "all, descending".to_owned());
    }

    /// Checks that every row comes back as it was created, also after an update that changes nothing.
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
                        before: false,
                    };
                    let content = content(mongo.encode(row).unwrap());
                    mongo.block_on(mongo.replace(&self.table, target, content)).unwrap();
                }
            }
            for (row, expected) in self.find(Select::of(Predicate::True)).unwrap().iter().zip(&self.rows) {
                let back: P = mongo.decode(&row.doc).unwrap();
                let (back, expected) = (at(&back, &Path::root()), at(expected, &Path::root()));
                assert!(back.is_identical(&expected), "{back:?} is not {expected:?}");
            }
        }
    }

    /// Queries every property, and fails with all wrong answers.
    pub(crate) fn check(self, at_least: usize) {
        self.check_as_deep_as(DEPTH, at_least);
    }

    /// Queries every property up to this depth, and fails with all wrong answers.
    pub(crate) fn check_as_deep_as(mut self, depth: usize, at_least: usize) {
        self.ask_for_all();
        let Shape::Struct { fields, .. } = P::shape() else { panic!("{} is not a struct", P::definition().name) };
        self.ask_of_ids();
        for field in fields {
            self.ask_of_property(&Path::root().then(field.step), depth);
        }
        assert!(self.questions >= at_least, "only {} questions", self.questions);
        assert!(self.wrong.is_empty(), "{} of {}:\n{}", self.wrong.len(), self.questions, self.wrong.join("\n"));
    }
}
