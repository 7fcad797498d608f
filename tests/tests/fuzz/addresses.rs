//! Strings that are derived from valid addresses.

use longevity::{AnyBackend, Mongo, Sqlite};

const ADDRESSES: &[&str] = &[
    "mem:",
    "blog.db",
    "sqlite:blog.db",
    "sqlite:///var/lib/blog.db",
    "sqlite::memory:",
    "C:\\blog.db",
    "mongodb://localhost/blog",
    "mongodb://ann:p%40w@a.example.com:27017,[::1]:27018,10.0.0.1/blog?replicaSet=rs0&w=majority&retryWrites=true",
    "mongodb+srv://ann:pw@cluster0.example.mongodb.net/blog?authSource=admin&authMechanism=SCRAM-SHA-256",
    "mongodb://%2Ftmp%2Fmongodb-27017.sock/blog?readPreference=secondary&readPreferenceTags=dc:ny,rack:1",
    "mongodb://host/blog?tls=true&tlsCAFile=ca.pem&compressors=zlib&zlibCompressionLevel=3&maxPoolSize=7",
    "mongodb://host/blog?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:other,CANONICALIZE_HOST_NAME:true",
];

const TROUBLE: &[&str] = &[
    "@",
    ":",
    "/",
    "?",
    "&",
    "=",
    "%",
    "%4",
    "%zz",
    "%aé",
    "[",
    "]",
    ",",
    "://",
    "\0",
    " ",
    "é",
    "\u{1f980}",
    ".sock",
    "%2f",
    "$",
    "\\",
    "sqlite:",
    "mongodb://",
    "mongodb+srv://",
    "w=0",
    "w=1",
    "99999999999999999999",
    "-1",
    "tls=true",
    "#",
];

#[test]
fn addresses_of_any_form_are_accepted_or_refused() {
    super::run("addresses", |chance| {
        let mut bytes = chance.of(ADDRESSES).as_bytes().to_vec();
        chance.change(&mut bytes, TROUBLE);
        let text = String::from_utf8_lossy(&bytes);
        let (any, sqlite, mongo) = (text.parse::<AnyBackend>(), Sqlite::from_uri(&text), Mongo::from_uri(&text));
        let database = Mongo::new(&*text).database("another");
        let shown = format!("{any:?} {sqlite:?} {mongo:?} {database:?}");
        // If the credentials are still intact, they must not be shown.
        for (credentials, secret) in [("ann:p%40w@", "p%40w"), ("ann:pw@", ":pw@")] {
            assert!(!text.contains(credentials) || !shown.contains(secret), "{text:?}: {shown}");
        }
        any.is_ok()
    });
}
