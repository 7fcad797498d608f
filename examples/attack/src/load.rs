//! Loads lines as stored objects. A line that cannot be loaded is kept with its number and the reason, and loading continues.
//!
//! A relationship needs its source and its target, which may come after it in the file. So relationships are stored last.

use std::io::BufRead;

use indicatif::{ProgressBar, ProgressStyle};
use longevity::Error;
use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};

use crate::model::{Attack, Object};
use crate::source::Source;

/// The result of loading a file.
pub struct Loaded {
    /// The number of objects that were stored.
    pub objects: u64,
    /// The lines that were not loaded.
    pub refused: Vec<Refusal>,
}

/// A line that was not loaded.
pub struct Refusal {
    /// The line's number. The first line is 1.
    pub line: u64,
    /// The reason.
    pub reason: String,
}

/// Stores every object of the source. Many objects are stored in one step, because each commit waits for the disk, however much
/// it holds. Fails if nothing can be read at all, or if the store cannot be written.
pub fn load<B: Backend>(store: &Longevity<Attack, B>, source: Source, at_once: usize) -> Result<Loaded, String> {
    let bar = ProgressBar::no_length();
    let template = "  {bar:40.cyan/dim} {percent:>3}%  {msg} objects";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let name = source.name.clone();
    let mut lines = source.lines(&bar).map_err(|error| format!("cannot read {name}: {error}"))?;

    let objects = store.repo::<Object>();
    let mut loaded = Loaded { objects: 0, refused: Vec::new() };
    let (mut batch, mut relationships) = (Vec::new(), Vec::new());
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => match parse(&line) {
                Ok(relationship @ Object::Relationship(_)) => relationships.push((number, relationship)),
                Ok(object) => batch.push((number, object)),
                Err(reason) => loaded.refused.push(Refusal { line: number, reason }),
            },
            Err(error) if number == 1 => return Err(format!("cannot read {name}: {error}")),
            Err(error) => {
                loaded.refused.push(Refusal { line: number, reason: format!("cannot read on from here: {error}") });
                break;
            }
        }
        if batch.len() == at_once {
            write(&objects, &mut batch, &mut loaded)?;
        }
        bar.set_message((loaded.objects + (batch.len() + relationships.len()) as u64).to_string());
    }
    // One batch, if all of them fit into it.
    batch.append(&mut relationships);
    while !batch.is_empty() {
        let rest = batch.split_off(at_once.clamp(1, batch.len()));
        write(&objects, &mut batch, &mut loaded)?;
        batch = rest;
    }
    bar.finish_and_clear();
    loaded.refused.sort_by_key(|refusal| refusal.line);
    Ok(loaded)
}

fn parse(line: &[u8]) -> Result<Object, String> {
    serde_json::from_slice(line).map_err(|error| {
        // Each line is a document of its own, so the column helps, but "line 1" would mislead.
        let text = error.to_string();
        match text.rsplit_once(" at line ") {
            Some((what, _)) => format!("{what}, at column {}", error.column()),
            None => text,
        }
    })
}

/// Stores a batch in one step or, if an object is refused, one by one.
fn write<B: Backend>(
    objects: &Repo<Object, B>,
    batch: &mut Vec<(u64, Object)>,
    loaded: &mut Loaded,
) -> Result<(), String> {
    let failed = |error: Error| format!("cannot write to the store: {error}");
    match objects.create_many(batch.iter().map(|(_, object)| object.clone())) {
        Ok(states) => loaded.objects += states.len() as u64,
        Err(error) if is_refusal(&error) => {
            for (line, object) in batch.drain(..) {
                match objects.create(object) {
                    Ok(_) => loaded.objects += 1,
                    Err(error) if is_refusal(&error) => {
                        loaded.refused.push(Refusal { line, reason: error.to_string() });
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        Err(error) => return Err(failed(error)),
    }
    batch.clear();
    Ok(())
}

/// Whether the store refuses an object because of what else it has: a key is taken, or what a relationship relates is missing.
fn is_refusal(error: &Error) -> bool {
    error.is_duplicate_key() || matches!(error, Error::DanglingReference { .. })
}
