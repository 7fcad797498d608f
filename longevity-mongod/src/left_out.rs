//! Leaves MongoDB out, but only if it is named, so that nothing is skipped silently.

use std::env;

/// Whether the tests on MongoDB are to be left out: the environment variable `LONGEVITY_WITHOUT`, a comma-separated list,
/// contains `mongodb`. A test that is left out has to print that.
///
/// ```
/// if longevity_mongod::left_out() {
///     eprintln!("LEFT OUT by LONGEVITY_WITHOUT: the tests on MongoDB");
/// }
/// ```
pub fn left_out() -> bool {
    env::var_os("LONGEVITY_WITHOUT").is_some_and(|list| names_mongodb(&list.to_string_lossy()))
}

fn names_mongodb(list: &str) -> bool {
    list.split(',').any(|name| name.trim().eq_ignore_ascii_case("mongodb"))
}

#[cfg(test)]
mod tests {
    use super::names_mongodb;

    #[test]
    fn a_list_of_names() {
        for list in ["mongodb", "sqlite,mongodb", " MongoDB , sqlite"] {
            assert!(names_mongodb(list), "{list}");
        }
        for list in ["", ",", "sqlite", "mongo", "mongodb-atlas"] {
            assert!(!names_mongodb(list), "{list}");
        }
    }
}
