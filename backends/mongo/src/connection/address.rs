//! The address of a database: what it says, or what is wrong with it, in words that show nothing of it. Any part of what is no
//! address may be a secret that stands in the wrong place.

use mongodb::options::ConnectionString;

use crate::connection::names;
use crate::error::MongoError;
use crate::settings::Settings;

/// A connection string that the driver takes, without credentials and options.
#[derive(Debug)]
struct Address {
    hosts: String,
    /// The database that it names, if it names one.
    database: Option<String>,
}

/// The hosts of a database, and its name.
pub(crate) fn hosts_and_database(settings: &Settings) -> Result<(String, String), MongoError> {
    let Address { hosts, database } = Address::of(&settings.uri)?;
    match settings.database.clone().or(database) {
        Some(database) => Ok((hosts, database)),
        None => Err(MongoError::NoDatabase),
    }
}

/// The options, as an error may name them.
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
    /// What the connection string says.
    fn of(uri: &str) -> Result<Self, MongoError> {
        let invalid = |reason: String| MongoError::InvalidAddress { reason };
        let (scheme, rest) = match (uri.strip_prefix("mongodb://"), uri.strip_prefix("mongodb+srv://")) {
            (Some(rest), _) => ("mongodb", rest),
            (None, Some(rest)) => ("mongodb+srv", rest),
            (None, None) => return Err(invalid("it does not begin with `mongodb://` or `mongodb+srv://`".to_owned())),
        };
        // Parted where the driver parts it, or a part of the credentials would be taken for something else, and shown.
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
            let hint = if parted { "; there is more than one `:`, or a `/` or an `@`" } else { "" };
            return Err(invalid(format!(
                "its credentials cannot be read: what is none of `A-Z a-z 0-9 - . _ ~` has to be percent-encoded in a \
                 user name and in a password, `@` as `%40`{hint}"
            )));
        }
        ensure_hosts(hosts, scheme == "mongodb+srv").map_err(|reason| invalid(reason.to_owned()))?;
        let database = (!path.is_empty()).then(|| decoded(path));
        if let Some(MongoError::ForbiddenName { reason, .. }) =
            database.as_deref().and_then(|name| names::ensure_database(name).err())
            && !database.as_deref().is_some_and(names::is_the_servers)
        {
            return Err(invalid(format!("what it names behind the hosts is no database: {reason}")));
        }
        if let Some(options) = options {
            ensure_options(options).map_err(invalid)?;
        }
        // The parts are right. Only the driver knows whether it takes the whole.
        if ConnectionString::parse(uri).is_err() {
            return Err(invalid(
                "its options do not fit one another: one is given twice, or needs another one, or is for another kind of \
                 address"
                    .to_owned(),
            ));
        }
        Ok(Self { hosts: hosts.to_owned(), database })
    }
}

/// Whether this is a user name, or one with a password. The driver is not asked first: it panics at some of what is none.
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
        return Err("with `mongodb+srv://` there is one host, and no port: write `mongodb+srv://host/blog`");
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
            return Err("a host is none: write its name, or its number, `[::1]` if that has colons");
        }
        // What stands there may be a password whose `@` and host were left out.
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(
                "what follows the `:` of a host is no port, which is a number from 1 to 65535; credentials end \
                        with an `@`, after which comes the host",
            );
        }
    }
    Ok(())
}

/// Asks the driver for each option alone. Only options that there are are named.
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
            // These need others.
            Some(&("readPreferenceTags" | "maxStalenessSeconds" | "tlsCertificateKeyFilePassword")) => {}
            Some(&("srvMaxHosts" | "srvServiceName" | "zlibCompressionLevel" | "compressors")) => {}
            Some(&("authMechanism" | "authMechanismProperties" | "authSource")) => {}
            Some(known) if refused() => {
                return Err(format!("its option `{known}` does not take the value that it is given"));
            }
            None if refused() => {
                return Err(format!("its option number {position} is none that there is: is its name misspelt?"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The text of which this is the percent-encoding; the same if it is none, which the driver then says.
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
