//! A server does not outlive its process, however that ends. The processes are this test binary, run once more.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod support;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use longevity_mongod::{ReplicaSet, Server};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use support::left_out;

/// How a child ends.
const END: &str = "LONGEVITY_TEST_END";

#[test]
fn killed() {
    let Some((mut child, servers, folder)) = child("wait") else { return };
    assert!(servers.iter().all(|server| test_kill_process(*server).is_ok()) && folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    await_end(&servers, &folder);
}

#[test]
fn exited() {
    ends_by_itself("exit");
}

#[test]
fn aborted() {
    ends_by_itself("abort");
}

#[test]
fn interrupted() {
    // A process that a shell starts in the background ignores interruptions, and so do its children. Then there is nothing to
    // test.
    if interruptions_are_ignored() {
        println!("interruptions are ignored here: nothing can be interrupted");
        return;
    }
    let Some((mut child, servers, folder)) = child("wait") else { return };
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    child.wait().unwrap();
    await_end(&servers, &folder);
}

/// Whether this process ignores interruptions, according to Linux. Other systems are assumed not to ignore them.
fn interruptions_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|ignored| ignored & (1 << (Signal::INT.as_raw() - 1)) != 0)
}

fn ends_by_itself(end: &str) {
    let Some((mut child, servers, folder)) = child(end) else { return };
    child.wait().unwrap();
    await_end(&servers, &folder);
}

/// A process with a server and a set of two members, one of which is paused; their pids; the folder of the server.
fn child(end: &str) -> Option<(Child, Vec<Pid>, PathBuf)> {
    if left_out() {
        return None;
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_child", "--ignored", "--nocapture"])
        .env(END, end)
        .env_remove("LONGEVITY_MONGODB_URI")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find_map(|line| Some(line.split_once("SERVERS ")?.1.to_owned())).unwrap();
    let (pids, folder) = line.split_once(" IN ").unwrap();
    let pids = pids.split(' ').map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect();
    Some((child, pids, folder.into()))
}

#[test]
#[ignore = "the other tests run this in a process of its own"]
fn the_child() {
    let Ok(end) = env::var(END) else { return };
    let server = Server::shared().unwrap();
    let set = ReplicaSet::builder().members(2).start().unwrap();
    set.members()[1].pause().unwrap();
    let pids: Vec<_> = set.members().iter().map(|member| member.pid()).chain([server.pid()]).collect();
    let pids: Vec<_> = pids.into_iter().map(|pid| pid.unwrap().to_string()).collect();
    println!("SERVERS {} IN {}", pids.join(" "), server.folder().unwrap().parent().unwrap().display());
    match end.as_str() {
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        _ => std::thread::sleep(Duration::from_secs(600)),
    }
}

fn await_end(servers: &[Pid], folder: &Path) {
    let start = Instant::now();
    while servers.iter().any(|server| test_kill_process(*server).is_ok()) || folder.exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "still there: {servers:?} or {}", folder.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}
