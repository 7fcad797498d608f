//! Components, key values and generic types: their stored forms and their properties.

#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use std::collections::{BTreeSet, HashMap};

use longevity::backend::Value;
use longevity::prelude::*;
use longevity::storable::Shape;
use longevity::{KeyFor, Storable};

/// A module in which the names of the standard prelude mean something else.
pub mod shadows {
    #![allow(dead_code, unused_imports)]

    /// Shadows.
    pub struct Option;
    /// Shadows.
    pub struct Result;
    /// Shadows.
    pub struct Vec;
    /// Shadows.
    pub struct String;
    /// Shadows.
    pub struct Box;
    /// Shadows.
    pub trait Clone {}
    /// Shadows.
    pub enum Maybe {
        /// Shadows.
        Some,
        /// Shadows.
        None,
        /// Shadows.
        Ok,
        /// Shadows.
        Err,
    }
    #[allow(clippy::enum_glob_use)]
    use Maybe::*;

    /// A component.
    #[derive(::core::clone::Clone, Debug, longevity::Component)]
    #[allow(unused_qualifications)]
    pub struct Component {
        field: i64,
    }

    /// A poly component.
    #[derive(::core::clone::Clone, Debug, longevity::Component)]
    pub enum Poly {
        /// A unit.
        Unit,
        /// Fields.
        Fields {
            /// A field.
            field: i64,
        },
    }

    /// A key value.
    #[derive(::core::clone::Clone, Debug, PartialEq, Eq, Hash, longevity::KeyVal)]
    #[key_val(Component)]
    pub struct Key(u64);
}

/// A vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Low.
    VeryLow,
    /// High.
    #[serde(rename = "HIGH")]
    High,
}

/// A newtype.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize, Component)]
#[serde(transparent)]
pub struct Meters(f64);

/// No fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Marker;

/// Recursive, with data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Expression {
    /// A unit.
    Nothing,
    /// A newtype.
    NumberOf(f64),
    /// Recursive.
    Negated(Box<Expression>),
    /// Named fields.
    Sum {
        /// One.
        left_side: Box<Expression>,
        /// Other.
        #[component(name = "right")]
        right_side: Box<Expression>,
    },
}

/// Awkward names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Awkward {
    /// A keyword.
    r#type: String,
    /// A name that generated code uses.
    path: i64,
    /// Another.
    step: i64,
    /// Another.
    self_: i64,
    /// Another.
    rest: i64,
    /// Renamed.
    #[serde(rename = "the-level")]
    level: Level,
    /// Renamed only for the store.
    #[component(name = "meter")]
    meters: Meters,
}

/// Generic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Versioned<T> {
    /// The value.
    value: T,
    /// Its version.
    version: u32,
    /// Its earlier values.
    before: Vec<T>,
}

/// Generic, with its own bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum Either<L: PartialEq, R = i64>
where
    R: PartialEq,
{
    /// A left value.
    Left(L),
    /// A right value.
    Right {
        /// The value.
        value: R,
    },
}

/// With several fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Part)]
pub struct PartNumber {
    /// Where the part is made.
    region: String,
    /// Its number there.
    number: u64,
}

/// A second key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Part)]
pub struct Serial(uuid_like::Id);

mod uuid_like {
    #[derive(
        Clone,
        Debug,
        PartialEq,
        Eq,
        Hash,
        longevity::prelude::Serialize,
        longevity::prelude::Deserialize,
        longevity::prelude::Component,
    )]
    pub struct Id(pub u64);
}

/// Holds a key value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Label {
    /// The key value.
    serial: Serial,
}

/// Plain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    table = "parts",
    primary_key(number, partition(region)),
    key(label.serial: Serial),
    index(size.value, awkward.r#type)
)]
pub struct Part {
    number: PartNumber,
    label: Box<Label>,
    size: Versioned<Option<Meters>>,
    awkward: Awkward,
    either: Option<Either<String, Vec<i64>>>,
    expressions: HashMap<String, Expression>,
    tags: BTreeSet<Level>,
    marker: Marker,
}

/// Generic and plain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(content.version))]
pub struct Page<T> {
    content: Versioned<T>,
}

