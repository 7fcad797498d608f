//! Reads the address of a database, and explains what is wrong with it without showing any part of it. Any part of an invalid
//! address may be a secret in the wrong place.

use mongodb::options::ConnectionString;

use crate::connection::names;
use crate::error::MongoError;
use crate::settings::Settings;

/// A connection string that the driver accepts, without its credentials and options.
#[derive(Debug)]
struct Address {
    hosts: String,
    /// The database that it names, if it names one.
    database: Option<String>,
}

/// The hosts and the name of a database.
pub(crate) fn hosts_and_database(settings: &Settings) -> Result<(String, String), MongoError> {
    let Address { hosts, database } = Address::of(&settings.uri)?;
    match settings.database.clone().or(database) {
        Some(database) => Ok((hosts, database)),
        None => Err(MongoError::NoDatabase),
    }
}

/// The names of options that an error may show.
const OPTIONS: &[&str] = &[
    "adaptiveRetries",
    "appName",
    "authMechanism",
    "authMechanismProperties",
    "authSource",
    "compressors",
    "connectTimeoutMS",
    "directConnection",
    "enableOverloadRetargeting",
    "heartbeatFrequencyMS",
    "journal",
    "loadBalanced",
    "localThresholdMS",
    "maxAdaptiveRetries",
    "maxConnecting",
    "maxIdleTimeMS",
    "maxPoolSize",
    "maxStalenessSeconds",
    "minPoolSize",
    "readConcernLevel",
    "readPreference",
    "readPreferenceTags",
    "replicaSet",
    "retryReads",
    "retryWrites",
    "serverMonitoringMode",
    "serverSelectionTimeoutMS",
    "socketTimeoutMS",
    "srvMaxHosts",
    "srvServiceName",
    "ssl",
    "tls",
    "tlsAllowInvalidCertificates",
    "tlsCAFile",
    "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsInsecure",
    "uuidRepresentation",
    "w",
    "waitQueueTimeoutMS",
    "wtimeoutMS",
    "zlibCompressionLevel",
];

impl Address {
    /// Reads a connection string.
    fn of(uri: &str) -> Result<Self, MongoError> {
        let invalid = |reason: String| MongoError::InvalidAddress { reason };
        let (scheme, rest) = match (uri.strip_prefix("mongodb://"), uri.strip_prefix("mongodb+srv://")) {
            (Some(rest), _) => ("mongodb", rest),
            (None, Some(rest)) => ("mongodb+srv", rest),
            (None, None) => return Err(invalid("it does not begin with `mongodb://` or `mongodb+srv://`".to_owned())),
        };
        // The string is split where the driver splits it. Otherwise a part of the credentials could be taken for something else,
        // and shown.
        let (place, options) = rest.split_once('?').map_or((rest, None), |(place, options)| (place, Some(options)));
        if options.is_some_and(|options| options.contains('@')) {
            return Err(invalid(
                "there is an `@` after a `?`: write the `?` of a password as `%3F`, the `@` of an option as `%40`"
                    .to_owned(),
            ));
        }
        let (credentials, hosts) = place.rsplit_once('@').map_or((None, place), |(user, hosts)| (Some(user), hosts));
        let (hosts, path) = hosts.split_once('/').unwrap_or((hosts, ""));
        if let Some(credentials) = credentials.filter(|credentials| !are_credentials(credentials)) {
            let parted = credentials.matches([':', '/', '@']).count() > 1;
            let hint = if parted { "; they contain more than one `:`, or a `/` or an `@`" } else { "" };
            return Err(invalid(format!(
                "its credentials cannot be read: percent-encode every character of a user name or a password that is not one \
                 of `A-Z a-z 0-9 - . _ ~`, for example `@` as `%40`{hint}"
            )));
        }
        ensure_hosts(hosts, scheme == "mongodb+srv").map_err(|reason| invalid(reason.to_owned()))?;
        let database = (!path.is_empty()).then(|| decoded(path));
        if let Some(MongoError::ForbiddenName { reason, .. }) =
            database.as_deref().and_then(|name| names::ensure_database(name).err())
            && !database.as_deref().is_some_and(names::is_the_servers)
        {
            return Err(invalid(format!("the name after the hosts cannot be the name of a database: {reason}")));
        }
        if let Some(options) = options {
            ensure_options(options).map_err(invalid)?;
        }
        // The parts are valid. Only the driver knows whether it accepts them together.
        if ConnectionString::parse(uri).is_err() {
            return Err(invalid(
                "its options contradict one another: an option is given twice, needs another one, or is for another kind of \
                 address"
                    .to_owned(),
            ));
        }
        Ok(Self { hosts: hosts.to_owned(), database })
    }
}

