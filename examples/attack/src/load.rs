//! From lines to stored objects. A line that cannot be loaded is kept with its number and the reason; the rest goes on.

use std::io::BufRead;

use indicatif::{ProgressBar, ProgressStyle};
use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};

use crate::model::{Attack, Object};
use crate::source::Source;

/// What came of a file.
pub struct Loaded {
    /// How many objects were stored.
    pub objects: u64,
    /// The lines that were not.
    pub refused: Vec<Refusal>,
}

/// A line that was not loaded.
pub struct Refusal {
    /// Its number; the first line is 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Stores every object of the source. Fails only if nothing can be read at all.
pub fn load<B: Backend>(store: &Longevity<Attack, B>, source: Source) -> Result<Loaded, String> {
    let bar = ProgressBar::no_length();
    let template = "  {bar:40.cyan/dim} {percent:>3}%  {msg} objects";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let name = source.name.clone();
    let mut lines = source.lines(&bar).map_err(|error| format!("cannot read {name}: {error}"))?;

    let objects = store.repo::<Object>();
    let mut loaded = Loaded { objects: 0, refused: Vec::new() };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let outcome = match lines.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => load_line(&objects, &line),
            Err(error) if number == 1 => return Err(format!("cannot read {name}: {error}")),
            Err(error) => {
                loaded.refused.push(Refusal { line: number, reason: format!("cannot read on from here: {error}") });
                break;
            }
        };
        match outcome {
            Ok(()) => loaded.objects += 1,
            Err(reason) => loaded.refused.push(Refusal { line: number, reason }),
        }
        if loaded.objects.is_multiple_of(500) {
            bar.set_message(loaded.objects.to_string());
        }
    }
    bar.finish_and_clear();
    Ok(loaded)
}

fn load_line<B: Backend>(objects: &Repo<Object, B>, line: &[u8]) -> Result<(), String> {
    let object: Object = serde_json::from_slice(line).map_err(|error| {
        // Each line is a document of its own: the column helps, "line 1" would mislead.
        let text = error.to_string();
        match text.rsplit_once(" at line ") {
            Some((what, _)) => format!("{what}, at column {}", error.column()),
            None => text,
        }
    })?;
    objects.create(object).map(drop).map_err(|error| error.to_string())
}
