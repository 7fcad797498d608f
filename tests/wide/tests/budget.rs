//! The budget of generated rows: they are as small as those of users, and still cover the whole model.
#![allow(clippy::unwrap_used, reason = "tests and their helper functions may panic")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use longevity::backend::RowContent;
use longevity::backend::{Backend, ByKind, Session, Target, WriteFailure};
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity::testkit::proptest::strategy::{Strategy, ValueTree};
use longevity::testkit::proptest::test_runner::TestRunner;
use longevity::testkit::{Generators, RepoCrudSpec, SpecKeys};
use longevity::{Mem, RowId};
use longevity_wide::{Field, Form, Model, Of, Size, Type, Variant};
use longevity_wide_tests::{Clinical, Condition, Encounter, Health, Observation, Procedure, Registry};
use serde_json::Value;

type Document = <Mem as Session>::Document;
type Table = <Mem as Session>::Table;

/// The alternatives of a model: variants, and the two states of options and collections, by type and field.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    fn field(&mut self, model: &Model, place: &str, ty: Type, value: &Value) {
        match ty.form {
            Form::One | Form::Boxed => self.value(model, ty.of, value),
            Form::Optional | Form::OptionalBoxed => {
                self.0.insert(format!("{place}: {}", if value.is_null() { "none" } else { "some" }));
                if !value.is_null() {
                    self.value(model, ty.of, value);
                }
            }
            Form::List => {
                let elements = value.as_array().unwrap();
                self.0.insert(format!("{place}: {}", if elements.is_empty() { "empty" } else { "not empty" }));
                elements.iter().for_each(|element| self.value(model, ty.of, element));
            }
            Form::Map => {
                let entries = value.as_object().unwrap();
                self.0.insert(format!("{place}: {}", if entries.is_empty() { "empty" } else { "not empty" }));
                entries.values().for_each(|entry| self.value(model, ty.of, entry));
            }
        }
    }

    fn fields(&mut self, model: &Model, place: &str, fields: &[Field], value: &Value) {
        for field in fields {
            self.field(model, &format!("{place}.{}", field.name), field.ty, &value[field.name.as_str()]);
        }
    }

    fn value(&mut self, model: &Model, of: Of, value: &Value) {
        match of {
            Of::Scalar(_) => {}
            Of::Struct(at) => {
                let (name, fields) = &model.structs[at];
                self.fields(model, name, fields, value);
            }
            Of::Enum(at) => {
                let sum = &model.enums[at];
                let unit = Value::Null;
                let (variant, held) = match value {
                    Value::String(variant) => (variant, &unit),
                    _ => value.as_object().unwrap().iter().next().unwrap(),
                };
                let place = format!("{}::{variant}", sum.name);
                self.0.insert(place.clone());
                match &sum.variants.iter().find(|(name, _)| name == variant).unwrap().1 {
                    Variant::Unit => {}
                    Variant::Newtype(ty) => self.field(model, &place, *ty, held),
                    Variant::Struct(fields) => self.fields(model, &place, fields, held),
                }
            }
        }
    }
}

/// All alternatives of the model.
fn all(model: &Model) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut fields: Vec<(String, Type)> = Vec::new();
    let named = |place: &str, of: &[Field]| -> Vec<(String, Type)> {
        of.iter().map(|field| (format!("{place}.{}", field.name), field.ty)).collect()
    };
    for (name, held) in model.records.iter().chain(&model.structs) {
        fields.extend(named(name, held));
    }
    for sum in &model.enums {
        for (variant, held) in &sum.variants {
            let place = format!("{}::{variant}", sum.name);
            match held {
                Variant::Unit => {}
                Variant::Newtype(ty) => fields.push((place.clone(), *ty)),
                Variant::Struct(held) => fields.extend(named(&place, held)),
            }
            all.insert(place);
        }
    }
    for (place, ty) in fields {
        let states = match ty.form {
            Form::One | Form::Boxed => continue,
            Form::Optional | Form::OptionalBoxed => ["none", "some"],
            Form::List | Form::Map => ["empty", "not empty"],
        };
        all.extend(states.map(|state| format!("{place}: {state}")));
    }
    all
}