/// Whether this is a user name, with or without a password. The driver is asked last because it panics at some invalid strings.
fn are_credentials(text: &str) -> bool {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let is_encoded = |part: &str| {
        let digits = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
        !part.contains([':', '/', '?', '#', '[', ']', '@']) && part.split('%').skip(1).all(digits)
    };
    !user.is_empty()
        && is_encoded(user)
        && is_encoded(password)
        && ConnectionString::parse(format!("mongodb://{text}@host")).is_ok()
}

fn ensure_hosts(hosts: &str, by_dns: bool) -> Result<(), &'static str> {
    if hosts.is_empty() {
        return Err("it names no host: write `mongodb://host/blog`");
    }
    if by_dns && hosts.contains([',', ':', '[']) {
        return Err("an address with `mongodb+srv://` has one host and no port: write `mongodb+srv://host/blog`");
    }
    for host in hosts.split(',') {
        // The path of a socket, percent-encoded.
        if host.ends_with(".sock") && host.to_ascii_lowercase().contains("%2f") && !host.contains(':') {
            continue;
        }
        let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, "")) => (address, None),
            Some((address, port)) => (address, Some(port.strip_prefix(':').unwrap_or_default())),
            None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
        };
        let is_name = |character: char| character.is_alphanumeric() || "-._".contains(character);
        let is_address = host.starts_with('[') && name.parse::<std::net::Ipv6Addr>().is_ok();
        if name.is_empty() || (!is_address && !name.chars().all(is_name)) {
            return Err(
                "a host is invalid: write its name or its IP address, in brackets if it contains colons (`[::1]`)",
            );
        }
        // The invalid port may be a password that lacks its `@` and its host.
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(
                "the `:` of a host is not followed by a port, which is a number from 1 to 65535; credentials end with an `@`, \
                 and the host follows it",
            );
        }
    }
    Ok(())
}

/// Asks the driver about each option separately. An error names only options that exist.
fn ensure_options(options: &str) -> Result<(), String> {
    for (position, option) in options.split('&').enumerate().filter(|_| !options.is_empty()) {
        let position = position + 1;
        let Some((name, _)) = option.split_once('=') else {
            return Err(format!(
                "its option number {position} has no `=`: options are `name=value`, with `&` between them"
            ));
        };
        let known = OPTIONS.iter().find(|known| known.eq_ignore_ascii_case(name));
        let refused = || ConnectionString::parse(format!("mongodb://host/?{option}")).is_err();
        match known {
            // These options need other options.
            Some(&("readPreferenceTags" | "maxStalenessSeconds" | "tlsCertificateKeyFilePassword")) => {}
            Some(&("srvMaxHosts" | "srvServiceName" | "zlibCompressionLevel" | "compressors")) => {}
            Some(&("authMechanism" | "authMechanismProperties" | "authSource")) => {}
            Some(known) if refused() => {
                return Err(format!("its option `{known}` does not accept the given value"));
            }
            None if refused() => {
                return Err(format!("its option number {position} does not exist: is its name misspelt?"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Decodes a percent-encoding. An invalid one stays as it is, for the driver to report.
fn decoded(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let byte = behind.get(..2).and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| encoded.to_owned())
}
