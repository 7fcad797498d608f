//! The meaning of filters, with expectations written by hand: the generic suite compares back ends with the evaluator, and these
//! tests compare the evaluator with the rules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use longevity::Filter;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(number), index(float))]
struct Sample {
    name: String,
    number: Option<i64>,
    float: f64,
    text: Option<String>,
    twice: Option<Option<bool>>,
    tags: Vec<String>,
    scores: Vec<f64>,
    marks: Vec<Option<i64>>,
    size: u64,
    at: Timestamp,
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Place {
    city: String,
    street: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: String))]
enum Animal {
    Cat(Cat),
    Dog(Dog),
    Fish(Fish),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Animal), index(lives))]
struct Cat {
    name: String,
    lives: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Animal))]
struct Dog {
    name: String,
    lives: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Animal))]
struct Fish {
    name: String,
}

#[derive(DomainModel)]
#[domain_model(Sample, Animal)]
struct Model;

fn sample(name: &str) -> Sample {
    Sample {
        name: name.into(),
        number: None,
        float: 0.0,
        text: None,
        twice: None,
        tags: vec![],
        scores: vec![],
        marks: vec![],
        size: 0,
        at: Timestamp::UNIX_EPOCH,
        place: None,
    }
}

fn store() -> Longevity<Model, Mem> {
    let store = Longevity::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    store
}

fn samples(samples: impl IntoIterator<Item = Sample>) -> Repo<Sample, Mem> {
    let repo = store().repo::<Sample>();
    repo.create_many(samples).unwrap();
    repo
}

/// Asserts that the filter finds the samples of these names, in the order of creation.
#[track_caller]
fn finds(repo: &Repo<Sample, Mem>, filter: Filter<Sample>, expected: &[&str]) {
    let found = repo.find(Sample::query().filter(filter.clone())).unwrap();
    let found: Vec<_> = found.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(found, expected, "{filter:?}");
}

#[test]
fn none_differs_from_every_value_and_orders_with_none() {
    let repo = samples([
        sample("none"),
        Sample { number: Some(1), ..sample("one") },
        Sample { number: Some(2), ..sample("two") },
        Sample { number: Some(i64::MIN), ..sample("min") },
    ]);
    let s = Sample::props();
    finds(&repo, s.number.eq(None), &["none"]);
    finds(&repo, s.number.ne(None), &["one", "two", "min"]);
    finds(&repo, s.number.eq(1), &["one"]);
    finds(&repo, s.number.ne(1), &["none", "two", "min"]);
    finds(&repo, s.number.lt(2), &["one", "min"]);
    finds(&repo, s.number.le(2), &["one", "two", "min"]);
    finds(&repo, s.number.gt(i64::MIN), &["one", "two"]);
    finds(&repo, s.number.ge(i64::MIN), &["one", "two", "min"]);
    for against_none in [s.number.lt(None), s.number.le(None), s.number.gt(None), s.number.ge(None)] {
        finds(&repo, against_none, &[]);
    }
}

#[test]
fn logic_is_two_valued() {
    let repo = samples([sample("none"), Sample { number: Some(1), ..sample("one") }]);
    let s = Sample::props();
    finds(&repo, !s.number.eq(1), &["none"]);
    finds(&repo, !s.number.ne(1), &["one"]);
    finds(&repo, !s.number.lt(5), &["none"]);
    finds(&repo, !s.number.gt(5), &["none", "one"]);
    finds(&repo, s.number.lt(5) | !s.number.lt(5), &["none", "one"]);
    finds(&repo, s.number.lt(5) & !s.number.lt(5), &[]);
    finds(&repo, !(s.number.lt(5) & s.name.eq("none")), &["none", "one"]);
    finds(&repo, !!s.number.eq(None), &["none"]);
}

#[test]
fn the_empty_string_is_not_none() {
    let repo = samples([
        sample("none"),
        Sample { text: Some(String::new()), ..sample("empty") },
        Sample { text: Some("\0".into()), ..sample("nul") },
    ]);
    let s = Sample::props();
    finds(&repo, s.text.eq(""), &["empty"]);
    finds(&repo, s.text.eq(None), &["none"]);
    finds(&repo, s.text.gt(""), &["nul"]);
    finds(&repo, s.text.ge(""), &["empty", "nul"]);
}