/// Generic and poly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: String, value: Vec<T>), index(name))]
pub enum Event<T> {
    /// One.
    Created(Created<T>),
    /// Other.
    Deleted(Box<Deleted<T>>),
}

/// Generic and derived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Event<T>), index(at))]
pub struct Created<T> {
    name: String,
    value: Vec<T>,
    at: Timestamp,
}

/// Generic and derived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Event<T>))]
pub struct Deleted<T> {
    name: String,
    value: Vec<T>,
}

/// The model.
#[derive(DomainModel)]
#[domain_model(Part, Page<Level>, Event<i64>, renamed::Renamed)]
pub struct Model;

/// The facade under another name, without its prelude.
pub mod renamed {
    use longevity as persistence;

    /// A component.
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, persistence::Component)]
    #[component(crate = "persistence")]
    pub struct Inner {
        /// A field.
        pub field: i64,
    }

    /// A persistent.
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, persistence::PersistentType)]
    #[persistent(crate = "persistence", key(id))]
    pub struct Renamed {
        /// The key.
        pub id: RenamedId,
        /// A component.
        pub inner: Inner,
    }

    /// A key value.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, persistence::KeyVal)]
    #[key_val(Renamed, crate = "persistence")]
    pub struct RenamedId(pub u64);

    /// A projection.
    #[derive(Clone, Debug, persistence::Projected)]
    #[projected(Renamed, crate = "persistence")]
    pub struct Projected {
        /// A component.
        pub inner: Inner,
    }
}

