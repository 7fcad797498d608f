//! Every type of every model of the matrix comes back bit for bit, and so does each of its properties.

use longevity::Mem;
use longevity::testkit::{RepoCrudSpec, SpecModel};
use longevity_tests::models::{
    basics, blogging, collections, components, constrained, generics, indexes, keys, keywords, modules, poly,
    poly_inline, poly_keys, primary_keys, queries, renames,
};

use crate::checks::Checks;

fn check<M: SpecModel + 'static>(spec: RepoCrudSpec<M>) {
    let report = spec.samples(60).run_only(|| Checks(Mem::new()), |name| name.ends_with("::create on checks"));
    assert!(!report.cases.is_empty() && report.has_passed(), "{report}");
    assert_eq!(report.skipped().count(), 0, "{report}");
}

macro_rules! matrix {
    ($($name:ident: $model:ty;)*) => {$(
        #[test]
        fn $name() {
            check(RepoCrudSpec::<$model>::new());
        }
    )*};
}

matrix! {
    of_basics: basics::Basics;
    of_blogging: blogging::Blogging;
    of_collections: collections::Collections;
    of_components: components::Components;
    of_generics: generics::Generics;
    of_indexes: indexes::Indexes;
    of_keys: keys::Library;
    of_keywords: keywords::Keywords;
    of_modules: modules::Household;
    of_poly: poly::Office;
    of_poly_inline: poly_inline::Drawing;
    of_poly_keys: poly_keys::Traffic;
    of_primary_keys: primary_keys::PrimaryKeys;
    of_queries: queries::Storage;
    of_renames: renames::Renames;
}

#[test]
fn of_constrained() {
    check(constrained::configure(RepoCrudSpec::new()));
}
