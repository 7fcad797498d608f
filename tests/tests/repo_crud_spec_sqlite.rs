//! The conformance suite over the whole matrix, on SQLite, in a file and in memory, through both facades: one named test
//! for each type, operation and key.

use std::process::ExitCode;

use longevity::testkit::{Facade, Fixture, Harness, RepoCrudSpec, SpecModel, with_guard};
use longevity::{AnyBackend, Error, Sqlite};
use longevity_tests::models::{
    basics::Basics, blogging::Blogging, collections::Collections, components::Components, constrained,
    constrained::Constrained, generics::Generics, indexes::Indexes, keys::Library, keywords::Keywords,
    modules::Household, poly::Office, poly_inline::Drawing, poly_keys::Traffic, primary_keys::PrimaryKeys,
    queries::Storage, renames::Renames,
};

/// A file in a directory of its own, gone when the case is.
fn in_a_file() -> impl Fixture<Backend = Sqlite> {
    with_guard(|| {
        let directory = tempfile::tempdir()?;
        Ok::<_, std::io::Error>((Sqlite::file(directory.path().join("store.db")), directory))
    })
}

fn add<M: SpecModel>(harness: &mut Harness, spec: fn() -> RepoCrudSpec<M>) {
    harness.add(spec().facades(Facade::BOTH).on("sqlite in a file").cases(in_a_file()));
    harness.add(spec().facades(Facade::BOTH).on("sqlite in memory").cases(Sqlite::in_memory));
}

fn main() -> ExitCode {
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
    let chosen = |text: &'static str| {
        let spec = RepoCrudSpec::<Office>::new().on(format!("any, chosen by {text}"));
        spec.cases(with_guard(move || Ok::<_, Error>((text.parse::<AnyBackend>()?, ()))))
    };
    harness.add(chosen("sqlite::memory:"));
    harness.add(chosen("mem:"));
    std::mem::take(harness).run()
}
