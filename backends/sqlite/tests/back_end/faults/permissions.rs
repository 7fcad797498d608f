//! Files and directories without permission to write. Permissions do not restrict root, so root runs these tests as another user.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use longevity::blocking::Longevity;
use longevity::{PersistentType, Sqlite, SqliteError};
use longevity_tests::models::keys::{Library, Note};

use super::files::note;
use crate::child;
use crate::place::{Place, own};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A store with one note, whose file and directory then get these modes, and a child process that is not root.
fn as_another_user(test: &str, file: u32, directory: u32) {
    let (place, programs) = (Place::new(), Place::new());
    place.store::<Library>().repo().create(note("a")).unwrap();
    set_mode(&place.path(), file);
    set_mode(place.directory.path(), directory);
    let command = if fs::metadata(place.path()).unwrap().uid() == 0 {
        // Another user may have no access to the directory of this program.
        let program = programs.directory.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        set_mode(programs.directory.path(), 0o755);
        let mut command = Command::new(program);
        command.uid(65_534).gid(65_534).current_dir("/");
        command
    } else {
        Command::new(std::env::current_exe().unwrap())
    };
    let mut command = child::as_child(command, test, place.path());
    let output = loop {
        match command.output() {
            // A child that another test has just forked has the copy open for writing until it executes its own program.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            output => break output.unwrap(),
        }
    };
    set_mode(place.directory.path(), 0o755);
    child::passed(output);
    assert_eq!(place.store::<Library>().repo::<Note>().count(Note::query()).unwrap(), 1);
}

#[test]
fn a_read_only_file_is_read_and_not_written() {
    if let Some(path) = child::role() {
        let store = Longevity::<Library, _>::open(Sqlite::file(path)).unwrap();
        store.create_schema().unwrap();
        let notes = store.repo::<Note>();
        let state = notes.find(Note::query()).unwrap().remove(0);
        for error in [
            notes.create(note("b")).unwrap_err(),
            notes.create_many([note("b")]).unwrap_err(),
            notes.update(state.clone()).unwrap_err().into_error(),
            notes.delete(state).unwrap_err().into_error(),
        ] {
            assert!(matches!(own(&error), SqliteError::ReadOnly { .. }), "{error:?}");
            assert!(error.to_string().contains("allow this user to write to it and to its directory"), "{error}");
        }
        return;
    }
    as_another_user("faults::permissions::a_read_only_file_is_read_and_not_written", 0o444, 0o777);
}

#[test]
fn a_read_only_directory_is_reported() {
    if let Some(path) = child::role() {
        let error = Longevity::<Library, _>::open(Sqlite::file(path)).unwrap_err();
        assert!(matches!(own(&error), SqliteError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains("allow this user to write to it and to its directory"), "{error}");
        return;
    }
    as_another_user("faults::permissions::a_read_only_directory_is_reported", 0o444, 0o555);
}

#[test]
fn an_unreadable_file_is_reported() {
    if let Some(path) = child::role() {
        let error = Longevity::<Library, _>::open(Sqlite::file(path)).unwrap_err();
        assert!(matches!(own(&error), SqliteError::CannotOpen { .. }), "{error:?}");
        assert!(error.to_string().contains("this user must be allowed to write to both"), "{error}");
        return;
    }
    as_another_user("faults::permissions::an_unreadable_file_is_reported", 0o000, 0o777);
}
