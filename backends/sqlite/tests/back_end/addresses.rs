//! Which database an address or a path names.

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::{AnyBackend, SqliteError};
use longevity_tests::models::keys::Library;

use crate::place::own;

fn place_of(uri: &str) -> Result<String, String> {
    let any = uri.parse::<AnyBackend>().map(|any| format!("{any:?}")).map_err(|error| error.to_string());
    let own = Sqlite::from_uri(uri).map(|sqlite| format!("{sqlite:?}")).map_err(|error| error.to_string());
    assert_eq!(any, own.clone().map(|own| format!("Sqlite({own})")));
    own
}

#[test]
fn an_address_names_a_file_as_urls_do() {
    for (uri, file) in [
        ("sqlite:blog.db", "blog.db"),
        ("sqlite:a/blog.db", "a/blog.db"),
        ("sqlite:/var/lib/blog.db", "/var/lib/blog.db"),
        ("sqlite:///var/lib/blog.db", "/var/lib/blog.db"),
    ] {
        assert_eq!(place_of(uri).unwrap(), format!("Sqlite(File({file:?}))"));
    }
    assert_eq!(place_of("sqlite::memory:").unwrap(), "Sqlite(Memory)");
}

#[test]
fn an_address_with_a_host_or_parameters_is_refused() {
    for uri in ["sqlite://blog.db", "sqlite://host/var/lib/blog.db", "sqlite://", "sqlite://:memory:"] {
        let error = place_of(uri).unwrap_err();
        assert!(error.contains("`sqlite:blog.db`") && error.contains("`sqlite:///absolute/path`"), "{uri}: {error}");
    }
    for uri in ["sqlite:blog.db?mode=ro", "sqlite:///blog.db?", "sqlite::memory:?cache=shared"] {
        let error = place_of(uri).unwrap_err();
        assert!(error.contains("parameters"), "{uri}: {error}");
    }
}

#[test]
fn a_file_whose_name_means_memory_to_sqlite_is_refused() {
    for name in ["", ":memory:"] {
        let error = Longevity::<Library, _>::open(Sqlite::file(name)).err().unwrap();
        let SqliteError::CannotOpen { reason, .. } = own(&error) else { panic!("{error:?}") };
        assert!(reason.contains("`Sqlite::in_memory()`"), "{reason}");
    }
}
