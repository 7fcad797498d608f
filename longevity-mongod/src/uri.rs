//! Connection strings: writes them, and sets the default database of one without changing the rest.

/// The user with which a server is started.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The URI of a replica set on ports of this machine.
pub(crate) fn of_replica_set(ports: &[u16], name: &str, credentials: Option<&Credentials>) -> String {
    of(ports, &format!("replicaSet={name}"), credentials)
}

/// The URI of one server on a port of this machine, whichever set it is in.
pub(crate) fn direct(port: u16, credentials: Option<&Credentials>) -> String {
    of(&[port], "directConnection=true", credentials)
}

fn of(ports: &[u16], option: &str, credentials: Option<&Credentials>) -> String {
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let hosts = hosts.join(",");
    match credentials {
        None => format!("mongodb://{hosts}/?{option}"),
        Some(Credentials { user, password }) => {
            let (user, password) = (encode(user), encode(password));
            format!("mongodb://{user}:{password}@{hosts}/?{option}&authSource=admin")
        }
    }
}

/// The same URI with another default database. The options stay the same, and so does the database in which the user is looked
/// up, which is the default database unless an option says otherwise.
pub(crate) fn with_database(uri: &str, database: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("mongodb", uri));
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, old) = rest.split_once('/').unwrap_or((rest, ""));
    let database = encode(database);
    let mut result = format!("{scheme}://{authority}/{database}");
    let source = auth_source(authority, old, options);
    let options = [options, source.as_deref().unwrap_or_default()];
    let options: Vec<_> = options.into_iter().filter(|options| !options.is_empty()).collect();
    if !options.is_empty() {
        result.push('?');
        result.push_str(&options.join("&"));
    }
    result
}

/// The option to add, so that the user is looked up in the same database as before.
fn auth_source(authority: &str, old: &str, options: &str) -> Option<String> {
    let option = |name: &str| {
        let mut options = options.split('&').filter_map(|option| option.split_once('='));
        options.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_ascii_uppercase())
    };
    if !authority.contains('@') || option("authSource").is_some() {
        return None;
    }
    let without_database = match option("authMechanism").as_deref() {
        None => "admin",
        Some(mechanism) if mechanism.starts_with("SCRAM") => "admin",
        Some("PLAIN") => "$external",
        Some(_) => return None, // the other mechanisms have one source, whatever the default database is
    };
    let source = if old.is_empty() { without_database } else { old };
    Some(format!("authSource={source}"))
}

/// Percent-encodes everything except letters, digits and `-._~`.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_database_changes_nothing_else() {
        for (uri, expected) in [
            ("mongodb://h", "mongodb://h/db"),
            ("mongodb://h:1,i:2/", "mongodb://h:1,i:2/db"),
            ("mongodb://h/?replicaSet=r", "mongodb://h/db?replicaSet=r"),
            ("mongodb://h?replicaSet=r", "mongodb://h/db?replicaSet=r"),
            ("mongodb://h/old?w=1&tls=true", "mongodb://h/db?w=1&tls=true"),
            ("mongodb://u:p@h", "mongodb://u:p@h/db?authSource=admin"),
            ("mongodb://u:p@h/old?w=1", "mongodb://u:p@h/db?w=1&authSource=old"),
            ("mongodb://u:p@h/old?authsource=other", "mongodb://u:p@h/db?authsource=other"),
            ("mongodb://u:p@h/?authMechanism=PLAIN", "mongodb://u:p@h/db?authMechanism=PLAIN&authSource=$external"),
            ("mongodb://u@h/?authMechanism=MONGODB-X509", "mongodb://u@h/db?authMechanism=MONGODB-X509"),
            ("mongodb+srv://u:p@h.example/?w=majority", "mongodb+srv://u:p@h.example/db?w=majority&authSource=admin"),
        ] {
            assert_eq!(with_database(uri, "db"), expected, "{uri}");
        }
        assert_eq!(with_database("mongodb://h", "a b/ä"), "mongodb://h/a%20b%2F%C3%A4");
    }

    #[test]
    fn credentials_may_hold_any_character() {
        let credentials = Credentials { user: "a@b".into(), password: "p:/?#%".into() };
        let uri = of_replica_set(&[1, 2], "r", Some(&credentials));
        assert_eq!(uri, "mongodb://a%40b:p%3A%2F%3F%23%25@127.0.0.1:1,127.0.0.1:2/?replicaSet=r&authSource=admin");
    }
}
