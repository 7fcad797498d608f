//! The feature `testkit` changes neither which programs compile nor the errors of those that do not. All wrong models, and some
//! unusual models that are right, are checked with the feature and without it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, and so may its helper functions")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The errors and warnings of each program, as the compiler prints them.
type Messages = BTreeMap<String, Vec<String>>;

#[test]
fn a_model_compiles_with_the_test_kit_exactly_if_it_does_without_and_with_the_same_messages() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let wrong = programs(&sources.join("compile_fail"));
    let right = programs(&sources.join("with_and_without"));
    let project = project(wrong.iter().chain(&right).map(PathBuf::as_path));
    let without = messages(&project, &[]);
    let with = messages(&project, &["--features", "longevity/testkit"]);

    let mut differ = String::new();
    for path in wrong.iter().chain(&right) {
        let name = name(path);
        let [without, with] = [&without, &with].map(|of| of.get(&name).map_or(&[][..], Vec::as_slice));
        if right.contains(path) {
            assert!(without.is_empty(), "{name} does not compile without the test kit: {}", without.join("\n"));
        }
        let only = |these: &[String], those: &[String]| {
            these.iter().filter(|one| !those.contains(one)).cloned().collect::<String>()
        };
        let (missing, more) = (only(without, with), only(with, without));
        if !missing.is_empty() || !more.is_empty() || without.len() != with.len() {
            write!(differ, "== {name}\n-- only without the test kit:\n{missing}-- only with it:\n{more}\n").unwrap();
        }
    }
    assert!(wrong.len() > 50 && without.len() >= wrong.len(), "the programs were not checked");
    assert!(differ.is_empty(), "{differ}");
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .flat_map(|path| if path.is_dir() { programs(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    found.sort();
    found
}

fn name(program: &Path) -> String {
    let parts = program.iter().rev().take(2).map(|part| part.to_string_lossy().replace(".rs", "").to_lowercase());
    let mut parts: Vec<_> = parts.collect();
    parts.reverse();
    parts.join("-")
}

/// A user's project with all programs.
fn project<'a>(programs: impl Iterator<Item = &'a Path>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("testkit_feature");
    fs::create_dir_all(&project).unwrap();
    let longevity = root.join("longevity");
    let mut manifest = format!(
        "[package]\nname = \"models\"\nversion = \"0.0.0\"\nedition = \"2024\"\nautobins = false\n\n[workspace]\n\n\
         [dependencies]\nlongevity = {{ path = {longevity:?}, default-features = false, features = [\"blocking\"] }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nuuid = \"1\"\n"
    );
    for program in programs {
        write!(manifest, "\n[[bin]]\nname = {:?}\npath = {program:?}\n", name(program)).unwrap();
    }
    fs::write(project.join("Cargo.toml"), manifest).unwrap();
    // The project uses the same versions as this workspace.
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    project
}

fn messages(project: &Path, features: &[&str]) -> Messages {
    let checked = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--bins", "--offline", "--keep-going", "--quiet", "--message-format=json"])
        .args(features)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", project.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let mut messages = Messages::new();
    for line in String::from_utf8(checked.stdout).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = line["message"]["rendered"].as_str();
        if line["reason"] == "compiler-message" && line["target"]["kind"][0] == "bin" {
            let of = messages.entry(line["target"]["name"].as_str().unwrap().to_owned()).or_default();
            // A message without a place, such as `error: aborting due to 2 previous errors`, adds nothing.
            of.extend(text.filter(|_| !line["message"]["spans"].as_array().unwrap().is_empty()).map(str::to_owned));
        }
    }
    assert!(!messages.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    messages
}