#[test]
fn text_compares_by_bytes_and_stays_a_value() {
    let texts = ["Z", "a", "\u{e9}", "{\"$gt\": \"\"}", "' or 1=1 --", "a.b", "$a"];
    let repo = samples(texts.map(|text| Sample { text: Some(text.into()), ..sample(text) }));
    let s = Sample::props();
    for text in texts {
        finds(&repo, s.text.eq(text), &[text]);
    }
    finds(&repo, s.text.lt("a"), &["Z", "' or 1=1 --", "$a"]);
    finds(&repo, s.text.gt("z"), &["\u{e9}", "{\"$gt\": \"\"}"]);
}

#[test]
fn nested_options_are_distinguished() {
    let repo = samples([
        sample("none"),
        Sample { twice: Some(None), ..sample("some none") },
        Sample { twice: Some(Some(false)), ..sample("false") },
    ]);
    let s = Sample::props();
    finds(&repo, s.twice.eq(None::<Option<bool>>), &["none"]);
    finds(&repo, s.twice.eq(Some(None::<bool>)), &["some none"]);
    finds(&repo, s.twice.eq(Some(Some(false))), &["false"]);
    finds(&repo, s.twice.ne(Some(None::<bool>)), &["none", "false"]);
}

#[test]
fn the_zeros_are_equal_and_nan_is_separate() {
    let repo = samples([
        Sample { float: 0.0, ..sample("zero") },
        Sample { float: -0.0, ..sample("minus zero") },
        Sample { float: f64::NAN, ..sample("nan") },
        Sample { float: f64::NEG_INFINITY, ..sample("minus infinity") },
        Sample { float: f64::from_bits(1), ..sample("tiny") },
    ]);
    let s = Sample::props();
    finds(&repo, s.float.eq(0.0), &["zero", "minus zero"]);
    finds(&repo, s.float.eq(-0.0), &["zero", "minus zero"]);
    finds(&repo, s.float.gt(-0.0), &["tiny"]);
    finds(&repo, s.float.lt(0.0), &["minus infinity"]);
    finds(&repo, s.float.le(0.0), &["zero", "minus zero", "minus infinity"]);
    finds(&repo, s.float.eq(f64::NAN), &["nan"]);
    finds(&repo, s.float.ne(f64::NAN), &["zero", "minus zero", "minus infinity", "tiny"]);
    finds(&repo, s.float.lt(f64::NAN), &[]);
    finds(&repo, s.float.gt(f64::NAN), &[]);
    finds(&repo, s.float.le(f64::NAN), &["nan"]);
    finds(&repo, s.float.ge(f64::NEG_INFINITY), &["zero", "minus zero", "minus infinity", "tiny"]);

    let order = repo.find(Sample::query().order_by(s.float.asc())).unwrap();
    let order: Vec<_> = order.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(order, ["nan", "minus infinity", "zero", "minus zero", "tiny"]);
}

#[test]
fn integers_compare_over_their_whole_range() {
    let sizes = [0, 1 << 53, (1 << 53) + 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX];
    let repo = samples(sizes.map(|size| Sample { size, ..sample(&size.to_string()) }));
    let s = Sample::props();
    finds(&repo, s.size.eq((1 << 53) + 1), &["9007199254740993"]);
    finds(&repo, s.size.gt(i64::MAX as u64), &["9223372036854775808", "18446744073709551615"]);
    finds(&repo, s.size.lt(1_u64 << 53), &["0"]);
}

#[test]
fn timestamps_compare_by_time_whatever_their_digits() {
    let texts =
        ["2024-03-01T12:00:01Z", "2024-03-01T12:00:01.05Z", "2024-03-01T12:00:01.5Z", "2024-03-01T12:00:01.050000001Z"];
    let repo = samples(texts.map(|text| Sample { at: text.parse().unwrap(), ..sample(text) }));
    let s = Sample::props();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    finds(&repo, s.at.lt(at("2024-03-01T12:00:01.05Z")), &[texts[0]]);
    finds(&repo, s.at.gt(at("2024-03-01T12:00:01.05Z")), &[texts[2], texts[3]]);
    finds(&repo, s.at.eq(at("2024-03-01T13:00:01.050+01:00")), &[texts[1]]);
}

#[test]
fn contains_finds_whole_elements_only() {
    let repo = samples([
        sample("empty"),
        Sample { tags: vec!["a".into(), "b".into()], scores: vec![-0.0], ..sample("ab") },
        Sample { tags: vec!["ab".into(), String::new()], marks: vec![None, Some(1)], ..sample("whole") },
    ]);
    let s = Sample::props();
    finds(&repo, s.tags.contains("a"), &["ab"]);
    finds(&repo, s.tags.contains("ab"), &["whole"]);
    finds(&repo, s.tags.contains(""), &["whole"]);
    finds(&repo, !s.tags.contains("a"), &["empty", "whole"]);
    finds(&repo, s.scores.contains(0.0), &["ab"]);
    finds(&repo, s.marks.contains(None), &["whole"]);
    finds(&repo, s.tags.eq(vec!["a".to_owned(), "b".to_owned()]), &["ab"]);
    finds(&repo, s.tags.eq(vec!["b".to_owned(), "a".to_owned()]), &[]);
    finds(&repo, s.tags.ne(Vec::new()), &["ab", "whole"]);
}