/// Records the alternatives of each row that is written.
struct Watch {
    model: Arc<Model>,
    seen: Arc<Mutex<Seen>>,
}

impl Watch {
    fn look(&self, inner: &Mem, content: &RowContent<Document>) {
        macro_rules! row {
            ($($type:ident)*) => {
                match content.discriminator.as_deref() {
                    $(Some(stringify!($type)) => inner.decode::<$type>(&content.doc).map(serde_json::to_value),)*
                    // A case planted this row, of a type that no version knows.
                    _ => return,
                }
            };
        }
        let Ok(Ok(row)) = row!(Encounter Observation Condition Procedure) else { return };
        let record =
            self.model.records.iter().find(|(name, _)| Some(name.as_str()) == content.discriminator.as_deref());
        let (name, fields) = record.unwrap();
        self.seen.lock().unwrap().fields(&self.model, name, fields, &row);
    }
}

impl Decorator<Mem> for Watch {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent<Document>) -> Result<RowId, WriteFailure> {
        self.look(inner, &content);
        inner.insert(table, content).await
    }

    async fn insert_many(
        &self,
        inner: &Mem,
        table: &Table,
        contents: Vec<RowContent<Document>>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        contents.iter().for_each(|content| self.look(inner, content));
        inner.insert_many(table, contents).await
    }

    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent<Document>,
    ) -> Result<u64, WriteFailure> {
        self.look(inner, &content);
        inner.replace(table, target, content).await
    }
}

#[test]
fn the_suite_sees_every_variant_and_both_states_of_every_option_and_collection() {
    let (model, seen) = (Arc::new(Model::new(Size::SLICE)), Arc::new(Mutex::new(Seen::default())));
    let watched = {
        let (model, seen) = (Arc::clone(&model), Arc::clone(&seen));
        move || Decorated::new(Mem::new(), Watch { model: Arc::clone(&model), seen: Arc::clone(&seen) })
    };
    RepoCrudSpec::<Health>::new().run(watched).assert_passed();
    let (all, seen) = (all(&model), std::mem::take(&mut *seen.lock().unwrap()).0);
    let missing: Vec<_> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "{} of {} are never seen: {missing:#?}", missing.len(), all.len());
    assert!(all.len() > 300, "the model has few options, lists and variants: {}", all.len());
}

fn sizes<T: SpecKeys + serde::Serialize>(generators: &Generators, rows: usize) -> Vec<usize> {
    let strategy = T::rows(generators);
    let mut chance = TestRunner::deterministic();
    let drawn = (0..rows).map(|_| strategy.new_tree(&mut chance).unwrap().current());
    let mut sizes: Vec<_> = drawn.map(|row| serde_json::to_string(&row).unwrap().len()).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn rows_are_within_the_budget() {
    let median = |generators: &Generators| {
        [sizes::<Clinical>(generators, 301)[150], sizes::<Registry>(generators, 301)[150]].into_iter().max().unwrap()
    };
    let usual = median(&Generators::new());
    assert!(usual < 5_000, "the median row has {usual} bytes of JSON");
    let (small, large) = (median(&Generators::new().budget(30)), median(&Generators::new().budget(1_000)));
    assert!(small < usual && usual < large, "{small}, {usual} and {large} bytes");
}

#[test]
fn interleaved_generators_give_the_same_values() {
    let (one, other) = (Generators::new(), Generators::new().budget(30));
    let alone = sizes::<Clinical>(&one, 20);
    let (first, second) = (Clinical::rows(&one), Clinical::rows(&other));
    let (mut chance, mut chance_of_the_other) = (TestRunner::deterministic(), TestRunner::deterministic());
    let mut sizes: Vec<_> = (0..20)
        .map(|_| {
            second.new_tree(&mut chance_of_the_other).unwrap();
            serde_json::to_string(&first.new_tree(&mut chance).unwrap().current()).unwrap().len()
        })
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, alone);
}
