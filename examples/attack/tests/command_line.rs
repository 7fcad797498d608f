//! The program as a user runs it: on the shipped data, and on files that are broken in every way a file can be.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const TOOL: &str = r#"{"type":"tool","id":"tool--1","external_id":"S0002","name":"Mimikatz","aliases":["Mimikatz"],"platforms":["Windows"],"revoked":false,"deprecated":false}"#;
const TACTIC: &str = r#"{"type":"x-mitre-tactic","id":"x-mitre-tactic--1","external_id":"TA0001","name":"Initial Access","shortname":"initial-access"}"#;

fn attack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_attack")).args(arguments).output().unwrap()
}

/// A file in the folder that cargo gives to integration tests.
fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

fn run(name: &str, content: impl AsRef<[u8]>) -> (i32, String, String) {
    let path = file(name, content);
    let output = attack(&[path.to_str().unwrap()]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_shipped_data_loads_whole_and_the_figures_agree_with_its_notice() {
    let output = attack(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
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
    ] {
        assert!(squeezed.contains(expected), "{expected:?} is not in\n{text}");
    }
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
    assert_eq!(refused[2], r#"line 5: Object with id = "tool--1" exists already"#);
    assert!(refused[3].starts_with("line 6: unknown field `longname`"), "{err}");
}

#[test]
fn a_duplicate_within_a_type_is_told_from_one_over_all_types() {
    let same_external_id = TOOL.replace("tool--1", "tool--2");
    let (status, _, err) = run("duplicate.jsonl", [TOOL, &same_external_id].join("\n"));
    assert_eq!(status, 1);
    assert_eq!(err.trim(), r#"line 2: Tool with external_id = "S0002" exists already"#);
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
    assert!(out.contains("1 refused"), "{out}");
    assert!(err.contains("cannot read on from here"), "{err}");
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
fn an_empty_file_is_nothing_to_show_and_no_error() {
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
