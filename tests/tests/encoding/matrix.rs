//! Every type of every model of the matrix decodes to the same bits, and so does each of its properties.

use longevity::testkit::proptest::strategy::{Strategy, ValueTree};
use longevity::testkit::proptest::test_runner::TestRunner;
use longevity::testkit::{Generators, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use longevity::{Mem, PersistentType};
use longevity_core::InModel;
use longevity_core::table::{TableDefinition, TableSchema};
use longevity_tests::models::{
    basics, blogging, collections, components, constrained, generics, indexes, keys, keywords, modules, poly,
    poly_inline, poly_keys, primary_keys, queries, references, renames,
};

use crate::checks::Checks;

/// The number of values of each type.
const VALUES: usize = 60;

/// Encodes and decodes values of each type that it visits.
struct Types {
    generators: Generators,
    seen: usize,
}

impl Types {
    fn come_back<T: SpecKeys>(&mut self, definition: &TableDefinition) {
        self.seen += 1;
        let strategy = T::rows(&self.generators);
        let mut chance = TestRunner::deterministic();
        let checks = Checks(Mem::new());
        for _ in 0..VALUES {
            let value = strategy.new_tree(&mut chance).unwrap().current();
            let discriminator = definition.variants[value.variant()].discriminators.map(|names| names[0]);
            let doc = value.encode(&checks).unwrap();
            let back = T::decode(&checks, discriminator, &doc).unwrap().unwrap();
            assert_eq!(back.variant(), value.variant());
            let (back, value) = (back.value_at(&[]).to_value(), value.value_at(&[]).to_value());
            assert!(back.is_identical(&value), "{back:?} is not {value:?}");
        }
    }
}

/// The schema of a definition survives being stored and read.
fn schema_comes_back(definition: &TableDefinition) {
    let schema = definition.schema();
    let stored = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<TableSchema>(&stored).unwrap(), schema, "{stored}");
}

impl<M> SpecVisitor<M> for Types {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        let definition = P::definition().table().unwrap();
        schema_comes_back(&definition);
        self.come_back::<P>(&definition);
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        let definition = P::definition().table().unwrap();
        schema_comes_back(&definition);
        self.come_back::<P>(&definition);
    }

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        self.come_back::<D>(&P::definition().table().unwrap());
    }
}

fn check<M: SpecModel>(generators: Generators) {
    let mut types = Types { generators, seen: 0 };
    M::visit(&mut types);
    assert!(types.seen > 0);
}

macro_rules! matrix {
    ($($name:ident: $model:ty;)*) => {$(
        #[test]
        fn $name() {
            check::<$model>(Generators::new());
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
    of_references: references::Shelves;
    of_renames: renames::Renames;
}

#[test]
fn of_constrained() {
    check::<constrained::Constrained>(constrained::generators());
}
