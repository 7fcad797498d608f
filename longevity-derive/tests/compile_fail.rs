//! The messages of wrong models: each case is one that a user may write, its `.stderr` what the compiler answers.

#[test]
fn wrong_models_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*/*.rs");
}
