//! Strings that are not valid addresses, given to each constructor of each back end. The error describes the problem and shows no
//! part of the string, because any part of it may be a secret.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use std::error::Error as _;
use std::fmt::Debug;

use longevity::prelude::*;
use longevity::{AnyBackend, MongoError, blocking};
use longevity_tests::models::blogging::Blogging;

const SECRET: &str = "SECRET";

/// Strings that are not valid addresses, with one for each position that a secret can have.
const NO_ADDRESSES: &[&str] = &[
    // The scheme.
    "SECRET:",
    "SECRET://host/blog",
    "SECRET:blog.db",
    "ann:SECRET@host",
    "a:SECRET@host/blog",
    "a:/SECRET@host/blog",
    "ann:SECRET",
    " mongodb://ann:SECRET@host/blog",
    "\nmongodb://ann:SECRET@host/blog",
    "mongo://ann:SECRET@host/blog",
    "MONGODB://ann:SECRET@host/blog",
    "mongodb:ann:SECRET@host/blog",
    "mongodb:/ann:SECRET@host/blog",
    "mongodb//ann:SECRET@host/blog",
    "mongodb+srv:/ann:SECRET@host/blog",
    "mongodb://mongodb://ann:SECRET@host/blog",
    "postgres://ann:SECRET@host/blog",
    "postgresql://SECRET:pw@host/blog",
    "mysql://ann:SECRET@host/blog",
    "redis://:SECRET@host",
    "https://ann:SECRET@host/blog",
    "file:SECRET.db",
    "sqlite3:SECRET.db",
    "SQLITE:SECRET.db",
    "memory:SECRET",
    "//ann:SECRET@host/blog",
    "./mongodb://ann:SECRET@host/blog",
    // A server where a file should be.
    "sqlite:mongodb://ann:SECRET@host/blog",
    "sqlite:ann:SECRET@host/blog",
    "sqlite://ann:SECRET@host/blog",
    "sqlite://SECRET",
    "sqlite:///blog.db?key=SECRET",
    "sqlite:blog.db?SECRET",
    "sqlite::memory:?SECRET",
    // The credentials.
    "mongodb://SECRET:p%w@host/blog",
    "mongodb://ann:SECRET%@host/blog",
    "mongodb://ann:SECRET%ZZ@host/blog",
    "mongodb://ann:%aéSECRET@host/blog",
    "mongodb://%aéSECRET@host/blog",
    "mongodb://ann:%FFSECRET@host/blog",
    "mongodb://ann:SECRET@x@host/blog",
    "mongodb://ann:x@SECRET@host/blog",
    "mongodb://ann:x@host/blog@SECRET",
    "mongodb://ann:x:SECRET@host/blog",
    "mongodb://ann:x/SECRET@host/blog",
    "mongodb://ann:x?SECRET@host/blog",
    "mongodb://ann:1234/x?SECRET@host/blog",
    "mongodb://ann:x@SECRET?x@host/blog",
    "mongodb://ann:x@SECRET?appName=@host/blog",
    "mongodb://ann:x#SECRET@host/blog",
    "mongodb://ann:x[SECRET@host/blog",
    // The host.
    "mongodb://ann:SECRET/blog",
    "mongodb://ann:SECRET",
    "mongodb://ann:SECRET?x=1",
    "mongodb://ann:SECRET@/blog",
    "mongodb://ann:SECRET@",
    "mongodb://ann:SECRET.sock/blog",
    "mongodb://:SECRET@host/blog",
    "mongodb://:SECRET/blog",
    "mongodb://a SECRET/blog",
    "mongodb://a\\SECRET/blog",
    "mongodb://a;SECRET/blog",
    "mongodb://a,SECRET:x/blog",
    "mongodb://SECRET,/blog",
    "mongodb://[SECRET]/blog",
    "mongodb://[SECRET/blog",
    "mongodb://[::1]SECRET/blog",
    "mongodb://[::1]:SECRET/blog",
    "mongodb://host:99999SECRET/blog",
    "mongodb://SECRET:99999/blog",
    "mongodb://ann:x@SECRET:port/blog",
    "mongodb+srv://ann:SECRET/blog",
    "mongodb+srv://ann:x@SECRET:1234/blog",
    "mongodb+srv://ann:x@host,SECRET/blog",
    // The database.
    "mongodb://ann:x@host/a/SECRET",
    "mongodb://ann:x@host/a.SECRET",
    "mongodb://host/a%20SECRET",
    "mongodb://host/%FFSECRET$",
    "mongodb://host/SECRET\0",
    // The options.
    "mongodb://host/blog?SECRET",
    "mongodb://host/blog?w=1&SECRET",
    "mongodb://host/blog?w=1&SECRET&journal=true",
    "mongodb://host/blog?SECRET=1",
    "mongodb://host/blog?=SECRET",
    "mongodb://host/blog?password=SECRET",
    "mongodb://host/blog?w=1&&SECRET=",
    "mongodb://host/blog?retryWrites=SECRET",
    "mongodb://host/blog?w=1&w=SECRET",
    "mongodb://host/blog?readPreference=SECRET",
    "mongodb://host/blog?readPreferenceTags=SECRET",
    "mongodb://host/blog?authMechanism=SECRET",
    "mongodb://host/blog?authMechanismProperties=SECRET",
    "mongodb://host/blog?authMechanism=GSSAPI&authMechanismProperties=CANONICALIZE_HOST_NAME:SECRET",
    "mongodb://host/blog?uuidRepresentation=SECRET",
    "mongodb://host/blog?srvServiceName=SECRET",
    "mongodb://host/blog?tls=true&tlsInsecure=SECRET",
    "mongodb://host/blog?maxStalenessSeconds=SECRET",
    "mongodb://host/blog?compressors=SECRET&zlibCompressionLevel=SECRET",
];

