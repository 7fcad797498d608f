//! Helpers for these tests: they print when they are left out, and run the driver on a runtime.

use mongodb::Client;

/// Whether the tests are left out. If so, this prints it, and the caller has to return.
pub(crate) fn left_out() -> bool {
    let left_out = longevity_mongod::left_out();
    if left_out {
        eprintln!("LEFT OUT by LONGEVITY_WITHOUT: tests with a MongoDB");
    }
    left_out
}

/// Runs a test with a client of that server.
#[allow(dead_code, reason = "not every test binary talks to servers")]
pub(crate) fn with_client<T>(uri: &str, test: impl AsyncFnOnce(Client) -> mongodb::error::Result<T>) -> T {
    try_with_client(uri, test).unwrap()
}

#[allow(dead_code, reason = "not every test binary talks to servers")]
pub(crate) fn try_with_client<T>(
    uri: &str,
    test: impl AsyncFnOnce(Client) -> mongodb::error::Result<T>,
) -> mongodb::error::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(Client::with_uri_str(uri).await?).await })
}
