//! Finds a mongod on the PATH, or else fetches one.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::fetch;

/// The environment variable with the URI of a server, which is used as it is.
pub(crate) const URI_VARIABLE: &str = "LONGEVITY_MONGODB_URI";

/// The URI in the environment.
pub(crate) fn given_uri() -> Option<String> {
    env::var(URI_VARIABLE).ok().map(|uri| uri.trim().to_owned()).filter(|uri| !uri.is_empty())
}

/// A mongod to start, which is fetched if there is none.
pub(crate) fn mongod() -> Result<PathBuf, Error> {
    if let Some(mongod) = on_the_path() {
        return Ok(mongod);
    }
    fetch::mongod().map_err(|why| {
        let uri = match given_uri() {
            Some(_) => "is set, but this test needs a server of its own",
            None => "is not set",
        };
        let tried = format!("  * {URI_VARIABLE} {uri};\n  * there is no mongod on the PATH;\n  * {why}");
        Error::NoMongod { tried }
    })
}

fn on_the_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("mongod")).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}
