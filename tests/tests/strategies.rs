//! The configuration of the suite: overrides, missing strategies, seeds, and strategies that give too few values.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use std::collections::BTreeSet;

use longevity::prelude::*;
use longevity::testkit::proptest::strategy::{Just, Strategy, ValueTree};
use longevity::testkit::proptest::test_runner::TestRunner;
use longevity::testkit::{BoxedStrategy, Generate, Generators, RepoCrudSpec, Verdict, field};
use longevity_tests::models::blogging::{Blogging, Email, Member, Username};
use longevity_tests::models::components::{Comment, Contact, Formula};
use longevity_tests::models::keys::Library;

fn draw<T: std::fmt::Debug>(strategy: &BoxedStrategy<T>, times: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..times).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn an_override_reaches_every_depth() {
    let generators =
        Generators::new().with::<String>(|| Just("x".to_owned())).with::<Username>(|| Just(Username("ann".into())));
    for member in draw(&generators.of::<Member>(), 50) {
        assert_eq!((member.username.0.as_str(), member.email.0.as_str()), ("ann", "x"));
        assert_eq!(member.profile.tagline, "x");
    }
}

/// A type without a strategy of its own.
#[derive(Clone, Debug)]
struct Opaque;

#[test]
fn a_missing_strategy_compiles_and_says_what_to_do() {
    let strategy = |generators: &Generators| field!(generators, Opaque);
    let panic = std::panic::catch_unwind(|| strategy(&Generators::new())).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("Opaque has no strategy"), "{message}");
    assert!(message.contains("spec.strategy::<"), "{message}");
    let given = strategy(&Generators::new().with::<Opaque>(|| Just(Opaque)));
    assert_eq!(draw(&given, 3).len(), 3);
    let own = field!(&Generators::new(), bool);
    assert_eq!(draw(&own, 50).into_iter().collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn recursive_types_end_and_are_recursive() {
    fn depth(formula: &Formula) -> usize {
        1 + match formula {
            Formula::Constant(_) => 0,
            Formula::Sum { left, right } => depth(left).max(depth(right)),
            Formula::Product { of } => of.iter().map(depth).max().unwrap_or_default(),
            Formula::Named(named) => named.values().map(depth).max().unwrap_or_default(),
        }
    }
    let depths: BTreeSet<_> = draw(&Generators::new().of::<Formula>(), 300).iter().map(depth).collect();
    assert_eq!(depths, BTreeSet::from([1, 2, 3]));
    let comments = draw(&Generators::new().of::<Comment>(), 100);
    assert!(comments.iter().any(|comment| comment.replies.iter().any(|reply| !reply.replies.is_empty())));
    let contacts = draw(&Generators::new().of::<Contact>(), 200);
    assert!(contacts.iter().any(|contact| matches!(contact, Contact::Proxy(_))));
}

#[test]
fn floats_and_strings_reach_their_edges() {
    let floats = draw(&Generators::new().of::<f64>(), 500);
    assert!(floats.iter().any(|float| float.is_nan()));
    assert!(floats.iter().any(|float| *float == 0.0 && float.is_sign_negative()));
    assert!(floats.iter().any(|float| float.is_infinite()));
    assert!(floats.iter().any(|float| float.is_subnormal()));
    let without_nan =
        Generators::new().with::<f64>(|| f64::strategy(&Generators::new()).prop_filter("NaN", |f| !f.is_nan()));
    assert!(draw(&without_nan.of::<Vec<f64>>(), 300).iter().flatten().all(|float| !float.is_nan()));
    let texts = draw(&Generators::new().of::<String>(), 500);
    for trouble in ["\0", "'", "$", ".", "\u{1f980}"] {
        assert!(texts.iter().any(|text| text.contains(trouble)), "{trouble:?}");
    }
    assert!(texts.iter().any(String::is_empty));
    assert!(draw(&Generators::new().of::<i8>(), 100).contains(&i8::MIN));
    assert!(draw(&Generators::new().of::<u64>(), 100).contains(&u64::MAX));
}

#[test]
fn a_case_whose_strategy_gives_one_key_value_is_skipped_by_name() {
    let spec = RepoCrudSpec::<Blogging>::new().strategy::<Email>(|| Just(Email("one@a".into())));
    let report = spec.run_only(Mem::new, |name| name == "blogging::member::create on mem");
    let Verdict::Skipped(reason) = &report.cases[0].verdict else { panic!("{report:?}") };
    assert!(reason.contains("the strategy of Member gives fewer than two values with distinct keys"), "{reason}");
    assert!(report.has_passed());
}

#[test]
fn a_key_of_two_values_is_enough() {
    let report = RepoCrudSpec::<Library>::new().run_only(Mem::new, |name| name.starts_with("library::flag::"));
    assert!(report.cases.len() > 30 && report.has_passed(), "{report}");
    assert_eq!(report.skipped().count(), 0);
}

#[test]
fn a_seed_repeats_a_run() {
    use std::sync::{Arc, Mutex};
    let drawn = |seed| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let spec = RepoCrudSpec::<Blogging>::new().seed(seed).strategy::<i64>(move || {
            let sink = Arc::clone(&sink);
            (0..i64::MAX).prop_map(move |number| {
                sink.lock().unwrap().push(number);
                number
            })
        });
        assert!(spec.run_only(Mem::new, |name| name.starts_with("blogging::member::create on")).has_passed());
        let numbers = seen.lock().unwrap().clone();
        assert!(!numbers.is_empty());
        numbers
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn names_of_cases_are_unique_and_well_formed() {
    let cases = RepoCrudSpec::<Blogging>::new().cases(Mem::new);
    let names: BTreeSet<_> = cases.iter().map(|case| case.name().to_owned()).collect();
    assert_eq!(names.len(), cases.len());
    for name in [
        "blogging::member::retrieve by email on mem",
        "blogging::member::retrieve by username on mem",
        "blogging::user::morph commenter into member on mem",
        "blogging::blog_post::update by uri on mem",
    ] {
        assert!(names.contains(name), "{name} is not in {names:#?}");
    }
}
