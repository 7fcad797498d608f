//! Loads MITRE ATT&CK into one poly type with twelve derived types, and shows what an application can do with it.
//!
//! The objects are kept in a SQLite file or, with the feature `mongo`, in a MongoDB database, where the second run finds them.
//!
//! The exit status is 0 if every line was loaded, 1 if lines were refused (each is reported with its number, and the rest are
//! loaded), and 2 if the file cannot be read, the store cannot be written, or the arguments are wrong.

#![expect(unreachable_pub, reason = "in a program, `pub` marks what its other modules use")]

mod load;
mod merge;
mod model;
mod source;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use console::style;
use longevity::blocking::Longevity;
use longevity::prelude::*;

use model::{Attack, Object};
use source::Source;

/// Load MITRE ATT&CK into a store and look around in it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// A file of JSON objects, one per line, plain or gzipped. By default, shows what the store holds, or loads ATT&CK 18.1 if
    /// the store is empty.
    file: Option<PathBuf>,

    /// Where the objects are kept: `sqlite:attack.db`, `mem:` for this run only, or, if the program was built with
    /// `--features mongo`, `mongodb://localhost/attack`.
    #[arg(long, default_value = "sqlite:attack.db")]
    store: String,

    /// Print the domain model as a Mermaid class diagram, and stop.
    #[arg(long)]
    diagram: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.diagram {
        print!("{}", Attack::description().to_mermaid());
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{} {error}", style("error:").red().bold());
            ExitCode::from(2)
        }
    }
}

/// Loads the objects and shows them. Returns the number of refused lines.
fn run(arguments: &Arguments) -> Result<usize, Box<dyn std::error::Error>> {
    let backend: AnyBackend = arguments.store.parse()?;
    let store = Longevity::<Attack, _>::open_with(backend, Options::default().timestamps(true))?;
    store.create_schema()?;

    let present = store.repo::<Object>().count(Object::query().all())?;
    let refused = match &arguments.file {
        None if present > 0 => {
            let objects = tour::grouped(present);
            println!(
                "\n{} are in {} already: nothing to load",
                style(objects + " objects").green().bold(),
                shown(&arguments.store)
            );
            0
        }
        // The file is stored completely or not at all. Otherwise the rows of an interrupted run would be taken for the complete
        // data.
        None => load(&store, Source::shipped(), usize::MAX, &shown(&arguments.store))?,
        Some(path) => load(&store, Source::open(path)?, 500, &shown(&arguments.store))?,
    };
    tour::tour(&store)?;
    Ok(refused)
}

/// The name of the store without credentials and options.
fn shown(store: &str) -> String {
    match store.split_once("://") {
        None => store.to_owned(),
        Some((scheme, rest)) => {
            let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, rest)| rest))
        }
    }
}

fn load(
    store: &Longevity<Attack, AnyBackend>,
    source: Source,
    at_once: usize,
    into: &str,
) -> Result<usize, Box<dyn std::error::Error>> {
    println!("\n{} into {into}", style(&source.name).bold());
    let start = Instant::now();
    let loaded = load::load(store, source, at_once)?;
    let seconds = start.elapsed().as_secs_f64();
    print!("{} objects in {seconds:.2} s", style(tour::grouped(loaded.objects)).green().bold());
    match loaded.refused.len() {
        0 => println!(", no line refused"),
        lines => println!(", {} refused:", style(lines).red().bold()),
    }
    for refusal in &loaded.refused {
        eprintln!("  {} {}", style(format!("line {}:", refusal.line)).red(), refusal.reason);
    }
    Ok(loaded.refused.len())
}
