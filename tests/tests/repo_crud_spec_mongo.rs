//! The conformance suite over the whole matrix, on a real MongoDB, through both facades: one named test
//! for each type, operation and key.

use std::process::ExitCode;

use longevity::testkit::{Facade, Harness, RepoCrudSpec, SpecModel, with_guard};
use longevity::{AnyBackend, BoxError};
use longevity_tests::models::{
    basics::Basics, blogging::Blogging, collections::Collections, components::Components, constrained,
    constrained::Constrained, generics::Generics, indexes::Indexes, keys::Library, keywords::Keywords,
    modules::Household, poly::Office, poly_inline::Drawing, poly_keys::Traffic, primary_keys::PrimaryKeys,
    queries::Storage, renames::Renames,
};
use longevity_tests::mongo::{Scratch, in_a_database, left_out};

fn add<M: SpecModel>(harness: &mut Harness, spec: fn() -> RepoCrudSpec<M>) {
    harness.add(spec().facades(Facade::BOTH).cases(in_a_database()));
}

fn main() -> ExitCode {
    if let Some(left_out) = left_out("the conformance suite on MongoDB") {
        return left_out;
    }
    let harness = &mut Harness::new();
    add::<Basics>(harness, RepoCrudSpec::new);
    add::<Blogging>(harness, RepoCrudSpec::new);
    add::<Collections>(harness, RepoCrudSpec::new);
    add::<Components>(harness, RepoCrudSpec::new);
    add::<Constrained>(harness, || constrained::configure(RepoCrudSpec::new()));
    add::<Drawing>(harness, RepoCrudSpec::new);
    add::<Generics>(harness, RepoCrudSpec::new);
    add::<Household>(harness, RepoCrudSpec::new);
    add::<Indexes>(harness, RepoCrudSpec::new);
    add::<Keywords>(harness, RepoCrudSpec::new);
    add::<Library>(harness, RepoCrudSpec::new);
    add::<Office>(harness, RepoCrudSpec::new);
    add::<PrimaryKeys>(harness, RepoCrudSpec::new);
    add::<Renames>(harness, RepoCrudSpec::new);
    add::<Storage>(harness, RepoCrudSpec::new);
    add::<Traffic>(harness, RepoCrudSpec::new);
    // The back end that a text chooses forwards each operation to the right one.
    let chosen = with_guard(|| {
        let scratch = Scratch::new()?;
        Ok::<_, BoxError>((scratch.uri().parse::<AnyBackend>()?, scratch))
    });
    harness.add(RepoCrudSpec::<Office>::new().on("any, chosen by mongodb:").cases(chosen));
    std::mem::take(harness).run()
}