#[test]
fn a_path_through_none_is_absent() {
    let place = |street: Option<&str>| Some(Place { city: "Ulm".into(), street: street.map(str::to_owned) });
    let repo = samples([
        sample("no place"),
        Sample { place: place(None), ..sample("no street") },
        Sample { place: place(Some("Main")), ..sample("street") },
    ]);
    let s = Sample::props();
    finds(&repo, s.place.some().city.eq("Ulm"), &["no street", "street"]);
    finds(&repo, s.place.some().city.ne("Ulm"), &["no place"]);
    finds(&repo, s.place.some().city.lt("Z"), &["no street", "street"]);
    finds(&repo, s.place.some().street.eq(None), &["no place", "no street"]);
    finds(&repo, s.place.eq(None), &["no place"]);
    finds(&repo, s.place.eq(place(None)), &["no street"]);
}

#[test]
fn none_sorts_first_and_ties_come_by_id() {
    let repo = samples([
        Sample { number: Some(2), ..sample("two") },
        sample("none"),
        Sample { number: Some(-1), ..sample("minus one") },
        sample("none again"),
    ]);
    let s = Sample::props();
    let names = |query| {
        let found = repo.find(query).unwrap();
        found.iter().map(|state| state.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(Sample::query().order_by(s.number.asc())), ["none", "none again", "minus one", "two"]);
    assert_eq!(names(Sample::query().order_by(s.number.desc())), ["two", "minus one", "none", "none again"]);
    assert_eq!(names(Sample::query().order_by(s.number.desc()).offset(1).limit(2)), ["minus one", "none"]);
}

#[test]
fn a_derived_property_is_false_on_every_other_variant() {
    let store = store();
    let animals = store.repo::<Animal>();
    let cat = |name: &str, lives| Animal::Cat(Cat { name: name.into(), lives });
    let all = [
        cat("tom", Some(9)),
        cat("kit", None),
        Animal::Dog(Dog { name: "rex".into(), lives: 9 }),
        Animal::Fish(Fish { name: "wanda".into() }),
    ];
    animals.create_many(all).unwrap();
    let (a, c, d) = (Animal::props(), Cat::props(), Dog::props());
    let names = |query| {
        let found = animals.find(query).unwrap();
        found
            .into_iter()
            .map(|state| match state.into_value() {
                Animal::Cat(cat) => cat.name,
                Animal::Dog(dog) => dog.name,
                Animal::Fish(fish) => fish.name,
            })
            .collect::<Vec<_>>()
    };
    let by = |filter: Filter<Cat>| names(Animal::query().filter(filter));
    assert_eq!(by(c.lives.eq(9)), ["tom"]);
    assert_eq!(by(c.lives.ne(9)), ["kit"]);
    assert_eq!(by(c.lives.eq(None)), ["kit"], "on a dog, a cat's property is not even `None`");
    assert_eq!(by(c.lives.lt(100)), ["tom"]);
    // A negation is true of every row for which the condition is false, including those of other variants.
    assert_eq!(by(!c.lives.eq(9)), ["kit", "rex", "wanda"]);
    let poly = |filter: Filter<Animal>| names(Animal::query().filter(filter));
    assert_eq!(poly(!(a.name.ne("") & c.lives.eq(9))), ["kit", "rex", "wanda"]);
    assert_eq!(poly(a.name.eq("wanda") | c.lives.eq(9)), ["tom", "wanda"]);
    assert_eq!(poly((a.name.ne("") & c.lives.eq(9)) | (a.name.ne("") & d.lives.eq(9))), ["tom", "rex"]);
    assert_eq!(poly(a.name.gt("kit")), ["tom", "rex", "wanda"]);
    // A filter of the poly type through the derived repository.
    let cats = store.repo::<Cat>();
    assert_eq!(cats.count(Cat::query().filter(a.name.ne("tom"))).unwrap(), 1);
    assert_eq!(cats.count(Cat::query().filter(!(a.name.eq("tom") | c.lives.eq(None)))).unwrap(), 0);
}
