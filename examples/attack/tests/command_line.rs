//! Runs the program as a user does, on the shipped data and on files that are broken in every way that a file can be.
#![expect(clippy::unwrap_used, reason = "a test panics at the first unexpected result")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TOOL: &str = r#"{"type":"tool","id":"tool--1","external_id":"S0002","name":"Mimikatz","aliases":["Mimikatz"],"platforms":["Windows"],"revoked":false,"deprecated":false}"#;
const TACTIC: &str = r#"{"type":"x-mitre-tactic","id":"x-mitre-tactic--1","external_id":"TA0001","name":"Initial Access","shortname":"initial-access"}"#;

/// Runs the program with a store in memory.
fn attack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_attack")).args(["--store", "mem:"]).args(arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Runs the program with its default store, a file in this folder.
fn in_folder(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_attack")).args(arguments).current_dir(folder).output().unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A file in the temporary folder that cargo provides for integration tests.
fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

fn run(name: &str, content: impl AsRef<[u8]>) -> (i32, String, String) {
    let path = file(name, content);
    let output = attack(&[path.to_str().unwrap()]);
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_shipped_data_loads_whole_and_the_figures_agree_with_its_notice() {
    let folder = tempfile::tempdir().unwrap();
    let (status, in_a_file, errors) = in_folder(folder.path(), &[]);
    assert_eq!(status, 0, "{in_a_file}\n{errors}");
    assert!(folder.path().join("attack.db").is_file());
    let output = attack(&[]);
    assert_eq!(output.status.code(), Some(0));
    for text in [in_a_file, text(output.stdout)] {
        figures_agree(&text);
        two_groups_become_one(&text);
    }
}

fn two_groups_become_one(text: &str) {
    all_say(
        text,
        &[
            "refused: 78 relationships moved, 31 dropped; 187 groups, 20,048 relationships",
            "merged: 78 relationships moved, 31 dropped; 186 groups, 20,017 relationships",
            "and back: 78 relationships moved, 31 dropped; 187 groups, 20,048 relationships",
        ],
    );
}

#[cfg(feature = "mongo")]
#[test]
fn the_shipped_data_loads_whole_into_mongodb_and_a_second_run_finds_it() {
    if longevity_mongod::left_out() {
        return println!("loading into MongoDB: LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
    }
    let server = longevity_mongod::Server::start().unwrap();
    let store = server.uri_of("attack_command_line");
    let run = || Command::new(env!("CARGO_BIN_EXE_attack")).args(["--store", &store]).output().unwrap();
    let output = run();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    figures_agree(&out);
    two_groups_become_one(&out);
    let again = text(run().stdout);
    assert!(again.contains("24,768 objects are in mongodb://") && again.contains("nothing to load"), "{again}");
}

#[cfg(feature = "mongo")]
#[test]
fn credentials_of_a_store_are_not_shown() {
    let output = Command::new(env!("CARGO_BIN_EXE_attack"))
        .args(["--store", "mongodb://ann:s3cret@127.0.0.1:1/attack?serverSelectionTimeoutMS=100"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = text(output.stdout) + &text(output.stderr);
    assert!(shown.contains("no server can be reached") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_second_run_finds_the_data_in_the_file_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.jsonl"), [TOOL, TACTIC].join("\n")).unwrap();
    let (status, out, _) = in_folder(folder.path(), &["two.jsonl"]);
    assert_eq!(status, 0);
    assert!(out.contains("two.jsonl into sqlite:attack.db") && out.contains("2 objects in"), "{out}");

    let (status, out, _) = in_folder(folder.path(), &[]);
    assert_eq!(status, 0);
    assert!(out.contains("2 objects are in sqlite:attack.db already: nothing to load"), "{out}");

    // The same objects cannot be loaded again.
    let (status, out, err) = in_folder(folder.path(), &["two.jsonl"]);
    assert_eq!(status, 1);
    assert!(out.contains("0 objects in") && out.contains("2 refused"), "{out}");
    assert!(err.contains(r#"line 1: Object with id = "tool--1" already exists"#), "{err}");

    // The objects are neither in memory nor in other files.
    for store in ["mem:", "sqlite:other.db", "sqlite::memory:"] {
        let (status, out, _) = in_folder(folder.path(), &["--store", store, "two.jsonl"]);
        assert_eq!(status, 0, "{store}");
        assert!(out.contains("2 objects in"), "{store}: {out}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_exit_status_two() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("notes.txt"),
        "not a database, but long enough to be taken for one at first".repeat(99),
    )
    .unwrap();
    for (store, problem) in [
        ("sqlite:notes.txt", "notes.txt is not a SQLite database"),
        ("sqlite:.", "cannot open .: it is a directory"),
        ("sqlite:no/such/folder.db", "its directory does not exist"),
        ("oracle:attack", "this program knows `mem:`, `mongodb://`, `sqlite:`"),
    ] {
        let (status, _, err) = in_folder(folder.path(), &["--store", store]);
        assert_eq!(status, 2, "{store}");
        assert!(err.contains(problem), "{store}: {err}");
    }
}

fn all_say(text: &str, expected: &[&str]) {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in expected {
        assert!(squeezed.contains(expected), "{expected:?} is not in\n{text}");
    }
}

fn figures_agree(text: &str) {
    let expected = [
        "24,768 objects",
        "no line refused",
        "Relationship 20,048",
        "Analytic 1,739",
        "Technique 835",
        "Malware 696",
        "DetectionStrategy 691",
        "Mitigation 268",
        "Group 187",
        "DataComponent 109",
        "Tool 91",
        "Campaign 52",
        "DataSource 38",
        "Tactic 14",
        "Object, the poly 24,768",
        "T1059 Command and Scripting Interpreter",
        "203 sub-techniques for Linux",
        "answered by index object.Technique.is_subtechnique+external_id.index, 1 equal",
        "19 malware",
        "3 tools",
        "second writer: refused Technique",
        "and again: written row version 2",
        "before Tool, 91 tools, 696 malware; row version 0",
        "morphed Malware, 90 tools, 697 malware; row version 1",
        "found as malware by S0002: true; as a tool: false",
        "back Tool, 91 tools, 696 malware; row version 2",
    ];
    all_say(text, &expected);
}

#[test]
fn broken_lines_are_reported_by_number_and_the_rest_is_loaded() {
    let lines = [
        TOOL,
        "{\"type\":\"tool\", oops",
        r#"{"type":"x-mitre-asset","id":"x-mitre-asset--1"}"#,
        "",
        TOOL,
        &TACTIC.replace("shortname", "longname"),
        TACTIC,
    ];
    let (status, out, err) = run("broken.jsonl", lines.join("\n"));
    assert_eq!(status, 1);
    assert!(out.contains("2 objects in"), "{out}");
    assert!(out.contains("4 refused"), "{out}");
    let refused: Vec<_> = err.lines().map(str::trim).collect();
    assert_eq!(refused.len(), 4, "{err}");
    assert!(refused[0].starts_with("line 2: key must be a string, at column"), "{err}");
    assert!(refused[1].starts_with("line 3: unknown variant `x-mitre-asset`"), "{err}");
    assert_eq!(refused[2], r#"line 5: Object with id = "tool--1" already exists"#);
    assert!(refused[3].starts_with("line 6: unknown field `longname`"), "{err}");
}

#[test]
fn a_duplicate_within_a_type_is_distinguished_from_one_over_all_types() {
    let same_external_id = TOOL.replace("tool--1", "tool--2");
    let (status, _, err) = run("duplicate.jsonl", [TOOL, &same_external_id].join("\n"));
    assert_eq!(status, 1);
    assert_eq!(err.trim(), r#"line 2: Tool with external_id = "S0002" already exists"#);
}

#[test]
fn a_relationship_may_come_before_its_ends_but_not_without_them() {
    let uses = |id: &str, target: &str| {
        format!(
            r#"{{"type":"relationship","id":"relationship--{id}","relationship_type":"uses","source_ref":"tool--1","target_ref":"{target}","revoked":false,"deprecated":false}}"#
        )
    };
    let lines = [uses("1", "x-mitre-tactic--1"), uses("2", "x-mitre-tactic--2"), TOOL.into(), TACTIC.into()];
    let (status, out, errors) = run("relationships.jsonl", lines.join("\n"));
    assert_eq!(status, 1, "{out}\n{errors}");
    all_say(&out, &["3 objects in "]);
    let refusal =
        r#"line 2: target_ref of Relationship refers to the Object "x-mitre-tactic--2", which does not exist"#;
    all_say(&errors, &[refusal]);
}

#[test]
fn a_line_that_is_not_text_is_one_broken_line() {
    let mut content = TACTIC.as_bytes().to_vec();
    content.extend(b"\n\xff\xfe\x00garbage\n");
    content.extend(TOOL.as_bytes());
    let (status, out, err) = run("binary.jsonl", content);
    assert_eq!(status, 1);
    assert!(out.contains("2 objects in"), "{out}");
    assert!(err.trim().starts_with("line 2: "), "{err}");
}

#[test]
fn a_truncated_archive_loads_what_is_there_and_says_where_it_ends() {
    let whole = include_bytes!("../data/attack.jsonl.gz");
    let (status, out, err) = run("truncated.gz", &whole[..whole.len() / 2]);
    assert_eq!(status, 1);
    // Relationships whose ends are in the other half are refused too.
    assert!(out.contains("10,145 objects in ") && out.contains("740 refused"), "{out}");
    assert!(err.contains("cannot read on from here"), "{err}");
    assert_eq!(err.matches(" of Relationship refers to the Object ").count(), 739, "{err}");
}

#[test]
fn a_file_that_cannot_be_read_is_exit_status_two() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    for path in ["no/such/file.jsonl", folder] {
        let output = attack(&[path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("cannot read {path}")));
    }
    assert_eq!(attack(&["--no-such-flag"]).status.code(), Some(2));
}

#[test]
fn an_empty_file_shows_nothing_and_is_not_an_error() {
    let (status, out, _) = run("empty.jsonl", "");
    assert_eq!(status, 0);
    assert!(out.contains("0 objects"), "{out}");
}

#[test]
fn the_diagram_names_every_type() {
    let text = String::from_utf8(attack(&["--diagram"]).stdout).unwrap();
    assert!(text.starts_with("classDiagram\n"));
    for derived in ["Technique", "Tactic", "Mitigation", "Group", "Campaign", "Malware", "Tool", "Relationship"] {
        assert!(text.contains(&format!("Object <|-- {derived}\n")), "{text}");
    }
}
