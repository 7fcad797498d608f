//! The one-line macros in an ordinary test target: with and without a configuration and a name.

use longevity::Mem;
use longevity_tests::models::blogging::{Blogging, Username};
use longevity_tests::models::keys::Library;
use proptest::prelude::Strategy;

longevity::repo_crud_spec!(Library, Mem::new());

longevity::repo_crud_spec!(blogging_with_numbered_names: Blogging, Mem::new(), |spec| {
    spec.samples(4).strategy::<Username>(|| (0..1_000_u16).prop_map(|number| Username(format!("user {number}"))))
});
