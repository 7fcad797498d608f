//! The place for the folders of servers. It is in memory if there is room, because the data is not needed afterwards.

use std::env;
use std::path::{Path, PathBuf};

const MEMORY: &str = "/dev/shm";
const ROOM: u64 = 1 << 30;

/// `/dev/shm` if it is writable and has more than 1 GiB free, or else the folder for temporary files.
pub(crate) fn for_data() -> PathBuf {
    if has_room(Path::new(MEMORY)) { MEMORY.into() } else { env::temp_dir() }
}

fn has_room(folder: &Path) -> bool {
    folder.is_dir()
        && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
        && rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) > ROOM)
}
