//! Leaving MongoDB out, which has to be said by name: nothing is skipped silently.

use std::env;

/// Whether whoever runs the tests has asked to leave MongoDB out: the environment variable `LONGEVITY_WITHOUT`, a
/// comma-separated list, names `mongodb`. A test that heeds it says so aloud.
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
