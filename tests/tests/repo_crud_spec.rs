//! The conformance suite over the whole matrix, on the in-memory back end, through both facades: one named test for each
//! type, operation and key.

use longevity::Mem;
use longevity::testkit::Facade;
use longevity_tests::models::{
    basics::Basics, blogging::Blogging, collections::Collections, components::Components, constrained,
    constrained::Constrained, generics::Generics, indexes::Indexes, keys::Library, keywords::Keywords,
    modules::Household, poly::Office, poly_inline::Drawing, poly_keys::Traffic, primary_keys::PrimaryKeys,
    queries::Storage, renames::Renames,
};

longevity::repo_crud_spec_main!(
    facades: Facade::BOTH;
    Basics, Mem::new();
    Blogging, Mem::new();
    Collections, Mem::new();
    Components, Mem::new();
    Constrained, Mem::new(), constrained::configure;
    Drawing, Mem::new();
    Generics, Mem::new();
    Household, Mem::new();
    Indexes, Mem::new();
    Keywords, Mem::new();
    Library, Mem::new();
    Office, Mem::new();
    PrimaryKeys, Mem::new();
    Renames, Mem::new();
    Storage, Mem::new();
    Traffic, Mem::new();
);
