//! The files that the project's own checks read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files under a folder whose names end in one of these, in order. Hidden files and build output are left out.
pub(crate) fn under(folder: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(under(&path, endings)?);
            }
        } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