fn value<T: Storable>(value: T) -> Value {
    value.value_at(&[]).to_value()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn a_vocabulary_is_stored_by_its_serde_names() {
    assert_eq!(value(Level::VeryLow), text("very-low"));
    assert_eq!(value(Level::High), text("HIGH"));
    const { assert!(Level::KEYABLE) };
}

#[test]
fn newtypes_are_what_they_hold() {
    assert_eq!(value(Meters(2.5)), Value::Float(2.5));
    assert_eq!(value(Marker), Value::Record(vec![]));
    const { assert!(!Meters::KEYABLE) };
}

#[test]
fn variants_have_their_stored_names() {
    let number = |number| Box::new(Expression::NumberOf(number));
    let sum = Expression::Sum { left_side: number(1.0), right_side: Box::new(Expression::Negated(number(2.0))) };
    let stored = |number| Value::Variant("number_of", Box::new(Value::Float(number)));
    let expected =
        Value::Record(vec![("leftSide", stored(1.0)), ("right", Value::Variant("negated", Box::new(stored(2.0))))]);
    assert_eq!(value(sum), Value::Variant("sum", Box::new(expected)));
    assert_eq!(value(Expression::Nothing), Value::Variant("nothing", Box::new(Value::Record(vec![]))));
    let Shape::Enum { variants, .. } = Expression::shape() else { panic!("an enum") };
    let Some(Shape::Struct { fields, .. }) = variants[3].holds.map(|shape| shape()) else { panic!("a struct") };
    let names: Vec<_> = fields.iter().map(|field| (field.name, field.serde_name, field.step.name)).collect();
    assert_eq!(names, [("left_side", "leftSide", "leftSide"), ("right_side", "rightSide", "right")]);
}

#[test]
fn fields_have_three_names() {
    let Shape::Struct { fields, .. } = Awkward::shape() else { panic!("a struct") };
    let names: Vec<_> = fields.iter().map(|field| (field.name, field.serde_name, field.step.name)).collect();
    assert_eq!(names[0], ("type", "type", "type"));
    assert_eq!(names[5], ("level", "the-level", "the-level"));
    assert_eq!(names[6], ("meters", "meters", "meter"));
}

#[test]
fn properties_lead_into_variants() {
    let number = |number| Box::new(Expression::NumberOf(number));
    let sum = Expression::Sum { left_side: number(1.0), right_side: Box::new(Expression::Negated(number(2.0))) };
    let props = longevity::Prop::<Part, Expression>::at(longevity::__private::Path::root());
    let at = |expression: &Expression, path: &longevity::__private::Path| {
        let typed = expression.value_at(path.steps()).to_value();
        assert_eq!(value(expression.clone()).at(path.steps()).to_value(), typed, "{path}");
        typed
    };
    let right = props.sum.right_side.inner();
    assert_eq!(at(&sum, right.negated.inner().path()), value(Expression::NumberOf(2.0)));
    assert_eq!(at(&sum, right.negated.some().inner().number_of.path()), Value::Float(2.0));
    assert_eq!(at(&sum, right.sum.left_side.path()), Value::NONE);
    assert_eq!(at(&sum, props.number_of.path()), Value::NONE);
    assert_eq!(at(&Expression::NumberOf(3.0), props.number_of.path()), Value::Float(3.0));
    assert_eq!(right.sum.left_side.path().to_string(), "sum.right.sum.leftSide");

    // A value in a variant works like a value in an option.
    let either = longevity::Prop::<Part, Either<Option<i64>, i64>>::at(longevity::__private::Path::root());
    let left =
        |value: Option<i64>| Either::<Option<i64>, i64>::Left(value).value_at(either.left.path().steps()).to_value();
    assert_eq!([left(Some(1)), left(None)], [Value::Int(1), Value::None(1)]);
}

#[test]
fn properties_lead_to_values() {
    let number = PartNumber { region: "eu".into(), number: 9 };
    let mut part = Part {
        number: number.clone(),
        label: Box::new(Label { serial: serial(4) }),
        size: Versioned { value: Some(Meters(0.5)), version: 3, before: vec![] },
        awkward: Awkward {
            r#type: "t".into(),
            path: 1,
            step: 2,
            self_: 3,
            rest: 4,
            level: Level::High,
            meters: Meters(1.0),
        },
        either: Some(Either::Left("l".into())),
        expressions: HashMap::new(),
        tags: BTreeSet::new(),
        marker: Marker,
    };
    let props = Part::props();
    let at = |part: &Part, path: &longevity::__private::Path| {
        longevity::PersistentType::value_at(part, path.steps()).to_value()
    };
    assert_eq!(at(&part, props.size.value.path()), Value::Float(0.5));
    assert_eq!(at(&part, props.awkward.r#type.path()), text("t"));
    assert_eq!(at(&part, props.awkward.self_.path()), Value::Int(3));
    assert_eq!(at(&part, props.number.region.path()), text("eu"));
    assert_eq!(at(&part, props.label.inner().serial.path()), Value::UInt(4));
    assert_eq!(<PartNumber as KeyFor<Part>>::of(&part), &number);
    serial(5).put(&mut part);
    assert_eq!(<Serial as KeyFor<Part>>::of(&part), &serial(5));
    let filter = props.size.version.gt(2) & props.awkward.level.eq(Level::High) & props.tags.contains(Level::VeryLow);
    assert_eq!(filter.predicate().conjuncts().len(), 3);
}

fn serial(number: u64) -> Serial {
    Serial(uuid_like::Id(number))
}

#[test]
fn the_definition_has_the_primary_key() {
    use longevity::backend::definition::PrimaryKeyKind;
    use longevity::{PersistentStruct, RootType};
    let declaration = Part::declaration();
    let primary = declaration.keys[0].primary.clone().unwrap();
    let PrimaryKeyKind::Partitioned(paths) = primary else { panic!("partitioned") };
    assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["number.region"]);
    assert_eq!(Part::TABLE, "parts");
    let table = Part::definition().table().unwrap();
    assert_eq!(table.primary_key.unwrap().partition_columns, 1);
    assert_eq!(declaration.indexes[0][1].path.to_string(), "awkward.type");
}

#[test]
fn generic_types_have_definitions() {
    use longevity::RootType;
    assert_eq!(Page::<Level>::definition().variants[0].declaration.indexes[0][0].path.to_string(), "content.version");
    let event = Event::<i64>::definition();
    assert_eq!(event.variants.len(), 2);
    assert_eq!(event.props[1].path.to_string(), "value");
    let created = Event::Created(Created { name: "n".into(), value: vec![1_i64], at: Timestamp::UNIX_EPOCH });
    assert_eq!(created.value_at(Event::<i64>::props().name.path().steps()).to_value(), text("n"));
    assert_eq!(Model::description().types.len(), 4);
}
