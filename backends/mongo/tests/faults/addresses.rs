//! Addresses without a server, and invalid addresses. The error says what is wrong, and never shows a credential.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use longevity::{Error, Longevity, Mongo, MongoError, blocking};

use crate::credentials::{all_of, assert_no_secret};
use crate::model::Faults;
use crate::place::in_a_runtime;

#[test]
fn an_unreachable_host_is_named_and_the_operation_can_be_repeated() {
    in_a_runtime(|| async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let begun = Instant::now();
        let uri = format!("mongodb://zebedee:se-cret@127.0.0.1:{port}/blog?serverSelectionTimeoutMS=300");
        let error = Longevity::<Faults, _>::open(Mongo::new(uri)).await.unwrap_err();
        let Some(reason @ MongoError::Unreachable { .. }) = MongoError::of(&error) else { panic!("{error:?}") };
        assert!(reason.is_retryable() && matches!(error, Error::Connection { .. }));
        assert!(error.to_string().contains(&port.to_string()), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert_no_secret(&all_of(&error), &["se-cret", "zebedee"]);
    });
}

/// The parts of the credentials are `one-secret`, `two-secret` and `ann-secret`, wherever the address is split.
const MALFORMED: [(&str, &str); 17] = [
    ("mongodb://ann-secret:one%ZZ-secret@host/blog", "percent"),
    ("mongodb://ann-secret%:one-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret@two-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret:two-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret/two-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret?two-secret@host/blog", "%40"),
    ("mongodb://ann-secret:1234/one-secret?two-secret@host/blog", "%40"),
    ("mongodb://ann-secret:one-secret#two-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret[two-secret@host/blog", "percent"),
    ("mongodb://ann-secret:one-secret@host:99999/blog", "65535"),
    ("mongodb://ann-secret:one-secret@host:port/blog", "port"),
    ("mongodb://ann-secret:one-secret@host/blog?retries=7", "option number 1"),
    ("mongodb://ann-secret:one-secret@host/blog?retryWrites=maybe", "retryWrites"),
    ("mongodb://ann-secret:one-secret@/blog", "host"),
    ("mongodb://ann-secret:one-secret@host", "database"),
    ("mongodb:/ann-secret:one-secret@host/blog", "mongodb://"),
    ("postgres://ann-secret:one-secret@host/blog", "mongodb://"),
];

#[test]
fn an_invalid_address_is_reported_without_its_credentials() {
    let secrets = ["one-secret", "two-secret", "ann-secret", "-secret"];
    for (uri, what) in MALFORMED {
        let named = Mongo::new(uri).database("another");
        assert_no_secret(&format!("{named:?}"), &secrets);
        // With a database, that address is valid, but no server is there.
        let tried = if what == "database" { vec![Mongo::new(uri)] } else { vec![Mongo::new(uri), named] };
        for mongo in tried {
            assert_no_secret(&format!("{mongo:?}"), &secrets);
            let error = blocking::Longevity::<Faults, _>::open(mongo).unwrap_err();
            assert_no_secret(&all_of(&error), &secrets);
            let told = MongoError::of(&error);
            assert!(
                matches!(told, Some(MongoError::InvalidAddress { .. } | MongoError::NoDatabase)),
                "{uri}: {error:?}"
            );
            assert!(error.to_string().contains(what), "{uri}: {error}");
        }
        let parsed = Mongo::from_uri(uri);
        let parsed = parsed.map_or_else(|error| all_of(&error), |mongo| format!("{mongo:?}"));
        assert_no_secret(&parsed, &secrets);
    }
}
