//! The one-line macros in an ordinary test target, with and without a configuration and a name.

use longevity::Mem;
use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Member, Username};
use longevity_tests::models::keys::Library;
use proptest::prelude::Strategy;

longevity::repo_crud_spec!(Library, Mem::new());

longevity::query_spec!(Library, Mem::new(), |spec| spec.rows(20).generated(10));

longevity::query_spec!(queries_of_members: Blogging, Mem::new(), |spec| {
    spec.rows(20).generated(0).query::<Member>("many cats", |rows| {
        let many = rows.median(|member| member.num_cats);
        Member::query().filter(Member::props().num_cats.ge(many))
    })
});

longevity::repo_crud_spec!(blogging_with_numbered_names: Blogging, Mem::new(), |spec| {
    spec.samples(4).strategy::<Username>(|| (0..1_000_u16).prop_map(|number| Username(format!("user {number}"))))
});
