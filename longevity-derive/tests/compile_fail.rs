//! The errors of wrong models. Each case is a model that a user may write, and its `.stderr` is what the compiler reports.

#[test]
fn wrong_models_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*/*.rs");
}