/// Everything that an error shows.
fn everything_in(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(" {source} {source:?} {source:#?}");
        next = source.source();
    }
    text
}

/// Everything that this constructor's error for an invalid string shows.
#[track_caller]
fn refused(way: &str, text: &str, result: Result<impl Debug, Error>) -> String {
    match result {
        Ok(taken) => panic!("{way} accepts {text:?} as {taken:?}"),
        Err(error) => everything_in(&error),
    }
}

#[test]
fn invalid_addresses_are_described_and_never_quoted() {
    let mut shown = Vec::new();
    for &text in NO_ADDRESSES {
        assert!(text.contains(SECRET), "{text}");
        shown.push((text, refused("AnyBackend", text, text.parse::<AnyBackend>())));
        shown.push((text, refused("Sqlite::from_uri", text, Sqlite::from_uri(text))));
        shown.push((text, refused("Mongo::from_uri", text, Mongo::from_uri(text))));
        // These are checked when they are opened. If a database is given, the name of another one in the address is ignored.
        for mongo in [Mongo::new(text), Mongo::new(text).database("another")] {
            shown.push((text, format!("{mongo:?} {mongo:#?}")));
            let opened = blocking::Longevity::<Blogging, _>::open(mongo);
            let error = opened.err().unwrap_or_else(|| panic!("{text:?} was opened"));
            assert!(
                matches!(MongoError::of(&error), Some(MongoError::InvalidAddress { .. } | MongoError::NoDatabase)),
                "{text:?}: {error:?}"
            );
            shown.push((text, everything_in(&error)));
        }
    }
    for (text, shown) in shown {
        assert!(!shown.contains(SECRET), "the error for {text:?} shows {shown}");
    }
}

#[test]
fn errors_say_what_is_wrong_with_an_address_of_a_server() {
    let cases = [
        ("mongodb:/host/blog", "does not begin with `mongodb://`"),
        ("mongodb://host", "names no database"),
        ("mongodb:///blog", "names no host"),
        ("mongodb://ann:pw/blog", "not followed by a port"),
        ("mongodb://host:99999/blog", "from 1 to 65535"),
        ("mongodb://a b/blog", "a host is invalid"),
        ("mongodb+srv://host:1234/blog", "no port"),
        ("mongodb://ann:p@w@host/blog", "percent-encode every character"),
        ("mongodb://ann:p?w@host/blog", "%3F"),
        ("mongodb://host/a.b", "a dot"),
        ("mongodb://host/blog?w=1&journal", "option number 2 has no `=`"),
        ("mongodb://host/blog?w=1&retries=7", "option number 2 does not exist"),
        ("mongodb://host/blog?RETRYWRITES=maybe", "`retryWrites`"),
        ("mongodb://host/blog?w=1&w=1", "given twice"),
    ];
    for (text, what) in cases {
        let error = Mongo::from_uri(text).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
}

#[test]
fn errors_say_what_is_wrong_with_an_address_of_a_file() {
    let cases = [
        ("mongodb://ann:pw@host/blog", "begins with `sqlite:`"),
        ("file:blog.db", "begins with `sqlite:`"),
        ("sqlite:ann:pw@host", "the address of a server"),
        ("sqlite:blog.db?mode=ro", "parameters"),
        ("sqlite:", "`sqlite:blog.db`"),
    ];
    for (text, what) in cases {
        let error = Sqlite::from_uri(text).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
    let error = "oracle:blog".parse::<AnyBackend>().unwrap_err().to_string();
    assert!(error.contains("`mem:`") && error.contains("`sqlite:`") && error.contains("`mongodb://`"), "{error}");
}

#[test]
fn addresses_are_accepted_and_shown_without_their_credentials() {
    for (text, shown) in [
        ("mongodb://ann:p%40w@host/blog", "Mongo(host/blog)"),
        ("mongodb://ann@host/blog", "Mongo(host/blog)"),
        (
            "mongodb://a-1.example.com:1,[::1]:27017,127.0.0.1/blog?replicaSet=rs0&w=majority",
            "Mongo(a-1.example.com:1,[::1]:27017,127.0.0.1/blog)",
        ),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/blog", "Mongo(%2Ftmp%2Fmongodb-27017.sock/blog)"),
        (
            "mongodb+srv://ann:pw@cluster0.example.mongodb.net/blog?retryWrites=true",
            "Mongo(cluster0.example.mongodb.net/blog)",
        ),
        (
            "mongodb://host/blog?readPreference=secondary&readPreferenceTags=dc:ny&maxStalenessSeconds=120",
            "Mongo(host/blog)",
        ),
        ("mongodb://ann:pw@host/blog?authMechanism=SCRAM-SHA-256&authSource=admin&appName=a%40b", "Mongo(host/blog)"),
        ("mongodb://host/bl%C3%B6g?", "Mongo(host/blög)"),
    ] {
        assert_eq!(format!("{:?}", Mongo::from_uri(text).unwrap()), shown);
        assert_eq!(format!("{:?}", text.parse::<AnyBackend>().unwrap()), format!("Mongo({shown})"));
    }
    for (text, shown) in [
        ("blog.db", "Sqlite(File(\"blog.db\"))"),
        ("a/b:c.db", "Sqlite(File(\"a/b:c.db\"))"),
        ("C:\\blog.db", "Sqlite(File(\"C:\\\\blog.db\"))"),
        (":memory:", "Sqlite(Memory)"),
        ("sqlite:a:b.db", "Sqlite(File(\"a:b.db\"))"),
        ("sqlite:ann@home.db", "Sqlite(File(\"ann@home.db\"))"),
    ] {
        assert_eq!(format!("{:?}", Sqlite::from_uri(text).unwrap()), shown);
    }
}
