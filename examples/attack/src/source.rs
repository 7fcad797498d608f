//! The source of the lines: the shipped file or a file of the user's, gzipped or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

/// MITRE ATT&CK 18.1; see the notice next to it.
const SHIPPED: &[u8] = include_bytes!("../data/attack.jsonl.gz");

/// A file of lines.
pub struct Source {
    /// The name to print.
    pub name: String,
    /// Its size on disk, in bytes.
    size: u64,
    raw: Box<dyn Read>,
}

impl Source {
    /// The file that comes with the program.
    pub fn shipped() -> Self {
        Self { name: "MITRE ATT&CK 18.1".to_owned(), size: SHIPPED.len() as u64, raw: Box::new(Cursor::new(SHIPPED)) }
    }

    /// A user's file.
    pub fn open(path: &Path) -> Result<Self, String> {
        let refused = |error: io::Error| format!("cannot read {}: {error}", path.display());
        let file = File::open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if metadata.is_dir() {
            return Err(format!("cannot read {}: it is a directory", path.display()));
        }
        Ok(Self { name: path.display().to_string(), size: metadata.len(), raw: Box::new(file) })
    }

    /// The decompressed lines, and a bar that follows how much of the file has been read.
    pub fn lines(self, bar: &ProgressBar) -> io::Result<Box<dyn BufRead>> {
        bar.set_length(self.size);
        let mut raw = BufReader::new(bar.wrap_read(self.raw));
        let gzipped = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if gzipped { Box::new(BufReader::new(MultiGzDecoder::new(raw))) } else { Box::new(raw) })
    }
}
